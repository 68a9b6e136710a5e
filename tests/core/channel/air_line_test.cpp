#include "core/channel/air_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/fake_playout_control.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using air::FakePlayoutControl;
using testing::HasSubstr;

playout::BlockPlan Named(const std::string& id) {
  playout::BlockPlan block;
  block.set_block_id(id);
  return block;
}

class AirLineTest : public testing::Test {
 protected:
  // Runs the loop until `answer` is there.
  template <typename Value>
  Value Await(std::optional<Value>& answer) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!answer && std::chrono::steady_clock::now() < end) {
      loop_.restart();
      loop_.run_for(10ms);
    }
    return answer.value_or(absl::DeadlineExceededError("no answer in the test"));
  }
  AirLine::Answer Into(std::optional<absl::Status>& answer) {
    return [&answer](const absl::Status& status) { answer = status; };
  }
  absl::Status Start(AirLine& line) {
    playout::StartBlockPlanSessionRequest request;
    *request.mutable_block_a() = Named("a");
    *request.mutable_block_b() = Named("b");
    request.set_evidence_endpoint("unix:/run/evidence.sock");
    std::optional<absl::Status> answer;
    line.Start(request, Into(answer));
    return Await(answer);
  }

  boost::asio::io_context loop_;
};

TEST_F(AirLineTest, SaysThatNobodyIsThere) {
  AirLine line(loop_, "unix:/nowhere/control.sock", 1);
  std::optional<absl::Status> ready, fed;
  line.AskReady(200ms, Into(ready));
  EXPECT_FALSE(Await(ready).ok());
  line.Feed(Named("a"), Into(fed));
  EXPECT_TRUE(absl::IsUnavailable(Await(fed)));
}

TEST_F(AirLineTest, AsksForTheSinkToReplaceWhateverIsAttached) {
  FakePlayoutControl air;
  AirLine line(loop_, air.address(), 4);
  std::optional<absl::Status> ready, attached;
  line.AskReady(10s, Into(ready));
  EXPECT_TRUE(Await(ready).ok());
  line.Attach("/run/sink.sock", 0ms, Into(attached));
  EXPECT_TRUE(Await(attached).ok());
  EXPECT_EQ(air.attached->channel_id(), 4);
  EXPECT_EQ(air.attached->endpoint(), "/run/sink.sock");
  EXPECT_TRUE(air.attached->replace_existing());
}

TEST_F(AirLineTest, HandsOnTheReasonOfARefusal) {
  FakePlayoutControl air;
  air.refuse_attach = "nobody listens there";
  air.refuse_start = "program_format_json: video.width: 0";
  AirLine line(loop_, air.address(), 1);
  std::optional<absl::Status> attached;
  line.Attach("/run/sink.sock", 0s, Into(attached));
  EXPECT_THAT(std::string(Await(attached).message()), HasSubstr("nobody listens there"));
  const absl::Status refused = Start(line);
  EXPECT_TRUE(absl::IsFailedPrecondition(refused));
  EXPECT_THAT(std::string(refused.message()), HasSubstr("video.width"));
  EXPECT_EQ(air.started->evidence_endpoint(), "unix:/run/evidence.sock");
}

TEST_F(AirLineTest, TellsAFullQueueFromARefusal) {
  FakePlayoutControl air;
  air.queue_depth = 3;
  AirLine line(loop_, air.address(), 1);
  ASSERT_TRUE(Start(line).ok());
  std::optional<absl::Status> taken, full;
  line.Feed(Named("c"), Into(taken));
  EXPECT_TRUE(Await(taken).ok());
  line.Feed(Named("d"), Into(full));
  EXPECT_TRUE(absl::IsResourceExhausted(Await(full)));
}

TEST_F(AirLineTest, FollowsTheEventsToTheEndOfTheSession) {
  FakePlayoutControl air;
  AirLine line(loop_, air.address(), 1);
  ASSERT_TRUE(Start(line).ok());
  std::vector<std::string> started;
  std::optional<absl::Status> ended;
  line.Follow([&](const playout::BlockEvent& event) { started.push_back(event.block_started().block_id()); },
              Into(ended));
  air.EmitStarted("a");
  air.EmitStarted("b");
  air.EndSession();
  EXPECT_TRUE(Await(ended).ok());
  EXPECT_THAT(started, testing::ElementsAre("a", "b"));
}

TEST_F(AirLineTest, SaysThatThereIsNoSessionToFollow) {
  FakePlayoutControl air;
  AirLine line(loop_, air.address(), 1);
  std::optional<absl::Status> ended;
  line.Follow([](const playout::BlockEvent&) {}, Into(ended));
  EXPECT_TRUE(absl::IsNotFound(Await(ended)));
}

TEST_F(AirLineTest, FeedsFromInsideAnEvent) {
  FakePlayoutControl air;
  AirLine line(loop_, air.address(), 1);
  ASSERT_TRUE(Start(line).ok());
  std::optional<absl::Status> fed, ended;
  line.Follow([&](const playout::BlockEvent&) { line.Feed(Named("c"), Into(fed)); }, Into(ended));
  air.EmitStarted("a");
  EXPECT_TRUE(Await(fed).ok());
  EXPECT_EQ(air.blocks().size(), 3u);
  air.EndSession();
  EXPECT_TRUE(Await(ended).ok());
}

TEST_F(AirLineTest, StopsASessionWithItsReasonWhileItIsFollowed) {
  FakePlayoutControl air;
  AirLine line(loop_, air.address(), 1);
  ASSERT_TRUE(Start(line).ok());
  std::optional<absl::Status> stopped, ended;
  line.Follow([](const playout::BlockEvent&) {}, Into(ended));
  line.Stop("nobody watches", Into(stopped));
  EXPECT_TRUE(Await(stopped).ok());
  EXPECT_EQ(air.stopped->reason(), "nobody watches");
  air.EndSession();
  EXPECT_TRUE(Await(ended).ok());
}

TEST_F(AirLineTest, EndsWithoutWaitingAndIsSilentFromThenOn) {
  FakePlayoutControl air;
  auto line = std::make_unique<AirLine>(loop_, air.address(), 1);
  ASSERT_TRUE(Start(*line).ok());
  int told = 0;
  line->Follow([&](const playout::BlockEvent&) { ++told; }, [&](const absl::Status&) { ++told; });
  line->AskReady(10s, [&](const absl::Status&) { ++told; });
  line.reset();
  loop_.restart();
  loop_.run_for(200ms);
  EXPECT_EQ(told, 0);
}

}  // namespace
}  // namespace retrovue
