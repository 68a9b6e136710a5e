// The grid of a channel as instants. Everything after this works on these instants, and never on local times.
//
// The programming day d is [Anchor(d), Anchor(d + 1)); Anchor(d) is the first instant of the local time `day_start` on d.
// Boundaries: the anchor, and from there on every block_minutes of UTC. Where that lands on a minute of the hour that is
// none of the offsets (a shift of the clocks by half an hour, as on Lord Howe Island), it goes on to the next minute that
// is one. A day's last block ends at the next anchor.
#pragma once

#include <map>
#include <vector>

#include "core/model/channel.h"
#include "core/model/time.h"

namespace retrovue {

// The instant of a minute of a programming day: a local time that the clocks skip is the instant of the change, one that
// they repeat is its first occurrence. So neighbours in local time always touch. `minute` may be 1440 and more.
Instant InstantOf(const GridRules& rules, absl::TimeZone zone, absl::CivilDay date, int minute);

// Grows as it is asked. For one thread.
class Grid {
 public:
  // `rules` have been validated.
  Grid(GridRules rules, absl::TimeZone zone);

  const GridRules& rules() const { return rules_; }
  absl::TimeZone zone() const { return zone_; }

  Instant Anchor(absl::CivilDay date) const { return InstantOf(rules_, zone_, date, 0); }

  // The programming day that `t` is in.
  absl::CivilDay DayOf(Instant t) const;

  // The starts of the day's blocks. What ends the last one, Anchor(date + 1), is not among them.
  const std::vector<Instant>& Blocks(absl::CivilDay date) const;

  // The first boundary at or after `t`.
  Instant Up(Instant t) const;
  // The last boundary at or before `t`.
  Instant Down(Instant t) const;
  // The end of a slot from the boundary `t` on: the first boundary after it that is at least `duration` away.
  Instant Slot(Instant t, Millis duration) const;
  // The end of a slot of that many blocks.
  Instant BlocksOn(Instant t, int blocks) const;

  // `t` in the channel's wall clock, "20:30".
  std::string LocalClock(Instant t) const;

 private:
  GridRules rules_;
  absl::TimeZone zone_;
  mutable std::map<absl::CivilDay, std::vector<Instant>> days_;
};

}  // namespace retrovue
