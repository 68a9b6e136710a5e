// A channel on the air, from files to the viewer's socket: every frame of every segment, every join on its
// tick, at three rates at once. The pictures carry their number, so what was seen is held against the plan
// frame by frame; how fast the machine is does not matter.
//
// AIR_TEST_SECONDS=N plays N seconds of programme instead of 40.
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

constexpr int64_t kPtsWrap = int64_t{1} << 33;
constexpr int64_t kLeadInMs = 2000;  // planned pad, in which the first decoders get ready

int64_t ProgrammeMs() {
  const char* seconds = std::getenv("AIR_TEST_SECONDS");
  return 1000 * (seconds != nullptr ? std::strtoll(seconds, nullptr, 10) : 40);
}

// One channel, what it plays and what its viewer got.
class PlayedChannel {
 public:
  explicit PlayedChannel(const ChannelFormat& format) : format_(format) {}

  void Prepare() {
    const ClipMaker maker(format_, channel_.folder());
    const int64_t second = (format_.num + format_.den - 1) / format_.den;
    clips_ = {maker.Make(1, 3 * second), maker.Make(2, 2 * second + 7), maker.Make(3, 4 * second)};
    viewer_ = StreamViewer::OnUnixSocket(channel_.Path("viewer.sock"));
    channel_.Attach(*viewer_);
  }

  void Play() {
    Schedule schedule(format_, NowUtcMs());
    const int64_t length = ProgrammeMs(), second = format_.MsOfPicture(clips_[2].pictures / 4);
    std::vector<Entry> block = {Pad(kLeadInMs)};
    while (schedule.end_ms() < length) {
      block.push_back(Show(clips_[0], format_.MsOfPicture(clips_[0].pictures)));  // to its very last picture
      block.push_back(Show(clips_[1], 2037));                                     // cut inside a frame
      block.push_back(Show(clips_[2], 2411, second));                             // from its second second on
      schedule.AddBlock("block-" + std::to_string(schedule.blocks().size()), block);
      block.clear();
    }
    expected_ = schedule.expected();
    channel_.Play(schedule);
    const wire::StopBlockPlanSessionResponse stopped = channel_.Stop();
    EXPECT_EQ(static_cast<size_t>(stopped.blocks_executed()), schedule.blocks().size());
    EXPECT_TRUE(viewer_->WaitForEnd(0));
    EXPECT_TRUE(channel_.events().WaitForEnd());
    CheckEvents(schedule);
  }

  // Each block starts and is completed, in order, once, and the next one starts when it is completed.
  void CheckEvents(const Schedule& schedule) {
    std::vector<std::string> events;
    for (const wire::BlockPlan& block : schedule.blocks()) {
      events.push_back("started " + block.block_id());
      events.push_back("completed " + block.block_id());
    }
    events.push_back("ended stopped");
    EXPECT_EQ(channel_.events().all(), events);
  }

  void CheckStream() {
    SCOPED_TRACE(format_.Rate());
    channel_.End();
    const Judged judged = Judge(WholeTicks(viewer_->Received(0)), format_);
    ExpectCleanStructure(judged);
    ExpectSoundInPlace(judged);
    ExpectAired(judged, expected_);
    EXPECT_GE(judged.aired.end_tick(), expected_.end_tick()) << "the capture ends before the last fence";
    EXPECT_GT(expected_.stretches().size(), 10u);
    std::printf("%s: %d pictures, %d joins, sound late by %.3f..%.3f ms, longest silence on the wire %d ms\n",
                format_.Rate().c_str(), static_cast<int>(judged.content.pictures),
                static_cast<int>(expected_.stretches().size()) - 1, judged.content.av_offset_ms.min,
                judged.content.av_offset_ms.max, static_cast<int>(viewer_->LongestSilence(0).count()));
  }

 private:
  ChannelFormat format_;
  TestChannel channel_;
  std::vector<Clip> clips_;
  std::unique_ptr<StreamViewer> viewer_;
  Program expected_;
};

TEST(Channel, AirsEveryFrameOfThePlanOnItsTickAt25And2997And5994) {
  // At 25 the time stamps pass the end of their 33 bits during the run.
  PlayedChannel at_25({.num = 25, .den = 1, .pts_origin = kPtsWrap - 20 * 90'000});
  PlayedChannel at_29_97({.num = 30000, .den = 1001});
  PlayedChannel at_59_94({.num = 60000, .den = 1001});
  const std::vector<PlayedChannel*> runs = {&at_25, &at_29_97, &at_59_94};
  for (PlayedChannel* run : runs) run->Prepare();
  std::vector<std::thread> threads;
  for (PlayedChannel* run : runs) threads.emplace_back([run] { run->Play(); });
  for (std::thread& thread : threads) thread.join();
  for (PlayedChannel* run : runs) run->CheckStream();
}

}  // namespace
}  // namespace air::e2e
