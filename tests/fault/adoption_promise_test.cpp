// SIGKILL of a supervisor as soon as it has answered a call: its successor keeps the promise. What was answered is in the
// record, which the successor finds, and in the timeline, which goes on being carried out.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

#include "tests/support/faulted_channel.h"
#include "tests/support/live_switch.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

class AdoptionAfterAnAnswer : public FaultedChannel {
 protected:
  AdoptionAfterAnAnswer() : FaultedChannel({"--orphan-grace", "20"}) {}

  Schedule Begin() {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(2 * kLeadInMs), ShowPattern(1, 12'000)});
    schedule.AddBlock("b", {ShowPattern(2, 2000)});
    channel_.Begin(schedule);
    channel_.SleepUntil(2 * kLeadInMs + 1000);
    return schedule;
  }
  void ReplaceSupervisor() {
    channel_.KillSupervisor();
    ++signals_;
    channel_.StartSupervisor();
    channel_.Resubscribe();
  }
};

// The switch's lead: none, or more than it takes to kill a supervisor and to start another.
class AdoptionAfterASwitch : public AdoptionAfterAnAnswer, public ::testing::WithParamInterface<int> {};

TEST_P(AdoptionAfterASwitch, LeavesItOnTheTickThatWasNamed) {
  const Schedule schedule = Begin();
  const LiveClip live{.count = 150};  // what follows is prepared by the successor
  LoadPreview(channel_, format_, live);
  const int64_t at = SwitchToLive(channel_, format_, GetParam() == 0 ? 0 : NowUtcMs() + GetParam());
  ReplaceSupervisor();
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(WithLive(schedule.expected(), at, live)).pad, 0);
  EXPECT_EQ(aired_.At(at - 1).clip, 1);
  EXPECT_EQ(aired_.At(at), (OnAir{live.clip, live.picture}));
}

INSTANTIATE_TEST_SUITE_P(Adoption, AdoptionAfterASwitch, ::testing::Values(0, 1500),
                         [](const auto& lead) { return "In" + std::to_string(lead.param) + "Ms"; });

// The same plan again is known as the one in force: it does not begin once more.
TEST_F(AdoptionAfterAnAnswer, GoesOnWithThePlanThatWasPutInForce) {
  Begin();
  const std::string plan = channel_.Path("plan.json");
  std::ofstream(plan) << R"({"segments": [{"asset_uri": "pattern:clip=5", "segment_duration_ms": 60000}]})";
  wire::UpdatePlanRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_plan_handle(plan);
  const auto update = [&] {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 30s);
    wire::UpdatePlanResponse response;
    const grpc::Status status = channel_.stub().UpdatePlan(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(response.success()) << response.error_message();
  };
  update();
  ReplaceSupervisor();
  std::this_thread::sleep_for(1s);
  update();
  std::this_thread::sleep_for(1s);
  channel_.Stop();
  EXPECT_TRUE(viewer_->WaitForEnd(0));
  const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
  ExpectCleanStructure(judged);
  std::vector<int> clips;
  for (const Stretch& stretch : judged.aired.stretches()) {
    if (stretch.clip != Stretch::kPad) clips.push_back(stretch.clip);
  }
  EXPECT_EQ(clips, (std::vector<int>{1, 5})) << "another beginning of the plan";
}

// A block is accepted when it is recorded: one that cannot be is to be fed again, and is lost with no supervisor.
TEST_F(AdoptionAfterAnAnswer, HasEveryBlockThatWasAccepted) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 6000)});
  schedule.AddBlock("b", {ShowPattern(2, 2000)});
  const wire::BlockPlan c = schedule.AddBlock("c", {ShowPattern(3, 2000)});
  channel_.Begin(schedule);
  // Where the next record would be written stands what cannot be removed, as if memory were full.
  const std::string session = "air." + std::to_string(channel_.supervisor().pid()) + "-";
  std::vector<std::filesystem::path> in_the_way;
  for (const auto& entry : std::filesystem::directory_iterator("/dev/shm")) {
    const std::string name = entry.path().filename();
    const size_t record = name.find(".record-");
    if (name.starts_with(session) && record != std::string::npos &&
        name.find('.', record + 1) == std::string::npos)
      in_the_way.emplace_back(entry.path().string() + ".new");
  }
  ASSERT_EQ(in_the_way.size(), 1u);
  std::filesystem::create_directories(in_the_way[0] / "full");
  const wire::FeedBlockPlanResponse refused = channel_.Feed(c);
  EXPECT_FALSE(refused.success());
  EXPECT_TRUE(refused.queue_full());
  EXPECT_THAT(refused.error_message(), ::testing::HasSubstr("cannot be recorded"));
  std::filesystem::remove_all(in_the_way[0]);
  ReplaceSupervisor();
  EXPECT_TRUE(channel_.Feed(c).success());
  ReplaceSupervisor();
  channel_.AwaitEndOf(c);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

}  // namespace
}  // namespace air::e2e
