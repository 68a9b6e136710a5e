#include "core/cli/nouns/made_days.h"

#include <algorithm>
#include <map>
#include <optional>

#include "absl/strings/str_cat.h"
#include "core/cli/nouns/finding.h"
#include "core/planning/planning.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/schedule_days.h"

namespace retrovue::cli {
namespace {

// Where a channel's days have what is off the air.
struct Places {
  std::optional<absl::CivilDay> first;  // that can be made again
  absl::CivilDay last;
  std::optional<Instant> kept_until;  // the end of what stays: it began before the lock
};

absl::StatusOr<Places> PlacesOf(const Snapshot& snapshot, const Channel& channel, const Grid& grid,
                                Instant now, const std::function<bool(const AssetId&)>& is_off) {
  Places places;
  const auto made = snapshot.schedule_days().Made(channel.id);
  if (!made.ok()) return made.status();
  if (!made->has_value()) return places;
  const auto days = snapshot.schedule_days().Airing(channel.id, now, grid.Anchor((*made)->last + 1),
                                                    ScheduleDays::Detail::kWithoutCursors);
  if (!days.ok()) return days.status();
  const absl::StatusOr<Instant> lock = LockedUntil(snapshot, channel, grid, now);
  if (!lock.ok()) return lock.status();
  for (const ScheduleDay& day : *days) {
    for (const ScheduleItem& item : day.items) {
      const bool has_it = std::any_of(item.parts.begin(), item.parts.end(),
                                      [&](const ResolvedPart& part) { return is_off(part.asset_id); });
      if (!has_it || item.end <= now) continue;
      if (item.start < *lock) {
        places.kept_until = item.end;
        continue;
      }
      if (!places.first) places.first = day.date;
      places.last = day.date;
    }
  }
  return places;
}

void Note(const Channel& channel, const Grid& grid, const Places& places, Answer& answer) {
  std::string kept;
  if (places.kept_until) {
    Json time;
    SetTime(time, "until", places.kept_until, grid.zone());
    kept = absl::StrCat("what the playlog has already stays, until ", time["until"].get<std::string>());
  }
  if (!places.first) {
    if (!kept.empty()) answer.notices.push_back(absl::StrCat("channel ", channel.slug, ": ", kept));
    return;
  }
  const std::string command = absl::StrCat("retrovue schedule-day regenerate --channel ", channel.slug,
                                           " --date ", ToText(*places.first));
  answer.notices.push_back(absl::StrCat("channel ", channel.slug, " still has it on days that are made, ",
                                        ToText(*places.first), " to ", ToText(places.last), ": ", command,
                                        " takes it off", kept.empty() ? "" : "; ", kept));
  if (answer.next.empty()) answer.next = command;
}

}  // namespace

absl::Status NoteDaysThatHave(const Snapshot& snapshot, Instant now,
                              const std::function<bool(const AssetId&)>& is_off, Answer& answer) {
  const auto channels = snapshot.channels().List();
  if (!channels.ok()) return channels.status();
  for (const Channel& channel : *channels) {
    const absl::StatusOr<Grid> grid = GridOf(channel);
    if (!grid.ok()) continue;  // no day can be made of it again: channel validate says so
    const absl::StatusOr<Places> places = PlacesOf(snapshot, channel, *grid, now, is_off);
    if (!places.ok()) return places.status();
    Note(channel, *grid, *places, answer);
  }
  return absl::OkStatus();
}

absl::Status NoteDaysThatHaveWhatMayNotAir(const Snapshot& snapshot, Instant now, Answer& answer) {
  std::map<std::string, bool> known;
  const auto is_off = [&](const AssetId& id) {
    if (id.empty()) return false;
    const auto [at, is_new] = known.emplace(id.text, false);
    if (is_new) {
      const absl::StatusOr<Asset> asset = snapshot.assets().Get(id);
      at->second = !asset.ok() || !IsSchedulable(*asset);
    }
    return at->second;
  };
  return NoteDaysThatHave(snapshot, now, is_off, answer);
}

}  // namespace retrovue::cli
