#include "stages/decoder/media/media_time.h"

#include <gtest/gtest.h>

namespace air {
namespace {

constexpr AVRational kMs{1, 1000};
constexpr AVRational k90k{1, 90000};

TEST(MediaTime, ConvertsBetweenTimeBasesWithFloorAndRoundOnBothSidesOfZero) {
  EXPECT_EQ(FloorTo({1999, kMs}, {1, 1}), 1);
  EXPECT_EQ(RoundTo({1999, kMs}, {1, 1}), 2);
  EXPECT_EQ(FloorTo({-1, kMs}, {1, 1}), -1);
  EXPECT_EQ(RoundTo({-1, kMs}, {1, 1}), 0);
  EXPECT_EQ(RoundTo({1500, kMs}, {1, 1}), 2);
  EXPECT_EQ(RoundTo({-1500, kMs}, {1, 1}), -1);
  EXPECT_EQ(RoundTo({1, {1001, 24000}}, k90k), 3754);
  EXPECT_EQ(FloorTo({INT64_MAX / 4, {1, 1}}, {1, 90000}), INT64_MAX / 4);  // saturates instead of wrapping
}

// A picture that stands for longer than a house frame comes up at the house frame nearest to its stamp.
TEST(MediaTime, APictureIsOnFromTheHouseFrameNearestToItsStamp) {
  for (const int64_t earlier : {0, 2 * 5000, 2 * 5940}) {  // however long the one before it has been on
    EXPECT_FALSE(LaterIsOn({5960, kMs}, {25, 1}, earlier, 2 * 6000, kMs));
    EXPECT_FALSE(LaterIsOn({5978, kMs}, {25, 1}, earlier, 2 * 6000, kMs));
    EXPECT_TRUE(LaterIsOn({5980, kMs}, {25, 1}, earlier, 2 * 6000, kMs)) << "a tie";
    EXPECT_TRUE(LaterIsOn({6000, kMs}, {25, 1}, earlier, 2 * 6000, kMs));
  }
}

TEST(MediaTime, OfPicturesNearerToEachOtherThanHouseFramesTheNearestIsOn) {
  constexpr FrameRate kHouse{10, 1};
  EXPECT_FALSE(LaterIsOn({1, {1, 100}}, kHouse, 0, 2, {1, 25}));
  EXPECT_TRUE(LaterIsOn({2, {1, 100}}, kHouse, 0, 2, {1, 25})) << "a tie";
  EXPECT_TRUE(LaterIsOn({3, {1, 100}}, kHouse, 0, 2, {1, 25}));
}

TEST(MediaTime, TreatsDistancesWithinOneTickOfARoundingContainerAsATie) {
  // 83.33 ms; the middle of the rounded stamps is 83.5.
  EXPECT_TRUE(LaterIsOn({5, {1, 60}}, {25, 1}, 2 * 67, 2 * 100, kMs));
  EXPECT_FALSE(LaterIsOn({82, kMs}, {25, 1}, 2 * 67, 2 * 100, kMs));
  // 16.667 ms before 16.683 ms, more than a tick of 11 us.
  EXPECT_FALSE(LaterIsOn({1, {1, 60}}, {25, 1}, 0, 2 * 3003, k90k));
  // From 24 to 60 a second the first picture's stamp, 41.67 ms, is between two house frames; the container says 42.
  EXPECT_TRUE(LaterIsOn({2, {1, 60}}, {60, 1}, 0, 2 * 42, kMs));
}

TEST(MediaTime, IsAsExactAfterTenHoursAsAtTheStart) {
  ProducerRequest request;
  request.format.rate = {30000, 1001};
  const UnitInstants instants(request);
  for (const int64_t i : {0, 1, 107'892, 1'078'921, 100'000'000}) {
    EXPECT_EQ(RoundTo(instants.Of(UnitIndex(i)), {1001, 30000}), i);
    EXPECT_EQ(FloorTo(instants.Of(UnitIndex(i)), {1001, 30000}), i);
  }
}

TEST(MediaTime, CountsUnitsFromTheInPointAndWhatWasSkipped) {
  ProducerRequest request;
  request.format.rate = {25, 1};
  request.in_point_ms = 1'001;
  request.skip_units = 10;
  EXPECT_EQ(RoundTo(UnitInstants(request).Of(UnitIndex(3)), kMs), 1'521);
}

}  // namespace
}  // namespace air
