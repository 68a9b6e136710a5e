// Folders into a network, with the real probe and a store.
#include "core/demo/demo_network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "absl/strings/str_cat.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/programs.h"
#include "tests/core/ingest/clips.h"
#include "tests/core/ingest/folder.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DemoTest : public testing::Test {
 protected:
  DemoTest() {
    StoreOptions options;
    options.now = [] { return FromUtcMs(1'772'964'000'000); };
    auto opened = Store::Open("sqlite:" + home_.path() + "/retrovue.db", std::move(options));
    EXPECT_TRUE(opened.ok()) << opened.status();
    store_ = *std::move(opened);
  }

  absl::StatusOr<DemoNetwork> Make(std::vector<std::string> paths, std::vector<std::string> titles = {}) {
    DemoOptions options;
    options.titles = std::move(titles);
    options.paths = std::move(paths);
    options.home = home_.path();
    options.time_zone = "America/New_York";
    options.ingest.probe_program = ProgramBesideTest("asset-probe");
    const std::int64_t before = store_->rows_written();
    auto network = MakeDemoNetwork(*store_, options);
    written_ = store_->rows_written() - before;
    return network;
  }

  std::vector<Channel> Channels() {
    std::vector<Channel> channels;
    EXPECT_TRUE(store_
                    ->Read([&](const Snapshot& snapshot) {
                      channels = *snapshot.channels().List();
                      return absl::OkStatus();
                    })
                    .ok());
    return channels;
  }

  // A folder of so many clips.
  std::string Clips(const std::string& name, int count) {
    for (int i = 1; i <= count; ++i) {
      folder_.Put(absl::StrCat(name, "/clip ", i, ".mp4"),
                  Pictures("25:1", 25 + i, static_cast<char>(count)));
    }
    return folder_.path() + "/" + name;
  }

  Folder home_, folder_;
  std::unique_ptr<Store> store_;
  std::int64_t written_ = 0;
};

