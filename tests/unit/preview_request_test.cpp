#include "supervisor/plan/preview_request.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air {
namespace {

constexpr UtcMs kEpoch(1'000'000'000);

wire::LoadPreviewRequest Request(int64_t start_frame, int64_t count, int32_t num, int32_t den) {
  wire::LoadPreviewRequest request;
  request.set_asset_path("/a.mp4");
  request.set_start_frame(start_frame);
  request.set_frame_count(count);
  request.set_fps_numerator(num);
  request.set_fps_denominator(den);
  return request;
}

Preview At2997(const wire::LoadPreviewRequest& request) {
  EXPECT_TRUE(CheckPreview(request).ok()) << CheckPreview(request);
  return PreviewOf(request, HouseTime(HouseFormat{640, 360, {30000, 1001}, 48000, 2}), kEpoch);
}

TEST(PreviewRequest, CountsFramesOfTheHouseRateExactly) {
  for (const auto& [num, den] : {std::pair{30000, 1001}, std::pair{60000, 2002}}) {
    const Preview preview = At2997(Request(1'000'003, 77, num, den));
    EXPECT_EQ(preview.segment.skip_units, 1'000'003);
    EXPECT_EQ(preview.segment.in_point_ms, 0);
    EXPECT_EQ(preview.ticks, 77);
  }
}

TEST(PreviewRequest, TakesFramesOfAnotherRateForTheInstantsTheyAre) {
  const Preview preview = At2997(Request(24, 24, 24, 1));
  EXPECT_EQ(preview.segment.skip_units, 0);
  EXPECT_EQ(preview.segment.in_point_ms, 1000);
  EXPECT_EQ(preview.ticks, 30) << "a second is 29.97 ticks, the last one begun";
  EXPECT_EQ(At2997(Request(1, -1, 24000, 1001)).segment.in_point_ms, 42) << "41.7 ms";
}

TEST(PreviewRequest, AddsItsOffsetAndEndsWithItsAssetUnlessToldOtherwise) {
  wire::LoadPreviewRequest request = Request(30, -1, 30000, 1001);
  request.set_start_offset_ms(2500);
  Preview preview = At2997(request);
  EXPECT_EQ(preview.segment.in_point_ms, 2500);
  EXPECT_EQ(preview.segment.skip_units, 30);
  EXPECT_FALSE(preview.ticks.has_value());
  EXPECT_FALSE(preview.hard_stop.has_value());
  request.set_hard_stop_time_ms(kEpoch.value() + 1001);
  EXPECT_EQ(At2997(request).hard_stop, Tick(30));
}

TEST(PreviewRequest, OverflowsNowhereInWhatItAccepts) {
  wire::LoadPreviewRequest request = Request(int64_t{1} << 32, int64_t{1} << 32, 1, 1'000'000);
  EXPECT_GT(At2997(request).segment.in_point_ms, 0);
  EXPECT_GT(*At2997(request).ticks, 0);
  request.set_start_frame((int64_t{1} << 32) + 1);
  EXPECT_FALSE(CheckPreview(request).ok());
}

}  // namespace
}  // namespace air
