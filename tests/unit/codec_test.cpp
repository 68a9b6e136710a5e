// The codecs of a sink: one picture in, its access unit out; sound on one absolute grid, whichever codec makes it.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

#include "media/house_time.h"
#include "stages/encoder/codec/audio_encoder.h"
#include "stages/encoder/codec/avc_level.h"
#include "stages/encoder/codec/codec_ptr.h"
#include "stages/encoder/codec/vbv_account.h"
#include "stages/encoder/codec/video_encoder.h"
#include "tests/support/h264_access_unit.h"

namespace air {
namespace {

using Bytes = std::vector<uint8_t>;

// ---- pictures

constexpr HouseFormat kHouse{.width = 320, .height = 180, .rate = {25, 1}};

// A moving gradient with some noise, so that every picture costs bits.
Bytes Picture(int64_t n, const HouseFormat& house = kHouse) {
  Bytes picture(house.VideoBytes(), 128);
  uint32_t noise = static_cast<uint32_t>(n) * 2654435761u + 1;
  for (uint32_t y = 0; y < house.height; ++y) {
    for (uint32_t x = 0; x < house.width; ++x) {
      noise = noise * 1664525 + 1013904223;
      picture[y * house.width + x] = static_cast<uint8_t>(16 + (x + y + 3 * n + (noise >> 29)) % 200);
    }
  }
  return picture;
}

struct Nal {
  int type;
  std::span<const uint8_t> bytes;  // behind the start code
};

std::vector<Nal> NalsOf(std::span<const uint8_t> unit) {
  std::vector<size_t> begins;
  for (size_t i = 0; i + 3 < unit.size(); ++i) {
    if (unit[i] == 0 && unit[i + 1] == 0 && unit[i + 2] == 1) begins.push_back(i + 3);
  }
  std::vector<Nal> nals;
  for (size_t i = 0; i < begins.size(); ++i) {
    const size_t end = i + 1 < begins.size() ? begins[i + 1] - 3 : unit.size();
    nals.push_back({unit[begins[i]] & 0x1F, unit.subspan(begins[i], end - begins[i])});
  }
  return nals;
}

constexpr int kSlice = 1, kIdrSlice = 5, kSps = 7, kPps = 8, kDelimiter = 9;

bool Has(const std::vector<Nal>& nals, int type) {
  return std::any_of(nals.begin(), nals.end(), [type](const Nal& n) { return n.type == type; });
}

std::unique_ptr<VideoEncoder> OpenVideo(const EncoderSettings& settings = {},
                                        const HouseFormat& house = kHouse) {
  auto encoder = VideoEncoder::Open(house, settings);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  return encoder.ok() ? *std::move(encoder) : nullptr;
}

Bytes EncodePicture(VideoEncoder& encoder, int64_t tick, bool idr, const HouseFormat& house = kHouse) {
  auto unit = encoder.Encode(Tick(tick), Picture(tick, house), idr);
  EXPECT_TRUE(unit.ok()) << unit.status();
  return unit.ok() ? Bytes(unit->begin(), unit->end()) : Bytes{};
}

struct Decoded {
  int64_t pts;
  bool key;
  char type;
  AVColorSpace space;
  AVColorRange range;
  int profile;
  Bytes luma;
};

Bytes LumaOf(const AVFrame& frame) {
  Bytes luma;
  for (int y = 0; y < frame.height; ++y) {
    const uint8_t* line = frame.data[0] + ptrdiff_t{y} * frame.linesize[0];
    luma.insert(luma.end(), line, line + frame.width);
  }
  return luma;
}

double Psnr(const Bytes& a, const Bytes& b) {
  double squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double error = static_cast<double>(a[i]) - static_cast<double>(b[i]);
    squares += error * error;
  }
  return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / std::max(squares, 1e-9));
}

