// SIGKILL of each stage of a channel on the air. The stream never ends and is never damaged; what is shown is
// what the plan has for that tick, or pad; and the content comes back. How many ticks were pad is printed.
#include <csignal>

#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

class StageKill : public FaultedChannel {
 protected:
  void KillAt(int64_t ms, const std::string& program, const std::string& file) {
    SignalAt(ms, SIGKILL, program, file);
  }
};

TEST_F(StageKill, OfTheLiveDecoderCostsPadAtMostAndTheContentComesBackInItsPlace) {
  const Clip live = MakeClip(1, 400);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(live, 12'000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  for (int64_t ms : {3500, 5500, 7500, 9500}) KillAt(ms, "air-decoder", live.path);
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  ExpectContentAt(kLeadInMs + 11'900, schedule);
  ExpectContentAt(kLeadInMs + 12'500, schedule);
}

TEST_F(StageKill, OfTheDecoderInPreviewIsOverBeforeItsSegmentBegins) {
  const Clip live = MakeClip(1, 210), next = MakeClip(2, 210);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(live, 6000)});
  schedule.AddBlock("b", {Show(next, 3000)});
  channel_.Begin(schedule);
  for (int64_t ms : {2500, 4000}) KillAt(ms, "air-decoder", next.path);
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  ExpectContentAt(kLeadInMs + 5900, schedule);
  ExpectContentAt(kLeadInMs + 8900, schedule);
}

TEST_F(StageKill, OfTheSelectorDelaysTheStreamAndDoesNotDamageIt) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 4000), ShowPattern(2, 3000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  for (int64_t ms : {3500, 5000, 6500}) KillAt(ms, "air-selector", ".program");
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  ExpectContentAt(kLeadInMs + 6900, schedule);
  ExpectContentAt(kLeadInMs + 7900, schedule);
}

TEST_F(StageKill, OfTheEncoderDelaysTheStreamAndDoesNotDamageIt) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 4000), ShowPattern(2, 3000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  for (int64_t ms : {3500, 5000, 6500}) KillAt(ms, "air-encoder", ".journal-");
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  ExpectContentAt(kLeadInMs + 6900, schedule);
  ExpectContentAt(kLeadInMs + 7900, schedule);
}

TEST_F(StageKill, OfTheSupervisorLeavesNothingBehindOnceTheGraceIsOver) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 30'000)});
  schedule.AddBlock("b", {ShowPattern(2, 30'000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 500);
  EXPECT_GE(channel_.Stages().size(), 3u);
  const size_t before = viewer_->Received(0).size();
  channel_.supervisor().Signal(SIGKILL);
  EXPECT_EQ(channel_.supervisor().WaitForEnd(5s), 128 + SIGKILL);
  // Its stages stay on the air until the grace is over, then they leave by themselves.
  EXPECT_TRUE(viewer_->WaitForBytes(0, before + 20'000)) << "the stream went with the supervisor";
  EXPECT_TRUE(viewer_->WaitForEnd(0));
  channel_.ExpectNothingLeft(5s);
  const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
  ExpectCleanStructure(judged);
  EXPECT_EQ(LossesOf(judged.aired, schedule.expected()).wrong, std::vector<std::string>());
}

}  // namespace
}  // namespace air::e2e
