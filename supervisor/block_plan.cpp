#include "supervisor/block_plan.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr int64_t kLongestBlockMs = 48LL * 3600 * 1000;
constexpr int kMostSegments = 512;
constexpr float kMostGainDb = 60;

absl::Status Refuse(const std::string& text) { return absl::InvalidArgumentError(text); }

absl::Status CheckSegment(const wire::BlockSegment& segment, const std::string& where) {
  if (segment.segment_duration_ms() <= 0) {
    return Refuse(absl::StrCat(where, ".segment_duration_ms: ", segment.segment_duration_ms(),
                               "; give a positive number"));
  }
  if (segment.asset_start_offset_ms() < 0) {
    return Refuse(
        absl::StrCat(where, ".asset_start_offset_ms: ", segment.asset_start_offset_ms(), " is negative"));
  }
  if (!std::isfinite(segment.gain_db()) || std::abs(segment.gain_db()) > kMostGainDb) {
    return Refuse(absl::StrCat(where, ".gain_db: ", segment.gain_db(), "; give -60 to 60"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckBlock(const wire::BlockPlan& plan, int32_t channel_id) {
  if (plan.block_id().empty()) return Refuse("block_id: empty (is the block missing?)");
  const std::string where = absl::StrCat("block ", plan.block_id());
  if (plan.channel_id() != channel_id) {
    return Refuse(
        absl::StrCat(where, ": channel_id: ", plan.channel_id(), ", the session's is ", channel_id));
  }
  const int64_t duration = plan.end_utc_ms() - plan.start_utc_ms();
  if (plan.start_utc_ms() < 0 || duration <= 0) {
    return Refuse(absl::StrCat(where, ": end_utc_ms: ", plan.end_utc_ms(), " must lie after start_utc_ms, ",
                               plan.start_utc_ms()));
  }
  if (duration > kLongestBlockMs) {
    return Refuse(absl::StrCat(where, ": end_utc_ms: the block lasts ", duration, " ms, at most ",
                               kLongestBlockMs, " are accepted"));
  }
  if (plan.segments().empty()) return Refuse(absl::StrCat(where, ": segments: none"));
  if (plan.segments_size() > kMostSegments) {
    return Refuse(absl::StrCat(where, ": segments: ", plan.segments_size(), ", at most ", kMostSegments,
                               " are accepted"));
  }
  int64_t sum = 0;
  for (int i = 0; i < plan.segments_size(); ++i) {
    const std::string field = absl::StrCat(where, ": segments[", i, "]");
    if (absl::Status s = CheckSegment(plan.segments(i), field); !s.ok()) return s;
    sum += plan.segments(i).segment_duration_ms();
  }
  if (std::abs(sum - duration) > plan.segments_size()) {
    return Refuse(absl::StrCat(where, ": segment_duration_ms: the segments last ", sum,
                               " ms together, the block lasts ", duration));
  }
  return absl::OkStatus();
}

PlannedBlock PlanBlock(const wire::BlockPlan& plan, const HouseTime& time, UtcMs epoch, uint64_t block_serial,
                       uint64_t& next_segment_serial, Tick from) {
  const UtcMs start_utc(plan.start_utc_ms());
  PlannedBlock block{.serial = block_serial,
                     .plan = plan,
                     .start = time.FirstTickAt(epoch, start_utc),
                     .fence = time.FirstTickAt(epoch, UtcMs(plan.end_utc_ms())),
                     .from = from,
                     .segments = {}};
  if (from > Tick(0)) block.start = std::max(block.start, from);
  int64_t offset_ms = 0;
  for (int i = 0; i < plan.segments_size(); ++i) {
    const wire::BlockSegment& planned = plan.segments(i);
    const bool last = i + 1 == plan.segments_size();
    const Tick seam = std::min(time.FirstTickAt(epoch, start_utc, offset_ms), block.fence);
    offset_ms += planned.segment_duration_ms();
    const Tick end =
        last ? block.fence : std::min(time.FirstTickAt(epoch, start_utc, offset_ms), block.fence);
    const Tick first = std::max(seam, from);
    block.segments.push_back(
        {.serial = next_segment_serial++,
         .block_serial = block_serial,
         .index = planned.segment_index(),
         .asset_uri = planned.segment_type() == wire::SEGMENT_TYPE_PAD ? "" : planned.asset_uri(),
         .in_point_ms = planned.asset_start_offset_ms(),
         .start = first,
         .end = end,
         .skip_units = first - seam});
  }
  return block;
}

}  // namespace air