std::vector<Decoded> DecodePictures(const std::vector<Bytes>& units, int64_t first_pts) {
  CodecContextPtr decoder(avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_H264)));
  decoder->thread_count = 1;
  EXPECT_EQ(avcodec_open2(decoder.get(), nullptr, nullptr), 0);
  CodecPacketPtr packet(av_packet_alloc());
  CodecFramePtr frame(av_frame_alloc());
  std::vector<Decoded> pictures;
  auto take = [&] {
    while (avcodec_receive_frame(decoder.get(), frame.get()) == 0) {
      pictures.push_back({frame->pts, frame->key_frame != 0, av_get_picture_type_char(frame->pict_type),
                          frame->colorspace, frame->color_range, decoder->profile, LumaOf(*frame)});
    }
  };
  for (size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(av_new_packet(packet.get(), static_cast<int>(units[i].size())), 0);
    std::memcpy(packet->data, units[i].data(), units[i].size());
    packet->pts = packet->dts = first_pts + static_cast<int64_t>(i);
    EXPECT_EQ(avcodec_send_packet(decoder.get(), packet.get()), 0);
    av_packet_unref(packet.get());
    take();
  }
  EXPECT_EQ(avcodec_send_packet(decoder.get(), nullptr), 0);
  take();
  return pictures;
}

TEST(VideoEncoder, ReturnsEachPictureAtOnceWithIdrPicturesWhereTheyWereAskedForAndNowhereElse) {
  auto encoder = OpenVideo();
  ASSERT_NE(encoder, nullptr);
  std::vector<Bytes> units;
  for (int64_t tick = 1000; tick < 1100; ++tick) {
    const bool idr = tick % 25 == 0;
    units.push_back(EncodePicture(*encoder, tick, idr));
    const std::vector<Nal> nals = NalsOf(units.back());
    ASSERT_FALSE(nals.empty()) << tick;
    EXPECT_EQ(nals.front().type, kDelimiter) << tick;
    EXPECT_EQ(Has(nals, kIdrSlice), idr) << tick;
    EXPECT_EQ(Has(nals, kSlice), !idr) << tick;
    EXPECT_EQ(Has(nals, kSps) && Has(nals, kPps), idr) << tick;
  }
  const std::vector<Decoded> pictures = DecodePictures(units, 1000);
  ASSERT_EQ(pictures.size(), 100u);
  for (size_t i = 0; i < pictures.size(); ++i) {
    EXPECT_EQ(pictures[i].pts, 1000 + static_cast<int64_t>(i)) << "not reordered";
    EXPECT_NE(pictures[i].type, 'B');
    EXPECT_EQ(pictures[i].key, i % 25 == 0);
  }
}

TEST(VideoEncoder, BeginsWithTheIdrNumberItIsToldAndAlternates) {
  for (uint32_t first : {0u, 1u}) {
    auto encoder = VideoEncoder::Open(kHouse, {}, {.idr_pic_id = first});
    ASSERT_TRUE(encoder.ok()) << encoder.status();
    std::vector<Bytes> units;
    for (int64_t tick = 500; tick < 504; ++tick) units.push_back(EncodePicture(**encoder, tick, true));
    uint32_t expected = first;
    for (const Bytes& unit : units) {
      EXPECT_EQ(analyser::InspectAccessUnit(unit, std::nullopt).idr_pic_id, expected);
      expected ^= 1;
    }
    EXPECT_EQ(DecodePictures(units, 500).size(), 4u);
  }
}

TEST(VideoEncoder, MakesNoIdrPictureOfItsOwnAtACut) {
  auto encoder = OpenVideo();
  ASSERT_NE(encoder, nullptr);
  EncodePicture(*encoder, 0, true);
  for (int64_t tick = 1; tick < 60; ++tick) {
    const Bytes flash(kHouse.VideoBytes(), tick % 10 < 5 ? 20 : 230);
    auto unit = encoder->Encode(Tick(tick), flash, false);
    ASSERT_TRUE(unit.ok()) << unit.status();
    EXPECT_FALSE(Has(NalsOf(*unit), kIdrSlice)) << tick;
  }
}

