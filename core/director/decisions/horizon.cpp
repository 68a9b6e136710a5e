#include "core/director/decisions/horizon.h"

#include <algorithm>

#include "core/schedule/resolve_day.h"

namespace retrovue {

HorizonDue DueHorizon(const Channel& channel, const Grid& grid, const HorizonFacts& facts, Instant now) {
  HorizonDue due;
  const absl::CivilDay last_wanted = grid.DayOf(now) + channel.epg_horizon_days;
  due.days = !facts.last_day.has_value() || *facts.last_day < last_wanted;
  const Instant wanted = LockOf(grid, now, std::chrono::minutes(channel.playlog_horizon_min));
  due.playlog = !facts.playlog_until.has_value() || *facts.playlog_until < wanted;
  return due;
}

Millis HorizonPause(int failures_in_row) {
  constexpr Millis kFirst{5'000};
  constexpr Millis kLongest{300'000};
  return std::min(kLongest, kFirst * (1 << std::clamp(failures_in_row - 1, 0, 6)));
}

}  // namespace retrovue
