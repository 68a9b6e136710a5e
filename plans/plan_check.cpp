#include "plans/plan_check.h"

#include <cmath>
#include <cstdlib>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "plans/message_bounds.h"

namespace air {
namespace {

using namespace retrovue::playout;  // NOLINT: this file speaks that interface throughout

constexpr int64_t kLongestBlockMs = 48LL * 3600 * 1000;
constexpr int kMostSegments = 512;
constexpr size_t kLongestIdShown = 256;
constexpr float kMostGainDb = 60;
constexpr int kMostEnrichers = 8;
using Problems = std::vector<std::string>;

template <class... Parts>
void Complain(Problems& problems, const Parts&... parts) {
  problems.push_back(absl::StrCat(parts...));
}

bool IsShare(float value) { return value >= 0 && value <= 1; }

void CheckEnrichers(const BlockSegment& segment, const std::string& where, Problems& problems) {
  if (segment.enrichers_size() > kMostEnrichers)
    Complain(problems, where, ".enrichers: ", segment.enrichers_size(), ", at most ", kMostEnrichers);
  for (int i = 0; i < segment.enrichers_size(); ++i) {
    const std::string field = absl::StrCat(where, ".enrichers[", i, "]");
    if (!segment.enrichers(i).has_channel_bug()) {
      Complain(problems, field, ": give channel_bug");
      continue;
    }
    const ChannelBug& bug = segment.enrichers(i).channel_bug();
    if (bug.image_uri().empty()) Complain(problems, field, ".channel_bug.image_uri: empty");
    if (!IsShare(bug.x()) || !IsShare(bug.y()) || !IsShare(bug.width()) || !IsShare(bug.opacity()))
      Complain(problems, field, ".channel_bug: x, y, width and opacity are shares; give 0 to 1");
  }
}

void CheckSegment(const BlockSegment& segment, int place, const std::string& where, Problems& problems) {
  if (segment.segment_index() != place)
    Complain(problems, where, ".segment_index: ", segment.segment_index(),
             "; number the segments 0, 1, 2, …");
  if (segment.segment_duration_ms() <= 0) {
    Complain(problems, where, ".segment_duration_ms: ", segment.segment_duration_ms(),
             "; give a positive number");
  }
  if (segment.asset_start_offset_ms() < 0)
    Complain(problems, where, ".asset_start_offset_ms: ", segment.asset_start_offset_ms(), " is negative");
  if (!std::isfinite(segment.gain_db()) || std::abs(segment.gain_db()) > kMostGainDb)
    Complain(problems, where, ".gain_db: ", segment.gain_db(), "; give -60 to 60");
  CheckEnrichers(segment, where, problems);
  if (!SegmentType_IsValid(segment.segment_type()))
    Complain(problems, where, ".segment_type: ", static_cast<int>(segment.segment_type()), " is not known");
  if (!TransitionType_IsValid(segment.transition_in()))
    Complain(problems, where, ".transition_in: ", static_cast<int>(segment.transition_in()), " is not known");
  if (!TransitionType_IsValid(segment.transition_out()))
    Complain(problems, where, ".transition_out: ", static_cast<int>(segment.transition_out()),
             " is not known");
}

void CheckDuration(const BlockPlan& block, const std::string& where, Problems& problems) {
  if (block.start_utc_ms() < 0 || block.end_utc_ms() <= block.start_utc_ms()) {
    return Complain(problems, where, ": end_utc_ms: ", block.end_utc_ms(), " must lie after start_utc_ms, ",
                    block.start_utc_ms());
  }
  const int64_t duration = block.end_utc_ms() - block.start_utc_ms();  // neither is negative
  if (duration > kLongestBlockMs) {
    return Complain(problems, where, ": end_utc_ms: the block lasts ", duration, " ms, at most ",
                    kLongestBlockMs, " are accepted");
  }
  int64_t sum = 0;
  for (const BlockSegment& segment : block.segments()) {
    if (segment.segment_duration_ms() <= 0 || segment.segment_duration_ms() > kLongestBlockMs) return;
    sum += segment.segment_duration_ms();
  }
  if (std::abs(sum - duration) > block.segments_size()) {
    Complain(problems, where, ": segment_duration_ms: the segments last ", sum,
             " ms together, the block lasts ", duration);
  }
}

void CheckBlock(const BlockPlan& block, int32_t channel_id, Problems& problems) {
  const size_t before = problems.size();
  if (block.block_id().empty()) return Complain(problems, "block_id: empty (is the block missing?)");
  const std::string where = absl::StrCat("block ", OneLine(block.block_id(), kLongestIdShown));
  if (block.channel_id() != channel_id) {
    Complain(problems, where, ": channel_id: ", block.channel_id(), ", the session's is ", channel_id);
  }
  if (block.segments().empty()) return Complain(problems, where, ": segments: none");
  if (block.segments_size() > kMostSegments) {
    return Complain(problems, where, ": segments: ", block.segments_size(), ", at most ", kMostSegments,
                    " are accepted");
  }
  for (int i = 0; i < block.segments_size(); ++i)
    CheckSegment(block.segments(i), i, absl::StrCat(where, ": segments[", i, "]"), problems);
  CheckDuration(block, where, problems);
  if (problems.size() > before) return;  // each in its own words
  if (const absl::Status s = CheckBounds(block); !s.ok()) Complain(problems, where, ": ", s.message());
}

absl::Status FirstOf(const Problems& problems) {
  return problems.empty() ? absl::OkStatus() : absl::InvalidArgumentError(problems.front());
}

}  // namespace

absl::Status CheckBlock(const BlockPlan& block, int32_t channel_id) {
  Problems problems;
  CheckBlock(block, channel_id, problems);
  return FirstOf(problems);
}

std::vector<std::string> ProblemsOf(const PlanFile& plan) {
  Problems problems;
  if (plan.blocks().empty()) Complain(problems, "blocks: the plan has none");
  const int64_t join = plan.join_utc_ms();
  if (join != 0 && (join < kEarliestJoinUtcMs || join > kLatestUtcMs)) {
    Complain(problems, "join_utc_ms: ", join, " is outside ", kEarliestJoinUtcMs, "..", kLatestUtcMs,
             "; give milliseconds since 1970, or 0 for now");
  }
  std::set<std::string> names;
  const BlockPlan* before = nullptr;
  for (const BlockPlan& block : plan.blocks()) {
    CheckBlock(block, plan.channel_id(), problems);
    if (!names.insert(block.block_id()).second)
      Complain(problems, "block ", block.block_id(), ": block_id: there are two of this name");
    if (before != nullptr && block.start_utc_ms() < before->end_utc_ms()) {
      Complain(problems, "block ", block.block_id(), ": start_utc_ms: ", block.start_utc_ms(),
               " lies before the end of block ", before->block_id(), ", ", before->end_utc_ms());
    }
    before = &block;
  }
  return problems;
}

absl::Status CheckPlan(const PlanFile& plan) { return FirstOf(ProblemsOf(plan)); }

}  // namespace air
