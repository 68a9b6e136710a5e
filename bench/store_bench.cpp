// What the store and the planning cost: on SQLite in a file, or on the database named by RETROVUE_BENCH_DB.
//
//   assets put, put again; 200 channels: their days made, their guide of seven days, the same as XMLTV with what the catalogue
//   knows, the blocks of the next hours
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "core/director/data/store_data.h"
#include "core/guide/xmltv.h"
#include "core/planning/planning.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "core/store/sources.h"
#include "core/store/store.h"

namespace retrovue {
namespace {

constexpr int kAssets = 10'000;
constexpr int kChannels = 200;
const Instant kNow = FromUtcMs(1'772'366'400'000);  // 2026-03-01T12:00:00Z

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::exit(1);
}

template <typename F>
void Measure(const char* what, const F& f) {
  const auto begin = std::chrono::steady_clock::now();
  f();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%-46s %8.3f s\n", what, took.count());
  std::fflush(stdout);
}

std::vector<Asset> MakeAssets(const Collection& collection) {
  std::vector<Asset> assets(kAssets);
  for (int i = 0; i < kAssets; ++i) {
    Asset& asset = assets[static_cast<std::size_t>(i)];
    asset.collection_id = collection.id;
    asset.canonical_key = absl::StrCat("/media/show ", i / 50, "/episode ", i % 50, ".mkv");
    asset.canonical_uri = asset.canonical_key;
    asset.duration = Millis(1'320'000 + i);
    asset.state = AssetState::kReady;
    asset.approved_for_broadcast = true;
    asset.editorial.title = absl::StrCat("Episode ", i % 50);
    asset.editorial.series = absl::StrCat("Show ", i / 50);
    asset.editorial.season = 1;
    asset.editorial.episode = i % 50 + 1;
    asset.editorial.synopsis =
        "The inspector finds a letter that was never sent, and a door that was never locked.";
    asset.editorial.air_date = absl::CivilDay(1987, 3, 4);
    asset.editorial.genre = "Drama, Mystery";
    asset.editorial.rating = "TV-PG";
    asset.tags = {{"show", TagOrigin::kIngest}};
    asset.discovered_at = kNow;
  }
  return assets;
}

void PutAssets(Store& store, std::vector<Asset>& assets) {
  for (std::size_t begin = 0; begin < assets.size(); begin += 200) {
    Check(store.Write([&](Transaction& t) -> absl::Status {
      for (std::size_t i = begin; i < begin + 200; ++i) {
        if (absl::Status put = t.assets().Put(assets[i]); !put.ok()) return put;
      }
      return absl::OkStatus();
    }));
  }
}

absl::Status AddChannel(Transaction& t, int number, std::vector<ChannelId>& ids) {
  Channel channel;
  channel.slug = absl::StrCat("channel-", number);
  channel.title = absl::StrCat("Channel ", number);
  channel.time_zone = "America/New_York";
  channel.epg_horizon_days = 7;
  if (absl::Status put = t.channels().Put(channel); !put.ok()) return put;
  ids.push_back(channel.id);
  Program program;
  program.channel_id = channel.id;
  program.name = "Show";
  program.play_mode = number % 2 == 0 ? PlayMode::kShuffle : PlayMode::kSequential;
  program.chain = {{std::nullopt, Selector{absl::StrCat("Show ", number)}, ChainNode::Role::kBody}};
  if (absl::Status put = t.programs().Put(program); !put.ok()) return put;
  SchedulePlan plan;
  plan.channel_id = channel.id;
  plan.name = "Base";
  Zone zone;
  zone.name = "all day";
  zone.entries = {{SchedulableKind::kProgram, program.id.text, ""}};
  plan.zones = {zone};
  return t.plans().Put(plan);
}

int Main() {
  char folder[] = "/tmp/retrovue-bench-XXXXXX";
  if (mkdtemp(folder) == nullptr) return 1;
  const char* named = std::getenv("RETROVUE_BENCH_DB");
  const std::string url = named != nullptr ? named : absl::StrCat("sqlite:", folder, "/network.db");
  {
    auto opened = Store::Open(url, {.now = [] { return kNow; }});
    Check(opened.status());
    Store& store = **opened;
    Source source{{}, "filesystem", "Media", "filesystem-media", "{}", {}, {}};
    Collection collection;
    Check(store.Write([&](Transaction& t) -> absl::Status {
      if (absl::Status put = t.sources().Put(source); !put.ok()) return put;
      collection.source_id = source.id;
      collection.external_id = collection.name = "media";
      return t.collections().Put(collection);
    }));
    std::vector<Asset> assets = MakeAssets(collection);
    Measure("10,000 assets put", [&] { PutAssets(store, assets); });
    const std::int64_t rows = store.rows_written();
    Measure("the same put again", [&] { PutAssets(store, assets); });
    std::printf("  which wrote %lld rows\n", static_cast<long long>(store.rows_written() - rows));
    Measure("what a scan asks for", [&] {
      Check(store.Read([&](const Snapshot& s) { return s.assets().Marks(collection.id).status(); }));
    });
    std::vector<ChannelId> channels;
    Check(store.Write([&](Transaction& t) -> absl::Status {
      for (int i = 0; i < kChannels; ++i) {
        if (absl::Status added = AddChannel(t, i, channels); !added.ok()) return added;
      }
      return absl::OkStatus();
    }));
    Planning planning(store, [] { return kNow; });
    std::size_t days = 0;
    std::size_t entries = 0;
    std::size_t blocks = 0;
    Measure("200 channels: eight days each, made and stored", [&] {
      for (const ChannelId& id : channels) {
        const auto made = planning.MakeDaysAhead(id);
        Check(made.status());
        days += made->size();
      }
    });
    Measure("the same again", [&] {
      for (const ChannelId& id : channels) Check(planning.MakeDaysAhead(id).status());
    });
    Measure("the guide of seven days", [&] {
      for (const ChannelId& id : channels) {
        const auto guide = planning.Guide(id, kNow, kNow + std::chrono::hours(7 * 24));
        Check(guide.status());
        entries += guide->entries.size();
      }
    });
    auto data = StoreData::Open(url, [] { return kNow; });
    Check(data.status());
    const auto list = (*data)->Channels();
    Check(list.status());
    std::size_t described = 0;
    std::size_t bytes = 0;
    const auto write = [&] {
      const Instant until = kNow + std::chrono::hours(7 * 24);
      const auto set = (*data)->Guides(list->channels, kNow, until);
      Check(set.status());
      std::vector<ChannelGuide> guides;
      for (std::size_t i = 0; i < list->channels.size(); ++i)
        guides.push_back({&list->channels[i], &set->guides[i]});
      described = set->details.size();
      bytes = WriteXmltv(guides, kNow, until, {"http://127.0.0.1:8080", list->instance_id},
                         [&](const GuideEntry& entry) { return set->DetailsOf(entry); })
                  .size();
    };
    Measure("the same as XMLTV, with details", write);
    Measure("once more", write);
    std::printf("  %zu programmes with details, %.1f MB\n", described, static_cast<double>(bytes) / 1e6);
    Measure("the playlog of three hours", [&] {
      for (const ChannelId& id : channels) {
        const auto made = planning.ExtendPlaylog(id);
        Check(made.status());
        blocks += made->size();
      }
    });
    std::printf("  %zu days, %zu entries, %zu blocks\n", days, entries, blocks);
    if (named == nullptr) {
      std::printf(
          "  the database has %lld KiB\n",
          static_cast<long long>(std::filesystem::file_size(absl::StrCat(folder, "/network.db")) / 1024));
    }
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace retrovue

int main() { return retrovue::Main(); }
