// Every fault to every stage in every situation, with real processes: a table of strikes a session, and the
// viewer has seen none of them. What each stage died of is counted as what it was.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/support/faulted_channel.h"
#include "tests/support/injected_fault.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

constexpr int64_t kBeginMs = 5500;  // of the content or the strikes: by then all rings are full

enum class Stage { kDecoder, kSelector, kEncoder, kCount };
constexpr const char* kPrograms[] = {"air-decoder", "air-selector", "air-encoder"};
const char* ProgramOf(Stage stage) { return kPrograms[static_cast<size_t>(stage)]; }

struct Strike {
  int64_t at_ms;
  Stage stage;
  Fault fault;
};

// The whole table, fault by fault: row 0 is the first fault to the first stage.
constexpr int kRows = static_cast<int>(Stage::kCount) * static_cast<int>(Fault::kCount);
Strike Row(int row, int64_t at_ms) {
  constexpr int kStages = static_cast<int>(Stage::kCount);
  return {at_ms, static_cast<Stage>(row % kStages), static_cast<Fault>(row / kStages)};
}

// Rings deep enough for a hang, its detection and a recovery on a busy machine.
class FaultMatrix : public FaultedChannel {
 protected:
  FaultMatrix() : FaultedChannel({"--ring-seconds", "4"}) {}

  // `asset`: the file of the decoder to strike.
  void Deliver(const Strike& strike, const std::string& asset) {
    if (!CanInject(strike.fault)) return;
    channel_.SleepUntil(strike.at_ms);
    const std::string file[] = {asset, ".program", ".journal-"};
    const pid_t pid = channel_.Stage(ProgramOf(strike.stage), file[static_cast<size_t>(strike.stage)]);
    ASSERT_NE(pid, 0) << "no " << ProgramOf(strike.stage);
    EXPECT_TRUE(Inject(pid, strike.fault)) << ToString(strike.fault) << " to the " << ProgramOf(strike.stage);
    ++signals_;
  }

  // Each stage died as often as it was struck, and of what it was struck with.
  void ExpectCountedDeaths(int killed = 0) const {
    for (const char* program : kPrograms) {
      const auto deaths = [&](const char* cause) {
        return metrics_.Value("air_stage_restarts_total", {{"stage", program}, {"cause", cause}}).value_or(0);
      };
      EXPECT_EQ(deaths("signal"), 2 + killed) << program << ": SIGKILL and SIGSEGV";
      EXPECT_EQ(deaths("exit"), CanInject(Fault::kExit0) ? 2 : 0) << program;
      EXPECT_EQ(deaths("hang"), CanInject(Fault::kHang) ? 2 : 1) << program << ": SIGSTOP and a hang";
      EXPECT_EQ(metrics_.Value("air_stage_recoveries_total", {{"stage", program}}),
                deaths("signal") + deaths("exit") + deaths("hang"));
    }
  }
};

// Planned pad, and the decoders of the segments to come: the switch to them happens on its tick. Each of them
// has one fault of its own and one killer at most.
TEST_F(FaultMatrix, InAnIdleChannelIsSeenByNobody) {
  constexpr int64_t kStepMs = 700, kContentMs = kBeginMs + kRows * kStepMs + 2000;
  std::vector<Clip> clips;
  std::vector<Entry> entries = {Pad(kContentMs)};
  for (int id = 1; id <= 4; ++id) {
    clips.push_back(MakeClip(id, 180));
    entries.push_back(Show(clips.back(), 1000));
  }
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", entries);
  schedule.AddBlock("b", {ShowPattern(9, 1000)});
  channel_.Begin(schedule);
  for (int row = 0; row < kRows; ++row) {
    const Strike strike = Row(row, kBeginMs + row * kStepMs);
    constexpr size_t kVictim[] = {0, 0, 1, 1, 2, 3};  // by fault
    Deliver(strike, clips[kVictim[static_cast<size_t>(strike.fault)]].path);
  }
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

// And all stages at once, twice; and a file that ends too soon.
TEST_F(FaultMatrix, InTheMiddleOfASegmentIsSeenByNobody) {
  constexpr int64_t kStepMs = 750, kAllMs = kBeginMs + 2500 + kRows * kStepMs, kAgainMs = kAllMs + 2500,
                    kEndMs = kAgainMs + 2500;
  const Clip live = MakeClip(1, format_.TickAt(kEndMs) + 150);
  Clip cut = ClipMaker(format_, channel_.folder()).Make(2, 120, "mkv");
  std::filesystem::resize_file(cut.path, std::filesystem::file_size(cut.path) / 2);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(live, kEndMs - kLeadInMs), Show(cut, 4000)});
  schedule.AddBlock("b", {ShowPattern(9, 1000)});
  channel_.Begin(schedule);
  for (int row = 0; row < kRows; ++row) Deliver(Row(row, kBeginMs + 1500 + row * kStepMs), live.path);
  for (const int64_t at_ms : {kAllMs, kAgainMs}) {
    channel_.SleepUntil(at_ms);
    std::vector<pid_t> all = {channel_.Stage("air-decoder", live.path),
                              channel_.Stage("air-selector", ".program"),
                              channel_.Stage("air-encoder", ".journal-")};
    for (const pid_t pid : all) kill(pid, SIGKILL);
    signals_ += 3;
  }
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  EXPECT_EQ(PadBetween(kLeadInMs, kEndMs + 1000), 0);
  EXPECT_GT(PadBetween(kEndMs, kEndMs + 4000), 30) << "half of it is missing";
  EXPECT_EQ(PadBetween(kEndMs + 4000, kEndMs + 5000), 0);
  ExpectCountedDeaths(/*killed=*/2);
}

// From 15 ms before the seam to 15 ms behind it. The decoder is the one that goes live.
TEST_F(FaultMatrix, OnTheTickOfASwitchIsSeenByNobody) {
  constexpr int64_t kStepMs = 1000;
  std::vector<Clip> clips;
  for (int id = 1; id <= 4; ++id) clips.push_back(MakeClip(id, 180));
  std::vector<Entry> entries = {Pad(kBeginMs)};
  for (size_t i = 0; i <= kRows; ++i) entries.push_back(Show(clips[i % clips.size()], kStepMs));
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", entries);
  schedule.AddBlock("b", {ShowPattern(9, 1000)});
  channel_.Begin(schedule);
  for (int row = 0; row < kRows; ++row) {
    const int64_t seam = kBeginMs + (row + 1) * kStepMs;
    Deliver(Row(row, seam - 15 + row * 30 / kRows), clips[static_cast<size_t>(row + 1) % clips.size()].path);
  }
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

// Two by two, the second while the first is being noticed or replaced.
TEST_F(FaultMatrix, WhileAnotherIsBeingHandledIsSeenByNobody) {
  constexpr int64_t kStepMs = 1700, kEndMs = kBeginMs + 1500 + kRows / 2 * kStepMs + 1500;
  const Clip live = MakeClip(1, format_.TickAt(kEndMs) + 150);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), Show(live, kEndMs - kLeadInMs)});
  schedule.AddBlock("b", {ShowPattern(9, 1000)});
  channel_.Begin(schedule);
  for (int row = 0; row < kRows; ++row) {
    const int64_t pair = kBeginMs + 1500 + row / 2 * kStepMs;
    Deliver(Row(row, pair + row % 2 * (30 + row * 10)), live.path);
  }
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
  ExpectCountedDeaths();
}

}  // namespace
}  // namespace air::e2e
