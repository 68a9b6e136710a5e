// A network with a channel that cannot air: its viewers are told why and what to do, and the others notice nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/network.h"
#include "tests/core/network/live_network.h"
#include "tests/core/network/programme_home.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

TEST(BadChannel, OfATimeZoneThatDoesNotExistSaysSoAndDisturbsNoOther) {
  const air::e2e::TestFolder clips;
  ProgrammeHome home({.episodes = MakeClips(clips.path(), {{1, 5}}),
                      .fillers = MakeClips(clips.path(), {{4, 10}}),
                      .film_minutes = {},
                      .now = MachineNow,
                      .database_url = ""});
  Channel good;
  good.slug = "good";
  good.time_zone = "UTC";
  home.AddChannel(good);
  Channel bad;  // as the database of another machine may have it
  bad.slug = "bad";
  bad.time_zone = "Mars/Olympus";
  home.AddChannel(bad);
  LiveNetwork network({home.folder(), home.url(), Millis(0)});
  const auto viewer = network.Tune("good");
  ASSERT_TRUE(viewer->WaitForMore(100'000, 30s)) << viewer->beginning(400) << network.Logs();
  ASSERT_TRUE(Within(20s, [&] { return network.ChannelStatus("bad")["last_error"].is_string(); }));
  const std::string answer = network.Get("/channel/bad.ts");
  EXPECT_THAT(answer, AllOf(StartsWith("HTTP/1.1 500"), HasSubstr("SCHEDULE_ERROR"),
                            HasSubstr("Mars/Olympus"), HasSubstr("use a name of the IANA list")));
  EXPECT_THAT(network.ChannelStatus("bad").dump(), HasSubstr("Mars/Olympus"));
  EXPECT_EQ(network.ChannelStatus("bad")["manager_pid"], 0);
  EXPECT_TRUE(network.IsReady());
  ASSERT_TRUE(viewer->WaitForMore(100'000, 20s));
  EXPECT_FALSE(viewer->is_over());
  viewer->HangUp();
}

}  // namespace
}  // namespace retrovue
