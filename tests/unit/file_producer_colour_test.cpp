// What FileProducer makes of numbers that mean colours: matrices, ranges, depths, alpha, HDR.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

// Colour bars of 100 % and 75 %, R'G'B'.
using Rgb = std::array<double, 3>;
constexpr std::array<Rgb, 16> kBars = {{{1, 1, 1},
                                        {1, 1, 0},
                                        {0, 1, 1},
                                        {0, 1, 0},
                                        {1, 0, 1},
                                        {1, 0, 0},
                                        {0, 0, 1},
                                        {0, 0, 0},
                                        {.75, .75, .75},
                                        {.75, .75, 0},
                                        {0, .75, .75},
                                        {0, .75, 0},
                                        {.75, 0, .75},
                                        {.75, 0, 0},
                                        {0, 0, .75},
                                        {.25, .25, .25}}};
constexpr int kBarWidth = 16, kWidth = kBarWidth * 16, kHeight = 64;

struct Weights {
  double red, blue;
};
constexpr Weights kBt601{0.299, 0.114}, kBt709{0.2126, 0.0722};

struct Levels {
  double y, u, v;
};

// ITU-R BT.601, BT.709: the numbers of a colour, at a depth of 8 bits.
Levels LevelsOf(const Rgb& c, Weights weights, bool full_range) {
  const double y = weights.red * c[0] + (1 - weights.red - weights.blue) * c[1] + weights.blue * c[2];
  const double u = (c[2] - y) / (2 * (1 - weights.blue)), v = (c[0] - y) / (2 * (1 - weights.red));
  if (full_range) return {255 * y, 128 + 255 * u, 128 + 255 * v};
  return {16 + 219 * y, 128 + 224 * u, 128 + 224 * v};
}

struct BarsCase {
  const char* name;
  Weights weights;
  const char* matrix;  // nullptr: the file does not say
  bool full_range;
  const char* pixels;
  int bits;
  int width_shift, height_shift;  // of chroma
};

void PrintTo(const BarsCase& bars, std::ostream* out) { *out << bars.name; }

void WritePlane(std::ofstream& file, const BarsCase& bars, int plane) {
  const int width = plane == 0 ? kWidth : kWidth >> bars.width_shift;
  const int height = plane == 0 ? kHeight : kHeight >> bars.height_shift;
  for (int i = 0; i < width * height; ++i) {
    const Levels levels =
        LevelsOf(kBars[static_cast<size_t>(i % width * 16 / width)], bars.weights, bars.full_range);
    const double level = plane == 0 ? levels.y : plane == 1 ? levels.u : levels.v;
    const int most = (1 << bars.bits) - 1;
    // Limited levels scale by powers of two, full ones by their largest number.
    const double scale = bars.full_range ? most / 255.0 : (1 << bars.bits) / 256.0;
    const double middle = 1 << (bars.bits - 1);
    const double exact = bars.full_range && plane > 0 ? middle + (level - 128) * scale : level * scale;
    const int sample = std::min(most, static_cast<int>(std::lround(exact)));
    file.put(static_cast<char>(sample));
    if (bars.bits > 8) file.put(static_cast<char>(sample >> 8));
  }
}

std::string MakeBars(const ClipFolder& folder, const BarsCase& bars) {
  {
    std::ofstream file(folder.Path("bars.yuv"), std::ios::binary);
    for (int plane = 0; plane < 3; ++plane) WritePlane(file, bars, plane);
  }
  const std::string said = bars.matrix == nullptr ? "" : std::string(":colorspace=") + bars.matrix;
  RunCommand("ffmpeg -nostdin -v error -y -f rawvideo -pix_fmt " + std::string(bars.pixels) + " -s " +
             std::to_string(kWidth) + "x" + std::to_string(kHeight) + " -r 25 -i " + folder.Path("bars.yuv") +
             " -vf setparams=range=" + (bars.full_range ? "pc" : "tv") + said + " -c:v ffv1 " +
             folder.Path("bars.mkv"));
  return folder.Path("bars.mkv");
}

