#include "core/schedule/grid.h"

#include <algorithm>

namespace retrovue {

Instant InstantOf(const GridRules& rules, absl::TimeZone zone, absl::CivilDay date, int minute) {
  const absl::CivilSecond local = absl::CivilMinute(date) + rules.day_start + minute;
  const absl::TimeZone::TimeInfo info = zone.At(local);
  return FromAbsl(info.kind == absl::TimeZone::TimeInfo::SKIPPED ? info.trans : info.pre);
}

Grid::Grid(GridRules rules, absl::TimeZone zone) : rules_(std::move(rules)), zone_(zone) {}

absl::CivilDay Grid::DayOf(Instant t) const {
  absl::CivilDay date = absl::CivilDay(zone_.At(ToAbsl(t)).cs);
  while (Anchor(date) > t) --date;
  while (Anchor(date + 1) <= t) ++date;
  return date;
}

const std::vector<Instant>& Grid::Blocks(absl::CivilDay date) const {
  const auto [found, is_new] = days_.try_emplace(date);
  std::vector<Instant>& blocks = found->second;
  if (!is_new) return blocks;
  const Instant end = Anchor(date + 1);
  // Zones whose offset has seconds, as all had once, would never meet a whole minute of the hour again: the seconds are
  // looked past.
  const auto on_offset = [&](Instant t) {
    const int minute = zone_.At(ToAbsl(t)).cs.minute();
    return std::find(rules_.offsets.begin(), rules_.offsets.end(), minute) != rules_.offsets.end();
  };
  for (Instant t = Anchor(date); t < end;) {
    blocks.push_back(t);
    t += minutes(rules_.block_minutes);
    while (t < end && !on_offset(t)) t += minutes(1);
  }
  return blocks;
}

Instant Grid::Up(Instant t) const {
  const absl::CivilDay date = DayOf(t);
  const std::vector<Instant>& blocks = Blocks(date);
  const auto at = std::lower_bound(blocks.begin(), blocks.end(), t);
  return at == blocks.end() ? Anchor(date + 1) : *at;
}

Instant Grid::Down(Instant t) const {
  const std::vector<Instant>& blocks = Blocks(DayOf(t));
  return *(std::upper_bound(blocks.begin(), blocks.end(), t) - 1);
}

Instant Grid::Slot(Instant t, Millis duration) const {
  const Instant end = Up(t + std::max(duration, Millis(1)));
  return end;
}

Instant Grid::BlocksOn(Instant t, int blocks) const {
  for (int i = 0; i < blocks; ++i) t = Slot(t, Millis(1));
  return t;
}

std::string Grid::LocalClock(Instant t) const {
  const absl::CivilSecond local = zone_.At(ToAbsl(t)).cs;
  return WallClock(local.hour() * 60 + local.minute());
}

}  // namespace retrovue
