// Captions on their way: from an asset's pictures to the units, and from the program into the stream.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "stages/decoder/caption_line.h"
#include "stages/decoder/test_pattern.h"
#include "stages/encoder/video_encoder.h"
#include "tests/support/captioned_clip.h"
#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

using Bytes = std::vector<uint8_t>;

// Both fields of line 21 and two bytes of 708 that tell the picture's number. Parity is not looked at.
Bytes NumberedCaptions(int64_t k) {
  const auto low = static_cast<uint8_t>(0x20 + k % 0x50), high = static_cast<uint8_t>(0x20 + k / 0x50);
  return {0xfc, low, high, 0xfd, high, low, 0xff, 0x02, low, 0xfe, high, 0x00, 0xfa, 0x00, 0x00};
}

HouseFormat HouseOf(FrameRate rate) { return SmallHouse(rate, 320, 180); }

std::string CaptionedFile(const ClipFolder& folder, FrameRate rate, int64_t pictures,
                          const CaptionsOf& captions, const std::string& name = "clip.mp4") {
  EXPECT_TRUE(WriteCaptionedClip(folder.Path(name), HouseOf(rate), pictures, captions));
  return folder.Path(name);
}

TEST(Captions, GoOutWithThePictureTheyCameWith) {
  const ClipFolder folder;
  constexpr FrameRate kNtsc{30000, 1001};
  for (const char* name : {"clip.mp4", "clip.ts", "clip.mkv"}) {
    const std::string clip = CaptionedFile(folder, kNtsc, 90, NumberedCaptions, name);
    // In-points between pictures, and behind a key picture.
    for (const int64_t in_point_ms : {0, 1, 1'234}) {
      const std::vector<PlayedUnit> units = Play(RequestFor(clip, HouseOf(kNtsc), in_point_ms), 50);
      ASSERT_EQ(units.size(), 50u);
      const int64_t first = (in_point_ms * 30000 + 1001 * 500) / (1001 * 1000);
      for (int64_t i = 0; i < 50; ++i) {
        const Bytes& got = units[static_cast<size_t>(i)].captions;
        EXPECT_EQ(Meaningful(got), Meaningful(NumberedCaptions(first + i)))
            << name << in_point_ms << "+" << i;
        EXPECT_EQ(got.size(), 60u) << "20 triplets are 9600 bit/s";
      }
    }
  }
}

TEST(Captions, AreTheSameForAProducerThatTakesOver) {
  const ClipFolder folder;
  constexpr FrameRate kNtsc{30000, 1001};
  ProducerRequest request =
      RequestFor(CaptionedFile(folder, kNtsc, 90, NumberedCaptions), HouseOf(kNtsc), 100);
  const std::vector<PlayedUnit> straight = Play(request, 100);
  for (const int64_t first : {1, 29, 30, 57}) {
    request.first_unit = UnitIndex(first);
    const std::vector<PlayedUnit> taken_over = Play(request, 5);
    ASSERT_EQ(taken_over.size(), 5u);
    for (size_t i = 0; i < 5; ++i)
      EXPECT_EQ(taken_over[i].captions, straight[static_cast<size_t>(first) + i].captions)
          << first << "+" << i;
  }
}

// All that was said, field by field, whatever became of the pictures.
Bytes Said(const std::vector<PlayedUnit>& units, int type) {
  Bytes said;
  for (const PlayedUnit& unit : units) {
    const Bytes captions = Meaningful(unit.captions);
    for (size_t at = 0; at < captions.size(); at += 3) {
      if ((captions[at] & 3) == type) said.insert(said.end(), {captions[at + 1], captions[at + 2]});
    }
  }
  return said;
}

TEST(Captions, LoseNothingAndKeepToTheLinesRateAtEveryOtherRate) {
  const ClipFolder folder;
  constexpr FrameRate kNtsc{30000, 1001};
  // A pair in two pictures of three, as speech has, and null pairs between.
  const auto captions = [](int64_t k) {
    return k % 3 == 2 ? Bytes{0xfc, 0x80, 0x80, 0xfd, 0x80, 0x80} : NumberedCaptions(k);
  };
  const std::string clip = CaptionedFile(folder, kNtsc, 120, captions);
  Bytes field_1, field_2, packets;
  for (int64_t k = 0; k < 120; ++k) {
    const Bytes each = Meaningful(captions(k));
    for (size_t at = 0; at < each.size(); at += 3) {
      Bytes& to = (each[at] & 3) == 0 ? field_1 : (each[at] & 3) == 1 ? field_2 : packets;
      to.insert(to.end(), {each[at + 1], each[at + 2]});
    }
  }
  for (const FrameRate rate : {FrameRate{24000, 1001}, {25, 1}, {30, 1}, {50, 1}, {60000, 1001}}) {
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, HouseOf(rate)), 1000);
    SCOPED_TRACE(ToString(rate));
    EXPECT_EQ(Said(units, 0), field_1);
    EXPECT_EQ(Said(units, 1), field_2);
    size_t pairs_in_a_row = 0;
    for (const PlayedUnit& unit : units) {
      const Bytes each = Meaningful(unit.captions);
      size_t pairs = 0;
      for (size_t at = 0; at < each.size(); at += 3) pairs += (each[at] & 3) == 0;
      pairs_in_a_row = std::max(pairs_in_a_row, pairs);
      EXPECT_LE(unit.captions.size() / 3, 600 * rate.den / rate.num);
    }
    EXPECT_LE(pairs_in_a_row, rate.num <= 25 * rate.den ? 2u : 1u);
  }
}

