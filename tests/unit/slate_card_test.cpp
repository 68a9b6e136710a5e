#include "shm/slate_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "stages/decoder/dress/slate_painter.h"
#include "stages/selector/still_producer.h"
#include "tests/support/numbered_clip.h"

namespace air {
namespace {

class SlateCardTest : public ::testing::Test {
 protected:
  SlateCardTest() {
    format_.width = 320;
    format_.height = 180;
    format_.rate = {.num = 25, .den = 1};
    memory_.resize(SlateCardBytes(format_));
  }
  std::span<uint8_t> canvas() { return SlateCardCanvas(memory_, format_); }

  HouseFormat format_;
  std::vector<std::byte> memory_;
};

TEST_F(SlateCardTest, IsThePlainColourUntilItIsDrawnAndTheDrawnPictureFromThenOn) {
  const SlateProducer slate(format_, memory_);
  const std::vector<uint8_t> before(slate.picture().begin(), slate.picture().end());
  EXPECT_EQ(before.front(), 40);
  std::fill(canvas().begin(), canvas().end(), uint8_t{77});
  EXPECT_TRUE(std::ranges::equal(slate.picture(), before)) << "half a card is never shown";
  PublishSlateCard(memory_, format_);
  EXPECT_TRUE(std::ranges::equal(slate.picture(), canvas()));
}

TEST_F(SlateCardTest, IsRefusedWhenItIsOfAnotherFormatOrTooShort) {
  PublishSlateCard(memory_, format_);
  HouseFormat other = format_;
  other.rate = {.num = 50, .den = 1};
  EXPECT_TRUE(ReadSlateCard(memory_, other).empty());
  EXPECT_TRUE(ReadSlateCard(std::span(memory_).first(memory_.size() - 1), format_).empty());
  EXPECT_FALSE(ReadSlateCard(memory_, format_).empty());
}

TEST_F(SlateCardTest, NamesTheChannelWithoutAnyFontOfTheMachine) {
  PaintPlainCard(format_, "AIR", "CHANNEL 7", canvas());
  const std::vector<uint8_t> one(canvas().begin(), canvas().end());
  EXPECT_GT(std::count(one.begin(), one.end(), 220), 100) << "no letters";
  PaintPlainCard(format_, "AIR", "CHANNEL 8", canvas());
  EXPECT_FALSE(std::ranges::equal(one, canvas())) << "every channel has its own";
}

TEST_F(SlateCardTest, ShowsAPictureFileFittedIntoTheHousePicture) {
  const ClipFolder folder;
  RunCommand("ffmpeg -nostdin -v error -f lavfi -i color=c=white:s=100x100 -frames:v 1 " +
             folder.Path("s.png"));
  FileProducer producer;
  ASSERT_TRUE(PaintFile(format_, folder.Path("s.png"), producer, canvas()).ok());
  EXPECT_EQ(canvas()[90 * 320 + 160], 235) << "white in the middle";
  EXPECT_EQ(canvas()[90 * 320 + 10], 16) << "a pillar beside it";
}

TEST_F(SlateCardTest, SaysWhatIsWrongWithItsFile) {
  FileProducer producer;
  EXPECT_THAT(std::string(PaintFile(format_, "/nowhere/slate.png", producer, canvas()).message()),
              ::testing::HasSubstr("/nowhere/slate.png"));
}

}  // namespace
}  // namespace air
