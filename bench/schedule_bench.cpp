// How long Core takes to resolve a day of a whole network: 200 channels, each with eight zones of series and films out of a
// library of 4,000 episodes and 1,000 films, and its guide and its blocks. On one core.
#include <benchmark/benchmark.h>

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "core/schedule/guide.h"
#include "core/schedule/playlog.h"
#include "core/schedule/resolve_day.h"
#include "tests/core/network.h"

namespace retrovue {
namespace {

constexpr int kChannels = 200;
constexpr int kSeries = 100;
constexpr int kEpisodes = 40;
constexpr int kFilms = 1000;

std::vector<Asset> Library() {
  std::vector<Asset> assets;
  for (int s = 0; s < kSeries; ++s) {
    for (int e = 1; e <= kEpisodes; ++e) {
      Asset asset = ReadyAsset(absl::StrCat("series", s, "-", e), Millis(1'200'000 + (s * e) % 200 * 1000));
      asset.editorial.series = absl::StrCat("Series ", s);
      asset.editorial.season = 1 + e / 12;
      asset.editorial.episode = e;
      assets.push_back(std::move(asset));
    }
  }
  for (int f = 0; f < kFilms; ++f) {
    Asset asset = ReadyAsset(absl::StrCat("film", f), Millis(5'000'000 + f * 3000));
    asset.tags.push_back({"film", TagOrigin::kIngest});
    assets.push_back(std::move(asset));
  }
  for (int c = 0; c < 20; ++c)
    assets.push_back(ReadyAsset(absl::StrCat("clip", c), Millis(30'000 + c * 1000)));
  return assets;
}

std::vector<Program> Programs() {
  std::vector<Program> programs;
  for (int s = 0; s < kSeries; ++s) {
    Program program;
    program.id = {absl::StrCat("series", s)};
    program.name = absl::StrCat("Series ", s);
    program.play_mode = s % 2 == 0 ? PlayMode::kSequential : PlayMode::kShuffle;
    program.chain.push_back({std::nullopt, Selector{program.name}});
    programs.push_back(std::move(program));
  }
  Program films;
  films.id = {"films"};
  films.name = "Films";
  films.play_mode = PlayMode::kShuffle;
  Selector selector;
  selector.tags = {"film"};
  films.chain.push_back({std::nullopt, selector});
  programs.push_back(std::move(films));
  return programs;
}

SchedulePlan PlanOf(int channel) {
  SchedulePlan plan{{"plan"}, {absl::StrCat("channel", channel)}, "Base"};
  for (int z = 0; z < 8; ++z) {
    Zone zone;
    zone.id = {absl::StrCat("zone", z)};
    zone.plan_id = plan.id;
    zone.name = absl::StrCat("Zone ", z);
    zone.start = z * 180;
    zone.end = zone.start + 180;
    const auto series = [&](int k) { return absl::StrCat("series", (channel + z * 7 + k) % kSeries); };
    zone.entries = {{SchedulableKind::kProgram, z == 5 ? "films" : series(0), ""},
                    {SchedulableKind::kProgram, series(1), ""}};
    plan.zones.push_back(std::move(zone));
  }
  return plan;
}

void DayOf200Channels(benchmark::State& state) {
  const CatalogueView catalogue(Library(), Programs(), {}, {});
  absl::TimeZone zone;
  if (!absl::LoadTimeZone("America/New_York", &zone)) std::abort();
  std::vector<std::vector<SchedulePlan>> plans;
  for (int c = 0; c < kChannels; ++c) plans.push_back({PlanOf(c)});
  std::size_t items = 0;
  for (auto _ : state) {
    items = 0;
    for (int c = 0; c < kChannels; ++c) {
      Channel channel;
      channel.id = {absl::StrCat("channel", c)};
      channel.slug = channel.id.text;
      for (int f = 0; f < 20; ++f) channel.filler_pool.push_back({absl::StrCat("clip", f)});
      const Grid grid(channel.grid, zone);
      const Cursors cursors;
      const ScheduleDay day =
          ResolveDay({channel, grid, plans[static_cast<std::size_t>(c)], catalogue, cursors, std::nullopt,
                      absl::CivilDay(2026, 3, 7), static_cast<std::uint64_t>(c)});
      items += day.items.size();
      if (state.range(0) != 0) {
        benchmark::DoNotOptimize(GuideOf(channel, {day}));
        benchmark::DoNotOptimize(PlanBlocks(channel, grid, day, AvailRulesOf(channel, catalogue, 1)));
      }
    }
  }
  state.counters["items"] = static_cast<double>(items);
}
BENCHMARK(DayOf200Channels)->ArgName("with_guide_and_blocks")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace retrovue

BENCHMARK_MAIN();