TEST(VideoEncoder, IsHighProfileWithTheColoursOfTheHouse) {
  for (const auto& [house, space] :
       {std::pair{HouseFormat{.width = 1280, .height = 720, .rate = {25, 1}}, AVCOL_SPC_BT709},
        std::pair{HouseFormat{.width = 640, .height = 480, .rate = {30000, 1001}}, AVCOL_SPC_SMPTE170M}}) {
    auto encoder = OpenVideo({}, house);
    ASSERT_NE(encoder, nullptr);
    const Bytes unit = EncodePicture(*encoder, 0, true, house);
    for (const Nal& nal : NalsOf(unit)) {
      if (nal.type == kSps) {
        EXPECT_EQ(nal.bytes[1], 100) << "profile_idc of High";
      }
    }
    const std::vector<Decoded> pictures = DecodePictures({unit}, 0);
    ASSERT_EQ(pictures.size(), 1u);
    EXPECT_EQ(pictures[0].profile, FF_PROFILE_H264_HIGH);
    EXPECT_EQ(pictures[0].space, space);
    EXPECT_EQ(pictures[0].range, AVCOL_RANGE_MPEG);
  }
}

TEST(VideoEncoder, IsHighProfileAtEveryPresetThereIs) {
  for (const char* preset : {"ultrafast", "superfast", "veryfast", "faster", "fast", "medium"}) {
    auto encoder = OpenVideo({.preset = preset});
    ASSERT_NE(encoder, nullptr);
    const Bytes unit = EncodePicture(*encoder, 0, true);
    for (const Nal& nal : NalsOf(unit)) {
      if (nal.type == kSps) {
        EXPECT_EQ(nal.bytes[1], 100) << preset;
      }
    }
  }
}

// In a stream of constant rate the picture's packets come at the rate of the whole, and the level says so.
TEST(VideoEncoder, HasTheLevelThatTheRateOfTheStreamAsksFor) {
  const HouseFormat house{.width = 1280, .height = 720, .rate = {25, 1}};
  for (const auto& [rate_kbps, level] :
       {std::pair{0u, 31}, {8'000u, 31}, {16'800u, 31}, {16'801u, 32}, {30'000u, 41}}) {
    auto encoder = OpenVideo({.bitrate_kbps = 2500, .rate_kbps = rate_kbps}, house);
    ASSERT_NE(encoder, nullptr);
    const Bytes unit = EncodePicture(*encoder, 0, true, house);
    for (const Nal& nal : NalsOf(unit)) {
      if (nal.type == kSps) {
        EXPECT_EQ(nal.bytes[3], level) << rate_kbps;
      }
    }
  }
}

TEST(AvcLevel, IsTheLeastThatHoldsFormatRateAndBuffer) {
  EXPECT_EQ(LeastAvcLevel({.width = 1920, .height = 1080, .rate = {25, 1}}, 8'000, 2'000), 40);
  EXPECT_EQ(LeastAvcLevel({.width = 1920, .height = 1080, .rate = {50, 1}}, 8'000, 2'000), 42);
  EXPECT_EQ(LeastAvcLevel({.width = 1280, .height = 720, .rate = {60, 1}}, 8'000, 2'000), 32);
  EXPECT_EQ(LeastAvcLevel({.width = 720, .height = 576, .rate = {25, 1}}, 4'000, 1'000), 30);
  EXPECT_EQ(LeastAvcLevel({.width = 720, .height = 576, .rate = {25, 1}}, 4'000, 12'001), 31);
  EXPECT_EQ(LeastAvcLevel({.width = 4096, .height = 2304, .rate = {60, 1}}, 60'000, 12'001), 52);
}

// At the constant rate of the channel a buffer of vbv_ms, full at the start, never runs dry.
TEST(VideoEncoder, NeverOverdrawsTheBufferItWasGiven) {
  const HouseFormat house{.width = 640, .height = 360, .rate = {25, 1}};
  const EncoderSettings settings{.bitrate_kbps = 800};
  auto encoder = OpenVideo(settings, house);
  ASSERT_NE(encoder, nullptr);
  const double size = settings.bitrate_kbps * settings.vbv_ms;  // bits
  const double per_picture = settings.bitrate_kbps * 1000.0 / 25;
  double held = size, lowest = size;
  for (int64_t tick = 0; tick < 200; ++tick) {
    held -= 8.0 * static_cast<double>(EncodePicture(*encoder, tick, tick % 25 == 0, house).size());
    lowest = std::min(lowest, held);
    held = std::min(size, held + per_picture);
  }
  EXPECT_GE(lowest, 0) << "of " << size << " bits";
}

