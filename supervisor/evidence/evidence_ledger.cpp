#include "supervisor/evidence/evidence_ledger.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "base/stage_log.h"

namespace air {
namespace {

namespace wire_evidence = ::retrovue::evidence::v1;

constexpr uint64_t kEventUuids = 1;
constexpr uint64_t kRunsPerCheckpoint = 1000;  // far fewer than the log holds
constexpr size_t kMostFailures = 64;           // remembered: more than can be on the air or prepared
constexpr size_t kLongestFailure = 1000;

uint64_t Mix(uint64_t x) {  // splitmix64
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::string FormatUuid(uint64_t high, uint64_t low, uint64_t version) {
  high = (high & ~uint64_t{0xf000}) | version << 12;
  low = (low & ~(uint64_t{3} << 62)) | uint64_t{2} << 62;
  return absl::StrFormat("%08x-%04x-%04x-%04x-%012x", high >> 32, high >> 16 & 0xffff, high & 0xffff,
                         low >> 48, low & 0xffff'ffff'ffff);
}

void AddPad(google::protobuf::RepeatedPtrField<evidence::PadFrames>& pad, const std::string& cause,
            uint64_t frames) {
  auto found = std::find_if(pad.begin(), pad.end(), [&](const auto& p) { return p.cause() == cause; });
  if (found == pad.end()) {
    pad.Add()->set_cause(cause);
    found = pad.end() - 1;
  }
  found->set_frames(found->frames() + frames);
}

}  // namespace

std::string MakeUuid(const std::string& of, uint64_t kind, uint64_t n) {
  uint64_t low = Mix(kind), high = Mix(n);
  for (const char c : of) {
    low = Mix(low ^ static_cast<uint8_t>(c));
    high = Mix(high + low);
  }
  return FormatUuid(high, low ^ Mix(n + kind), 8);
}

std::string SessionUuid(const std::array<uint64_t, 2>& session_id) {
  return FormatUuid(session_id[0], session_id[1], 4);
}

std::string IsoUtc(UtcMs utc) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMillis(utc.value()), absl::UTCTimeZone());
}

struct EvidenceLedger::Piece {
  int64_t from, end;
  AiredRun run;
  int64_t frames() const { return end - from; }
};

EvidenceLedger::EvidenceLedger(const evidence::Session& session, Callbacks callbacks)
    : session_(session),
      callbacks_(std::move(callbacks)),
      time_(HouseFormat{.rate = {session.rate_num(), session.rate_den()}}),
      epoch_(session.epoch_utc_ms()) {}

void EvidenceLedger::Restore(const evidence::LedgerState& state) {
  state_ = state;
  // What was known before, and is over.
  std::erase_if(plan_, [&](const auto& known) { return known.first <= state_.last_block(); });
}

void EvidenceLedger::Know(const PlannedBlock& block) {
  if (block.serial > state_.last_block()) plan_.try_emplace(block.serial, block);
}

void EvidenceLedger::Know(const LiveInsert& insert) {
  const PlannedSegment& segment = insert.segment;
  Live& live = live_[segment.serial];
  live.end = segment.end;
  live.facts.set_asset_uri(segment.asset_uri);
  live.facts.set_in_point_ms(segment.in_point_ms);
  live.facts.set_skip_units(segment.skip_units);
  live.facts.set_start_tick(segment.start.value());
  if (insert.asked_end.has_value()) live.facts.set_asked_end_tick(insert.asked_end->value());
}

void EvidenceLedger::NoteFailure(uint64_t segment_serial, const std::string& reason) {
  std::string& known = failures_[segment_serial];
  if (known.find(reason) != std::string::npos || known.size() + reason.size() > kLongestFailure) return;
  absl::StrAppend(&known, known.empty() ? "" : "; ", reason);
  if (failures_.size() > kMostFailures) failures_.erase(failures_.begin());
}

// ---- what has aired