TEST_F(DemoTest, MakesAChannelOfEachFolder) {
  const auto network = Make({Clips("Music Videos", 3), Clips("Trailers!", 2)});
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_THAT(network->channels, SizeIs(2));
  EXPECT_THAT(network->refused, IsEmpty());
  EXPECT_EQ(network->channels[0].slug, "music-videos");
  EXPECT_EQ(network->channels[0].summary, "3 clips, back to back in blocks of an hour");
  EXPECT_TRUE(network->channels[0].made);

  const std::vector<Channel> channels = Channels();
  ASSERT_THAT(channels, SizeIs(2));
  EXPECT_EQ(channels[0].title, "Music Videos");
  EXPECT_EQ(channels[0].number, 1);
  EXPECT_EQ(channels[0].time_zone, "America/New_York");
  EXPECT_THAT(channels[0].filler_pool, SizeIs(3));
  EXPECT_TRUE(std::filesystem::file_size(channels[0].station_card_path) > 1'000'000);
  EXPECT_EQ(channels[1].slug, "trailers");
  ASSERT_TRUE(store_
                  ->Read([&](const Snapshot& snapshot) {
                    const auto plans = snapshot.plans().OfChannel(channels[0].id);
                    EXPECT_THAT(*plans, SizeIs(1));
                    EXPECT_THAT(plans->front().zones, SizeIs(1));
                    EXPECT_THAT(*snapshot.programs().OfChannel(channels[0].id), SizeIs(1));
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(DemoTest, TheSameAgainWritesNothingAndNewClipsJoin) {
  const std::string clips = Clips("Clips", 2);
  ASSERT_TRUE(Make({clips}).ok());
  const auto again = Make({clips + "/"});
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(written_, 0);
  EXPECT_FALSE(again->channels.at(0).made);

  Clips("Clips", 4);
  const auto more = Make({clips});
  ASSERT_TRUE(more.ok());
  EXPECT_EQ(more->channels.at(0).report.added, 2);
  ASSERT_THAT(Channels(), SizeIs(1));
  EXPECT_THAT(Channels()[0].filler_pool, SizeIs(4));
}

TEST_F(DemoTest, WhatAnOperatorHasMadeOfAChannelStays) {
  const std::string clips = Clips("Clips", 2);
  ASSERT_TRUE(Make({clips}).ok());
  ASSERT_TRUE(store_
                  ->Write([&](Transaction& transaction) -> absl::Status {
                    Channel channel = transaction.channels().List()->front();
                    channel.title = "Better";
                    if (absl::Status put = transaction.channels().Put(channel); !put.ok()) return put;
                    SchedulePlan plan = transaction.plans().OfChannel(channel.id)->front();
                    plan.zones.front().end = 720;
                    return transaction.plans().Put(plan);
                  })
                  .ok());
  ASSERT_TRUE(Make({clips}).ok());
  EXPECT_EQ(written_, 0);
  EXPECT_EQ(Channels()[0].title, "Better");
}

TEST_F(DemoTest, ChannelsAreCalledAsTold) {
  const std::string a = Clips("a", 1), b = Clips("b", 2);
  const auto network = Make({a, b}, {"Music, All Day"});
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->channels.at(0).title, "Music, All Day");
  EXPECT_EQ(network->channels.at(0).slug, "music-all-day");
  EXPECT_EQ(network->channels.at(1).title, "b");
  // Whatever it is called, the folder's channel is the one that is there.
  ASSERT_TRUE(Make({a, b}, {"Other", "Another"}).ok());
  EXPECT_EQ(written_, 0);
  ASSERT_THAT(Channels(), SizeIs(2));
  EXPECT_EQ(Channels()[0].title, "Music, All Day");
  EXPECT_TRUE(absl::IsInvalidArgument(Make({a}, {"One", "Two"}).status()));
}

TEST_F(DemoTest, FilesAreOneChannelInTheirOrder) {
  Clips("a", 3);
  const std::string b = folder_.path() + "/a/clip 2.mp4", a = folder_.path() + "/a/clip 1.mp4";
  const auto network = Make({b, a});
  ASSERT_TRUE(network.ok()) << network.status();
  ASSERT_THAT(network->channels, SizeIs(1));
  EXPECT_EQ(network->channels[0].title, "clip 2");
  ASSERT_TRUE(store_
                  ->Read([&](const Snapshot& snapshot) {
                    const Program program =
                        snapshot.programs().OfChannel(snapshot.channels().List()->front().id)->front();
                    EXPECT_EQ(program.play_mode, PlayMode::kManual);
                    EXPECT_THAT(program.manual_order, SizeIs(2));
                    return absl::OkStatus();
                  })
                  .ok());
}

TEST_F(DemoTest, FoldersOfOneNameHaveDifferentSlugs) {
  const auto network = Make({Clips("a/Clips", 1), Clips("b/Clips", 2)});
  ASSERT_TRUE(network.ok());
  EXPECT_EQ(network->channels.at(0).slug, "clips");
  EXPECT_EQ(network->channels.at(1).slug, "clips-2");
}

TEST_F(DemoTest, WhatNothingCanBeMadeOfIsRefusedWithTheReason) {
  folder_.Put("text/a.txt", "text");
  folder_.Put("letters/a.mp4", "Dear viewer");
  std::filesystem::create_directory(folder_.path() + "/empty");
  const auto network = Make({folder_.path() + "/text", folder_.path() + "/empty", folder_.path() + "/letters",
                             folder_.path() + "/gone", Clips("good", 1)});
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_THAT(network->channels, SizeIs(1));
  ASSERT_THAT(network->refused, SizeIs(4));
  EXPECT_THAT(network->refused[0].reason, HasSubstr("there is no media in it"));
  EXPECT_THAT(network->refused[1].reason, HasSubstr("it is empty: put media into it"));
  EXPECT_THAT(network->refused[2].reason, HasSubstr("nothing in it can be aired: a.mp4: "));
  EXPECT_THAT(network->refused[3].reason, HasSubstr("it is not there: check the path"));

  const auto none = Make({folder_.path() + "/empty"});
  EXPECT_TRUE(absl::IsInvalidArgument(none.status()));
  EXPECT_THAT(std::string(none.status().message()), HasSubstr("it is empty"));
  EXPECT_TRUE(absl::IsInvalidArgument(Make({}).status()));
}

TEST_F(DemoTest, AFolderThatIsAwayKeepsItsChannel) {
  const std::string clips = Clips("Clips", 2);
  ASSERT_TRUE(Make({clips}).ok());
  std::filesystem::rename(clips, clips + ".away");
  const auto network = Make({clips});
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_THAT(network->channels.at(0).report.outage, HasSubstr("it is not there"));
  EXPECT_THAT(Channels()[0].filler_pool, SizeIs(2));
}

TEST(SystemTimeZone, IsAnIanaName) {
  setenv("TZ", ":Australia/Lord_Howe", 1);
  EXPECT_EQ(SystemTimeZone(), "Australia/Lord_Howe");
  setenv("TZ", "/usr/share/zoneinfo/Europe/Berlin", 1);
  EXPECT_EQ(SystemTimeZone(), "Europe/Berlin");
  setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
  EXPECT_TRUE(FindTimeZone(SystemTimeZone()).ok());
  unsetenv("TZ");
  EXPECT_TRUE(FindTimeZone(SystemTimeZone()).ok());
}

}  // namespace
}  // namespace retrovue
