// Interlaced sources: what FileProducer makes of fields.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

constexpr char kLossless[] = "-c:v libx264 -preset ultrafast -qp 0 ";

constexpr int kWidth = 384;

// The field whose bar a line shows.
double FieldIn(const PlayedUnit& unit, const HouseFormat& house, size_t line) {
  const uint8_t* luma = unit.video.data() + line * house.width;
  double sum = 0, weight = 0;
  for (size_t x = 0; x < house.width; ++x) {
    const double light = std::max(0, luma[x] - kDarkBlock);
    sum += light * static_cast<double>(x);
    weight += light;
  }
  return weight == 0 ? -1 : (sum / weight - (kBarWidth - 1) / 2.0) / kBarStep;
}

void ExpectField(const PlayedUnit& unit, const HouseFormat& house, int field) {
  for (size_t line = 8; line < house.height - 8; ++line) {
    ASSERT_NEAR(FieldIn(unit, house, line), field, 0.25) << "line " << line;
  }
}

std::string FieldClip(const ClipFolder& folder, char scan, int fields, const std::string& file = "clip.mkv") {
  ClipSpec spec{.width = kWidth, .pictures = fields, .scan = scan};
  spec.options = std::string(kLossless) + "-g 12 -flags +ildct+ilme";
  return MakeClip(folder, file, spec);
}

TEST(FileProducerFields, AreShownEachInItsOwnInstantWhicheverComesFirst) {
  const ClipFolder folder;
  const HouseFormat house = SmallHouse({50, 1}, kWidth);
  for (const char scan : {'t', 'b'}) {
    const std::vector<PlayedUnit> units = Play(RequestFor(FieldClip(folder, scan, 80), house), 200);
    ASSERT_EQ(units.size(), 80u) << scan;
    for (int i = 0; i < 80; ++i) {
      SCOPED_TRACE(std::string(1, scan) + std::to_string(i));
      ExpectField(units[static_cast<size_t>(i)], house, i);
    }
  }
}

TEST(FileProducerFields, GiveTheFirstOneOfEachFrameAtTheFrameRate) {
  const ClipFolder folder;
  const HouseFormat house = SmallHouse({25, 1}, kWidth);
  const std::vector<PlayedUnit> units = Play(RequestFor(FieldClip(folder, 't', 50), house), 100);
  ASSERT_EQ(units.size(), 25u);
  for (int i = 0; i < 25; ++i) {
    SCOPED_TRACE(i);
    ExpectField(units[static_cast<size_t>(i)], house, 2 * i);
  }
}

// 29.97 house frames a second chosen from 50 instants, not from 25.
TEST(FileProducerFields, AreChosenByTheNearestTime) {
  const ClipFolder folder;
  const HouseFormat house = SmallHouse({30000, 1001}, kWidth);
  const std::vector<PlayedUnit> units = Play(RequestFor(FieldClip(folder, 't', 100), house), 55);
  ASSERT_EQ(units.size(), 55u);
  for (int64_t i = 0; i < 55; ++i) {
    const int64_t over = 2 * i * 1001 * 50 + 30000;
    SCOPED_TRACE(i);
    ExpectField(units[static_cast<size_t>(i)], house, static_cast<int>(over / (2 * 30000)));
  }
}

TEST(FileProducerFields, AreTheSameForAProducerThatTakesOver) {
  const ClipFolder folder;
  ProducerRequest request =
      RequestFor(FieldClip(folder, 'b', 120, "clip.ts"), SmallHouse({50, 1}, kWidth), /*in_point_ms=*/100);
  const std::vector<PlayedUnit> straight = Play(request, 200);
  ASSERT_GT(straight.size(), 110u);
  for (const int64_t first : {1, 18, 19, 20, 43, 44, 90}) {
    request.first_unit = UnitIndex(first);
    const std::vector<PlayedUnit> taken_over = Play(request, 6);
    ASSERT_EQ(taken_over.size(), 6u);
    for (size_t i = 0; i < 6; ++i) {
      EXPECT_EQ(taken_over[i].video, straight[static_cast<size_t>(first) + i].video) << first << "+" << i;
    }
  }
}

// Films travel so. Not a line of them may be lost, and neither may one of a still picture.
TEST(FileProducerFields, ThatAreWholePicturesAreLeftWhole) {
  const ClipFolder folder;
  const HouseFormat house = SmallHouse({25, 1}, 640, 480);
  const std::string source = "ffmpeg -nostdin -v error -y -f lavfi -i mandelbrot=s=640x480:r=25 ";
  const std::string plain = folder.Path("plain.mkv"), flagged = folder.Path("flagged.mkv");
  RunCommand(source + kLossless + "-frames:v 25 -pix_fmt yuv420p " + plain);
  RunCommand(source + "-vf format=yuv420p,setfield=tff " + kLossless +
             "-frames:v 25 -pix_fmt yuv420p -flags +ildct " + flagged);
  const std::vector<PlayedUnit> expected = Play(RequestFor(plain, house), 100);
  const std::vector<PlayedUnit> units = Play(RequestFor(flagged, house), 100);
  ASSERT_EQ(units.size(), 25u);
  ASSERT_EQ(expected.size(), 25u);
  for (size_t i = 0; i < units.size(); ++i) EXPECT_EQ(units[i].video, expected[i].video) << i;
}

}  // namespace
}  // namespace air