void EvidenceLedger::Advance(const AiredLogReader& log) {
  while (!state_.terminated()) {
    const uint64_t next = log.next();  // first: a run below next - 1 is complete
    if (!run_.has_value()) run_ = log.oldest();
    if (*run_ >= next) break;
    const std::optional<AiredRun> run = log.Read(*run_);
    if (!run.has_value()) {
      Log().warn("evidence: the log of what has aired has run over; what was lost is not reported");
      run_ = log.oldest();
      continue;
    }
    const int64_t from = std::max(run->from.value(), state_.tick());
    if (from < run->end.value()) Note({from, run->end.value(), *run});
    if (*run_ + 1 >= next) break;  // it still grows
    ++*run_;
    if (++runs_since_record_ >= kRunsPerCheckpoint) Keep({});
  }
  if (!state_.has_block()) SkipOverdue(UINT64_MAX, /*only_those_over=*/true);
  std::erase_if(live_, [&](const auto& known) { return known.second.end.value() <= state_.tick(); });
}

void EvidenceLedger::Note(const Piece& piece) {
  state_.set_tick(piece.from);
  const auto block = plan_.find(piece.run.block_serial);
  if (state_.has_segment() && state_.segment().serial() != piece.run.segment_serial)
    CloseSegment(CutAt(piece.from));
  // What is LIVE goes on behind the fence; its account is closed with the block's and begins anew.
  if (state_.has_block() && state_.block().serial() != piece.run.block_serial) CloseBlock(nullptr);
  if (state_.has_segment() && !state_.has_block() && block != plan_.end()) CloseSegment(nullptr);
  if (block != plan_.end()) {
    CloseHole();
    NoteInBlock(block->second, piece);
  } else if (state_.has_segment() || OpenLive(piece.run.segment_serial)) {
    CloseHole();
    NoteInSegment(piece);
  } else {
    NoteInHole(piece);
  }
  state_.set_tick(piece.end);
}

void EvidenceLedger::NoteInHole(const Piece& piece) {
  if (!state_.has_hole()) state_.mutable_hole()->set_first_tick(piece.from);
  AddPad(*state_.mutable_hole()->mutable_pad(), ToString(piece.run.cause),
         static_cast<uint64_t>(piece.frames()));
}

void EvidenceLedger::NoteInBlock(const PlannedBlock& block, const Piece& piece) {
  if (!state_.has_block()) {
    SkipOverdue(block.serial, /*only_those_over=*/false);
    const bool planned_pad = piece.run.kind == AiredKind::kPad && piece.run.cause == PadCause::kNone;
    OpenBlock(block, piece.run.kind == AiredKind::kContent || planned_pad);
  }
  if (!state_.has_segment() && !OpenLive(piece.run.segment_serial)) OpenPlanned(block, piece);
  if (state_.has_segment()) NoteInSegment(piece);
  state_.mutable_block()->set_frames(state_.block().frames() + static_cast<uint64_t>(piece.frames()));
}

void EvidenceLedger::NoteInSegment(const Piece& piece) {
  evidence::OpenSegment& segment = *state_.mutable_segment();
  const auto frames = static_cast<uint64_t>(piece.frames());
  const bool own = piece.run.kind == AiredKind::kContent || Open()->planned.IsPad();
  if (own && !segment.started()) {
    // Told before anything of it is counted: a ledger that goes on behind this record counts it.
    segment.set_started(true);
    segment.set_own_first(piece.from);
    segment.set_first_media_us(piece.run.first_media_us);
    TellSegmentStart(*Open(), /*aired=*/true);
  }
  if (piece.run.kind == AiredKind::kSlate) {
    segment.set_slate_frames(segment.slate_frames() + frames);
    segment.set_last_cause(ToString(PadCause::kCrash));
  } else if (piece.run.kind == AiredKind::kPad) {
    AddPad(*segment.mutable_pad(), ToString(piece.run.cause), frames);
    segment.set_last_cause(ToString(piece.run.cause));
  }
  if (!own) return;
  segment.set_own_frames(segment.own_frames() + frames);
  segment.set_own_end(piece.end);
  segment.set_last_media_us(piece.run.last_media_us);
}

// ---- blocks

