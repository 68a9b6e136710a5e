// What plans do besides going on and on: in-points, assets that end early or not at all, pad, holes, joins in
// progress. Whatever the plan or its assets are like, each segment begins and ends on its tick, and what is
// not there is pad.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/mman.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "ctl/as_run.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

constexpr int64_t kLeadInMs = 2000;  // planned pad, in which the first decoders get ready

class Plan : public ::testing::Test {
 protected:
  Plan() : viewer_(StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"))) { channel_.Attach(*viewer_); }

  Clip MakeClip(int id, int64_t pictures) { return ClipMaker(format_, channel_.folder()).Make(id, pictures); }
  // Its sound ends with its last picture; AAC goes on to the end of a codec frame.
  Clip MakeClipWithExactSound(int id, int64_t pictures) {
    return ClipMaker(format_, channel_.folder()).Make(id, pictures, "mov", "-c:a pcm_s16le");
  }

  Judged StopAndJudge() {
    channel_.Stop();
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    channel_.End();
    Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
    ExpectCleanStructure(judged);
    EXPECT_EQ(judged.content.complaints.count, 0);
    EXPECT_EQ(judged.content.sound_gaps, 0);
    return judged;
  }

  const ChannelFormat format_{.num = 30000, .den = 1001};
  TestChannel channel_;
  std::unique_ptr<StreamViewer> viewer_;
};

TEST_F(Plan, KeepsEverySeamOnItsTickWhateverItsAssetsAreLike) {
  const Clip clip = MakeClip(1, 150), short_clip = MakeClipWithExactSound(2, 47);
  const std::string text = channel_.Path("no-media.mp4");
  std::ofstream(text) << "This is no film.\n";
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("in-points",
                    {Pad(kLeadInMs), Show(clip, 1500, 1234), Show(clip, 700, 2002), Show(clip, 333, 0)});
  schedule.AddBlock("early-end", {Show(short_clip, 2500), Show(clip, 1111)});
  schedule.AddBlock("planned-pad", {Show(clip, 611), Pad(1000), Show(clip, 800, 1001)});
  schedule.AddBlock("near-the-end",
                    {Show(short_clip, 400, 1468), Show(short_clip, 300, 9000), Show(clip, 300)});
  schedule.AddBlock("missing",
                    {ShowFile(channel_.Path("missing.mp4"), 900), Show(clip, 700), ShowFile(text, 650),
                     Show(clip, 444), ShowFile(channel_.folder(), 500), Show(clip, 555)});
  schedule.AddBlock("shorter-than-a-frame", {Show(clip, 501), Show(short_clip, 7), Show(clip, 492, 3003)});
  channel_.Play(schedule);
  const std::vector<std::string> all_news = channel_.events().news();

  const Judged judged = StopAndJudge();
  ExpectAired(judged, schedule.expected());
  EXPECT_GE(judged.aired.end_tick(), schedule.expected().end_tick());
  ExpectSoundInPlace(judged);
  EXPECT_THAT(channel_.Log(), HasSubstr("missing.mp4"));

  // Why, is in the event and in the account.
  std::vector<std::string> failed;
  for (const std::string& news : all_news) {
    if (news.rfind("failed", 0) == 0) failed.push_back(news);
  }
  EXPECT_THAT(failed,
              UnorderedElementsAre("failed missing[0] OPEN_FAILED", "failed missing[2] OPEN_FAILED",
                                   "failed missing[4] REFUSED", "failed near-the-end[1] OPEN_FAILED"));
  const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel_.runtime_dir(), "");
  ASSERT_TRUE(as_run.ok()) << as_run.status();
  std::map<std::string, std::string> details;
  for (const evidence::AsRunLine& line : as_run->lines()) {
    if (!line.detail().empty())
      details[absl::StrCat(line.block_id(), "[", line.segment_index(), "] ", line.status(), " ",
                           line.reason())] = line.detail();
  }
  EXPECT_THAT(details,
              UnorderedElementsAre(Pair("missing[0] SKIPPED OPEN_FAILED", HasSubstr("No such file")),
                                   Pair("missing[2] SKIPPED OPEN_FAILED", HasSubstr("Invalid data")),
                                   Pair("missing[4] SKIPPED REFUSED", HasSubstr("not a regular file")),
                                   Pair("near-the-end[1] SKIPPED OPEN_FAILED", HasSubstr("behind the end"))))
      << AsRunTable(*as_run);
}

