// Stages that live and do nothing, beyond what fault_matrix_test.cpp does to all of them: one that does not
// even die, one that never opens its asset, one that is late for long, all of them together.
#include <optional>

#include "tests/support/faulted_channel.h"
#include "tests/support/injected_fault.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

// Rings deep enough for a hang, its detection and a recovery on a busy machine.
class StageHang : public FaultedChannel {
 protected:
  StageHang() : FaultedChannel({"--ring-seconds", "5"}) {}
  double Deaths() const { return metrics_.Sum("air_stage_restarts_total").value_or(-1); }
};

TEST_F(StageHang, OfTheWholeChannelKillsNobody) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(6000), ShowPattern(1, 8000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(8000);
  const std::vector<MarkedProcess> stages = channel_.Stages();
  channel_.supervisor().Signal(SIGSTOP);
  for (const MarkedProcess& stage : stages) kill(stage.pid, SIGSTOP);
  std::this_thread::sleep_for(2s);
  // The supervisor first: it must not hold the others' silence against them.
  channel_.supervisor().Signal(SIGCONT);
  for (const MarkedProcess& stage : stages) kill(stage.pid, SIGCONT);
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  EXPECT_EQ(Deaths(), 0);
  ExpectContentAt(14'500, schedule);
}

TEST_F(StageHang, OfADecoderThatNeverOpensItsAssetCostsItsSegmentOnly) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a",
                    {Pad(2000), ShowFile("fault:hang_at=open:pattern:clip=1", 7000), ShowPattern(2, 2000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0) << "besides the segment that cannot be opened";
  EXPECT_GE(Deaths(), 1);
  EXPECT_GT(metrics_.Value("air_pad_frames_total", {{"cause", "OPEN_FAILED"}}).value_or(0), 0);
}

// Stopped, killed, and still there, as one that reads from a dead network mount: its ring is left to it, what
// is in there airs, and another decoder goes on in another ring.
TEST_F(StageHang, OfALiveDecoderThatCannotBeKilledIsSeenByNobody) {
  const Clip live = MakeClip(1, 400);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(7000), Show(live, 10'000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(9000);
  const pid_t decoder = channel_.Stage("air-decoder", live.path);
  std::optional<Unkillable> undead(decoder);
  if (!undead->holds()) GTEST_SKIP() << "no right to trace";
  kill(decoder, SIGSTOP);
  ++signals_;
  channel_.SleepUntil(16'000);
  const MetricsPage meanwhile = channel_.Metrics();
  EXPECT_EQ(meanwhile.Sum("air_stages_stuck_total"), 1);
  EXPECT_EQ(kill(decoder, 0), 0) << "it should still be there";
  EXPECT_THAT(channel_.Log(), ::testing::HasSubstr("does not die of SIGKILL"));
  undead.reset();
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  EXPECT_GE(metrics_.Sum("air_prepared_ahead_min_seconds"), 5) << "each was there long before its tick";
}

// So late that the plan has gone on four segments meanwhile: no ring is emptied and no entry forgotten that
// it still asks for.
class LateSelector : public FaultedChannel {
 protected:
  LateSelector() : FaultedChannel({"--ring-seconds", "3", "--hang-ms", "20000"}) {}
};

TEST_F(LateSelector, FindsAllItHasMissed) {
  Schedule schedule(format_, NowUtcMs());
  std::vector<Entry> entries = {Pad(4000)};
  for (int clip = 1; clip <= 6; ++clip) entries.push_back(ShowPattern(clip, 2000));
  schedule.AddBlock("a", entries);
  schedule.AddBlock("b", {ShowPattern(7, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(4700);
  const pid_t selector = channel_.Stage("air-selector", ".program");
  kill(selector, SIGSTOP);
  channel_.SleepUntil(11'200);
  kill(selector, SIGCONT);
  ++signals_;
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  EXPECT_EQ(metrics_.Sum("air_stage_restarts_total"), 0);
}

}  // namespace
}  // namespace air::e2e