const PlannedBlock* EvidenceLedger::OpenBlockPlan() const {
  const auto found = state_.has_block() ? plan_.find(state_.block().serial()) : plan_.end();
  return found == plan_.end() ? nullptr : &found->second;
}

// Blocks that never had a tick.
void EvidenceLedger::SkipOverdue(uint64_t before_serial, bool only_those_over) {
  while (!plan_.empty() && plan_.begin()->first < before_serial) {
    const PlannedBlock& block = plan_.begin()->second;
    if (block.fence.value() > state_.tick()) {
      if (only_those_over) return;
      plan_.erase(plan_.begin());  // it was withdrawn in time: it has missed nothing
      continue;
    }
    CloseHole();
    OpenBlock(block, /*primed=*/false);
    CloseBlock(nullptr);
  }
}

void EvidenceLedger::OpenBlock(const PlannedBlock& block, bool primed) {
  state_.clear_segment();
  evidence::OpenBlock& open = *state_.mutable_block();
  open.Clear();
  open.set_serial(block.serial);
  open.set_block_id(block.plan.block_id());
  open.set_first_tick(state_.tick());
  open.set_primed(primed);
  wire_evidence::EvidenceFromAir message = NextMessage();
  wire_evidence::BlockStart& start = *message.mutable_block_start();
  start.set_block_id(block.plan.block_id());
  start.set_swap_tick(static_cast<uint64_t>(state_.tick()));
  start.set_fence_tick(static_cast<uint64_t>(std::max<int64_t>(block.fence.value(), 0)));
  start.set_actual_start_utc_ms(UtcOf(state_.tick()));
  start.set_primed_success(primed);
  Tell(std::move(message));
}

void EvidenceLedger::CloseBlock(const char* cut) {
  if (state_.has_segment()) CloseSegment(cut);
  if (const PlannedBlock* block = OpenBlockPlan()) SkipSegmentsTo(*block, block->segments.size());
  const evidence::OpenBlock closed = state_.block();
  state_.clear_segment();
  state_.clear_block();
  state_.set_last_block(closed.serial());
  wire_evidence::EvidenceFromAir message = NextMessage();
  wire_evidence::BlockFence& fence = *message.mutable_block_fence();
  fence.set_block_id(closed.block_id());
  fence.set_swap_tick(static_cast<uint64_t>(closed.first_tick()));
  fence.set_fence_tick(static_cast<uint64_t>(state_.tick()));
  fence.set_actual_end_utc_ms(UtcOf(state_.tick()));
  fence.set_ct_at_fence_ms(static_cast<uint64_t>(time_.NanosOf(Tick(state_.tick())) / kNanosPerMs));
  fence.set_total_frames_emitted(closed.frames());
  fence.set_truncated_by_fence(closed.truncated());
  fence.set_early_exhaustion(closed.exhausted());
  fence.set_primed_success(closed.primed());
  plan_.erase(plan_.begin(), plan_.upper_bound(closed.serial()));
  Tell(std::move(message));
}

void EvidenceLedger::CloseHole() {
  if (!state_.has_hole()) return;
  evidence::Record record;
  evidence::Hole& hole = *record.mutable_hole();
  hole.set_first_tick(state_.hole().first_tick());
  hole.set_end_tick(state_.tick());
  hole.set_start_utc_ms(UtcOf(hole.first_tick()));
  hole.set_end_utc_ms(UtcOf(hole.end_tick()));
  *hole.mutable_pad() = state_.hole().pad();
  state_.clear_hole();
  Keep(std::move(record));
}

// ---- segments

void EvidenceLedger::OpenSegment(size_t position, uint64_t serial) {
  evidence::OpenSegment& segment = *state_.mutable_segment();
  segment.Clear();
  segment.set_position(static_cast<uint32_t>(position));
  segment.set_serial(serial);
  segment.set_first_tick(state_.tick());
}

bool EvidenceLedger::OpenLive(uint64_t serial) {
  const auto live = live_.find(serial);
  if (live == live_.end()) return false;
  OpenSegment(0, serial);
  *state_.mutable_segment()->mutable_live() = live->second.facts;
  return true;
}