// Media that are still being copied, or lie on a mount that comes back.
TEST_F(Plan, AirsFromItsTickWhatWasMissingWhenItWasPreparedAndCameBeforeIt) {
  const Clip clip = MakeClip(1, 200);
  const std::string late = channel_.Path("late.mp4"), broken = channel_.Path("broken.mp4");
  std::ofstream(broken) << "Half of a copy.\n";
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(2, 7000), Show({clip.id, clip.pictures, late}, 1500),
                          Show({clip.id, clip.pictures, broken}, 1500, 2002)});
  schedule.AddBlock("b", {ShowPattern(3, 700)});
  channel_.Begin(schedule);
  ASSERT_TRUE(channel_.events().WaitForNews("failed a[2] OPEN_FAILED"));
  ASSERT_TRUE(channel_.events().WaitForNews("failed a[3] OPEN_FAILED"));
  channel_.SleepUntil(4500);
  for (const std::string& path : {late, broken}) {
    std::filesystem::copy_file(clip.path, path + ".part");
    std::filesystem::rename(path + ".part", path);
  }
  channel_.FeedRest(schedule);
  channel_.AwaitEndOf(schedule.blocks().back());
  const Judged judged = StopAndJudge();
  ExpectAired(judged, schedule.expected());
}

TEST_F(Plan, GoesOnBehindABlockOfAsManySegmentsAsThereMayBe) {
  const Clip clip = MakeClip(1, 90);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("many", std::vector<Entry>(512, Pad(34)));
  schedule.AddBlock("next", {Show(clip, 1500), Show(clip, 1000, 1001)});
  channel_.Play(schedule);
  const Judged judged = StopAndJudge();
  ExpectAired(judged, schedule.expected());
}

TEST_F(Plan, PadsAHoleAndTakesTheNextBlockOnItsTick) {
  const Clip clip = MakeClip(1, 90);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs)});
  schedule.AddBlock("b", {Show(clip, 1500)});
  schedule.LeaveHole(3000);
  const wire::BlockPlan c = schedule.AddBlock("c", {Show(clip, 1700, 1001)});

  // AIR does not know of c when b ends.
  channel_.Begin(schedule);
  ASSERT_TRUE(channel_.events().WaitFor("completed b"));
  const wire::FeedBlockPlanResponse fed = channel_.Feed(c);
  EXPECT_TRUE(fed.success()) << fed.error_message();
  EXPECT_TRUE(channel_.events().WaitForNews("hole"));
  channel_.AwaitEndOf(c);

  const Judged judged = StopAndJudge();
  ExpectAired(judged, schedule.expected());
  EXPECT_GE(judged.aired.end_tick(), schedule.expected().end_tick());
  ExpectSoundInPlace(judged);
}

TEST_F(Plan, StartsABlockThatComesLateWhereTheClockSays) {
  const Clip clip = MakeClip(1, 120);
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(1000)});
  schedule.AddBlock("b", {Pad(1000)});
  const int64_t start = format_.TickAt(schedule.end_ms());
  const wire::BlockPlan c = schedule.AddBlock("c", {Show(clip, 3000), Pad(500)});

  channel_.Begin(schedule);
  channel_.SleepUntil(2500);
  EXPECT_TRUE(channel_.Feed(c).success());
  channel_.AwaitEndOf(c);
  EXPECT_THAT(channel_.events().news(), testing::ElementsAre("low c"));
  EXPECT_EQ(channel_.AwaitMetric("air_lookahead_low_total", [](double n) { return n > 0; }), 1);

  const Judged judged = StopAndJudge();
  int64_t begun = start;
  while (begun < judged.aired.end_tick() && judged.aired.At(begun) == OnAir{}) ++begun;
  // What the clock had passed when it came is skipped; while its decoder started it was late.
  const int64_t skipped = judged.aired.At(begun).picture;
  EXPECT_GE(start + skipped, format_.TickAt(2500)) << "it was on the air before it was known";
  EXPECT_LE(skipped, begun - start);
  EXPECT_LT(begun, format_.TickAt(5000)) << "it never came";
  Program expected;
  expected.Append({.from = 0, .to = begun});
  expected.Append({.from = begun, .to = format_.TickAt(5000), .clip = 1, .picture = skipped});
  ExpectAired(judged, expected);
}

TEST_F(Plan, TellsOfABlockThatComesWhenAllOfItIsOver) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(300)});
  schedule.AddBlock("b", {Pad(300)});
  const wire::BlockPlan c = schedule.AddBlock("c", {Pad(400)});
  channel_.Begin(schedule);
  channel_.SleepUntil(1500);
  EXPECT_TRUE(channel_.Feed(c).success());
  EXPECT_TRUE(channel_.events().WaitFor("completed c", std::chrono::seconds(5)));
  channel_.Stop();
}

