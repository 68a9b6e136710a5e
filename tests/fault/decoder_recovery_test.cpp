// What a decoder's death costs on the air: nothing, as long as a successor can make the missing units in
// time.
#include <cstdlib>

#include "tests/support/faulted_channel.h"

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

class DecoderRecovery : public FaultedChannel {
 protected:
  // Rings deep enough for a recovery on a busy machine.
  DecoderRecovery() : FaultedChannel({"--ring-seconds", "4"}) {}
};

TEST_F(DecoderRecovery, OfALiveDecoderIsSeenByNobody) {
  const Clip live = MakeClip(1, 500);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(5000), Show(live, 12'000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  // The clip's groups of pictures last 2 s: at their beginnings, middles and ends.
  for (int64_t ms : {6900, 8200, 10'500, 12'950, 14'600}) SignalAt(ms, SIGKILL, "air-decoder", live.path);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

TEST_F(DecoderRecovery, OfASuccessorThatDiesWhileItStartsIsSeenByNobody) {
  const Clip live = MakeClip(1, 400);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(5000), Show(live, 9000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  for (int64_t ms : {8000, 8040, 8100}) SignalAt(ms, SIGKILL, "air-decoder", live.path);
  channel_.FeedRest(schedule);
  EXPECT_EQ(StopAndJudge(schedule).pad, 0);
}

// Files with a place that no decoder gets over, whatever it does to them there, two in a row. The place lies
// just behind a key picture, the next one is nearly two seconds away; the rings are as deep as they are by
// default.
struct PoisonousFiles {
  const char* name;
  std::vector<std::string> faults;
};
void PrintTo(const PoisonousFiles& files, std::ostream* out) { *out << files.name; }

class PoisonousPlace : public FaultedChannel, public ::testing::WithParamInterface<PoisonousFiles> {
 protected:
  static constexpr int64_t kUnit = 123, kSegmentMs = 7000;
};

TEST_P(PoisonousPlace, CostsTwoSecondsOfPadAtMostCountedAndNamed) {
  const Clip live = MakeClip(1, 220);
  Schedule schedule(format_, NowUtcMs());
  std::vector<Entry> entries = {Pad(5000)};
  for (const std::string& fault : GetParam().faults) {
    entries.push_back(Show(live, kSegmentMs));
    entries.back().uri = "fault:" + fault + "=" + std::to_string(kUnit) + ":" + live.path;
  }
  schedule.AddBlock("a", entries);
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.FeedRest(schedule);
  const int64_t pad = StopAndJudge(schedule).pad;
  int64_t counted = 0;
  for (size_t i = 0; i < GetParam().faults.size(); ++i) {
    const int64_t begin = 5000 + static_cast<int64_t>(i) * kSegmentMs;
    const int64_t place = begin + format_.MsOfPicture(kUnit);
    const int64_t hole = PadBetween(place - 40, place + 2500);
    EXPECT_GE(hole, 30) << GetParam().faults[i];
    EXPECT_LE(hole, 60) << GetParam().faults[i];
    counted += hole;
    std::printf("%s: %d pictures of pad\n", GetParam().faults[i].c_str(), static_cast<int>(hole));
  }
  EXPECT_EQ(pad, counted) << "nothing is lost but the places";
  EXPECT_GE(PadFrames("SKIPPED"), 30 * static_cast<double>(GetParam().faults.size()));
  // A cause is in the timeline two ticks after it is known: until then it is LATE.
  EXPECT_EQ(PadFrames("SKIPPED") + PadFrames("HANG") + PadFrames("CRASH") + PadFrames("LATE"), pad);
  EXPECT_LE(PadFrames("LATE"), 8);
  EXPECT_THAT(channel_.Log(), ::testing::HasSubstr("unit 123 brings every decoder down"));
  for (size_t i = 0; i < GetParam().faults.size(); ++i)
    EXPECT_THAT(channel_.events().news(),
                ::testing::Contains("failed a[" + std::to_string(i + 1) + "] SKIPPED"));
}

INSTANTIATE_TEST_SUITE_P(Of, PoisonousPlace,
                         ::testing::Values(PoisonousFiles{"CrashAndExit", {"crash_at", "exit_at"}},
                                           PoisonousFiles{"HangAndKill", {"hang_at", "kill_at"}}),
                         [](const auto& files) { return std::string(files.param.name); });

TEST_F(DecoderRecovery, ThatFailsSixTimesIsSlateUntilTheSegmentEnds) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a",
                    {Pad(2000), ShowFile("fault:crash_at=open:pattern:clip=1", 8000), ShowPattern(2, 3000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  channel_.SleepUntil(8000);
  EXPECT_EQ(ChannelState(channel_.Metrics()), "error");
  channel_.SleepUntil(11'500);
  EXPECT_EQ(ChannelState(channel_.Metrics()), "ready") << "the next segment clears it";
  channel_.FeedRest(schedule);
  StopAndJudge(schedule, Slate::kShown);
  for (int64_t ms : {7000, 8000, 9900})
    EXPECT_EQ(aired_.At(format_.TickAt(ms)).clip, Stretch::kOther) << "no slate at " << ms << " ms";
  EXPECT_EQ(PadBetween(10'000, 14'000), 0);
  ExpectContentAt(10'040, schedule);
  EXPECT_GT(metrics_.Sum("air_slate_frames_total").value_or(0), 60);
  EXPECT_EQ(metrics_.Sum("air_segments_given_up_total"), 1);
}

struct FaultsNotAllowed {
  FaultsNotAllowed() { setenv("AIR_ALLOW_FAULTS", "0", 1); }
  ~FaultsNotAllowed() { unsetenv("AIR_ALLOW_FAULTS"); }
};
class OrdinaryOperation : private FaultsNotAllowed, public FaultedChannel {};

TEST_F(OrdinaryOperation, RefusesAPlanThatWantsToBringItsDecoderDown) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a",
                    {Pad(kLeadInMs), ShowFile("fault:kill_at=0:pattern:clip=1", 1000), ShowPattern(2, 2000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  ASSERT_TRUE(channel_.events().WaitForNews("failed a[1] REFUSED"));
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  ExpectContentAt(kLeadInMs + 2000, schedule);
  EXPECT_EQ(metrics_.Sum("air_stage_restarts_total").value_or(-1), 0);
  EXPECT_THAT(channel_.Log(), ::testing::HasSubstr("AIR_ALLOW_FAULTS=1"));
}

// A slate that can be told from everything else: a picture of the test pattern.
class SlateFile : public FaultedChannel {
 protected:
  static constexpr int kSlateClip = 9;
  SlateFile() : FaultedChannel({"--slate", Draw()}) {}

 private:
  static std::string Draw() {
    static const TestFolder folder;
    const Clip clip = ClipMaker({.num = 30000, .den = 1001}, folder.path()).Make(kSlateClip, 5);
    const std::string file = folder.Path("slate.png");
    const std::string command = "ffmpeg -nostdin -v error -y -i " + clip.path + " -frames:v 1 " + file;
    EXPECT_EQ(std::system(command.c_str()), 0);
    return file;
  }
};

TEST_F(SlateFile, IsShownAlsoByASelectorThatCameLater) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(2000), ShowFile("fault:crash_at=open:pattern:clip=1", 10'000)});
  schedule.AddBlock("b", {ShowPattern(3, 1000)});
  channel_.Begin(schedule);
  SignalAt(8500, SIGKILL, "air-selector", ".program");
  channel_.FeedRest(schedule);
  StopAndJudge(schedule, Slate::kShown);
  for (int64_t ms : {7500, 8000, 8500, 9000, 11'900}) {
    EXPECT_EQ(aired_.At(format_.TickAt(ms)).clip, kSlateClip) << "at " << ms << " ms";
  }
}

}  // namespace
}  // namespace air::e2e
