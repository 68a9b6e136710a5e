// Sixty joins in real time, through all processes, judged from the captured bytes: segments of 0.5 to 1.5 s
// whose seams lie anywhere, and no control plane. The control plane has fed its plan and gone: no process
// subscribes, feeds or takes evidence, for as long as there is plan.
//
// AIR_TEST_RATE=60000/1001 plays at another house rate than 29.97, AIR_TEST_JOINS=N makes another number of
// joins.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

constexpr int64_t kLeadInMs = 2000;  // planned pad, in which the first decoders get ready
constexpr int kSegmentsPerBlock = 15;

std::string Setting(const char* name, const std::string& otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : otherwise;
}

TEST(Joins, AreAllOnTheirTickWithNobodyThereButTheViewer) {
  ChannelFormat format;
  ASSERT_TRUE(format.Parse("320x180", Setting("AIR_TEST_RATE", "30000/1001")));
  const int joins = std::atoi(Setting("AIR_TEST_JOINS", "60").c_str());
  TestChannel channel;
  const ClipMaker maker(format, channel.folder());
  std::vector<Clip> clips;
  for (int id = 1; id <= 3; ++id) clips.push_back(maker.Make(id, format.TickAt(4000)));
  const std::unique_ptr<StreamViewer> viewer = StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);

  std::mt19937 random(60);
  const auto between = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  Schedule schedule(format, NowUtcMs());
  std::vector<Entry> block = {Pad(kLeadInMs)};
  for (int i = 0; i <= joins; ++i) {
    // Half of them from the beginning, where it takes least; the others from any picture.
    const int64_t in_point = i % 2 == 0 ? 0 : format.MsOfPicture(between(0, format.TickAt(2000)));
    block.push_back(Show(clips[static_cast<size_t>(i) % 3], between(500, 1500), in_point));
    if (i % kSegmentsPerBlock == kSegmentsPerBlock - 1 || i == joins) {
      schedule.AddBlock(absl::StrCat("block-", schedule.blocks().size()), block);
      block.clear();
    }
  }
  wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(schedule);
  request.set_max_queue_depth(64);
  request.set_evidence_endpoint(absl::StrCat("127.0.0.1:", FreePort()));  // no process listens there
  channel.Begin(request);
  for (size_t i = 2; i < schedule.blocks().size(); ++i)
    ASSERT_TRUE(channel.Feed(schedule.blocks()[i]).success());

  channel.SleepUntil(schedule.end_ms() + 1500);
  const MetricsPage metrics = channel.Metrics();
  channel.Stop();
  ASSERT_TRUE(viewer->WaitForEnd(0));
  channel.End();
  const Judged judged = Judge(WholeTicks(viewer->Received(0)), format);
  ExpectCleanStructure(judged);
  ExpectSoundInPlace(judged);
  ExpectAired(judged, schedule.expected());
  EXPECT_GE(judged.aired.end_tick(), schedule.expected().end_tick()) << "and then there is pad";
  EXPECT_GE(static_cast<int>(schedule.expected().stretches().size()), joins);
  for (const char* cause : {"LATE", "EOF", "CRASH", "HANG", "OPEN_FAILED", "SKIPPED", "REFUSED"})
    EXPECT_EQ(metrics.Value("air_pad_frames_total", {{"cause", cause}}), 0) << cause;
  std::printf("%d joins at %s, %d pictures, sound late by %.3f..%.3f ms, longest silence on the wire %d ms\n",
              joins, format.Rate().c_str(), static_cast<int>(judged.content.pictures),
              judged.content.av_offset_ms.min, judged.content.av_offset_ms.max,
              static_cast<int>(viewer->LongestSilence(0).count()));
}

}  // namespace
}  // namespace air::e2e
