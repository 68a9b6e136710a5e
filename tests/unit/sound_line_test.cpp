#include "stages/decoder/sound/sound_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace air {
namespace {

using ::testing::ElementsAre;

std::vector<int16_t> Read(SoundLine& line, int64_t first, uint32_t count) {
  std::vector<int16_t> out(count, -1);
  line.Read(first, count, out);
  return out;
}

TEST(SoundLine, IsSilentWhereNothingWasPut) {
  SoundLine line(1);
  line.Append(2, {1, 2});
  line.Append(6, {3});
  EXPECT_THAT(Read(line, 0, 8), ElementsAre(0, 0, 1, 2, 0, 0, 3, 0));
}

TEST(SoundLine, CutsWhatOverlapsAnEarlierBlock) {
  SoundLine line(1);
  line.Append(0, {1, 2, 3});
  line.Append(1, {7, 8, 9, 10});
  line.Append(0, {5, 5});
  EXPECT_THAT(Read(line, 0, 6), ElementsAre(1, 2, 3, 9, 10, 0));
}

TEST(SoundLine, KeepsTheSampleOfLookAheadForTheNextRead) {
  SoundLine line(1);
  line.Append(0, {1, 2, 3, 4, 5});
  EXPECT_THAT(Read(line, 0, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(Read(line, 2, 3), ElementsAre(3, 4, 5));
}

TEST(SoundLine, BeginsWhereItIsRestarted) {
  SoundLine line(2);
  line.Append(0, {1, -1});
  line.Restart(100);
  line.Append(99, {2, -2, 3, -3});
  EXPECT_EQ(line.end(), 101);
  std::vector<int16_t> out(4);
  line.Read(100, 2, out);
  EXPECT_THAT(out, ElementsAre(3, -3, 0, 0));
}

}  // namespace
}  // namespace air
