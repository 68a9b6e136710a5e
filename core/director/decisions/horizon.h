// Horizon: when a channel's schedule and playlog have to be carried on. Pure.
#pragma once

#include <optional>

#include "core/model/channel.h"
#include "core/schedule/grid.h"

namespace retrovue {

// What is stored of a channel.
struct HorizonFacts {
  std::optional<absl::CivilDay> last_day;  // the last schedule day; nothing: none
  std::optional<Instant> playlog_until;    // the end of the last block without a hole from now on
};

struct HorizonDue {
  bool days = false;     // the guide's horizon has moved on by a day
  bool playlog = false;  // the playlog reaches less far than the channel wants
};

HorizonDue DueHorizon(const Channel& channel, const Grid& grid, const HorizonFacts& facts, Instant now);

// When the work that failed is tried again: after 5, 10, 20, ... 300 s.
Millis HorizonPause(int failures_in_row);

}  // namespace retrovue