// What the account says last: why the session has ended, and of the last thing that was on the air.
void ExpectAccountEnds(const TestChannel& channel, const std::string& state, const std::string& segment) {
  const absl::StatusOr<evidence::AsRun> as_run = ReadAsRun(channel.runtime_dir(), "");
  ASSERT_TRUE(as_run.ok()) << as_run.status();
  EXPECT_THAT(as_run->state(), testing::StartsWith(state));
  std::string last;
  for (const evidence::AsRunLine& line : as_run->lines()) {
    if (line.what() == "segment")
      last = absl::StrCat(line.status(), line.reason().empty() ? "" : " ", line.reason());
  }
  EXPECT_EQ(last, segment) << AsRunTable(*as_run);
}

TEST(PlanWithoutPad, EndsTheSessionWhenThePlanIsPlayedOut) {
  TestChannel channel({"--on-lookahead-exhausted=terminate"});
  const std::unique_ptr<StreamViewer> viewer = StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);
  Schedule schedule({}, NowUtcMs());
  schedule.AddBlock("a", {Pad(300)});
  schedule.AddBlock("b", {Pad(300)});
  channel.Begin(schedule);
  EXPECT_TRUE(channel.events().WaitFor("ended lookahead_exhausted", std::chrono::seconds(10)));
  EXPECT_TRUE(viewer->WaitForEnd(0));
  channel.End();
  ExpectAccountEnds(channel, "ended: lookahead_exhausted, no block follows the last one", "AIRED");
}

// The clock on the wall, as one supervisor sees it (stepped_wall.cpp).
class WallClock {
 public:
  WallClock() {
    std::ofstream(folder_.Path("ahead")) << std::string(sizeof(int64_t), '\0');
    const UniqueFd fd(open(folder_.Path("ahead").c_str(), O_RDWR | O_CLOEXEC));
    void* page = mmap(nullptr, sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (page != MAP_FAILED) ahead_ms_ = static_cast<std::atomic<int64_t>*>(page);
  }
  ~WallClock() {
    if (ahead_ms_ != nullptr) munmap(ahead_ms_, sizeof(int64_t));
  }
  WallClock(const WallClock&) = delete;
  WallClock& operator=(const WallClock&) = delete;

  std::unique_ptr<TestChannel> MakeChannel(const std::vector<std::string>& flags) const {
    setenv("LD_PRELOAD", Built("air-stepped-wall.so").c_str(), 1);
    setenv("AIR_TEST_WALL_MS", folder_.Path("ahead").c_str(), 1);
    auto channel = std::make_unique<TestChannel>(flags);
    unsetenv("LD_PRELOAD");
    unsetenv("AIR_TEST_WALL_MS");
    return channel;
  }
  void Step(int64_t ms) { ahead_ms_->fetch_add(ms); }

 private:
  TestFolder folder_;
  std::atomic<int64_t>* ahead_ms_ = nullptr;
};

class SteppedWall : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "a sanitizer's library has to be the first one";
#endif
  }
};

INSTANTIATE_TEST_SUITE_P(With, SteppedWall, ::testing::Values("report", "terminate"),
                         [](const auto& policy) { return policy.param; });

