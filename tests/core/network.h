// A small network to resolve days of: a channel, assets, programs and zones in a line each.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/schedule/guide.h"
#include "core/schedule/playlog.h"
#include "core/schedule/resolve_day.h"

namespace retrovue {

inline Millis Min(double m) { return Millis(static_cast<std::int64_t>(m * 60'000)); }
inline absl::CivilDay Date(const char* text) { return *ParseDate(text); }
inline Instant At(const char* text) { return *ParseRfc3339(text); }

// A ready, approved asset of that length.
inline Asset ReadyAsset(const std::string& id, Millis duration) {
  Asset asset;
  asset.id = {id};
  asset.canonical_key = id;
  asset.canonical_uri = absl::StrCat("/media/", id, ".mkv");
  asset.duration = duration;
  asset.state = AssetState::kReady;
  asset.approved_for_broadcast = true;
  asset.editorial.title = id;
  return asset;
}

// New York, day 06:00, grid 30, [0, 30], unless a test changes it before it resolves.
struct Network {
  Channel channel;
  std::vector<Asset> assets;
  std::vector<Program> programs;
  std::vector<VirtualAsset> virtuals;
  std::vector<SyntheticAsset> synthetics;
  std::vector<SchedulePlan> plans;
  Cursors cursors;
  std::optional<Instant> carry_in;
  std::uint64_t seed = 7;

  Network() {
    channel.id = {"channel"};
    channel.slug = "channel";
    channel.title = "Channel";
    channel.time_zone = "America/New_York";
    plans.push_back({{"plan"}, channel.id, "Base"});
  }

  Asset& AddAsset(const std::string& id, Millis duration) {
    return assets.emplace_back(ReadyAsset(id, duration));
  }

  Asset& AddEpisode(const std::string& series, int number, Millis duration) {
    Asset& asset = AddAsset(absl::StrCat(series, "-", number), duration);
    asset.editorial.series = series;
    asset.editorial.season = 1;
    asset.editorial.episode = number;
    return asset;
  }

  Program& AddSeries(const std::string& series, PlayMode mode = PlayMode::kSequential) {
    Program program;
    program.id = {series};
    program.name = series;
    program.play_mode = mode;
    program.chain.push_back({std::nullopt, Selector{series}});
    return programs.emplace_back(std::move(program));
  }

  static SchedulableRef Thing(const std::string& id, SchedulableKind kind = SchedulableKind::kAsset) {
    return {kind, id, ""};
  }
  static SchedulableRef OfProgram(const std::string& id) { return Thing(id, SchedulableKind::kProgram); }

  // A zone of a wall-clock window.
  Zone& AddZone(const char* from, const char* to, std::vector<SchedulableRef> entries) {
    const ZoneWindow window = *WindowOf(channel.grid, from, to);
    Zone zone;
    zone.id = {absl::StrCat("zone", plans.back().zones.size(), "-", plans.back().id.text)};
    zone.plan_id = plans.back().id;
    zone.name = absl::StrCat(from, "-", to);
    zone.start = window.start;
    zone.end = window.end;
    zone.entries = std::move(entries);
    return plans.back().zones.emplace_back(std::move(zone));
  }

  Grid MakeGrid() const { return Grid(channel.grid, *FindTimeZone(channel.time_zone)); }

  // Resolves the day, and remembers what the next one follows from.
  ScheduleDay Resolve(absl::CivilDay date) {
    const Grid grid = MakeGrid();
    const CatalogueView catalogue(assets, programs, virtuals, synthetics);
    ScheduleDay day = ResolveDay({channel, grid, plans, catalogue, cursors, carry_in, date, seed});
    cursors = day.cursors_after;
    carry_in = day.carry_out_until;
    return day;
  }
  ScheduleDay Resolve(const char* date) { return Resolve(Date(date)); }

  ScheduleDay Regenerate(const ScheduleDay& old, Instant lock, const Cursors& at_start,
                         std::optional<Instant> carried_in) {
    const Grid grid = MakeGrid();
    const CatalogueView catalogue(assets, programs, virtuals, synthetics);
    return RegenerateDay(old, lock,
                         {channel, grid, plans, catalogue, at_start, carried_in, old.date, old.seed});
  }

  // The items that air something or, with `avails`, all of those in zones, as "20:00 film 22:00+0:00": start and end on
  // the channel's clock, and what is left of the slot.
  std::vector<std::string> Lines(const ScheduleDay& day, bool avails = true) const {
    const Grid grid = MakeGrid();
    std::vector<std::string> lines;
    for (const ScheduleItem& item : day.items) {
      if (item.kind == ItemKind::kContent) {
        lines.push_back(absl::StrCat(grid.LocalClock(item.start), " ", item.parts.front().asset_id.text, " ",
                                     grid.LocalClock(item.end), " +",
                                     ToText(item.end - item.start - item.content)));
      } else if (avails && !item.zone_id.empty()) {
        lines.push_back(absl::StrCat(grid.LocalClock(item.start), " avail ", grid.LocalClock(item.end)));
      }
    }
    return lines;
  }
};

}  // namespace retrovue