// A successor's first IDR picture fits what is left of the receiver's buffer, however little that is.
TEST(VideoEncoder, ASuccessorStartsWithTheFullnessItsPredecessorLeft) {
  const HouseFormat house{.width = 640, .height = 360, .rate = {25, 1}};
  const EncoderSettings settings{.bitrate_kbps = 800};
  const VbvAccount vbv(HouseTime(house), settings.bitrate_kbps, settings.vbv_ms);
  for (uint32_t idr_pic_id : {0u, 1u}) {
    size_t last = 0;
    for (int64_t fullness : {vbv.size() / 4, vbv.size() / 2, vbv.size()}) {
      auto encoder =
          VideoEncoder::Open(house, settings, {.idr_pic_id = idr_pic_id, .vbv_fullness = fullness});
      ASSERT_TRUE(encoder.ok()) << encoder.status();
      int64_t held = fullness;
      for (int64_t tick = 0; tick < 60; ++tick) {
        const size_t bytes = EncodePicture(**encoder, tick, tick % 25 == 0, house).size();
        EXPECT_GE(held, static_cast<int64_t>(8 * bytes)) << "tick " << tick << " from " << fullness;
        held = vbv.After(held, Tick(tick), static_cast<int64_t>(8 * bytes));
        if (tick != 0) continue;
        EXPECT_GT(bytes, last) << "an encoder that never looks at the fullness proves nothing";
        last = bytes;
      }
    }
  }
}

