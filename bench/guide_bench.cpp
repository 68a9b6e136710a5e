// How long it takes to write the guide of a whole network: 200 channels, 7 days, a programme every 30 minutes. On one core.
#include <benchmark/benchmark.h>

#include "absl/strings/str_cat.h"
#include "core/guide/guide_json.h"
#include "core/guide/m3u.h"
#include "core/guide/xmltv.h"

namespace retrovue {
namespace {

constexpr int kChannels = 200;
constexpr int kDays = 7;
constexpr Millis kSlot = minutes(30);
const Instant kFrom = FromUtcMs(1'781'092'800'000);
const Instant kTo = kFrom + std::chrono::hours(24 * kDays);

struct Network {
  std::vector<Channel> channels;
  std::vector<EpgGeneration> guides;
  std::vector<ChannelGuide> of;
  Editorial editorial;
  Site site{"http://tv.local:8080", "0a1b2c3d"};

  Network() : channels(kChannels), guides(kChannels) {
    editorial.synopsis =
        "The inspector finds a letter that was never sent, and a door that was never locked.";
    editorial.air_date = absl::CivilDay(1987, 3, 4);
    editorial.genre = "Drama, Mystery";
    editorial.rating = "TV-PG";
    for (int c = 0; c < kChannels; ++c) {
      channels[c].slug = absl::StrCat("channel-", c);
      channels[c].title = absl::StrCat("Channel ", c);
      channels[c].number = c + 1;
      channels[c].logo_path = "/logo.png";
      for (Instant t = kFrom; t < kTo; t += kSlot) {
        const int n = static_cast<int>(guides[c].entries.size());
        guides[c].entries.push_back({absl::StrCat(c, "-", n),
                                     {},
                                     t,
                                     t + kSlot,
                                     absl::StrCat("The Episode ", n),
                                     absl::StrCat("A Series of ", n % 40),
                                     1 + n % 5,
                                     1 + n % 24});
      }
      of.push_back({&channels[c], &guides[c]});
    }
  }
  DetailsOf details() {
    return [this](const GuideEntry&) { return &editorial; };
  }
};

void BM_XmltvOf200ChannelsAnd7Days(benchmark::State& state) {
  Network network;
  std::size_t bytes = 0;
  for (auto _ : state) {
    const std::string text = WriteXmltv(network.of, kFrom, kTo, network.site, network.details());
    benchmark::DoNotOptimize(text.data());
    bytes = text.size();
  }
  state.counters["MB"] = static_cast<double>(bytes) / 1e6;
}
BENCHMARK(BM_XmltvOf200ChannelsAnd7Days)->Unit(benchmark::kMillisecond);

void BM_JsonOf200ChannelsAnd6Hours(benchmark::State& state) {
  Network network;
  for (auto _ : state) {
    const std::string text =
        GuideJson(network.of, kFrom, kFrom + std::chrono::hours(6), kFrom, network.details());
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(BM_JsonOf200ChannelsAnd6Hours)->Unit(benchmark::kMillisecond);

void BM_M3uOf200Channels(benchmark::State& state) {
  Network network;
  const std::vector<const Channel*> channels = InGuideOrder(network.channels);
  for (auto _ : state) {
    const std::string text = WriteM3u(channels, network.site, M3uClient::kKodi);
    benchmark::DoNotOptimize(text.data());
  }
}
BENCHMARK(BM_M3uOf200Channels)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace retrovue

BENCHMARK_MAIN();
