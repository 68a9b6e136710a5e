#include "stages/selector/still_producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air {
namespace {

using testing::Each;

constexpr HouseFormat kFormat{.width = 34, .height = 18, .rate = {30000, 1001}};

struct Planes {
  std::span<const uint8_t> y, u, v;
};

Planes PlanesOf(const StillProducer& still) {
  const auto picture = still.picture();
  return {picture.first(kFormat.LumaBytes()), picture.subspan(kFormat.LumaBytes(), kFormat.ChromaBytes()),
          picture.last(kFormat.ChromaBytes())};
}

TEST(PadProducer, IsBlackInLimitedRange) {
  const PadProducer pad(kFormat);
  ASSERT_EQ(pad.picture().size(), kFormat.VideoBytes());
  const Planes planes = PlanesOf(pad);
  EXPECT_THAT(planes.y, Each(16));
  EXPECT_THAT(planes.u, Each(128));
  EXPECT_THAT(planes.v, Each(128));
}

TEST(PadProducer, IsSilentForTheLongestUnitOfEveryHouseRate) {
  for (const char* rate : {"24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60"}) {
    HouseFormat format = kFormat;
    format.rate = ParseFrameRate(rate).value();
    const PadProducer pad(format);
    EXPECT_EQ(pad.sound().size(), size_t{format.MaxUnitSamples()} * format.channels) << rate;
    EXPECT_THAT(pad.sound(), Each(0)) << rate;
  }
}

TEST(SlateProducer, IsALegalPictureThatIsNotBlack) {
  const SlateProducer slate(kFormat);
  const Planes planes = PlanesOf(slate);
  EXPECT_THAT(planes.y, Each(testing::AllOf(testing::Gt(16), testing::Le(235))));
  EXPECT_THAT(planes.u, Each(testing::AllOf(testing::Ge(16), testing::Le(240))));
  EXPECT_THAT(planes.v, Each(testing::AllOf(testing::Ge(16), testing::Le(240))));
  EXPECT_NE(planes.y.front(), PadProducer(kFormat).picture().front());
}

TEST(SlateProducer, IsSilentToo) { EXPECT_THAT(SlateProducer(kFormat).sound(), Each(0)); }

}  // namespace
}  // namespace air
