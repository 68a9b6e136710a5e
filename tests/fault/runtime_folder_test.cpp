// The runtime folder is removed while the channel is on the air: by an rm, or with the folder of a user who has logged
// out. What is not prepared yet is prepared all the same, and the next supervisor finds every stage.
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/match.h"
#include "ctl/as_run.h"
#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class RuntimeFolder : public FaultedChannel {
 protected:
  RuntimeFolder() : FaultedChannel({"--ring-seconds", "4", "--orphan-grace", "20"}) {}

  Schedule Begin(const Clip& clip) {
    Schedule schedule(format_, NowUtcMs());
    schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 4000)});
    schedule.AddBlock("b", {Show(clip, 5000)});
    schedule.AddBlock("c", {ShowPattern(3, 4000), ShowPattern(4, 2000)});
    schedule.AddBlock("d", {ShowPattern(5, 3000)});
    channel_.Begin(schedule);
    channel_.SleepUntil(kLeadInMs + 1000);
    return schedule;
  }
  // Every stage that runs can be found by its name.
  bool AllHaveNames() const {
    size_t names = 0;
    std::error_code gone;
    for (const auto& entry : fs::directory_iterator(channel_.runtime_dir(), gone))
      names += absl::StartsWith(entry.path().filename().string(), "stage-") ? 1 : 0;
    return names > 0 && names >= channel_.Stages().size();
  }
  void AwaitNames() const {
    for (int i = 0; i < 600 && !AllHaveNames(); ++i) std::this_thread::sleep_for(50ms);
    EXPECT_TRUE(AllHaveNames());
  }
  void KillADecoderAndThenTheSupervisor(const Clip& clip) {
    SignalAt(kLeadInMs + 6000, SIGKILL, "air-decoder", clip.path);
    AwaitNames();
    channel_.SleepUntil(kLeadInMs + 8000);
    AwaitNames();
    channel_.KillSupervisor();
    channel_.StartSupervisor();
    channel_.Resubscribe();
  }
  void ExpectNothingLost(const Schedule& schedule) {
    channel_.FeedRest(schedule);
    EXPECT_EQ(StopAndJudge(schedule).pad, 0);
    EXPECT_EQ(metrics_.Value("air_adoptions_total").value_or(-1), 1);
    EXPECT_FALSE(viewer_->WaitForConnection(1, 0ms)) << "there was a second connection";
    EXPECT_EQ(metrics_.Sum("air_stage_restarts_total").value_or(-1), 1) << "that of the decoder";
    const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel_.runtime_dir(), "");
    EXPECT_TRUE(as_run.ok()) << as_run.status();
  }
};

TEST_F(RuntimeFolder, ThatIsRemovedOnTheAirIsMadeAgainAndEveryStageFoundInIt) {
  const Clip clip = MakeClip(2, 150);
  const Schedule schedule = Begin(clip);
  fs::remove_all(channel_.runtime_dir());
  AwaitNames();
  EXPECT_EQ(fs::status(channel_.runtime_dir()).permissions(), fs::perms::owner_all);
  KillADecoderAndThenTheSupervisor(clip);
  ExpectNothingLost(schedule);
}

// As where the folder it lay in is gone, too, and is the system's.
TEST_F(RuntimeFolder, ThatCannotBeMadeAgainIsMissedByNoStageThatIsStarted) {
  const Clip clip = MakeClip(2, 150);
  const Schedule schedule = Begin(clip);
  fs::remove_all(channel_.runtime_dir());
  std::ofstream(channel_.runtime_dir()) << "in its place\n";
  SignalAt(kLeadInMs + 2000, SIGKILL, "air-selector", ".program");
  SignalAt(kLeadInMs + 4500, SIGKILL, "air-decoder", clip.path);
  channel_.SleepUntil(kLeadInMs + 6000);
  EXPECT_TRUE(fs::remove(channel_.runtime_dir()));
  AwaitNames();
  channel_.SleepUntil(kLeadInMs + 8000);
  AwaitNames();
  channel_.KillSupervisor();
  channel_.StartSupervisor();
  channel_.Resubscribe();
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  EXPECT_FALSE(viewer_->WaitForConnection(1, 0ms)) << "there was a second connection";
}

}  // namespace
}  // namespace air::e2e
