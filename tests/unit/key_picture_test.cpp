#include "stages/decoder/media/key_picture.h"

#include <gtest/gtest.h>

#include <vector>

namespace air {
namespace {

using Bytes = std::vector<uint8_t>;

TEST(KeyPicture, OfMpeg4IsNoPacketThatIsEmpty) {
  EXPECT_TRUE(IsFalseKey(AV_CODEC_ID_MPEG4, Bytes{0, 0, 1, 0xb6, 0x51, 0x80}));
  EXPECT_FALSE(IsFalseKey(AV_CODEC_ID_MPEG4, Bytes(600)));
}

TEST(KeyPicture, OfVc1HasAHeaderBeforeItWhereThereAreStartCodes) {
  EXPECT_TRUE(IsFalseKey(AV_CODEC_ID_VC1, Bytes{0, 0, 1, 0x0d, 0x13, 0x17, 0x54}));
  EXPECT_FALSE(IsFalseKey(AV_CODEC_ID_VC1, Bytes{0, 0, 1, 0x0e, 0x5a, 0x00, 0x40}));
  EXPECT_FALSE(IsFalseKey(AV_CODEC_ID_VC1, Bytes{0, 0, 1, 0x0f, 0xcb, 0x84, 0x07}));
  EXPECT_FALSE(IsFalseKey(AV_CODEC_ID_VC1, Bytes{0xc1, 0x17, 0x54}));
}

TEST(KeyPicture, IsBelievedOfEveryOtherCodec) {
  EXPECT_FALSE(IsFalseKey(AV_CODEC_ID_H264, Bytes{0, 0, 1, 0x0d, 0x13}));
  EXPECT_FALSE(IsFalseKey(AV_CODEC_ID_MPEG2VIDEO, Bytes{}));
}

}  // namespace
}  // namespace air
