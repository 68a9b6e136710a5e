// A small network in a home of its own: two channels of test clips, 15 minutes a block. What is in it is known to the second.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/planning/planning.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/sources.h"
#include "core/store/store.h"

namespace retrovue {

class NetworkHome {
 public:
  static constexpr Millis kClip{4'000};

  // `clips`: paths of clips of `clip_length`; the first one is the programme of every block, the others fill the rest of it. `now`: the network's
  // clock, for the planning.
  NetworkHome(std::vector<std::string> clips, std::function<Instant()> now, Millis clip_length = kClip)
      : clips_(std::move(clips)), clip_length_(clip_length), now_(std::move(now)) {
    char folder[] = "/tmp/rvh-XXXXXX";
    folder_ = mkdtemp(folder);
    store_ = *Store::Open(url(), {.now = now_});
    for (const char* slug : {"one", "two"}) AddChannel(slug);
  }
  ~NetworkHome() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  const std::string& folder() const { return folder_; }
  std::string url() const { return absl::StrCat("sqlite:", folder_, "/retrovue.db"); }
  std::string run_folder() const { return folder_ + "/run"; }
  Store& store() { return *store_; }
  ChannelId channel(const std::string& slug) {
    ChannelId id;
    EXPECT_TRUE(store_
                    ->Read([&](const Snapshot& snapshot) {
                      const auto found = snapshot.channels().Find(slug);
                      if (found.ok()) id = found->id;
                      return found.status();
                    })
                    .ok());
    return id;
  }
  // Changes a channel's row.
  void Change(const std::string& slug, const std::function<void(Channel&)>& change) {
    const absl::Status changed = store_->Write([&](Transaction& t) -> absl::Status {
      auto found = t.channels().Find(slug);
      if (!found.ok()) return found.status();
      change(*found);
      return t.channels().Put(*found);
    });
    EXPECT_TRUE(changed.ok()) << changed;
  }

  // What the catalogue says of the programme's length, whatever its file has; before a day is made.
  void SayLengthOfProgramme(Millis length) {
    const absl::Status said = store_->Write([&](Transaction& t) -> absl::Status {
      auto asset = t.assets().Get(assets_.at(0));
      if (!asset.ok()) return asset.status();
      asset->duration = length;
      return t.assets().Put(*asset);
    });
    EXPECT_TRUE(said.ok()) << said;
  }

  // The collection of the clips is said to be there; the clips stay where they are.
  void MoveCollection(const std::string& root) {
    const absl::Status moved = store_->Write([&](Transaction& t) -> absl::Status {
      auto collections = t.collections().List();
      if (!collections.ok()) return collections.status();
      collections->at(0).external_id = root;
      return t.collections().Put(collections->at(0));
    });
    EXPECT_TRUE(moved.ok()) << moved;
  }

  void AddChannel(const std::string& slug) {
    const absl::Status written = store_->Write([&](Transaction& t) -> absl::Status {
      if (assets_.empty()) {
        Source source{{}, "filesystem", "clips", "filesystem-clips", "{}", {}, {}};
        if (absl::Status put = t.sources().Put(source); !put.ok()) return put;
        Collection collection;
        collection.source_id = source.id;
        collection.name = "clips";
        collection.external_id = std::filesystem::path(clips_.at(0)).parent_path().string();
        if (absl::Status put = t.collections().Put(collection); !put.ok()) return put;
        for (const std::string& clip : clips_) {
          Asset asset;
          asset.collection_id = collection.id;
          asset.canonical_key = asset.canonical_uri = asset.source_uri = clip;
          asset.duration = clip_length_;
          asset.state = AssetState::kReady;
          asset.approved_for_broadcast = true;
          asset.editorial.title = std::filesystem::path(clip).stem();
          asset.discovered_at = now_();
          if (absl::Status put = t.assets().Put(asset); !put.ok()) return put;
          assets_.push_back(asset.id);
        }
      }
      Channel channel;
      channel.slug = slug;
      channel.title = "Channel " + slug;
      channel.time_zone = "UTC";
      channel.grid = {15, {0, 15, 30, 45}, 0};
      channel.linger_s = 2;
      channel.program_format_json =
          R"({"video":{"width":320,"height":180,"frame_rate":"30/1"},"audio":{"sample_rate":48000,"channels":2}})";
      channel.filler_pool = {assets_.begin() + 1, assets_.end()};
      if (absl::Status put = t.channels().Put(channel); !put.ok()) return put;
      SchedulePlan plan;
      plan.channel_id = channel.id;
      plan.name = "Base";
      Zone zone;
      zone.name = "all day";
      zone.entries = {{SchedulableKind::kAsset, assets_[0].text, ""}};
      plan.zones = {zone};
      return t.plans().Put(plan);
    });
    ASSERT_TRUE(written.ok()) << written;
  }

 private:
  const std::vector<std::string> clips_;
  const Millis clip_length_;
  const std::function<Instant()> now_;
  std::string folder_;
  std::unique_ptr<Store> store_;
  std::vector<AssetId> assets_;
};

}  // namespace retrovue
