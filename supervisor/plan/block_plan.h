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

// A line of units: what one decoder puts into one ring. It begins with a segment; segments that go on where the
// one before them ended show its later units.
struct UnitLine {
  uint64_t serial = 0;  // of the segment it began with; 0: not worked out
  int64_t in_point_ms = 0, skip_units = 0, fade_in_units = 0;  // that segment's
  Tick start;                                                  // that was to show unit 0
  bool operator==(const UnitLine&) const = default;
};

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

  // Worked out by Rundown: whose units it shows, the run of planned segments that each go on where the one
  // before ended (named after the first), and how far the in-point of the first lies before its seam on the clock.
  UnitLine line = {};
  uint64_t chain = 0;
  int64_t chain_offset_ms = 0;
  bool entered = false;  // in its middle, behind something that was LIVE

  int64_t seam_utc_ms = 0, duration_ms = 0;  // as planned

  bool GoesOn() const { return line.serial != 0 && line.serial != serial; }
  bool IsPad() const { return asset_uri.empty(); }
  bool IsEmpty() const { return end <= start; }
};

// What a block that is forgotten leaves to the one behind it.
struct CarriedLine {
  uint64_t segment_serial = 0;  // the first that shows the line's units
  UnitLine line;
  int64_t chain_offset_ms = 0;  // of the block's first segment
};

struct PlannedBlock {
  uint64_t serial = 0;
  wire::BlockPlan plan;
  Tick start, fence;  // half open; start may lie before tick 0, but not before its plan was in force
  Tick from;          // no tick before it was the block's
  std::optional<Tick> prepared;  // its content was prepared to be entered here, at `from` or before
  std::vector<PlannedSegment> segments;
  std::optional<CarriedLine> carried = {};  // when the block before has been forgotten
};

// Whether `next` is no join but goes on where `before` ended: the same asset, presented in the same way, from
// `before`'s in-point and duration on, within a millisecond, and no tick between them. No fade lies at the seam
// or is still to come. `block_from`: of the block `next` is in (a plan that is entered begins with a join).
// `before.chain_offset_ms` is worked out; rounding never adds up to more than 20 ms.
bool GoesOnFrom(const PlannedSegment& before, const PlannedSegment& next, Tick block_from);

// Serial numbers are taken from the counters and counted on. Seams are rounded once, from the block's start;
// the last segment ends at the fence. Nothing of it owns a tick before `from`.
PlannedBlock PlanBlock(const wire::BlockPlan& plan, const HouseTime& time, UtcMs epoch, uint64_t block_serial,
                       uint64_t& next_segment_serial, Tick from = Tick(0));

}  // namespace air