void ExpectBars(const PlayedUnit& unit, const HouseFormat& house, Weights weights) {
  const size_t chroma_width = house.width / 2;
  for (size_t bar = 0; bar < kBars.size(); ++bar) {
    const size_t x = (2 * bar + 1) * house.width / 32, y = house.height / 2;
    const Levels wanted = LevelsOf(kBars[bar], weights, /*full_range=*/false);
    const uint8_t* chroma = unit.video.data() + house.LumaBytes() + y / 2 * chroma_width + x / 2;
    EXPECT_NEAR(unit.video[y * house.width + x], wanted.y, 2) << "Y of bar " << bar;
    EXPECT_NEAR(chroma[0], wanted.u, 2) << "U of bar " << bar;
    EXPECT_NEAR(chroma[house.ChromaBytes()], wanted.v, 2) << "V of bar " << bar;
  }
}

class ColourBars : public ::testing::TestWithParam<BarsCase> {};

TEST_P(ColourBars, AreExactWithinTwoLevelsInBothHouses) {
  const ClipFolder folder;
  const std::string clip = MakeBars(folder, GetParam());
  for (const auto& [house, weights] :
       {std::pair(SmallHouse({25, 1}, kWidth, kHeight), kBt601), {SmallHouse({25, 1}, 960, 720), kBt709}}) {
    ProducerRequest request = RequestFor(clip, house);
    request.aspect_policy = AspectPolicy::kStretch;
    const std::vector<PlayedUnit> units = Play(request, 1);
    ASSERT_EQ(units.size(), 1u);
    SCOPED_TRACE(house.height);
    ExpectBars(units[0], house, weights);
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryKind, ColourBars,
    ::testing::Values(BarsCase{"Bt601", kBt601, "smpte170m", false, "yuv420p", 8, 1, 1},
                      BarsCase{"Bt601Pal", kBt601, "bt470bg", false, "yuv420p", 8, 1, 1},
                      BarsCase{"Bt601Full", kBt601, "smpte170m", true, "yuv420p", 8, 1, 1},
                      BarsCase{"Bt709", kBt709, "bt709", false, "yuv420p", 8, 1, 1},
                      BarsCase{"Bt709Full", kBt709, "bt709", true, "yuv420p", 8, 1, 1},
                      BarsCase{"SmallAndUnspecified", kBt601, nullptr, false, "yuv420p", 8, 1, 1},
                      BarsCase{"Bt709In422", kBt709, "bt709", false, "yuv422p", 8, 1, 0},
                      BarsCase{"Bt709In444Full", kBt709, "bt709", true, "yuv444p", 8, 0, 0},
                      BarsCase{"Bt601In411", kBt601, "smpte170m", false, "yuv411p", 8, 2, 0},
                      BarsCase{"Bt709In422Of10Bits", kBt709, "bt709", false, "yuv422p10le", 10, 1, 0},
                      BarsCase{"Bt601FullOf10Bits", kBt601, "smpte170m", true, "yuv420p10le", 10, 1, 1},
                      BarsCase{"Bt709In444Of12Bits", kBt709, "bt709", false, "yuv444p12le", 12, 0, 0}),
    [](const auto& bars) { return std::string(bars.param.name); });

TEST(FileProducerColour, TakesPicturesOfRgbAndOfPalettes) {
  const ClipFolder folder;
  {
    std::ofstream file(folder.Path("bars.rgb"), std::ios::binary);
    for (int i = 0; i < kWidth * kHeight; ++i) {
      for (const double c : kBars[static_cast<size_t>(i % kWidth / kBarWidth)])
        file.put(static_cast<char>(std::lround(255 * c)));
    }
  }
  const std::string raw = "ffmpeg -nostdin -v error -y -f rawvideo -pix_fmt rgb24 -s " +
                          std::to_string(kWidth) + "x" + std::to_string(kHeight) + " -r 25 -i " +
                          folder.Path("bars.rgb") + " ";
  const HouseFormat house = SmallHouse({25, 1}, 960, 720);
  int n = 0;
  const std::string palette = "-vf \"split[a][b];[a]palettegen[p];[b][p]paletteuse=dither=none\" ";
  for (const std::string& options :
       std::vector<std::string>{"-c:v ffv1 -pix_fmt gbrp 0.mkv", "-c:v qtrle 1.mov",
                                palette + "-pix_fmt pal8 2.png", palette + "3.gif", "-pix_fmt rgb48be 4.png",
                                "-c:v libx264rgb -qp 0 5.mp4", "-pix_fmt rgba 6.png"}) {
    const size_t name = options.rfind(' ') == std::string::npos ? 0 : options.rfind(' ') + 1;
    const std::string clip = folder.Path(options.substr(name));
    RunCommand(raw + options.substr(0, name) + clip);
    ProducerRequest request = RequestFor(clip, house);
    request.aspect_policy = AspectPolicy::kStretch;
    const std::vector<PlayedUnit> units = Play(request, 1);
    ASSERT_EQ(units.size(), 1u) << options;
    SCOPED_TRACE(options);
    ExpectBars(units[0], house, kBt709);
    ++n;
  }
  EXPECT_EQ(n, 7);
}

TEST(FileProducerColour, ShowsBlackThroughTransparentPixels) {
  const ClipFolder folder;
  const std::string picture = folder.Path("glass.png");
  RunCommand("ffmpeg -nostdin -v error -y -f lavfi -i color=0xff8040@0.0:s=128x96,format=rgba -frames:v 1 " +
             picture);
  const std::vector<PlayedUnit> units = Play(RequestFor(picture, SmallHouse({25, 1})), 1);
  ASSERT_EQ(units.size(), 1u);
  EXPECT_NEAR(units[0].video[5000], 16, 1);
  EXPECT_NEAR(units[0].video[128 * 96 + 1000], 128, 1);
}

// The luma that a patch of PQ (SMPTE ST 2084) code becomes.
int SdrOfPq(const ClipFolder& folder, int code) {
  {
    std::ofstream file(folder.Path("patch.yuv"), std::ios::binary);
    for (int i = 0; i < 128 * 96 * 3 / 2; ++i) {
      const int sample = i < 128 * 96 ? code : 512;
      file.put(static_cast<char>(sample));
      file.put(static_cast<char>(sample >> 8));
    }
  }
  const std::string clip = folder.Path("patch.mp4");
  RunCommand(
      "ffmpeg -nostdin -v error -y -f rawvideo -pix_fmt yuv420p10le -s 128x96 -r 25 -i " +
      folder.Path("patch.yuv") +
      " -vf setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084 -c:v libx265 "
      "-x265-params log-level=error:lossless=1 " +
      clip);
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse({25, 1}, 960, 720)), 1);
  return units.empty() ? -1 : units[0].video[360 * 960 + 480];
}

// Codes of 0, 26, 203 and 1000 cd/m2. Diffuse white stays a bright white and does not eat up what is
// brighter; the middle grey of HDR comes out as that of SDR does.
TEST(FileProducerColour, MapsHdrIntoTheRangeOfAnSdrReceiver) {
  const ClipFolder folder;
  const int black = SdrOfPq(folder, 64), grey = SdrOfPq(folder, 397), white = SdrOfPq(folder, 573),
            highlight = SdrOfPq(folder, 723);
  EXPECT_NEAR(black, 16, 1);
  EXPECT_NEAR(grey, 16 + 219 * std::pow(26.0 / 203, 1 / 2.4), 3);
  EXPECT_GT(white, 185);
  EXPECT_LT(white, 222);
  EXPECT_GT(highlight, white + 10);
  EXPECT_LE(highlight, 236);
}

}  // namespace
}  // namespace air
