#include "tests/core/network/programme_home.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "core/store/sources.h"

namespace retrovue {

std::vector<HomeClip> MakeClips(const std::string& folder,
                                const std::vector<std::pair<int, int>>& id_seconds) {
  setenv("AIR_PATTERN", air::e2e::Built("air-pattern").c_str(), 1);
  std::vector<HomeClip> clips;
  for (const auto& [id, seconds] : id_seconds) {
    clips.push_back({id, seconds, folder});
    const std::string command =
        absl::StrCat(AIR_SOURCE_DIR, "/tests/support/make-clip.sh '", clips.back().path(), "' 320x180 ",
                     kClipRate, " ", seconds, " ", id);
    EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT: the script is the product's own
  }
  return clips;
}

ProgrammeHome::ProgrammeHome(HomeOptions options)
    : options_(std::move(options)),
      url_(options_.database_url.empty() ? absl::StrCat("sqlite:", folder_.path(), "/retrovue.db")
                                         : options_.database_url) {
  store_ = *Store::Open(url_, {.now = options_.now});
  FillCatalogue();
}

ProgrammeHome::~ProgrammeHome() = default;

void ProgrammeHome::FillCatalogue() {
  const absl::Status written = store_->Write([&](Transaction& t) -> absl::Status {
    Source source{{}, "filesystem", "clips", "filesystem-clips", "{}", {}, {}};
    if (absl::Status put = t.sources().Put(source); !put.ok()) return put;
    Collection collection;
    collection.source_id = source.id;
    collection.name = "clips";
    const HomeClip& any = options_.episodes.empty() ? options_.fillers.at(0) : options_.episodes.at(0);
    collection.external_id =
        std::filesystem::path(any.path()).parent_path().string();  // AIR plays from there
    if (absl::Status put = t.collections().Put(collection); !put.ok()) return put;
    const auto put = [&](const std::string& path, Millis duration, const auto& describe) -> absl::Status {
      Asset asset;
      asset.collection_id = collection.id;
      asset.canonical_key = asset.canonical_uri = asset.source_uri = path;
      asset.duration = duration;
      asset.state = AssetState::kReady;
      asset.approved_for_broadcast = true;
      asset.discovered_at = options_.now();
      describe(asset);
      absl::Status status = t.assets().Put(asset);
      if (asset.editorial.title == "filler") fillers_.push_back(asset.id);
      return status;
    };
    int number = 0;
    for (const HomeClip& clip : options_.episodes) {
      clip_ids_[clip.path()] = clip.id;
      const absl::Status status = put(clip.path(), std::chrono::seconds(clip.seconds), [&](Asset& asset) {
        asset.editorial.title = absl::StrCat("Episode ", clip.id);
        asset.editorial.series = "Show";
        asset.editorial.season = 1;
        asset.editorial.episode = ++number;
      });
      if (!status.ok()) return status;
    }
    for (const HomeClip& clip : options_.fillers) {
      clip_ids_[clip.path()] = clip.id;
      const absl::Status status = put(clip.path(), std::chrono::seconds(clip.seconds),
                                      [](Asset& asset) { asset.editorial.title = "filler"; });
      if (!status.ok()) return status;
    }
    for (const int length : options_.film_minutes) {
      const absl::Status status =
          put(absl::StrCat("/nowhere/film-", length, ".mkv"), minutes(length), [&](Asset& asset) {
            asset.editorial.title = absl::StrCat("Film of ", length, " minutes");
            asset.tags = {{"film"}};
          });
      if (!status.ok()) return status;
    }
    return absl::OkStatus();
  });
  EXPECT_TRUE(written.ok()) << written;
}

void ProgrammeHome::AddChannel(Channel channel, const std::vector<HomeZone>& zones) {
  const absl::Status written = store_->Write([&](Transaction& t) -> absl::Status {
    channel.title = "Channel " + channel.slug;
    channel.linger_s = 2;
    channel.program_format_json =
        R"({"video":{"width":320,"height":180,"frame_rate":"30/1"},"audio":{"sample_rate":48000,"channels":2},)"
        R"("encoder":{"bitrate_kbps":600}})";
    channel.filler_pool = fillers_;
    if (absl::Status put = t.channels().Put(channel); !put.ok()) return put;
    Program show;
    show.channel_id = channel.id;
    show.name = "Show";
    show.chain = {{std::nullopt, Selector{"Show"}, ChainNode::Role::kBody}};
    if (absl::Status put = t.programs().Put(show); !put.ok()) return put;
    Program films;
    films.channel_id = channel.id;
    films.name = "Films";
    films.play_mode = PlayMode::kShuffle;
    Selector tagged;
    tagged.tags = {"film"};
    films.chain = {{std::nullopt, tagged, ChainNode::Role::kBody}};
    if (absl::Status put = t.programs().Put(films); !put.ok()) return put;
    SchedulePlan plan;
    plan.channel_id = channel.id;
    plan.name = "Base";
    for (const HomeZone& wanted : zones) {
      Zone zone;
      zone.name = absl::StrCat("from minute ", wanted.start);
      zone.start = wanted.start;
      zone.end = wanted.end;
      zone.entries = {{SchedulableKind::kProgram, wanted.films ? films.id.text : show.id.text, ""}};
      plan.zones.push_back(zone);
    }
    return t.plans().Put(plan);
  });
  ASSERT_TRUE(written.ok()) << written;
}

Channel ProgrammeHome::channel(const std::string& slug) {
  Channel channel;
  const absl::Status read = store_->Read([&](const Snapshot& snapshot) {
    auto found = snapshot.channels().Find(slug);
    if (found.ok()) channel = *std::move(found);
    return found.status();
  });
  EXPECT_TRUE(read.ok()) << read;
  return channel;
}

}  // namespace retrovue
