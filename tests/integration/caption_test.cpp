// Captions through the whole chain: those of an asset's picture are in the SEI of that picture on the wire,
// also when the encoder and the selector were killed on the way.
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <map>

#include "tests/support/captioned_clip.h"
#include "tests/support/test_channel.h"

namespace air::e2e {
namespace {

std::vector<uint8_t> NumberedCaptions(int64_t k) {
  const auto low = static_cast<uint8_t>(0x20 + k % 0x50), high = static_cast<uint8_t>(0x20 + k / 0x50);
  return {0xfc, low, high, 0xfd, high, low, 0xff, 0x02, low, 0xfe, high, 0x00};
}

TEST(Captions, AreOnTheWireWithTheirPictureWhoeverDies) {
  constexpr int64_t kPictures = 180, kLeadInMs = 1500;
  const ChannelFormat format{.num = 30000, .den = 1001};
  TestChannel channel;
  const HouseFormat house{.width = 320, .height = 180, .rate = {30000, 1001}};
  const std::string clip = channel.Path("captioned.mp4");
  ASSERT_TRUE(WriteCaptionedClip(clip, house, kPictures, NumberedCaptions));
  const auto viewer = StreamViewer::OnUnixSocket(channel.Path("viewer.sock"));
  channel.Attach(*viewer);
  Schedule schedule(format, NowUtcMs());
  schedule.AddBlock("captions", {Pad(kLeadInMs), ShowFile(clip, 6000)});
  schedule.AddBlock("end", {Pad(500)});
  channel.Begin(schedule);
  channel.SleepUntil(kLeadInMs + 1500);
  kill(channel.Stage("air-encoder", ".journal-"), SIGKILL);
  channel.SleepUntil(kLeadInMs + 3500);
  kill(channel.Stage("air-selector", ".program"), SIGKILL);
  channel.AwaitEndOf(schedule.blocks().front());
  channel.Stop();
  EXPECT_TRUE(viewer->WaitForEnd(0));
  channel.End();

  const std::vector<uint8_t> stream = viewer->Received(0);
  const std::string captured = ::testing::TempDir() + "captions-on-the-wire.ts";
  std::ofstream(captured, std::ios::binary)
      .write(reinterpret_cast<const char*>(stream.data()), static_cast<std::streamsize>(stream.size()));
  std::map<int64_t, int> seen;
  for (const CaptionedPicture& picture : ReadCaptionedPictures(captured)) {
    if (picture.counter < 0) {
      EXPECT_TRUE(picture.captions.empty()) << "captions on pad";
      continue;
    }
    ++seen[picture.counter];
    EXPECT_EQ(Meaningful(picture.captions), NumberedCaptions(picture.counter))
        << "picture " << picture.counter;
  }
  std::remove(captured.c_str());
  // 6000 ms are 179 or 180 pictures, each once.
  EXPECT_GE(seen.size(), 178u);
  for (const auto& [counter, times] : seen) EXPECT_EQ(times, 1) << counter;
}

}  // namespace
}  // namespace air::e2e
