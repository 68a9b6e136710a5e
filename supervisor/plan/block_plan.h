// From BlockPlans to ticks. Editorial time (UTC milliseconds) is turned into ticks once, here, on acceptance;
// nothing behind this file knows it. Pure: no clock, no process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "media/house_time.h"
#include "plans/plan_check.h"
#include "protos/playout.pb.h"
#include "protos/stage.pb.h"
#include "shm/timeline.h"

namespace air {

namespace wire = ::retrovue::playout;

// One segment on the tick line. It owns [start, end), which is empty when the segment is shorter than a
// frame.
struct PlannedSegment {
  uint64_t serial = 0;
  uint64_t block_serial = 0;
  int32_t index = 0;
  std::string asset_uri;  // empty: pad
  int64_t in_point_ms = 0;
  Tick start, end;             // clipped: never before tick 0, nor before its plan was in force
  stage::Treatment treatment;  // but for the session's part: aspect_policy
  int64_t skip_units = 0;      // frames of the segment that lay before its start (join in progress)
  // The tick of unit 0, when its content was prepared before it was known where it would be entered.
  std::optional<Tick> lock;

  bool IsPad() const { return asset_uri.empty(); }
  bool IsEmpty() const { return end <= start; }
};

struct PlannedBlock {
  uint64_t serial = 0;
  wire::BlockPlan plan;
  Tick start, fence;  // half open; start may lie before tick 0, but not before its plan was in force
  Tick from;          // no tick before it was the block's
  std::optional<Tick> prepared;  // its content was prepared to be entered here, at `from` or before
  std::vector<PlannedSegment> segments;
};

// Serial numbers are taken from the counters and counted on. Seams are rounded once, from the block's start;
// the last segment ends at the fence. Nothing of it owns a tick before `from`.
PlannedBlock PlanBlock(const wire::BlockPlan& plan, const HouseTime& time, UtcMs epoch, uint64_t block_serial,
                       uint64_t& next_segment_serial, Tick from = Tick(0));

// Moves all blocks by one and the same amount, so that the first one starts then.
void MovePlan(std::vector<wire::BlockPlan>& blocks, UtcMs first_start);

}  // namespace air
