// What is laid over a segment's picture, on the air: it is there where it was asked for, for as long as its
// segment lasts; and one that cannot be read costs itself and an event, never a picture.
#include <gtest/gtest.h>

#include <cstdlib>
#include <vector>

#include "tests/support/captured_stream.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

constexpr int64_t kLeadInMs = 1500;

wire::PlayoutEnricher BugOf(const std::string& image) {
  wire::PlayoutEnricher enricher;
  wire::ChannelBug& bug = *enricher.mutable_channel_bug();
  bug.set_image_uri(image);
  bug.set_x(1);
  bug.set_y(0);
  bug.set_width(0.2f);
  return enricher;
}

// Levels of luma in the top right corner, picture by picture, of the pictures that have a counter.
std::vector<int> Corners(const std::vector<uint8_t>& stream) {
  std::vector<int> corners;
  analyser::DecodeComplaints complaints;
  const auto decoded =
      analyser::DecodeCapturedStream(stream,
                                     {.picture =
                                          [&](int64_t, const LumaView& luma) {
                                            if (ReadFrameCounter(luma).has_value())
                                              corners.push_back(luma.Line(4)[luma.width - 5]);
                                          },
                                      .sound = [](int64_t, auto, auto) {}},
                                     complaints);
  EXPECT_TRUE(decoded.ok()) << decoded.message();
  EXPECT_EQ(complaints.count, 0);
  return corners;
}

TEST(Enrichers, LieOverTheirSegmentAndCostNothingWhenTheyFail) {
  const ChannelFormat format{.num = 25, .den = 1};
  TestChannel channel;
  const std::string mark = channel.Path("mark.png");
  ASSERT_EQ(std::system(
                ("ffmpeg -nostdin -v error -y -f lavfi -i color=white:s=64x32 -frames:v 1 " + mark).c_str()),
            0);
  const Clip clip = ClipMaker(format, channel.folder()).Make(1, 150);
  const auto viewer = StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);
  Schedule schedule(format, NowUtcMs());
  schedule.AddBlock("marks", {Pad(kLeadInMs), Show(clip, 2000), Show(clip, 2000), Show(clip, 2000)});
  schedule.AddBlock("end", {Pad(500)});
  wire::StartBlockPlanSessionRequest request = TestChannel::StartRequest(schedule);
  *request.mutable_block_a()->mutable_segments(2)->add_enrichers() = BugOf(mark);
  *request.mutable_block_a()->mutable_segments(3)->add_enrichers() = BugOf(channel.Path("missing.png"));
  channel.Begin(request);
  channel.AwaitEndOf(schedule.blocks().front());
  channel.Stop();
  EXPECT_TRUE(viewer->WaitForEnd(0));

  std::vector<wire::EnricherDropped> dropped;
  for (const wire::BlockEvent& event : channel.events().messages()) {
    if (event.has_enricher_dropped()) dropped.push_back(event.enricher_dropped());
  }
  ASSERT_EQ(dropped.size(), 1u);
  EXPECT_EQ(dropped[0].block_id(), "marks");
  EXPECT_EQ(dropped[0].segment_index(), 3);
  EXPECT_NE(dropped[0].reason().find("missing.png"), std::string::npos) << dropped[0].reason();
  channel.End();

  const std::vector<int> corners = Corners(viewer->Received(0));
  ASSERT_GE(corners.size(), 149u);
  for (size_t i = 0; i < corners.size(); ++i) {
    const bool marked = i >= 50 && i < 100;
    EXPECT_EQ(corners[i] > 200, marked) << "picture " << i << " has " << corners[i];
  }
}

}  // namespace
}  // namespace air::e2e