TEST(VbvAccount, FillsAtTheRateAndIsNeitherNegativeNorOverFull) {
  const VbvAccount vbv(HouseTime({.width = 16, .height = 16, .rate = {30000, 1001}}), 3000, 300);
  EXPECT_EQ(vbv.size(), 900'000);
  EXPECT_EQ(vbv.Initial(), 810'000);
  int64_t fullness = 0;
  for (int64_t n = 0; n < 8; ++n) fullness = vbv.After(fullness, Tick(n), 0);
  EXPECT_EQ(fullness, 800'800);
  EXPECT_EQ(vbv.After(fullness, Tick(8), 0), 900'000);
  EXPECT_EQ(vbv.After(fullness, Tick(8), 10'000'000), vbv.Refill(Tick(8)));
}

// A still costs bits for a few pictures and then none, and does not change any more until the next IDR.
TEST(VideoEncoder, RefinesAStillAndThenRepeatsIt) {
  auto encoder = OpenVideo({.bitrate_kbps = 1500});
  ASSERT_NE(encoder, nullptr);
  const Bytes still = Picture(7);
  std::vector<Bytes> units;
  for (int64_t tick = 0; tick < 75; ++tick) {
    auto unit = encoder->Encode(Tick(tick), still, tick % 25 == 0);
    ASSERT_TRUE(unit.ok()) << unit.status();
    units.emplace_back(unit->begin(), unit->end());
  }
  const std::vector<Decoded> pictures = DecodePictures(units, 0);
  ASSERT_EQ(pictures.size(), 75u);
  const Bytes source(still.begin(), still.begin() + static_cast<ptrdiff_t>(kHouse.LumaBytes()));
  for (size_t n = 0; n < pictures.size(); ++n) {
    if (n % 25 <= 5) continue;
    EXPECT_LT(units[n].size(), 200u) << n;
    EXPECT_TRUE(pictures[n].luma == pictures[n - 1].luma) << n;
    EXPECT_GE(Psnr(pictures[n].luma, source), Psnr(pictures[n / 25 * 25].luma, source)) << n;
  }
}

// What moves again after a long still is coded as well as ever, and within its buffer.
TEST(VideoEncoder, KeepsQualityAndBufferWhereAStillBeginsAndEnds) {
  const EncoderSettings settings{.bitrate_kbps = 1500};
  const VbvAccount vbv(HouseTime(kHouse), settings.bitrate_kbps, settings.vbv_ms);
  const auto run = [&](auto shown) {
    auto encoder = OpenVideo(settings);
    std::vector<Bytes> units;
    int64_t held = vbv.Initial();
    for (int64_t tick = 0; tick < 150; ++tick) {
      auto unit = encoder->Encode(Tick(tick), Picture(shown(tick)), tick % 25 == 0);
      EXPECT_TRUE(unit.ok()) << unit.status();
      units.emplace_back(unit->begin(), unit->end());
      EXPECT_GE(held, static_cast<int64_t>(8 * unit->size())) << tick;
      held = vbv.After(held, Tick(tick), static_cast<int64_t>(8 * unit->size()));
    }
    const std::vector<Decoded> pictures = DecodePictures(units, 0);
    double worst = 100;
    for (int64_t tick = 110; tick < 150; ++tick) {  // behind the still
      const Bytes source = Picture(shown(tick));
      worst = std::min(worst,
                       Psnr(pictures[static_cast<size_t>(tick)].luma,
                            {source.begin(), source.begin() + static_cast<ptrdiff_t>(kHouse.LumaBytes())}));
    }
    return worst;
  };
  const double moving = run([](int64_t tick) { return tick; });
  const double behind = run([](int64_t tick) { return tick < 30 || tick >= 110 ? tick : 30; });
  EXPECT_GT(behind, moving - 1.5);
}

TEST(VideoEncoder, ASuccessorRepeatsTheParameterSetsByteForByte) {
  auto sets = [](VideoEncoder& encoder, int64_t tick) {
    Bytes bytes;
    const Bytes unit = EncodePicture(encoder, tick, true);
    for (const Nal& nal : NalsOf(unit)) {
      if (nal.type == kSps || nal.type == kPps) bytes.insert(bytes.end(), nal.bytes.begin(), nal.bytes.end());
    }
    return bytes;
  };
  auto first = OpenVideo(), second = OpenVideo();
  ASSERT_TRUE(first != nullptr && second != nullptr);
  const Bytes before = sets(*first, 0);
  EXPECT_FALSE(before.empty());
  EXPECT_EQ(sets(*second, 777), before);
}

// ---- sound

int16_t Sine(int64_t sample) {
  if (sample < 0) return 0;  // silence before the session
  return static_cast<int16_t>(
      std::lround(0.4 * 32767 * std::sin(2 * std::numbers::pi * 997 * static_cast<double>(sample) / 48000)));
}

std::vector<int16_t> Sound(int64_t first, int64_t end) {
  std::vector<int16_t> sound;
  for (; first < end; ++first) sound.insert(sound.end(), {Sine(first), Sine(first)});
  return sound;
}

// The units of an encoder that opens at `first_unit`, fed with `portion` samples at a time up to sample
// `end`.
std::vector<AacUnit> EncodeSound(int64_t first_unit, int64_t end, int64_t portion = 1920) {
  auto encoder = AudioEncoder::Open(first_unit);
  EXPECT_TRUE(encoder.ok()) << encoder.status();
  std::vector<AacUnit> units;
  for (int64_t at = (*encoder)->FirstNeededSample().value(); at < end; at += portion) {
    auto some = (*encoder)->Feed(Sound(at, std::min(end, at + portion)));
    EXPECT_TRUE(some.ok()) << some.status();
    units.insert(units.end(), some->begin(), some->end());
  }
  return units;
}

// The left channel, full scale 1.0; 1024 samples a unit.
std::vector<float> DecodeSound(const std::vector<AacUnit>& units) {
  CodecContextPtr decoder(avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_AAC)));
  constexpr std::array<uint8_t, 2> kAacLc48kStereo{0x11, 0x90};  // AudioSpecificConfig
  decoder->extradata =
      static_cast<uint8_t*>(av_mallocz(kAacLc48kStereo.size() + AV_INPUT_BUFFER_PADDING_SIZE));
  std::memcpy(decoder->extradata, kAacLc48kStereo.data(), kAacLc48kStereo.size());
  decoder->extradata_size = static_cast<int>(kAacLc48kStereo.size());
  EXPECT_EQ(avcodec_open2(decoder.get(), nullptr, nullptr), 0);
  CodecPacketPtr packet(av_packet_alloc());
  CodecFramePtr frame(av_frame_alloc());
  std::vector<float> samples;
  for (const AacUnit& unit : units) {
    EXPECT_EQ(av_new_packet(packet.get(), static_cast<int>(unit.bytes.size())), 0);
    std::memcpy(packet->data, unit.bytes.data(), unit.bytes.size());
    EXPECT_EQ(avcodec_send_packet(decoder.get(), packet.get()), 0);
    av_packet_unref(packet.get());
    while (avcodec_receive_frame(decoder.get(), frame.get()) == 0) {
      const auto* left = reinterpret_cast<const float*>(frame->data[0]);
      samples.insert(samples.end(), left, left + frame->nb_samples);
    }
  }
  return samples;
}

TEST(AudioEncoder, ReturnsEveryUnitOfTheGridOnceAndInOrder) {
  const std::vector<AacUnit> units = EncodeSound(0, 100 * kAacFrame);
  ASSERT_FALSE(units.empty());
  for (size_t i = 0; i < units.size(); ++i) {
    EXPECT_EQ(units[i].index, static_cast<int64_t>(i));
    EXPECT_EQ(units[i].stamp().value(), (static_cast<int64_t>(i) - 1) * kAacFrame);
    EXPECT_FALSE(units[i].bytes.empty());
  }
}

TEST(AudioEncoder, HasAUnitReadyWhenTheDocumentedGridFrameIsFed) {
  auto encoder = AudioEncoder::Open(10);
  ASSERT_TRUE(encoder.ok());
  const int64_t begin = (*encoder)->FirstNeededSample().value();
  EXPECT_EQ(begin, -6 * kAacFrame);
  int64_t fed = begin;
  std::vector<AacUnit> units;
  while (units.empty()) {
    units = *(*encoder)->Feed(Sound(fed, fed + 1));
    ++fed;
  }
  EXPECT_EQ(units[0].index, 10);
  EXPECT_EQ(fed, 12 * kAacFrame) << "unit p comes when grid frame p + 1 is complete";
}

TEST(AudioEncoder, CutsTheSameUnitsWhateverThePortionsItIsFed) {
  const std::vector<AacUnit> even = EncodeSound(0, 40 * kAacFrame, kAacFrame);
  const std::vector<AacUnit> odd = EncodeSound(0, 40 * kAacFrame, 1601);
  ASSERT_EQ(even.size(), odd.size());
  for (size_t i = 0; i < even.size(); ++i) EXPECT_EQ(even[i].bytes, odd[i].bytes) << i;
}

TEST(AudioEncoder, StampsAUnitWithTheSampleItDecodesTo) {
  const std::vector<AacUnit> units = EncodeSound(0, 60 * kAacFrame);
  const std::vector<float> heard = DecodeSound(units);
  double worst = 0;
  for (size_t i = 8 * kAacFrame; i < 50 * kAacFrame; ++i) {
    const int64_t sample = units[0].stamp().value() + static_cast<int64_t>(i);
    worst = std::max(worst, std::abs(double{heard[i]} - Sine(sample) / 32768.0));
  }
  EXPECT_LT(worst, 0.01);
}

TEST(AudioEncoder, APrimedSuccessorJoinsWithoutAClick) {
  constexpr int64_t kEnd = 140 * kAacFrame;
  const std::vector<AacUnit> unbroken = EncodeSound(0, kEnd);
  const std::vector<float> reference = DecodeSound(unbroken);
  for (int64_t seam : {1, 5, 16, 40, 41, 77, 100}) {
    std::vector<AacUnit> units(unbroken.begin(), unbroken.begin() + seam);
    const std::vector<AacUnit> rest = EncodeSound(seam, kEnd);
    ASSERT_FALSE(rest.empty());
    EXPECT_EQ(rest.front().index, seam);
    EXPECT_EQ(rest.back().index, unbroken.back().index);
    units.insert(units.end(), rest.begin(), rest.end());
    const std::vector<float> heard = DecodeSound(units);
    ASSERT_EQ(heard.size(), reference.size()) << seam;
    double worst = 0;
    for (size_t i = 0; i < heard.size(); ++i)
      worst = std::max(worst, std::abs(double{heard[i]} - reference[i]));
    EXPECT_LE(worst, 0.01) << "joined at unit " << seam;
  }
}

}  // namespace
}  // namespace air
