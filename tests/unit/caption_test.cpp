// Captions on their way: from an asset's pictures to the units, and from the program into the stream.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "stages/decoder/pattern/test_pattern.h"
#include "stages/decoder/picture/caption_line.h"
#include "stages/decoder/program/decoder_stage.h"
#include "stages/encoder/codec/video_encoder.h"
#include "tests/support/captioned_clip.h"
#include "tests/support/effort.h"
#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"
#include "tests/support/ring_memory.h"

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

// A producer after the other into one ring, each killed in its nth unit: what the stages between an asset and
// its ring do when a decoder dies.
class MortalProducer : public FileProducer {
 public:
  explicit MortalProducer(int64_t lifetime) : left_(lifetime) {}
  absl::StatusOr<Rendered> Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) override {
    if (left_-- == 0) return absl::AbortedError("killed");
    return FileProducer::Render(i, out, info);
  }

 private:
  int64_t left_;
};

std::vector<Bytes> CaptionsInTheRing(const ProducerRequest& request, int64_t lifetime) {
  RingMemory ring({.format = request.format, .slot_count = 512});
  VirtualClock clock;
  absl::Status status;
  do {
    DecoderStage stage(clock, ring.View(), ring.page(), /*pid=*/1);
    MortalProducer producer(lifetime);
    status = stage.Run(producer, request, {}, [](uint64_t) {});
  } while (absl::IsAborted(status));
  EXPECT_TRUE(status.ok()) << status;
  std::vector<Bytes> captions;
  const RingView view = ring.View();
  for (uint64_t i = 0; i < view.writer().next; ++i) {
    const uint8_t* const side_data = view.side_data(i);
    captions.emplace_back(side_data, side_data + view.slot(i).meta.side_bytes);
  }
  return captions;
}

// Twice what line 21 can carry at 59.94, and 708 in bursts: there is always something that waits.
TEST(Captions, ThatWaitAreNotLostWhereADecoderDies) {
  const ClipFolder folder;
  const auto captions = [](int64_t k) {
    Bytes each = NumberedCaptions(k);
    for (int64_t n = 0; n < (k % 40 < 20 ? 24 : 0); ++n) {
      const Bytes more = {0xfe, static_cast<uint8_t>(k), static_cast<uint8_t>(n)};
      each.insert(n % 12 == 0 ? each.begin() : each.end(), more.begin(), more.end());
    }
    return each;
  };
  int number = 0;
  for (const FrameRate source : {FrameRate{30000, 1001}, {60000, 1001}}) {
    const std::string clip = CaptionedFile(folder, source, 150, captions);
    for (const FrameRate house : {FrameRate{24000, 1001}, {25, 1}, {30000, 1001}, {60000, 1001}}) {
      if (number++ % EveryNthIfSanitized(3) != 0) continue;
      SCOPED_TRACE(ToString(source) + " in " + ToString(house));
      const ProducerRequest request = RequestFor(clip, HouseOf(house), 333);
      const std::vector<Bytes> whole = CaptionsInTheRing(request, 1'000'000);
      ASSERT_GE(whole.size(), 50u);
      const std::vector<Bytes> pieces = CaptionsInTheRing(request, 11);
      ASSERT_EQ(pieces.size(), whole.size());
      for (size_t i = 0; i < whole.size(); ++i) ASSERT_EQ(pieces[i], whole[i]) << "unit " << i;
    }
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

TEST(CaptionLine, TakesUpNothingThatMakesNoSense) {
  const HouseFormat house = HouseOf({25, 1});
  CaptionLine full(house), empty(house);
  for (int64_t k = 0; k < 1000; ++k)
    full.Put(k, Bytes{0xfc, 0x41, 0x42, 0xfd, 0x43, 0x44, 0xff, 1, 2, 0xfe, 3, 4});
  Bytes out(96), kept(CaptionLine::kKeptBytes), rest(CaptionLine::kKeptBytes);
  full.Take(UnitIndex(0), 1000, out);
  full.Keep(kept);
  empty.TakeUp(kept);
  empty.Keep(rest);
  EXPECT_EQ(rest, kept) << "as much as is kept at most";
  for (const size_t size : {size_t{0}, size_t{1}, CaptionLine::kKeptBytes - 1}) {
    CaptionLine line(house);
    line.TakeUp(std::span(kept).first(size));
    EXPECT_EQ(line.Take(UnitIndex(0), 0, out), 0u) << size;
  }
  kept[1] = 0xff;
  CaptionLine line(house);
  line.TakeUp(kept);
  EXPECT_EQ(line.Take(UnitIndex(0), 0, out), 0u);
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
