// The house format: what is accepted, and that a refusal says which field, what it was and what would do.
#include "media/house_format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace air {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr HouseFormat kGood{.width = 1280, .height = 720, .rate = {30000, 1001}};

TEST(HouseFormat, AcceptsTheEightBroadcastRates) {
  const struct {
    const char* text;
    FrameRate rate;
  } rates[] = {{"24000/1001", {24000, 1001}},
               {"24/1", {24, 1}},
               {"25", {25, 1}},
               {"30000/1001", {30000, 1001}},
               {"30", {30, 1}},
               {"50/1", {50, 1}},
               {"60/1", {60, 1}},
               {"60000/1001", {60000, 1001}}};
  for (const auto& [text, rate] : rates) {
    const absl::StatusOr<FrameRate> parsed = ParseFrameRate(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, rate);
    EXPECT_EQ(*ParseFrameRate(ToString(rate)), rate) << "written and read again";
    HouseFormat format = kGood;
    format.rate = rate;
    EXPECT_TRUE(Validate(format).ok()) << text;
  }
}

TEST(HouseFormat, ReducesARateToItsHouseForm) {
  EXPECT_EQ(*ParseFrameRate("50/2"), (FrameRate{25, 1}));
  EXPECT_EQ(*ParseFrameRate("60000/2002"), (FrameRate{30000, 1001}));
}

TEST(HouseFormat, RefusesOtherRatesNamingTheTextAndTheRatesThereAre) {
  for (const char* text : {"", "29.97", "23", "120", "0", "0/0", "25/0", "-25", "25/1/1", "30000/1002", "/",
                           "25/", "fps", "99999999999999999999"}) {
    const absl::StatusOr<FrameRate> parsed = ParseFrameRate(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(parsed.status().message()),
                AllOf(HasSubstr("video.frame_rate"), HasSubstr("\"" + std::string(text) + "\""),
                      HasSubstr("30000/1001")));
  }
  EXPECT_LT(ParseFrameRate(std::string(100'000, '9')).status().message().size(), 300u) << "quotes no novel";
}

TEST(HouseFormat, NamesTheFieldItRefuses) {
  const struct {
    const char* field;
    const char* value;
    HouseFormat format;
  } refusals[] = {
      {"video.width", "0", {.width = 0, .height = 720, .rate = {25, 1}}},
      {"video.width", "14", {.width = 14, .height = 720, .rate = {25, 1}}},
      {"video.width", "1281", {.width = 1281, .height = 720, .rate = {25, 1}}},
      {"video.width", "4098", {.width = 4098, .height = 720, .rate = {25, 1}}},
      {"video.height", "719", {.width = 1280, .height = 719, .rate = {25, 1}}},
      {"video.height", "2306", {.width = 1280, .height = 2306, .rate = {25, 1}}},
      {"video.frame_rate", "15/1", {.width = 1280, .height = 720, .rate = {15, 1}}},
      {"video.frame_rate", "0/0", {.width = 1280, .height = 720, .rate = {0, 0}}},
      {"audio.sample_rate", "44100", {.width = 1280, .height = 720, .rate = {25, 1}, .sample_rate = 44100}},
      {"audio.channels", "6", {.width = 1280, .height = 720, .rate = {25, 1}, .channels = 6}},
  };
  for (const auto& [field, value, format] : refusals) {
    const absl::Status status = Validate(format);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << field;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(field), HasSubstr(value)));
  }
}

TEST(HouseFormat, AcceptsTheSizesAtItsBorders) {
  EXPECT_TRUE(Validate({.width = 16, .height = 16, .rate = {25, 1}}).ok());
  EXPECT_TRUE(Validate({.width = 4096, .height = 2304, .rate = {25, 1}}).ok());
}

TEST(HouseFormat, SizesOfItsPlanesAndUnits) {
  EXPECT_EQ(kGood.LumaBytes(), 921'600u);
  EXPECT_EQ(kGood.ChromaBytes(), 230'400u);
  EXPECT_EQ(kGood.VideoBytes(), 1'382'400u);
  EXPECT_EQ(kGood.BytesPerSample(), 4u);
  EXPECT_EQ(kGood.MaxUnitSamples(), 1603u);  // 1602 in the longer ticks, and one of look-ahead
  EXPECT_EQ((HouseFormat{.width = 16, .height = 16, .rate = {25, 1}}).MaxUnitSamples(), 1921u);
  EXPECT_TRUE(kGood.IsBt709());
  EXPECT_FALSE((HouseFormat{.width = 720, .height = 576, .rate = {25, 1}}).IsBt709());
}

TEST(HouseFormat, EachFieldChangesTheHash) {
  HouseFormat width = kGood, height = kGood, num = kGood, den = kGood, rate = kGood, channels = kGood;
  width.width += 2;
  height.height += 2;
  num.rate.num = 60000;
  den.rate.den = 1;
  rate.sample_rate = 44100;
  channels.channels = 1;
  HouseFormat turned = kGood;
  std::swap(turned.width, turned.height);
  const std::set<uint64_t> hashes = {kGood.Hash(), width.Hash(), height.Hash(),   num.Hash(),
                                     den.Hash(),   rate.Hash(),  channels.Hash(), turned.Hash()};
  EXPECT_EQ(hashes.size(), 8u);
  EXPECT_EQ(kGood.Hash(), HouseFormat(kGood).Hash());
}

}  // namespace
}  // namespace air
