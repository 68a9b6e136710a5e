#include "supervisor/block_plan.h"

#include <algorithm>

namespace air {
PlannedBlock PlanBlock(const wire::BlockPlan& plan, const HouseTime& time, UtcMs epoch, uint64_t block_serial,
                       uint64_t& next_segment_serial, Tick from) {
  const UtcMs start_utc(plan.start_utc_ms());
  PlannedBlock block{.serial = block_serial,
                     .plan = plan,
                     .start = time.FirstTickAt(epoch, start_utc),
                     .fence = time.FirstTickAt(epoch, UtcMs(plan.end_utc_ms())),
                     .from = from,
                     .prepared = {},
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
         .skip_units = first - seam,
         .lock = {}});
  }
  return block;
}

void MovePlan(std::vector<wire::BlockPlan>& blocks, UtcMs first_start) {
  const int64_t shift = first_start.value() - blocks.front().start_utc_ms();
  for (wire::BlockPlan& block : blocks) {
    block.set_start_utc_ms(block.start_utc_ms() + shift);
    block.set_end_utc_ms(block.end_utc_ms() + shift);
  }
}

}  // namespace air