TEST(Captions, AreNothingWhereTheAssetHasNone) {
  const ClipFolder folder;
  const std::string clip = CaptionedFile(folder, {25, 1}, 20, [](int64_t) { return Bytes{}; });
  for (const PlayedUnit& unit : Play(RequestFor(clip, HouseOf({25, 1})), 20))
    EXPECT_TRUE(unit.captions.empty());
}

TEST(CaptionLine, IgnoresDamageAndForgetsWhatIsFarBehind) {
  CaptionLine line(HouseOf({30000, 1001}));
  line.Put(0, Bytes{0xfc});
  line.Put(1, Bytes{0xf8, 1, 2, 0xfa, 3, 4});  // not valid
  Bytes out(96);
  EXPECT_EQ(line.Take(UnitIndex(0), 5, out), 0u);
  for (int64_t k = 10; k < 1000; ++k) line.Put(k, Bytes{0xfc, 0x41, 0x42, 0xfc, 0x43, 0x44});
  int64_t units = 1;
  while (line.Take(UnitIndex(units), 1000, out) > 0) ++units;
  EXPECT_EQ(units - 1, 120);
}

// What the encoder codes, and a reader finds in its pictures.
std::vector<CaptionedPicture> ThroughTheEncoder(const ClipFolder& folder, int64_t from, int64_t to) {
  const HouseFormat house = HouseOf({30000, 1001});
  auto encoder = VideoEncoder::Open(house, {});
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  const TestPattern pattern(house, 0);
  Bytes picture(house.VideoBytes());
  std::ofstream file(folder.Path("out.h264"), std::ios::binary);
  for (int64_t k = from; k < to; ++k) {
    pattern.DrawPicture(k, picture);
    // Captions in two pictures of three, and more than there is room for in one.
    Bytes captions = k % 3 == 0 ? Bytes{} : NumberedCaptions(k);
    auto unit = (*encoder)->Encode(Tick(k), picture, k == from || k % 10 == 0, captions);
    EXPECT_TRUE(unit.ok()) << unit.status();
    file.write(reinterpret_cast<const char*>(unit->data()), static_cast<std::streamsize>(unit->size()));
  }
  file.close();
  return ReadCaptionedPictures(folder.Path("out.h264"));
}

TEST(VideoEncoderCaptions, StandInTheSeiOfTheirPictureAndOfNoOther) {
  const ClipFolder folder;
  const std::vector<CaptionedPicture> pictures = ThroughTheEncoder(folder, 0, 40);
  ASSERT_EQ(pictures.size(), 40u);
  for (int64_t k = 0; k < 40; ++k) {
    const CaptionedPicture& picture = pictures[static_cast<size_t>(k)];
    EXPECT_EQ(picture.counter, k);
    EXPECT_EQ(picture.captions, k % 3 == 0 ? Bytes{} : NumberedCaptions(k)) << k;
  }
}

TEST(VideoEncoderCaptions, AreThoseOfItsPictureForASuccessorToo) {
  const ClipFolder folder;
  const std::vector<CaptionedPicture> pictures = ThroughTheEncoder(folder, 23, 40);
  ASSERT_EQ(pictures.size(), 17u);
  for (size_t i = 0; i < pictures.size(); ++i) {
    const auto k = static_cast<int64_t>(23 + i);
    EXPECT_EQ(pictures[i].captions, k % 3 == 0 ? Bytes{} : NumberedCaptions(k)) << k;
  }
}

}  // namespace
}  // namespace air
