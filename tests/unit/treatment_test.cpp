#include "stages/decoder/dress/treatment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "media/house_time.h"

namespace air {
namespace {

HouseFormat House(FrameRate rate = {25, 1}) {
  HouseFormat house;
  house.width = 32;
  house.height = 16;
  house.rate = rate;
  return house;
}

std::vector<uint8_t> PictureOf(const Treatment& treatment, int64_t unit, uint8_t luma = 216) {
  const HouseFormat house = House();
  std::vector<uint8_t> picture(house.VideoBytes(), 228);
  std::fill_n(picture.begin(), house.LumaBytes(), luma);
  treatment.TreatPicture(UnitIndex(unit), picture);
  return picture;
}

// The sound of units [first, first + count) of a constant, left channel, without the look-ahead.
std::vector<int16_t> SoundOf(const TreatmentSpec& spec, int64_t first, int64_t count,
                             int16_t constant = 10000, int64_t skip = 0, FrameRate rate = {25, 1},
                             int64_t last = -1) {
  const HouseFormat house = House(rate);
  const Treatment treatment(spec, house, skip);
  std::vector<int16_t> line;
  for (int64_t i = first; i < first + count; ++i) {
    std::vector<int16_t> samples(size_t{HouseTime(house).SamplesOf(UnitIndex(i))} * 2, constant);
    treatment.TreatSound(UnitIndex(i), samples, i == last);
    for (size_t s = 0; s + 2 < samples.size(); s += 2) line.push_back(samples[s]);
  }
  return line;
}

TEST(Treatment, OfNothingChangesNothing) {
  const Treatment none({}, House(), 0);
  EXPECT_TRUE(none.is_none());
  EXPECT_EQ(PictureOf(none, 0)[0], 216);
  EXPECT_EQ(SoundOf({}, 0, 1), std::vector<int16_t>(1920, 10000));
}

// Late content runs past its end, and is cut by the fence; a segment may go on there.
TEST(Treatment, WithoutFadesShowsEveryUnitBeforeAndBehindItsSegmentToo) {
  const Treatment joins({.segment_units = 10, .soft_joins = true}, House(), 0);
  for (const int64_t unit : {0, 1, 9, 10, 25}) {
    EXPECT_EQ(PictureOf(joins, unit)[0], 216) << unit;
    EXPECT_FALSE(joins.ChangesAt(UnitIndex(unit))) << unit;
  }
  EXPECT_EQ(SoundOf({.segment_units = 10, .soft_joins = true}, 9, 1).back(), 10000);
  EXPECT_EQ(SoundOf({.segment_units = 10, .soft_joins = true}, 12, 1)[700], 10000);
}

TEST(Treatment, FadesThePictureInFromBlackExactlyToTheFrame) {
  const Treatment treatment({.segment_units = 100, .fade_in_units = 4}, House(), 0);
  EXPECT_EQ(PictureOf(treatment, 0)[0], 16);
  EXPECT_EQ(PictureOf(treatment, 0).back(), 128);
  EXPECT_EQ(PictureOf(treatment, 1)[0], 16 + 50);
  EXPECT_EQ(PictureOf(treatment, 2)[0], 16 + 100);
  EXPECT_EQ(PictureOf(treatment, 2).back(), 128 + 50);
  EXPECT_EQ(PictureOf(treatment, 3)[0], 16 + 150);
  EXPECT_EQ(PictureOf(treatment, 4)[0], 216);
  EXPECT_TRUE(treatment.ChangesAt(UnitIndex(4)));
  EXPECT_FALSE(treatment.ChangesAt(UnitIndex(5)));
}

TEST(Treatment, FadesThePictureOutSoThatTheLastFrameIsBlack) {
  const Treatment treatment({.segment_units = 100, .fade_out_units = 4}, House(), 0);
  EXPECT_EQ(PictureOf(treatment, 95)[0], 216);
  EXPECT_EQ(PictureOf(treatment, 96)[0], 16 + 150);
  EXPECT_EQ(PictureOf(treatment, 98)[0], 16 + 50);
  EXPECT_EQ(PictureOf(treatment, 99)[0], 16);
}

TEST(Treatment, CountsFromTheSeamAlsoForWhoJoinsInTheMiddle) {
  const Treatment joined({.segment_units = 100, .fade_in_units = 4, .fade_out_units = 4}, House(),
                         /*skip=*/2);
  EXPECT_EQ(PictureOf(joined, 0)[0], 16 + 100);
  EXPECT_EQ(PictureOf(joined, 2)[0], 216);
  EXPECT_EQ(PictureOf(joined, 97)[0], 16);
}

TEST(Treatment, FadesSoundSampleBySampleOverTheSameFrames) {
  const std::vector<int16_t> in = SoundOf({.fade_in_units = 5}, 0, 10);
  for (size_t s = 0; s < in.size(); ++s) {
    ASSERT_NEAR(in[s], std::min(10000.0, 10000.0 * static_cast<double>(s) / 9600), 1) << s;
  }
  const std::vector<int16_t> out = SoundOf({.segment_units = 10, .fade_out_units = 5}, 0, 10);
  for (size_t s = 0; s < out.size(); ++s) {
    ASSERT_NEAR(out[s], std::min(10000.0, 10000.0 * static_cast<double>(19200 - s) / 9600), 1) << s;
  }
}

TEST(Treatment, JoinsWithoutAClickInFiveMilliseconds) {
  const std::vector<int16_t> line =
      SoundOf({.segment_units = 10, .soft_joins = true}, 0, 10, 10000, /*skip=*/0, {25, 1}, /*last=*/9);
  EXPECT_EQ(line[0], 0);
  EXPECT_EQ(line[120], 5000);
  EXPECT_EQ(line[240], 10000);
  EXPECT_EQ(line[19200 - 240], 10000);
  EXPECT_NEAR(line[19199], 10000 / 240, 1);
  for (size_t s = 1; s < line.size(); ++s) ASSERT_LE(std::abs(line[s] - line[s - 1]), 43) << s;
}

TEST(Treatment, JoinsWithoutAClickWhereItBeginsInTheMiddleAndWhereTheAssetEnds) {
  const std::vector<int16_t> line =
      SoundOf({.segment_units = 100, .soft_joins = true}, 0, 10, 10000, /*skip=*/50, {25, 1}, /*last=*/9);
  EXPECT_EQ(line[0], 0);
  EXPECT_EQ(line[240], 10000);
  EXPECT_EQ(line[19200 - 240], 10000);
  EXPECT_NEAR(line[19199], 10000 / 240, 1);
}

// A decoder that takes over makes the samples its predecessor would have made.
TEST(Treatment, IsAFunctionOfTheUnitAtEveryRate) {
  const TreatmentSpec spec{
      .gain_db = -3, .segment_units = 40, .fade_in_units = 11, .fade_out_units = 13, .soft_joins = true};
  for (const FrameRate rate : {FrameRate{30000, 1001}, {24000, 1001}, {60000, 1001}}) {
    const std::vector<int16_t> whole = SoundOf(spec, 0, 40, 20000, 0, rate);
    const std::vector<int16_t> rest = SoundOf(spec, 17, 23, 20000, 0, rate);
    ASSERT_TRUE(std::equal(rest.rbegin(), rest.rend(), whole.rbegin()));
    // No step at a unit's border: the steepest is that of the joins.
    for (size_t s = 1; s < whole.size(); ++s) ASSERT_LE(std::abs(whole[s] - whole[s - 1]), 60) << s;
  }
}

TEST(Treatment, GivesTheGainInDecibels) {
  EXPECT_NEAR(SoundOf({.gain_db = -6.0206}, 0, 1)[500], 5000, 1);
  EXPECT_NEAR(SoundOf({.gain_db = 6.0206}, 0, 1)[500], 20000, 1);
}

TEST(Treatment, BendsPeaksInsteadOfCuttingThemOff) {
  int16_t before = 0;
  for (int level = 2000; level <= 16000; level += 500) {
    const int16_t louder = SoundOf({.gain_db = 12.0412}, 0, 1, static_cast<int16_t>(level))[500];
    EXPECT_GE(louder, before) << level;
    EXPECT_LE(louder, 32767) << level;
    before = louder;
  }
  // 6 dB too loud is not yet flat.
  EXPECT_LT(SoundOf({.gain_db = 12.0412}, 0, 1, 8500)[500], SoundOf({.gain_db = 12.0412}, 0, 1, 9500)[500]);
}

}  // namespace
}  // namespace air