// One that is entered in the middle, behind what was LIVE, has another serial than it was planned with.
void EvidenceLedger::OpenPlanned(const PlannedBlock& block, const Piece& piece) {
  const uint64_t serial = piece.run.segment_serial;
  const auto owns = [&](const PlannedSegment& s) {
    return s.start.value() <= piece.from && piece.from < s.end.value();
  };
  auto found = std::find_if(block.segments.begin(), block.segments.end(),
                            [&](const PlannedSegment& s) { return s.serial == serial; });
  if (found == block.segments.end() && serial != 0)
    found = std::find_if(block.segments.begin(), block.segments.end(), owns);
  if (found == block.segments.end()) return;
  const auto position = static_cast<size_t>(found - block.segments.begin());
  SkipSegmentsTo(block, position);
  state_.mutable_block()->set_replaced(false);
  OpenSegment(position, serial);
}

// Those that own no tick, or whose ticks were over when their block came, or were another's. What lies behind
// the present tick has not been skipped; what lies before the session was none of its business.
void EvidenceLedger::SkipSegmentsTo(const PlannedBlock& block, size_t position) {
  for (size_t i = state_.block().next_segment(); i < position; ++i) {
    const PlannedSegment& segment = block.segments[i];
    if (segment.end.value() > state_.tick()) return;
    if (segment.end <= Tick(0) && segment.skip_units > 0) {
      state_.mutable_block()->set_next_segment(static_cast<uint32_t>(i + 1));
      continue;
    }
    OpenSegment(i, segment.serial);
    CloseSegment(nullptr);
  }
}

void EvidenceLedger::CloseSegment(const char* cut) {
  const std::optional<Subject> subject = Open();
  if (!subject.has_value()) return state_.clear_segment();
  if (!state_.segment().started()) {
    state_.mutable_segment()->set_started(true);
    TellSegmentStart(*subject, /*aired=*/false);
  }
  TellSegmentEnd(*subject, cut);
}

// What has taken it off, if something else owns this tick before it was over.
const char* EvidenceLedger::CutAt(int64_t tick) const {
  const std::optional<Subject> subject = Open();
  return subject.has_value() && tick < subject->planned.end.value() ? "REPLACED" : nullptr;
}

// ---- records

void EvidenceLedger::Terminate(const std::string& reason, const std::string& detail) {
  if (state_.terminated()) return;
  if (state_.has_segment()) CloseSegment("STOPPED");
  if (state_.has_block()) CloseBlock(nullptr);
  CloseHole();
  state_.set_terminated(true);
  wire_evidence::EvidenceFromAir message = NextMessage();
  wire_evidence::ChannelTerminated& terminated = *message.mutable_channel_terminated();
  terminated.set_termination_utc_ms(UtcOf(state_.tick()));
  terminated.set_reason(reason);
  terminated.set_detail(detail);
  Tell(std::move(message));
}

wire_evidence::EvidenceFromAir EvidenceLedger::NextMessage() {
  state_.set_sequence(state_.sequence() + 1);
  wire_evidence::EvidenceFromAir message;
  message.set_schema_version(1);
  message.set_channel_id(session_.channel_name());
  message.set_playout_session_id(session_.playout_session_id());
  message.set_sequence(state_.sequence());
  message.set_event_uuid(MakeUuid(session_.playout_session_id(), kEventUuids, state_.sequence()));
  message.set_emitted_utc(IsoUtc(callbacks_.utc_now()));
  return message;
}

void EvidenceLedger::Tell(wire_evidence::EvidenceFromAir message, const evidence::AiredSegment* segment) {
  evidence::Record record;
  *record.mutable_message() = std::move(message);
  if (segment != nullptr) *record.mutable_segment() = *segment;
  Keep(std::move(record));
}

void EvidenceLedger::Keep(evidence::Record record) {
  state_.set_number(state_.number() + 1);
  record.set_number(state_.number());
  *record.mutable_state() = state_;
  runs_since_record_ = 0;
  callbacks_.on_record(std::move(record));
}

}  // namespace air
