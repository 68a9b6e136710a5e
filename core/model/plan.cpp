#include "core/model/plan.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

constexpr int kDay = 24 * 60;

// True if two zones of a plan may be wanted on the same day. Zones with other conditions than weekdays are taken to.
bool MayMeet(const Zone& a, const Zone& b) { return (a.when.weekdays.bits & b.when.weekdays.bits) != 0; }

}  // namespace

const char* Name(Overrun overrun) {
  switch (overrun) {
    case Overrun::kFirst:
      return "first";
    case Overrun::kNever:
      return "never";
    case Overrun::kLast:
      return "last";
  }
  return "unknown";
}

std::string WallClockOf(const GridRules& grid, int minute_of_day) {
  return WallClock((grid.day_start + minute_of_day) % kDay);
}

absl::StatusOr<ZoneWindow> WindowOf(const GridRules& grid, absl::string_view from, absl::string_view to) {
  const absl::StatusOr<int> first = ParseWallClock(from);
  if (!first.ok()) return first.status();
  const absl::StatusOr<int> last = to == "24:00" ? absl::StatusOr<int>(0) : ParseWallClock(to);
  if (!last.ok()) return last.status();
  ZoneWindow window;
  window.start = (*first - grid.day_start + kDay) % kDay;
  window.end = (*last - grid.day_start + kDay) % kDay;
  if (window.end == 0) window.end = kDay;
  for (const int minute : {window.start, window.end}) {
    if (minute % grid.block_minutes != 0) {
      const int below = minute / grid.block_minutes * grid.block_minutes;
      return absl::InvalidArgumentError(
          absl::StrCat("the zone ", from, "-", to, " is off the grid: ", WallClockOf(grid, minute),
                       " is between two starts of a block. Use ", WallClockOf(grid, below), " or ",
                       WallClockOf(grid, below + grid.block_minutes)));
    }
  }
  if (window.start >= window.end) {
    const std::string day_start = WallClock(grid.day_start);
    return absl::InvalidArgumentError(absl::StrCat(
        "the zone ", from, "-", to, " reaches over the start of the programming day: write two zones, ", from,
        "-", day_start, " and ", day_start, "-", to));
  }
  return window;
}

absl::Status ValidateZone(const GridRules& grid, const Zone& zone) {
  if (zone.name.empty()) return absl::InvalidArgumentError("a zone needs a name: give it one with --name");
  const std::string name = absl::StrCat("zone \"", zone.name, "\": ");
  if (zone.start < 0 || zone.start >= zone.end || zone.end > kDay) {
    return absl::InvalidArgumentError(absl::StrCat(name, "minutes ", zone.start, " to ", zone.end,
                                                   " are not inside one programming day (0 to ", kDay,
                                                   "): write a window that is, or two zones"));
  }
  if (zone.start % grid.block_minutes != 0 || zone.end % grid.block_minutes != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, WallClockOf(grid, zone.start), "-", WallClockOf(grid, zone.end),
                     " is off the grid: blocks start every ", grid.block_minutes, " minutes from ",
                     WallClock(grid.day_start), " on. Move it to one of those"));
  }
  if (zone.entries.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "it holds nothing: add a program or an asset to it"));
  }
  if (zone.max_tail_trim &&
      (*zone.max_tail_trim < Millis(0) || *zone.max_tail_trim >= minutes(grid.block_minutes))) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, "what may be trimmed off a programme must be 0 or more and less than a block of the grid"));
  }
  if (zone.breaks) {
    if (absl::Status breaks = ValidateBreakRules(*zone.breaks); !breaks.ok())
      return absl::InvalidArgumentError(absl::StrCat(name, breaks.message()));
  }
  if (absl::Status rule = ValidateDateRule(zone.when); !rule.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(name, rule.message()));
  }
  return absl::OkStatus();
}

absl::Status ValidatePlan(const GridRules& grid, const SchedulePlan& plan) {
  if (plan.name.empty()) return absl::InvalidArgumentError("a plan needs a name: give it one with --name");
  const std::string name = absl::StrCat("plan \"", plan.name, "\": ");
  if (plan.priority < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, "its priority must be 0 or more; the higher plan wins"));
  }
  if (absl::Status rule = ValidateDateRule(plan.when); !rule.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(name, rule.message()));
  }
  std::set<std::string> names;
  for (const Zone& zone : plan.zones) {
    if (absl::Status status = ValidateZone(grid, zone); !status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(name, status.message()));
    }
    if (!names.insert(absl::AsciiStrToLower(zone.name)).second) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, "there are two zones called \"", zone.name, "\": rename one of them"));
    }
  }
  for (std::size_t i = 0; i < plan.zones.size(); ++i) {
    for (std::size_t j = i + 1; j < plan.zones.size(); ++j) {
      const Zone& a = plan.zones[i];
      const Zone& b = plan.zones[j];
      if (!a.enabled || !b.enabled || !MayMeet(a, b) || a.end <= b.start || b.end <= a.start) continue;
      return absl::InvalidArgumentError(absl::StrCat(
          name, "the zones \"", a.name, "\" (", WallClockOf(grid, a.start), "-", WallClockOf(grid, a.end),
          ") and \"", b.name, "\" (", WallClockOf(grid, b.start), "-", WallClockOf(grid, b.end),
          ") overlap: shorten one, or move it to a plan of another priority"));
    }
  }
  return absl::OkStatus();
}

}  // namespace retrovue
