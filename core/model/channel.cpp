#include "core/model/channel.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/model/text.h"

namespace retrovue {
namespace {

// The offsets a grid has that begins at minute `first` of the hour.
std::vector<int> Offsets(int block_minutes, int first) {
  std::vector<int> offsets;
  for (int minute = first % block_minutes; minute < 60; minute += block_minutes) offsets.push_back(minute);
  return offsets;
}

}  // namespace

absl::Status ValidateGrid(const GridRules& grid) {
  if (grid.block_minutes != 15 && grid.block_minutes != 30 && grid.block_minutes != 60) {
    return absl::InvalidArgumentError(
        absl::StrCat("a grid of ", grid.block_minutes, " minutes is not possible: use 15, 30 or 60"));
  }
  const int first = grid.offsets.empty() ? 0 : grid.offsets.front();
  if (first < 0 || first >= grid.block_minutes || grid.offsets != Offsets(grid.block_minutes, first)) {
    const int wanted = first < 0 ? 0 : first % grid.block_minutes;
    return absl::InvalidArgumentError(
        absl::StrCat("the block start offsets [", absl::StrJoin(grid.offsets, ", "),
                     "] do not make a grid of ", grid.block_minutes, " minutes: use [",
                     absl::StrJoin(Offsets(grid.block_minutes, wanted), ", "), "]"));
  }
  if (grid.day_start < 0 || grid.day_start >= 24 * 60 || grid.day_start % grid.block_minutes != first) {
    const int day_start = ((grid.day_start % (24 * 60)) + 24 * 60) % (24 * 60);
    return absl::InvalidArgumentError(
        absl::StrCat("the programming day cannot start at ", WallClock(day_start),
                     ": its minute must be one of [", absl::StrJoin(grid.offsets, ", "), "], such as ",
                     WallClock(day_start / grid.block_minutes * grid.block_minutes + first)));
  }
  return absl::OkStatus();
}

absl::Status ValidateChannel(const Channel& channel) {
  if (absl::Status slug = ValidateSlug(channel.slug); !slug.ok()) return slug;
  const std::string name = absl::StrCat("channel \"", channel.slug, "\": ");
  const auto refuse = [&](auto... words) { return absl::InvalidArgumentError(absl::StrCat(name, words...)); };
  if (channel.title.empty() || channel.title.size() > 120) {
    return refuse("its title must have 1 to 120 characters: give it another with --title");
  }
  if (channel.time_zone.empty()) {
    return refuse("it needs a time zone: give it one with --timezone, such as America/New_York");
  }
  if (absl::Status grid = ValidateGrid(channel.grid); !grid.ok()) return refuse(grid.message());
  if (channel.number && *channel.number < 1) return refuse("its number must be 1 or more");
  if (channel.epg_horizon_days < 2 || channel.epg_horizon_days > 14) {
    return refuse("its guide reaches ", channel.epg_horizon_days, " days ahead: use 2 to 14");
  }
  if (channel.playlog_horizon_min < 120 || channel.playlog_horizon_min > 360) {
    return refuse("its playlog reaches ", channel.playlog_horizon_min, " minutes ahead: use 120 to 360");
  }
  if (channel.linger_s < 0) return refuse("it cannot linger for less than 0 seconds");
  if (channel.max_tail_trim < Millis(0) || channel.max_tail_trim >= minutes(channel.grid.block_minutes)) {
    return refuse("what may be trimmed off a programme must be 0 or more and less than a block of the grid");
  }
  if (absl::Status breaks = ValidateBreakRules(channel.breaks); !breaks.ok()) return refuse(breaks.message());
  return absl::OkStatus();
}

}  // namespace retrovue
