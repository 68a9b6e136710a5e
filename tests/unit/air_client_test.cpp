#include "core/air_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/fake_playout_control.h"

namespace air {
namespace {

using retrovue::playout::BlockEvent;
using retrovue::playout::BlockPlan;
using testing::HasSubstr;

BlockPlan Block(const std::string& id) {
  BlockPlan block;
  block.set_block_id(id);
  return block;
}

TEST(AirClient, SaysThatNobodyIsThere) {
  AirClient client("127.0.0.1:1", 1);
  EXPECT_FALSE(client.Ping(std::chrono::milliseconds(100)).ok());
  EXPECT_TRUE(absl::IsUnavailable(client.Feed(Block("a"))));
}

TEST(AirClient, AsksForTheSinkToReplaceWhateverIsAttached) {
  FakePlayoutControl air;
  AirClient client(air.address(), 4);
  ASSERT_TRUE(client.Ping(std::chrono::seconds(10)).ok());
  ASSERT_TRUE(client.AttachUnixSocket("/run/viewers.sock").ok());
  EXPECT_EQ(air.attached->channel_id(), 4);
  EXPECT_EQ(air.attached->endpoint(), "/run/viewers.sock");
  EXPECT_TRUE(air.attached->replace_existing());
}

TEST(AirClient, HandsOnTheReasonOfARefusal) {
  FakePlayoutControl air;
  air.refuse_attach = "nobody listens there";
  air.refuse_start = "program_format_json: video.width: 0";
  AirClient client(air.address(), 1);
  EXPECT_THAT(std::string(client.AttachUnixSocket("/run/viewers.sock").message()),
              HasSubstr("nobody listens there"));
  EXPECT_THAT(std::string(client.Start(Block("a"), Block("b"), "{}", 3).message()), HasSubstr("video.width"));
}

TEST(AirClient, TellsAFullQueueFromARefusal) {
  FakePlayoutControl air;
  air.queue_depth = 3;
  AirClient client(air.address(), 1);
  ASSERT_TRUE(client.Start(Block("a"), Block("b"), "{}", 3).ok());
  EXPECT_TRUE(client.Feed(Block("c")).ok());
  EXPECT_TRUE(absl::IsResourceExhausted(client.Feed(Block("d"))));
}

TEST(AirClient, FeedsFromInsideAnEvent) {
  FakePlayoutControl air;
  AirClient client(air.address(), 1);
  ASSERT_TRUE(client.Start(Block("a"), Block("b"), "{}", 3).ok());
  air.EmitStarted("a");
  air.EndSession();
  const absl::Status followed = client.FollowEvents([&](const BlockEvent& event) {
    EXPECT_EQ(event.block_started().block_id(), "a");
    EXPECT_TRUE(client.Feed(Block("c")).ok());
  });
  EXPECT_TRUE(followed.ok()) << followed;
  EXPECT_EQ(air.blocks().size(), 3u);
}

TEST(AirClient, SaysThatThereIsNoSessionToFollow) {
  FakePlayoutControl air;
  AirClient client(air.address(), 1);
  EXPECT_TRUE(absl::IsNotFound(client.FollowEvents([](const BlockEvent&) {})));
}

TEST(AirClient, IsCutShortFromAnotherThreadAndCanStillStopTheSession) {
  FakePlayoutControl air;
  AirClient client(air.address(), 1);
  ASSERT_TRUE(client.Start(Block("a"), Block("b"), "{}", 3).ok());
  air.EmitStarted("a");
  std::thread canceller;
  const absl::Status followed = client.FollowEvents(
      [&](const BlockEvent&) { canceller = std::thread([&client] { client.Cancel(); }); });
  canceller.join();
  EXPECT_TRUE(absl::IsCancelled(followed)) << followed;
  EXPECT_TRUE(absl::IsCancelled(client.Feed(Block("c"))));
  EXPECT_TRUE(client.Stop("test").ok());
  EXPECT_EQ(air.stopped->reason(), "test");
}

}  // namespace
}  // namespace air
