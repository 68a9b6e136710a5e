// From BlockPlans to ticks. Editorial time (UTC milliseconds) is turned into ticks once, here, on acceptance;
// nothing behind this file knows it. Pure: no clock, no process.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "protos/playout.pb.h"
#include "shm/house_time.h"
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
  Tick start, end;         // clipped: never before tick 0, nor before its plan was in force
  int64_t skip_units = 0;  // frames of the segment that lay before its start (join in progress)

  bool IsPad() const { return asset_uri.empty(); }
  bool IsEmpty() const { return end <= start; }
};

struct PlannedBlock {
  uint64_t serial = 0;
  wire::BlockPlan plan;
  Tick start, fence;  // half open; start may lie before tick 0, but not before its plan was in force
  Tick from;          // no tick before it was the block's
  std::vector<PlannedSegment> segments;
};

// What can be wrong with one block by itself. Errors: InvalidArgument naming the field, its value and the
// rule. Durations must add up to the block within one millisecond a segment (each was rounded to milliseconds
// by its author).
absl::Status CheckBlock(const wire::BlockPlan& plan, int32_t channel_id);

// Serial numbers are taken from the counters and counted on. Seams are rounded once, from the block's start;
// the last segment ends at the fence. Nothing of it owns a tick before `from`.
PlannedBlock PlanBlock(const wire::BlockPlan& plan, const HouseTime& time, UtcMs epoch, uint64_t block_serial,
                       uint64_t& next_segment_serial, Tick from = Tick(0));

}  // namespace air
