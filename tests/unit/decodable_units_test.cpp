#include "tests/support/decodable_units.h"

#include <gtest/gtest.h>

#include "tests/unit/ts_analyser_fixture.h"

namespace air::analyser {
namespace {

TEST(DecodableUnits, AreThereWithTheirLastByteAndNotBefore) {
  const Bytes stream = MakeStream("25");
  const DecodableUnits all = FindDecodableUnits(stream);
  EXPECT_EQ(all.pictures.size(), 74u);  // the last of 75 has no end that could be seen
  EXPECT_GT(all.sounds.size(), 100u);
  EXPECT_EQ(all.refused, 0);
  for (size_t k : {0u, 10u, 50u}) {
    const size_t bytes = all.pictures[k].bytes;
    EXPECT_LE(FindDecodableUnits(std::span(stream).first(bytes - 1)).pictures.size(), k);
    // The first packet of the next picture tells that it was whole.
    const size_t next = all.pictures[k + 1].bytes;
    EXPECT_GE(FindDecodableUnits(std::span(stream).first(next)).pictures.size(), k + 1);
  }
  EXPECT_EQ(FindDecodableUnits(stream, 3).pictures.size(), 3u);
}

TEST(DecodableUnits, AreNoneBeforeThePictureThatStandsAlone) {
  Bytes stream = MakeStream("25", "-g 25");
  const DecodableUnits all = FindDecodableUnits(stream);
  stream.erase(stream.begin(), stream.begin() + static_cast<ptrdiff_t>(all.pictures[4].bytes));
  const DecodableUnits rest = FindDecodableUnits(stream);
  EXPECT_GT(rest.refused, 10);
  ASSERT_FALSE(rest.pictures.empty());
  EXPECT_EQ(rest.pictures.front().pts, all.pictures[25].pts);
}

}  // namespace
}  // namespace air::analyser
