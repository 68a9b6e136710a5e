// What plays, file by file, in the blocks AIR is handed. Made from a ScheduleDay and nothing else.
#pragma once

#include <vector>

#include "core/model/playlog.h"
#include "core/schedule/catalogue_view.h"
#include "core/schedule/grid.h"

namespace retrovue {

// What fills the time that programmes leave.
struct AvailRules {
  std::vector<const Asset*> pool;  // those of the channel's fillers that may air, in the operator's order
  std::string card_path;           // where the pool is empty; itself empty: pad
  Millis card_duration{0};         // less than a second: a picture, which lasts
  std::uint64_t seed = 0;
};

// A channel's rules. Fillers that may not air, or are shorter than a second, are left out.
AvailRules AvailRulesOf(const Channel& channel, const CatalogueView& catalogue, std::uint64_t seed);

// The blocks of a day, from its first item's start to its last one's end: one for each block of the grid, filled to the
// millisecond, a programme that reaches over a boundary going on there in its file.
//
// A programme is interrupted where its item has breaks; a place that fades fades out and, behind the break, in.
//
// What a programme leaves, in its breaks and behind it, is filled with the pool in rotation, begun at a place drawn from seed and date: always the first
// clip that fits whole and has been off the longest. Where none fits, up to 2 s are pad; a longer rest is a clip that is cut short.
//
// A block's id follows from its start and all that is in it: the same block has the same id, another one has another. Event
// ids are not given.
std::vector<PlannedBlock> PlanBlocks(const Channel& channel, const Grid& grid, const ScheduleDay& day,
                                     const AvailRules& rules);

}  // namespace retrovue
