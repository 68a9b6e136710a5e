#include "stages/decoder/media/stamp_mender.h"

#include <gtest/gtest.h>

namespace air {
namespace {

constexpr AVRational kMs{1, 1000};

// Sends packets of 40 ms and returns the decoding stamp they are given.
class Recording {
 public:
  int64_t Picture(int64_t dts) { return Send(StreamKind::kPicture, dts); }
  int64_t Sound(int64_t dts) { return Send(StreamKind::kSound, dts); }

 private:
  int64_t Send(StreamKind kind, int64_t dts) {
    AvPacketPtr packet(av_packet_alloc());
    packet->dts = dts;
    packet->pts = dts + 80;
    packet->duration = 40;
    mender_.Mend(kind, kMs, *packet);
    EXPECT_EQ(packet->pts, packet->dts + 80);
    return packet->dts;
  }
  StampMender mender_;
};

TEST(StampMender, LeavesAContinuousRecordingAlone) {
  Recording recording;
  for (int64_t t = 5'000; t < 8'000; t += 40) {
    EXPECT_EQ(recording.Picture(t), t);
    EXPECT_EQ(recording.Sound(t - 300), t - 300);
  }
}

TEST(StampMender, ClosesAJumpForwardsAndBackwards) {
  Recording recording;
  EXPECT_EQ(recording.Picture(1'000), 1'000);
  EXPECT_EQ(recording.Picture(90'000'000), 1'040);
  EXPECT_EQ(recording.Picture(90'000'040), 1'080);
  EXPECT_EQ(recording.Picture(0), 1'120);
}

TEST(StampMender, ShiftsBothStreamsAlikeWhoeverJumpsFirst) {
  Recording recording;
  recording.Picture(1'000);
  recording.Sound(700);
  EXPECT_EQ(recording.Picture(50'000'000), 1'040);
  EXPECT_EQ(recording.Sound(740), 740);         // still from before the join
  EXPECT_EQ(recording.Sound(49'999'900), 940);  // 100 ms before that picture, as in the file
  EXPECT_EQ(recording.Picture(50'000'040), 1'080);
}

// Recordings of a few seconds, one behind the other in one file.
TEST(StampMender, ClosesAJumpBackOfAFewSecondsForBothStreams) {
  Recording recording;
  int64_t sound = -100;
  for (int64_t line = 0; line < 9'000; line += 40) {
    const int64_t stamp = line % 3'000;
    EXPECT_EQ(recording.Picture(stamp), line);
    // As far in front of the pictures as ever, also where these have jumped already.
    for (; sound < line + 40 - 100; sound += 40)
      EXPECT_EQ(recording.Sound((sound + 3'100) % 3'000 - 100), sound) << line;
  }
}

TEST(StampMender, LeavesAHoleInOneStreamOpen) {
  Recording recording;
  recording.Sound(0);
  for (int64_t t = 0; t < 60'000; t += 40) recording.Picture(t);
  EXPECT_EQ(recording.Sound(60'000), 60'000);
}

}  // namespace
}  // namespace air
