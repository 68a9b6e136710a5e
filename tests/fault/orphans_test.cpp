// What is left of a session when no supervisor follows its own: nothing.
#include <csignal>

#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

using Orphans = FaultedChannel;

TEST_F(Orphans, LeaveNothingBehindOnceTheirGraceIsOver) {
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