TEST_P(SteppedWall, IsReportedAndMovesNothingOrEndsTheSessionIfThatIsWanted) {
  WallClock wall;
  const bool ends = GetParam() == "terminate";
  const std::unique_ptr<TestChannel> channel = wall.MakeChannel({"--on-drift=" + GetParam()});
  const std::unique_ptr<StreamViewer> viewer = StreamViewer::OnUnixSocket(channel->Path("viewer.sock"));
  channel->Attach(*viewer);
  const ChannelFormat format;
  Schedule schedule(format, NowUtcMs());
  schedule.AddBlock("a", {Pad(kLeadInMs), ShowPattern(1, 20'000)});
  schedule.AddBlock("b", {ShowPattern(2, 1000)});
  channel->Begin(schedule);
  channel->SleepUntil(2500);
  EXPECT_THAT(channel->events().news(), testing::Not(testing::Contains("drift")));
  wall.Step(250);
  EXPECT_TRUE(channel->events().WaitForNews("drift"));
  EXPECT_EQ(channel->events().WaitFor("ended error", std::chrono::milliseconds(ends ? 10'000 : 500)), ends);
  if (!ends) {
    EXPECT_NEAR(channel->Metrics().Sum("air_clock_drift_seconds").value_or(0), 0.25, 0.05);
    channel->Stop();
  }
  EXPECT_TRUE(viewer->WaitForEnd(0));
  channel->End();
  const Judged judged = Judge(WholeTicks(viewer->Received(0)), format);
  ExpectCleanStructure(judged);
  EXPECT_EQ(judged.content.complaints.count, 0);
  EXPECT_EQ(judged.aired.stretches().back().picture,
            judged.aired.stretches().back().from - format.TickAt(kLeadInMs))
      << "on its tick, before and behind the step";
  ExpectAccountEnds(
      *channel,
      ends ? "ended: error, the clock on the wall has drifted by more than 100 ms" : "ended: stopped",
      "TRUNCATED STOPPED");
}

TEST_F(Plan, JoinsABlockInProgress) {
  const Clip over = MakeClip(1, 60), running = MakeClip(2, 150), next = MakeClip(3, 60);
  // Of the first block 3.5 s have gone: its first segment, and 1.5 s of the second.
  Schedule schedule(format_, NowUtcMs(), 3500);
  schedule.AddBlock("a", {Show(over, 2000), Show(running, 4500)});
  schedule.AddBlock("b", {Show(next, 1500)});
  channel_.Play(schedule);

  const Judged judged = StopAndJudge();
  const OnAir due = schedule.expected().At(0);
  EXPECT_EQ(due, (OnAir{.clip = 2, .picture = 44}));
  // The first picture takes its time to come; what comes then is the picture of tick 0. The viewer may have
  // come later still.
  Stretch content = judged.aired.stretches().front();
  if (content.clip == Stretch::kPad) content = judged.aired.stretches().at(1);
  const int64_t late = content.from - (content.picture - due.picture);
  EXPECT_GE(late, 0);
  EXPECT_LT(late, format_.TickAt(2000)) << "the first segment hardly came";
  ExpectAired(judged, schedule.expected().WithLateStart(late));
  std::printf("content began at tick %d\n", static_cast<int>(late));
}

TEST_F(Plan, GoesOnWithPadWhenThePlanIsPlayedOut) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(500), ShowPattern(9, 500)});
  schedule.AddBlock("b", {ShowPattern(8, 500)});
  channel_.Play(schedule);
  channel_.SleepUntil(4000);
  const Judged judged = StopAndJudge();
  EXPECT_GE(judged.aired.end_tick(), format_.TickAt(3000));
  EXPECT_EQ(judged.aired.stretches().back().clip, Stretch::kPad);
  EXPECT_GE(judged.aired.stretches().back().from, schedule.expected().end_tick());
}

TEST_F(Plan, SaysInEventsWhatHasAiredAndRepeatsItToALateSubscriber) {
  Schedule schedule(format_, NowUtcMs());
  schedule.AddBlock("a", {Pad(700)});
  schedule.AddBlock("b", {Pad(800)});
  channel_.Begin(schedule);
  ASSERT_TRUE(channel_.events().WaitFor("completed b"));
  const std::vector<std::string> told = {"started a", "completed a", "started b", "completed b"};
  EXPECT_EQ(channel_.events().all(), told);

  channel_.Subscribe();  // again
  ASSERT_TRUE(channel_.events().WaitFor("completed b"));
  EXPECT_EQ(channel_.events().all(), told);
  channel_.Stop();
  ASSERT_TRUE(channel_.events().WaitForEnd());
  EXPECT_EQ(channel_.events().code(), grpc::StatusCode::OK);

  const std::vector<wire::BlockEvent> messages = channel_.events().messages();
  ASSERT_EQ(messages.size(), 5u);
  EXPECT_EQ(messages[2].channel_id(), kTestChannelId);
  EXPECT_EQ(messages[2].block_started().block_start_utc_ms(), schedule.join_utc_ms() + 700);
  EXPECT_EQ(messages[2].block_started().block_end_utc_ms(), schedule.join_utc_ms() + 1500);
  EXPECT_EQ(messages[3].block_completed().blocks_executed_total(), 2);
  EXPECT_EQ(messages[3].block_completed().final_ct_ms(), 1501);  // tick 45, the first one at or after 1500 ms
  EXPECT_EQ(messages[4].session_ended().reason(), "stopped");
  EXPECT_EQ(messages[4].session_ended().blocks_executed_total(), 2);
}

}  // namespace
}  // namespace air::e2e
