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

// A place in a file that no decoder gets over: a hole of a second, up to the next key picture.
TEST_F(DecoderRecovery, OfAFileWithAPoisonousSpotCostsTheSpotAndNoMore) {
  const Clip live = MakeClip(1, 400, "-g 15");
  Schedule schedule(format_, NowUtcMs());
  Entry poisoned = Show(live, 10'000);
  poisoned.uri = "fault:crash_at=120:" + poisoned.uri;
  schedule.AddBlock("a", {Pad(5000), poisoned});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.FeedRest(schedule);
  const int64_t pad = StopAndJudge(schedule).pad;
  EXPECT_GE(pad, 30);
  EXPECT_LE(pad, 60);
  const int64_t spot = 5000 + format_.MsOfPicture(120);
  EXPECT_EQ(PadBetween(0, spot - 40), PadBetween(0, 5000)) << "nothing is lost before the spot";
  EXPECT_EQ(PadBetween(spot + 2000, 15'000), 0) << "nor two seconds behind it";
  EXPECT_EQ(PadFrames("SKIPPED"), pad);
}

TEST_F(DecoderRecovery, OfAFileThatHangsItsDecoderAtOnePlaceComesBackBehindIt) {
  const Clip live = MakeClip(1, 500, "-g 15");
  Schedule schedule(format_, NowUtcMs());
  Entry poisoned = Show(live, 14'000);
  poisoned.uri = "fault:hang_at=120:" + poisoned.uri;
  schedule.AddBlock("a", {Pad(5000), poisoned});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel_.Begin(schedule);
  channel_.FeedRest(schedule);
  StopAndJudge(schedule);
  // Two deadlines of 2 s, less what was in the ring, and the hole.
  EXPECT_EQ(PadBetween(5000 + format_.MsOfPicture(120) + 5000, 19'000), 0);
  EXPECT_GT(PadFrames("HANG"), 0);
}

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
