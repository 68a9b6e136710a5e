// The guide, read from ScheduleItems and nothing else.
#pragma once

#include <vector>

#include "core/model/playlog.h"
#include "core/schedule/grid.h"

namespace retrovue {

// The entries of days that follow each other. An entry starts where its item does and stops where the next entry
// starts. Avails of up to one grid block belong to the entry before them; longer ones have their own, "<title>
// continues". A run of avails ends with its day. So an entry follows from its own day, the one before it and the one
// after it alone.
EpgGeneration GuideOf(const Channel& channel, const std::vector<ScheduleDay>& days);

}  // namespace retrovue
