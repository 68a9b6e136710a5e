#include "stages/decoder/picture_fit.h"

#include <gtest/gtest.h>

extern "C" {
#include <libavutil/display.h>
}

namespace air {
namespace {

constexpr AVRational kSquare{1, 1};

PictureFit Fit(int width, int height, AVRational pixel = kSquare,
               Orientation turned = Orientation::kUpright) {
  return FitPreserving(width, height, pixel, turned, 1280, 720);
}

TEST(PictureFit, FillsAHouseOfTheSameShape) {
  EXPECT_EQ(Fit(1920, 1080), (PictureFit{1280, 720, 0, 0}));
  EXPECT_EQ(Fit(640, 360), (PictureFit{1280, 720, 0, 0}));
}

TEST(PictureFit, PutsBlackBesideANarrowPictureAndAboveAWideOne) {
  EXPECT_EQ(Fit(640, 480), (PictureFit{960, 720, 160, 0}));
  EXPECT_EQ(Fit(1920, 800), (PictureFit{1280, 534, 0, 92}));
}

TEST(PictureFit, RespectsTheShapeOfThePixels) {
  EXPECT_EQ(Fit(720, 576, {64, 45}), (PictureFit{1280, 720, 0, 0}));
  EXPECT_EQ(Fit(720, 576, {16, 15}), (PictureFit{960, 720, 160, 0}));
  EXPECT_EQ(Fit(640, 480, {0, 1}), (PictureFit{960, 720, 160, 0}));  // unknown: square
}

TEST(PictureFit, StandsAPhonesPictureUpright) {
  EXPECT_EQ(Fit(1920, 1080, kSquare, Orientation::kQuarterClockwise), (PictureFit{406, 720, 436, 0}));
}

TEST(PictureFit, KeepsAtLeastTwoPixelsOfAnAbsurdPicture) {
  EXPECT_EQ(Fit(10'000, 1), (PictureFit{1280, 2, 0, 358}));
  EXPECT_EQ(Fit(1, 10'000), (PictureFit{2, 720, 638, 0}));
  EXPECT_EQ(Fit(1, 1), (PictureFit{720, 720, 280, 0}));
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
  const int32_t zeros[9] = {};
  EXPECT_EQ(OrientationOf(zeros), Orientation::kUpright);
}

}  // namespace
}  // namespace air
