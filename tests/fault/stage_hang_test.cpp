// Stages that live and do nothing: stopped, or hung. Each is noticed, killed and replaced; a channel that was
// stopped as a whole is left alone.
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

// Rings deep enough for a hang, its detection and a recovery on a busy machine.
class StageHang : public FaultedChannel {
 protected:
  StageHang() : FaultedChannel({"--ring-seconds", "5"}) {}
  // How often stages of this program died because they hung, and nothing else happened to them.
  void ExpectOneHang(const std::string& program) const {
    EXPECT_EQ(Deaths(), 1);
    EXPECT_EQ(metrics_.Value("air_stage_restarts_total", {{"stage", program}, {"cause", "hang"}}), 1);
    EXPECT_EQ(metrics_.Value("air_stage_recoveries_total", {{"stage", program}}), 1);
    EXPECT_GT(metrics_.Value("air_stage_recovery_last_seconds", {{"stage", program}}).value_or(0), 0);
    EXPECT_EQ(metrics_.Named("air_stage_last_death_timestamp_seconds").size(), 1u);
  }
  double Deaths() const { return metrics_.Sum("air_stage_restarts_total").value_or(-1); }
};

TEST_F(StageHang, OfTheLiveDecoderIsSeenByNobody) {
  const Clip live = MakeClip(1, 400);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(6000), Show(live, 11'000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  SignalAt(9000, SIGSTOP, "air-decoder", live.path);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  ExpectOneHang("air-decoder");
}

TEST_F(StageHang, OfTheSelectorDelaysTheStreamAndDoesNotDamageIt) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(6000), ShowPattern(1, 6000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  SignalAt(8000, SIGSTOP, "air-selector", ".program");
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  ExpectOneHang("air-selector");
}

TEST_F(StageHang, OfTheEncoderDelaysTheStreamAndDoesNotDamageIt) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(6000), ShowPattern(1, 6000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  SignalAt(8000, SIGSTOP, "air-encoder", ".journal-");
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  ExpectOneHang("air-encoder");
}

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

}  // namespace
}  // namespace air::e2e
