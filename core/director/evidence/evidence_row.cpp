#include "core/director/evidence/evidence_row.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"

namespace retrovue {
namespace {

namespace wire = evidence::v1;

constexpr int kMostCauses = 16;  // AIR has nine
constexpr std::size_t kLongestCause = 40;

std::string Line(const std::string& text) { return air::OneLine(text); }

std::int64_t Count(std::uint64_t frames) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());  // two years
  return static_cast<std::int64_t>(std::min(frames, kMost));
}

void Take(const wire::BlockStart& m, Evidence& e) {
  e.kind = EvidenceKind::kBlockStart;
  e.block_id = Line(m.block_id());
  e.actual_start = FromUtcMs(m.actual_start_utc_ms());
}

void Take(const wire::SegmentStart& m, Evidence& e) {
  e.kind = EvidenceKind::kSegmentStart;
  e.block_id = Line(m.block_id());
  e.playlog_event_id = Line(m.event_id());
  e.segment_index = m.segment_index();
  e.segment_uuid = Line(m.segment_uuid());
  e.segment_type = Line(m.segment_type_name());
  e.asset_uri = air::OneLine(m.asset_uri(), 4096);
  e.actual_start = FromUtcMs(m.actual_start_utc_ms());
  e.asset_start_frame = m.asset_start_frame();
  e.join_in_progress = m.join_in_progress();
}

void Take(const wire::SegmentEnd& m, Evidence& e) {
  e.kind = EvidenceKind::kSegmentEnd;
  e.block_id = Line(m.block_id());
  e.playlog_event_id = Line(m.event_id_ref());
  e.segment_uuid = Line(m.segment_uuid());
  e.segment_type = Line(m.segment_type_name());
  e.actual_start = FromUtcMs(m.actual_start_utc_ms());
  e.actual_end = FromUtcMs(m.actual_end_utc_ms());
  e.asset_start_frame = m.asset_start_frame();
  e.frames = m.computed_duration_frames();
  e.fallback_frames = Count(m.fallback_frames_used());
  for (int i = 0; i < std::min(m.fallback_by_cause_size(), kMostCauses); ++i) {
    const wire::FallbackFrames& one = m.fallback_by_cause(i);
    e.pad[air::OneLine(one.cause(), kLongestCause)] += Count(one.frames());
  }
  e.status = Line(m.status());
  e.reason = Line(m.reason());
  e.detail = Line(m.detail());
}

void Take(const wire::BlockFence& m, Evidence& e) {
  e.kind = EvidenceKind::kBlockFence;
  e.block_id = Line(m.block_id());
  e.actual_end = FromUtcMs(m.actual_end_utc_ms());
  e.frames = static_cast<std::int64_t>(m.total_frames_emitted());
  if (m.truncated_by_fence()) e.reason = "TRUNCATED_BY_FENCE";
  if (m.early_exhaustion()) e.reason = "EARLY_EXHAUSTION";
}

void Take(const wire::ChannelTerminated& m, Evidence& e) {
  e.kind = EvidenceKind::kChannelTerminated;
  e.actual_end = FromUtcMs(m.termination_utc_ms());
  e.reason = Line(m.reason());
  e.detail = Line(m.detail());
}

bool Fits(std::uint64_t value) {
  return value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
}

}  // namespace

absl::StatusOr<Evidence> ToEvidence(const wire::EvidenceFromAir& message, const ChannelId& channel) {
  if (message.playout_session_id().empty())
    return absl::InvalidArgumentError("evidence without a playout_session_id");
  if (message.sequence() == 0 || !Fits(message.sequence())) {
    return absl::InvalidArgumentError(
        absl::StrCat("evidence with the number ", message.sequence(), "; they count from 1"));
  }
  Evidence e;
  e.session_id = Line(message.playout_session_id());
  e.seq = static_cast<std::int64_t>(message.sequence());
  e.channel_id = channel;
  switch (message.payload_case()) {
    case wire::EvidenceFromAir::kBlockStart:
      Take(message.block_start(), e);
      break;
    case wire::EvidenceFromAir::kSegmentStart:
      Take(message.segment_start(), e);
      break;
    case wire::EvidenceFromAir::kSegmentEnd:
      Take(message.segment_end(), e);
      break;
    case wire::EvidenceFromAir::kBlockFence:
      Take(message.block_fence(), e);
      break;
    case wire::EvidenceFromAir::kChannelTerminated:
      Take(message.channel_terminated(), e);
      break;
    default:
      return absl::InvalidArgumentError(
          absl::StrCat("evidence ", message.sequence(), " says nothing that is known here"));
  }
  const absl::StatusOr<Instant> emitted = ParseRfc3339(message.emitted_utc());
  e.emitted_at = emitted.ok() ? *emitted : e.actual_end.value_or(e.actual_start.value_or(Instant{}));
  return e;
}

}  // namespace retrovue
