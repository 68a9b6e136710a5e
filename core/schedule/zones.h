// Which zone owns which part of a programming day.
#pragma once

#include <vector>

#include "core/model/plan.h"
#include "core/model/schedule_day.h"
#include "core/schedule/grid.h"

namespace retrovue {

// A zone, or what a plan of higher priority leaves of it.
struct ZonePiece {
  const SchedulePlan* plan = nullptr;
  const Zone* zone = nullptr;
  Instant start;  // on the grid
  Instant end;    // on the grid, behind start
  // What may run over the end ends by then: where the next piece of a higher plan begins, which may be the end itself.
  Instant overrun_limit = Instant::max();
};

struct ZonesOfDay {
  std::vector<ZonePiece> pieces;           // in order; they do not overlap
  std::vector<const SchedulePlan*> plans;  // those for this day, the one that wins first
  std::vector<ScheduleNotice> notices;
};

// The plan of highest priority wins at every instant; of two of one priority, the one with the lower id.
ZonesOfDay ResolveZones(const Grid& grid, const std::vector<SchedulePlan>& plans, absl::CivilDay date);

}  // namespace retrovue
