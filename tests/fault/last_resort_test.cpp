// What is done when replacing a stage is not enough: its successors die of the same thing.
#include <csignal>
#include <thread>

#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

class LastResort : public FaultedChannel {
 protected:
  explicit LastResort(const std::string& hang_ms = "500")
      : FaultedChannel({"--ring-seconds", "4", "--hang-ms", hang_ms}) {}
  // The stage of this program that has this file open and is another one than `before`.
  pid_t Another(const std::string& program, const std::string& file, pid_t before) {
    for (int i = 0; i < 5000; ++i, std::this_thread::sleep_for(1ms)) {
      const pid_t pid = channel_.Stage(program, file);
      if (pid != before) return pid;
    }
    ADD_FAILURE() << "no other " << program;
    return before;
  }
};

// Encoders that wait for a late selector longer than the selector is away.
class PoisonousTick : public LastResort {
 protected:
  PoisonousTick() : LastResort("20000") {}
};

// While the selector stands still there is one tick that every encoder is at.
TEST_F(PoisonousTick, IsCodedAsPadWhenTwoEncodersHaveDiedOfIt) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 7000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 2000);
  const pid_t selector = channel_.Stage("air-selector", ".program");
  kill(selector, SIGSTOP);
  std::this_thread::sleep_for(300ms);  // it has coded all there is
  const pid_t first = channel_.Stage("air-encoder", ".journal-");
  kill(first, SIGSEGV);
  const pid_t second = Another("air-encoder", ".journal-", first);
  std::this_thread::sleep_for(700ms);  // it is at the same tick, and has shown that it lives
  kill(second, SIGSEGV);
  Another("air-encoder", ".journal-", second);
  kill(selector, SIGCONT);
  signals_ += 3;
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 1);
  EXPECT_EQ(metrics_.Sum("air_sink_padded_ticks_total"), 1);
  EXPECT_THAT(channel_.Log(), ::testing::HasSubstr("brings every encoder down: pad is coded for it"));
}

// Nothing is derived from the program ring then; the ticks that no selector made are given up, declared and counted.
TEST_F(LastResort, OfASelectorThatDiesThreeTimesWithinASecondIsToBeginAnew) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 6000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(kLeadInMs + 2000);
  pid_t selector = channel_.Stage("air-selector", ".program");
  kill(selector, SIGKILL);
  selector = Another("air-selector", ".program", selector);
  kill(selector, SIGKILL);
  selector = Another("air-selector", ".program", selector);
  channel_.supervisor().Signal(SIGSTOP);  // or the next one comes before a tick is missed
  kill(selector, SIGKILL);
  std::this_thread::sleep_for(200ms);
  channel_.supervisor().Signal(SIGCONT);
  signals_ += 3;
  channel_.FeedRest(schedule);
  metrics_ = channel_.Metrics();
  channel_.Stop();
  ASSERT_TRUE(viewer_->WaitForEnd(0));
  const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
  aired_ = judged.aired;
  EXPECT_EQ(metrics_.Sum("air_discontinuities_total"), 1);
  EXPECT_EQ(LossesOf(judged.aired, schedule.expected()).wrong, std::vector<std::string>());
  EXPECT_EQ(PadBetween(kLeadInMs, kLeadInMs + 1900), 0);
  EXPECT_EQ(PadBetween(kLeadInMs + 3500, schedule.end_ms() - 100), 0) << "every picture in its place again";
  EXPECT_TRUE(judged.structure.Clean({analyser::Rule::kDiscontinuity}))
      << analyser::DescribeTs(judged.structure, {});
  EXPECT_EQ(judged.content.complaints.count, 0);
  EXPECT_FALSE(viewer_->WaitForConnection(1, 0ms)) << "there was a second connection";
}

}  // namespace
}  // namespace air::e2e
