#include "stages/decoder/picture/picture_fit.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/display.h>
}

namespace air {
namespace {

constexpr AVRational kSquare{1, 1};

PictureFit FitBy(AspectPolicy policy, const SourceShape& source) {
  return FitPicture(policy, source, 1280, 720);
}

struct Place {
  int width, height, left, top;
  bool operator==(const Place&) const = default;
};

Place Fit(int width, int height, AVRational pixel = kSquare, Orientation turned = Orientation::kUpright) {
  const PictureFit fit = FitBy(AspectPolicy::kPreserve, {width, height, pixel, turned});
  EXPECT_EQ(fit.crop_width, width);
  EXPECT_EQ(fit.crop_height, height);
  return {fit.width, fit.height, fit.left, fit.top};
}

TEST(PictureFit, FillsAHouseOfTheSameShape) {
  EXPECT_EQ(Fit(1920, 1080), (Place{1280, 720, 0, 0}));
  EXPECT_EQ(Fit(640, 360), (Place{1280, 720, 0, 0}));
}

TEST(PictureFit, PutsBlackBesideANarrowPictureAndAboveAWideOne) {
  EXPECT_EQ(Fit(640, 480), (Place{960, 720, 160, 0}));
  EXPECT_EQ(Fit(1920, 800), (Place{1280, 534, 0, 92}));
}

TEST(PictureFit, RespectsTheShapeOfThePixels) {
  EXPECT_EQ(Fit(720, 576, {64, 45}), (Place{1280, 720, 0, 0}));
  EXPECT_EQ(Fit(720, 576, {16, 15}), (Place{960, 720, 160, 0}));
  EXPECT_EQ(Fit(640, 480, {0, 1}), (Place{960, 720, 160, 0}));  // unknown: square
}

TEST(PictureFit, StandsAPhonesPictureUpright) {
  EXPECT_EQ(Fit(1920, 1080, kSquare, Orientation::kQuarterClockwise), (Place{406, 720, 436, 0}));
}

TEST(PictureFit, CropsWhatIsTooMuchFromBothSides) {
  EXPECT_EQ(FitBy(AspectPolicy::kCrop, {1440, 1080}), (PictureFit{1440, 810, 0, 135, 1280, 720, 0, 0}));
  EXPECT_EQ(FitBy(AspectPolicy::kCrop, {1920, 800}), (PictureFit{1422, 800, 249, 0, 1280, 720, 0, 0}));
  EXPECT_EQ(FitBy(AspectPolicy::kCrop, {720, 576, {16, 15}}), (PictureFit{720, 432, 0, 72, 1280, 720, 0, 0}));
  // A phone's upright picture is cut above and below, which is left and right of what is coded.
  EXPECT_EQ(FitBy(AspectPolicy::kCrop, {1920, 1080, kSquare, Orientation::kQuarterClockwise}),
            (PictureFit{608, 1080, 656, 0, 1280, 720, 0, 0}));
  EXPECT_EQ(FitBy(AspectPolicy::kCrop, {10'000, 1}), (PictureFit{2, 1, 4999, 0, 1280, 720, 0, 0}));
}

TEST(PictureFit, StretchesAllOverTheHouse) {
  EXPECT_EQ(FitBy(AspectPolicy::kStretch, {720, 576, {16, 15}}),
            (PictureFit{720, 576, 0, 0, 1280, 720, 0, 0}));
}

TEST(PictureFit, KeepsAtLeastTwoPixelsOfAnAbsurdPicture) {
  EXPECT_EQ(Fit(10'000, 1), (Place{1280, 2, 0, 358}));
  EXPECT_EQ(Fit(1, 10'000), (Place{2, 720, 638, 0}));
  EXPECT_EQ(Fit(1, 1), (Place{720, 720, 280, 0}));
}

Orientation Turned(double clockwise) {
  int32_t matrix[9];
  av_display_rotation_set(matrix, clockwise);
  return OrientationOf(matrix);
}

TEST(PictureOrientation, ReadsQuarterTurnsAndMirrorsFromADisplayMatrix) {
  EXPECT_EQ(Turned(0), Orientation::kUpright);
  EXPECT_EQ(Turned(90), Orientation::kQuarterClockwise);
  EXPECT_EQ(Turned(-90), Orientation::kQuarterAnticlockwise);
  EXPECT_EQ(Turned(180), Orientation::kHalf);
  EXPECT_EQ(Turned(30), Orientation::kUpright);
  int32_t matrix[9];
  av_display_rotation_set(matrix, 0);
  av_display_matrix_flip(matrix, 1, 0);
  EXPECT_EQ(OrientationOf(matrix), Orientation::kMirrored);
  const auto plain = [](int32_t a, int32_t b, int32_t c, int32_t d) {
    constexpr int32_t kOne = 1 << 16;
    const int32_t turned[9] = {a * kOne, b * kOne, 0, c * kOne, d * kOne, 0, 0, 0, 1 << 30};
    return OrientationOf(turned);
  };
  EXPECT_EQ(plain(1, 0, 0, -1), Orientation::kUpsideDownMirrored);
  EXPECT_EQ(plain(0, 1, -1, 0), Orientation::kQuarterClockwise);
  EXPECT_EQ(plain(0, 1, 1, 0), Orientation::kTransposed);
  EXPECT_EQ(plain(0, -1, -1, 0), Orientation::kAntitransposed);
  const int32_t zeros[9] = {};
  EXPECT_EQ(OrientationOf(zeros), Orientation::kUpright);
}

TEST(PictureOrientation, ReadsTheEightNumbersOfAPhoto) {
  EXPECT_EQ(OrientationOfExif(1), Orientation::kUpright);
  EXPECT_EQ(OrientationOfExif(3), Orientation::kHalf);
  EXPECT_EQ(OrientationOfExif(5), Orientation::kTransposed);
  EXPECT_EQ(OrientationOfExif(6), Orientation::kQuarterClockwise);
  EXPECT_EQ(OrientationOfExif(8), Orientation::kQuarterAnticlockwise);
  EXPECT_EQ(OrientationOfExif(0), Orientation::kUpright);
  EXPECT_EQ(OrientationOfExif(9), Orientation::kUpright);
}

}  // namespace
}  // namespace air
