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

TEST(MediaTime, GivesATieToTheLaterPicture) {
  EXPECT_FALSE(LaterIsNearer({1, {1, 100}}, 0, 2, {1, 25}));
  EXPECT_TRUE(LaterIsNearer({2, {1, 100}}, 0, 2, {1, 25}));
  EXPECT_TRUE(LaterIsNearer({3, {1, 100}}, 0, 2, {1, 25}));
}

TEST(MediaTime, TreatsDistancesWithinOneTickOfARoundingContainerAsATie) {
  EXPECT_TRUE(LaterIsNearer({5, {1, 60}}, 2 * 67, 2 * 100,
                            kMs));  // 83.33 ms; the middle of the rounded stamps is 83.5
  EXPECT_FALSE(LaterIsNearer({82, kMs}, 2 * 67, 2 * 100, kMs));
  EXPECT_FALSE(LaterIsNearer({1, {1, 60}}, 0, 2 * 3003,
                             k90k));  // 16.667 ms before 16.683 ms, more than a tick of 11 us
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
