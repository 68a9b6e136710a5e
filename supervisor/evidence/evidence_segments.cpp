// EvidenceLedger: what is said of a segment: how it begins and ends on the wire, and its whole account.
#include <filesystem>

#include "supervisor/evidence/evidence_ledger.h"

namespace air {
namespace {

namespace wire_evidence = ::retrovue::evidence::v1;

constexpr uint64_t kSegmentUuids = 2;
constexpr int32_t kNoIndex = -1;

const char* TypeName(const wire::BlockSegment& segment) {
  if (segment.asset_uri().empty() || segment.segment_type() == wire::SEGMENT_TYPE_PAD) return "pad";
  return segment.segment_type() == wire::SEGMENT_TYPE_FILLER ? "filler" : "content";
}

// The word of a reason: what stood in for the content says why it was missing.
std::string ReasonOf(const std::string& cause) {
  for (PadCause plain : {PadCause::kLate, PadCause::kEof, PadCause::kOpenFailed, PadCause::kRefused}) {
    if (cause == ToString(plain)) return cause;
  }
  return "DECODE_ERROR";
}

uint64_t Sum(const google::protobuf::RepeatedPtrField<evidence::PadFrames>& pad) {
  uint64_t sum = 0;
  for (const evidence::PadFrames& p : pad) sum += p.frames();
  return sum;
}

struct Outcome {
  const char* status;
  std::string reason;
};

Outcome JudgeSkipped(const PlannedSegment& planned, bool replaced) {
  if (planned.IsEmpty() && planned.skip_units == 0) return {"SKIPPED", "NO_FRAME"};
  return {"SKIPPED", replaced ? "REPLACED" : "TOO_LATE"};
}

Outcome Judge(const PlannedSegment& planned, const evidence::OpenSegment& seen, int64_t end,
              const char* cut) {
  const bool nothing = end == seen.first_tick();
  if (seen.own_frames() == 0)
    return {"SKIPPED", nothing || seen.last_cause().empty() ? cut : ReasonOf(seen.last_cause())};
  if (cut != nullptr) return {"TRUNCATED", cut};
  if (seen.own_end() < end) return {"TRUNCATED", ReasonOf(seen.last_cause())};
  if (seen.own_first() > seen.first_tick()) return {"TRUNCATED", "FENCE_TERMINATION"};
  const bool whole = planned.IsPad() || Sum(seen.pad()) + seen.slate_frames() == 0;
  return {"AIRED", whole ? "" : "DECODE_ERROR"};
}

}  // namespace

std::optional<EvidenceLedger::Subject> EvidenceLedger::Open() const {
  const evidence::OpenSegment& seen = state_.segment();
  if (seen.has_live()) return LiveSubject(seen.live(), seen.serial());
  const PlannedBlock* block = OpenBlockPlan();
  if (block == nullptr) return std::nullopt;
  Subject subject{.block_id = block->plan.block_id(),
                  .planned = block->segments[seen.position()],
                  .plan = block->plan.segments(static_cast<int>(seen.position()))};
  subject.type = TypeName(subject.plan);
  subject.in_point_us = subject.planned.in_point_ms * 1000;
  subject.entered_inside = subject.planned.skip_units > 0 || subject.planned.serial != seen.serial();
  subject.start_utc_ms = block->plan.start_utc_ms();
  for (uint32_t i = 0; i < seen.position(); ++i)
    subject.start_utc_ms += block->plan.segments(static_cast<int>(i)).segment_duration_ms();
  subject.planned.serial = seen.serial();
  return subject;
}

EvidenceLedger::Subject EvidenceLedger::LiveSubject(const evidence::LiveSegment& live,
                                                    uint64_t serial) const {
  const Tick start(live.start_tick());
  const Tick end = live.has_asked_end_tick() ? Tick(live.asked_end_tick()) : start;  // to its own end
  Subject subject{.block_id = state_.block().block_id(),
                  .planned = {.serial = serial,
                              .index = kNoIndex,
                              .asset_uri = live.asset_uri(),
                              .in_point_ms = live.in_point_ms(),
                              .start = start,
                              .end = end,
                              .skip_units = live.skip_units()},
                  .type = "live",
                  .in_point_us = live.in_point_ms() * 1000 + time_.NanosOf(Tick(live.skip_units())) / 1000,
                  .start_utc_ms = UtcOf(start.value())};
  subject.plan.set_segment_duration_ms(UtcOf(end.value()) - subject.start_utc_ms);
  return subject;
}

int64_t EvidenceLedger::FrameOf(int64_t media_us) const {
  const int64_t half_a_frame = FloorMulDiv(time_.den(), 500'000, time_.num());
  return FloorMulDiv(media_us + half_a_frame, time_.num(), time_.den() * 1'000'000);
}

// Of the asset: the first that aired, or the one that should have been.
int64_t EvidenceLedger::FirstFrameOf(const Subject& subject, bool aired) const {
  return FrameOf(aired ? state_.segment().first_media_us() : subject.in_point_us);
}

std::string EvidenceLedger::SegmentUuid(const Subject& subject) const {
  if (!subject.plan.segment_uuid().empty()) return subject.plan.segment_uuid();
  return MakeUuid(session_.playout_session_id(), kSegmentUuids, subject.planned.serial);
}

void EvidenceLedger::TellSegmentStart(const Subject& subject, bool aired) {
  const evidence::OpenSegment& seen = state_.segment();
  wire_evidence::EvidenceFromAir message = NextMessage();
  wire_evidence::SegmentStart& start = *message.mutable_segment_start();
  start.set_block_id(subject.block_id);
  start.set_event_id(subject.plan.event_id());
  start.set_segment_index(subject.planned.index);
  start.set_actual_start_utc_ms(UtcOf(aired ? seen.own_first() : seen.first_tick()));
  if (!subject.planned.IsPad()) start.set_asset_start_frame(FirstFrameOf(subject, aired));
  start.set_scheduled_duration_ms(subject.plan.segment_duration_ms());
  if (subject.entered_inside && aired) start.set_join_in_progress(true);
  start.set_segment_type_name(subject.type);
  start.set_asset_uri(subject.planned.asset_uri);
  start.set_segment_title(std::filesystem::path(subject.planned.asset_uri).stem().string());
  start.set_segment_uuid(SegmentUuid(subject));
  start.set_asset_uuid(subject.plan.asset_uuid());
  Tell(std::move(message));
}

void EvidenceLedger::TellSegmentEnd(const Subject& subject, const char* cut) {
  const evidence::OpenSegment seen = state_.segment();
  const PlannedSegment& planned = subject.planned;
  const bool aired = seen.own_frames() > 0;
  const bool skipped = state_.tick() == seen.first_tick() && cut == nullptr;
  const int64_t first = aired ? seen.own_first() : seen.first_tick();
  const int64_t end = aired ? seen.own_end() : first;
  const int64_t in_point = FirstFrameOf(subject, aired);
  const Outcome outcome =
      skipped ? JudgeSkipped(planned, state_.block().replaced()) : Judge(planned, seen, state_.tick(), cut);

  state_.clear_segment();
  if (seen.has_live() && state_.has_block()) {
    state_.mutable_block()->set_replaced(true);
  } else if (!seen.has_live()) {
    state_.mutable_block()->set_next_segment(seen.position() + 1);
    state_.mutable_block()->set_truncated(outcome.reason == "FENCE_TERMINATION");
    state_.mutable_block()->set_exhausted(outcome.reason == ToString(PadCause::kEof));
  }

  wire_evidence::EvidenceFromAir message = NextMessage();
  wire_evidence::SegmentEnd& ended = *message.mutable_segment_end();
  ended.set_block_id(subject.block_id);
  ended.set_event_id_ref(subject.plan.event_id());
  ended.set_actual_start_utc_ms(UtcOf(first));
  ended.set_actual_end_utc_ms(UtcOf(end));
  if (!planned.IsPad()) {
    ended.set_asset_start_frame(in_point);
    ended.set_asset_end_frame(aired ? FrameOf(seen.last_media_us()) : in_point - 1);
  }
  ended.set_computed_duration_ms(UtcOf(end) - UtcOf(first));
  ended.set_computed_duration_frames(end - first);
  ended.set_status(outcome.status);
  ended.set_reason(outcome.reason);
  ended.set_fallback_frames_used(planned.IsPad() ? 0 : Sum(seen.pad()) + seen.slate_frames());
  const auto tell_fallback = [&](const std::string& cause, uint64_t frames) {
    if (planned.IsPad() || frames == 0) return;
    wire_evidence::FallbackFrames& one = *ended.add_fallback_by_cause();
    one.set_cause(cause);
    one.set_frames(frames);
  };
  for (const evidence::PadFrames& pad : seen.pad()) tell_fallback(pad.cause(), pad.frames());
  tell_fallback("SLATE", seen.slate_frames());
  ended.set_segment_uuid(SegmentUuid(subject));
  ended.set_segment_type_name(subject.type);
  ended.set_asset_uuid(subject.plan.asset_uuid());
  if (const auto failure = failures_.find(planned.serial); failure != failures_.end())
    ended.set_detail(failure->second);

  evidence::AiredSegment account;
  account.set_block_id(subject.block_id);
  account.set_segment_index(planned.index);
  account.set_asset_uri(planned.asset_uri);
  account.set_first_tick(seen.first_tick());
  account.set_end_tick(state_.tick());
  account.set_planned_start_utc_ms(subject.start_utc_ms);
  account.set_planned_duration_ms(subject.plan.segment_duration_ms());
  account.set_content_frames(planned.IsPad() ? 0 : seen.own_frames());
  account.set_slate_frames(seen.slate_frames());
  *account.mutable_pad() = seen.pad();
  account.set_live(seen.has_live());
  Tell(std::move(message), &account);
}

}  // namespace air
