#include "stages/decoder/pattern/test_pattern.h"

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/decoder/pattern/counter_strip.h"
#include "stages/decoder/pattern/programmatic_producer.h"

namespace air {
namespace {

using ::testing::HasSubstr;

HouseFormat Format(uint32_t width, uint32_t height, FrameRate rate = {30000, 1001}) {
  return {.width = width, .height = height, .rate = rate};
}

std::vector<uint8_t> Draw(const HouseFormat& format, int64_t k, uint8_t clip = 7) {
  std::vector<uint8_t> planes(format.VideoBytes());
  TestPattern(format, clip).DrawPicture(k, planes);
  return planes;
}

// A luma plane by itself, as a test damages it.
struct Luma {
  int width, height;
  std::vector<uint8_t> pixels;

  Luma(int w, int h, uint8_t level = 16) : width(w), height(h), pixels(size_t(w) * h, level) {}
  Luma(const HouseFormat& f, const std::vector<uint8_t>& planes)
      : width(f.width), height(f.height), pixels(planes.begin(), planes.begin() + f.LumaBytes()) {}
  uint8_t& at(int x, int y) { return pixels[size_t(y) * width + x]; }
  LumaView view() const { return {pixels.data(), width, height, width}; }
};

Luma HalfSize(Luma full) {
  Luma half(full.width / 2, full.height / 2);
  for (int y = 0; y < half.height; ++y) {
    for (int x = 0; x < half.width; ++x) {
      half.at(x, y) = (full.at(2 * x, 2 * y) + full.at(2 * x + 1, 2 * y) + full.at(2 * x, 2 * y + 1) +
                       full.at(2 * x + 1, 2 * y + 1) + 2) /
                      4;
    }
  }
  return half;
}

Luma Noisy(Luma picture, double sigma, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> noise(0, sigma);
  for (uint8_t& pixel : picture.pixels)
    pixel = static_cast<uint8_t>(std::clamp(pixel + noise(random), 0.0, 255.0));
  return picture;
}

Luma Letterboxed(Luma inner, int width, int height) {
  Luma outer(width, height);
  const int left = (width - inner.width) / 2, top = (height - inner.height) / 2;
  for (int y = 0; y < inner.height; ++y) {
    for (int x = 0; x < inner.width; ++x) outer.at(left + x, top + y) = inner.at(x, y);
  }
  return outer;
}

void ExpectReads(const Luma& picture, StripCode code, bool flash) {
  std::optional<CounterReading> reading = ReadFrameCounter(picture.view());
  ASSERT_TRUE(reading) << "counter " << code.counter << " at " << picture.width << "x" << picture.height;
  EXPECT_EQ(reading->code.counter, code.counter);
  EXPECT_EQ(reading->code.clip_id, code.clip_id);
  EXPECT_EQ(IsFlash(picture.view(), *reading), flash) << code.counter;
}

TEST(CounterStrip, EveryBitOfCounterAndClipIdSurvivesTheRoundTrip) {
  for (int bit = 0; bit < 32; ++bit) {
    StripCode code{bit < 24 ? 1u << bit : 0, static_cast<uint8_t>(bit < 24 ? 0 : 1u << (bit - 24))};
    EXPECT_EQ(DecodeStrip(EncodeStrip(code)), code) << bit;
  }
}

TEST(CounterStrip, RefusesEverySingleAndDoubleCellError) {
  const StripCells good = EncodeStrip({123456, 78});
  for (int a = 0; a < kStripCells; ++a) {
    for (int b = a; b < kStripCells; ++b) {
      StripCells bad = good;
      bad[a] = !bad[a];
      if (b != a) bad[b] = !bad[b];
      EXPECT_FALSE(DecodeStrip(bad)) << a << " " << b;
    }
  }
}

TEST(TestPattern, CounterIsReadAtEverySizeAlsoHalvedAndNoisy) {
  const std::pair<int, int> sizes[] = {{320, 180}, {426, 240},  {640, 360},
                                       {720, 576}, {1280, 720}, {1920, 1080}};
  for (auto [width, height] : sizes) {
    const HouseFormat format = Format(width, height);
    const TestPattern pattern(format, 200);
    std::vector<uint8_t> planes(format.VideoBytes());
    for (int64_t k : {0, 1, 2, 29, 30, 255, 4095, 0x555555, 0xaaaaaa, 0xffffff}) {
      pattern.DrawPicture(k, planes);
      const Luma full(format, planes);
      const StripCode code{static_cast<uint32_t>(k), 200};
      const bool flash = pattern.IsFlashPicture(k);
      ExpectReads(full, code, flash);
      ExpectReads(HalfSize(full), code, flash);
      ExpectReads(Noisy(full, 20, width + k), code, flash);
      ExpectReads(Noisy(HalfSize(full), 15, width + k), code, flash);
    }
  }
}

TEST(TestPattern, CounterIsReadInsideBlackBars) {
  const HouseFormat format = Format(640, 480);
  for (int64_t k : {0, 1, 299, 300, 12345}) {
    const Luma picture(format, Draw(format, k));
    const bool flash = TestPattern(format, 7).IsFlashPicture(k);
    ExpectReads(Letterboxed(picture, 854, 480), {static_cast<uint32_t>(k), 7}, flash);
    ExpectReads(Letterboxed(HalfSize(picture), 640, 480), {static_cast<uint32_t>(k), 7}, flash);
    ExpectReads(Letterboxed(HalfSize(picture), 320, 480), {static_cast<uint32_t>(k), 7}, flash);
  }
}

TEST(TestPattern, CounterCountsModuloItsRange) {
  const HouseFormat format = Format(320, 180);
  const int64_t k = int64_t{kStripCounterRange} * 5 + 42;
  ExpectReads(Luma(format, Draw(format, k)), {42, 7}, TestPattern(format, 7).IsFlashPicture(k));
}

TEST(TestPattern, NoCounterIsReadFromBlackGreyNoiseOrStripes) {
  EXPECT_FALSE(ReadFrameCounter(Luma(640, 360).view()));
  EXPECT_FALSE(ReadFrameCounter(Luma(640, 360, 128).view()));
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Luma noise(640, 360, 128);
    EXPECT_FALSE(ReadFrameCounter(Noisy(noise, 80, seed).view()));
  }
  for (int period = 2; period < 40; ++period) {
    Luma stripes(640, 360);
    for (int y = 0; y < 360; ++y) {
      for (int x = 20; x < 620; ++x) stripes.at(x, y) = (x / period) % 2 ? 235 : 16;
    }
    EXPECT_FALSE(ReadFrameCounter(stripes.view())) << period;
  }
}

TEST(TestPattern, StaysInLimitedRangeAndMovesWithEveryPicture) {
  const HouseFormat format = Format(320, 180);
  std::vector<uint8_t> before;
  for (int64_t k = 0; k < 130; ++k) {
    std::vector<uint8_t> planes = Draw(format, k);
    auto [low, high] = std::minmax_element(planes.begin(), planes.end());
    EXPECT_GE(*low, 16);
    EXPECT_LE(*high, 240);
    EXPECT_NE(planes, before) << k;
    before = planes;
  }
}

TEST(TestPattern, DrawsAtTheSmallestAndAtOddlyShapedFormats) {
  for (auto [width, height] : {std::pair{16, 16}, {16, 2304}, {4096, 16}, {98, 34}}) {
    EXPECT_EQ(Draw(Format(width, height), 1000).size(), Format(width, height).VideoBytes());
  }
}

TEST(TestPattern, FlashesOnTheFirstPictureOfEverySecondAtNtscRate) {
  const TestPattern pattern(Format(320, 180, {30000, 1001}), 1);
  // Second s begins with picture ceil(s * 30000 / 1001): 29.97 pictures apart, so 30 or 29.
  std::vector<int64_t> flashes;
  for (int64_t k = 0; k < 1200; ++k) {
    if (pattern.IsFlashPicture(k)) flashes.push_back(k);
  }
  ASSERT_EQ(flashes.size(), 41u);  // 1200 pictures are 40.04 s
  EXPECT_EQ(flashes[0], 0);
  EXPECT_EQ(flashes[1], 30);
  EXPECT_EQ(flashes[2], 60);
  EXPECT_EQ(flashes[33], 990);   // 33 s: 989.01
  EXPECT_EQ(flashes[34], 1019);  // 34 s: 1018.98, the short second
  // Ten hours in, still exact: 36000 s is 1078921.08 pictures.
  EXPECT_FALSE(pattern.IsFlashPicture(1078921));
  EXPECT_TRUE(pattern.IsFlashPicture(1078922));
}

TEST(TestPattern, TimecodeShowsRealTimeAtEveryRate) {
  EXPECT_EQ(TestPattern(Format(320, 180, {25, 1}), 1).TimecodeOf(25 * 3661 + 24), "01:01:01:24");
  const TestPattern ntsc(Format(320, 180, {30000, 1001}), 1);
  EXPECT_EQ(ntsc.TimecodeOf(0), "00:00:00:00");
  EXPECT_EQ(ntsc.TimecodeOf(29), "00:00:00:29");
  EXPECT_EQ(ntsc.TimecodeOf(1018), "00:00:33:28");
  EXPECT_EQ(ntsc.TimecodeOf(1019), "00:00:34:00");
  EXPECT_EQ(ntsc.TimecodeOf(1078922), "10:00:00:00");
}

std::vector<int16_t> Sound(const TestPattern& pattern, int64_t first, int64_t samples) {
  std::vector<int16_t> sound(samples * 2);
  pattern.FillSound(first, sound);
  return sound;
}

TEST(TestPattern, BeepBeginsWithFullSwingAtTheFirstSampleOfTheFlashPicture) {
  for (FrameRate rate : {FrameRate{25, 1}, {30000, 1001}, {60000, 1001}, {24000, 1001}}) {
    const TestPattern pattern(Format(320, 180, rate), 1);
    const std::vector<int16_t> sound = Sound(pattern, 0, 48000 * 40);
    std::vector<int64_t> onsets, ends;
    for (int64_t i = 0, quiet = 1000; i < 48000 * 40; ++i) {
      if (sound[2 * i + 1] == 0) {
        ++quiet;
        continue;
      }
      if (quiet >= 1000) onsets.push_back(i);
      quiet = 0;
    }
    ASSERT_EQ(onsets.size(), 40u);
    for (int64_t second = 0; second < 40; ++second) {
      int64_t k = (second * rate.num + rate.den - 1) / rate.den;
      EXPECT_EQ(onsets[second], k * 48000 * rate.den / rate.num) << second << " at " << rate.num;
      EXPECT_EQ(sound[2 * onsets[second] + 1], TestPattern::kBeepAmplitude);
    }
  }
}

TEST(TestPattern, LeftChannelCarriesAToneWithoutAPhaseStep) {
  const TestPattern pattern(Format(320, 180), 1);
  const std::vector<int16_t> sound = Sound(pattern, 0, 48000 * 3);
  for (int64_t i = 0; i + TestPattern::kTonePeriod < 48000 * 3; ++i) {
    int16_t here = sound[2 * i] - sound[2 * i + 1];
    int64_t next = i + TestPattern::kTonePeriod;
    ASSERT_EQ(here, sound[2 * next] - sound[2 * next + 1]) << i;
  }
  const std::vector<int16_t> between = Sound(pattern, 24'000, 20'000);
  EXPECT_EQ(*std::max_element(between.begin(), between.end()), TestPattern::kToneAmplitude);
}

// One rendered unit with everything it brought along.
struct Unit {
  std::vector<uint8_t> video;
  std::vector<int16_t> audio;
  UnitInfo info;
  Rendered rendered;
};

Unit RenderUnit(ProgrammaticProducer& producer, const HouseFormat& format, int64_t i) {
  Unit unit{std::vector<uint8_t>(format.VideoBytes()),
            std::vector<int16_t>(format.MaxUnitSamples() * format.channels, 0x5a5a),
            {},
            {}};
  absl::StatusOr<Rendered> rendered =
      producer.Render(UnitIndex(i), {.video = unit.video, .audio = unit.audio, .side_data = {}}, unit.info);
  EXPECT_TRUE(rendered.ok()) << rendered.status();
  unit.rendered = rendered.value_or(Rendered::kEndOfStream);
  unit.audio.resize(unit.info.samples * format.channels);
  return unit;
}

ProducerRequest Request(const std::string& uri, const HouseFormat& format, int64_t in_point_ms = 0,
                        int64_t skip = 0) {
  ProducerRequest request;
  request.asset_uri = uri;
  request.format = format;
  request.in_point_ms = in_point_ms;
  request.skip_units = skip;
  return request;
}

TEST(ProgrammaticProducer, UnitsAreThePicturesAndSamplesOfTheirAbsoluteIndex) {
  const HouseFormat format = Format(320, 180, {30000, 1001});
  ProgrammaticProducer producer;
  ASSERT_TRUE(producer.Start(Request("pattern:clip=9", format, 10'000, 3)).ok());
  const TestPattern pattern(format, 9);
  const int64_t in_point = 300 + 3;                      // ceil(10 s * 29.97) = ceil(299.7)
  int64_t sample = in_point * 1601 + in_point * 6 / 10;  // S(303), 1601.6 a picture
  for (int64_t i = 0; i < 70; ++i) {
    const Unit unit = RenderUnit(producer, format, i);
    EXPECT_EQ(unit.rendered, Rendered::kUnit);
    EXPECT_EQ(unit.video, Draw(format, in_point + i, 9)) << i;
    const int64_t length = (i + 1) * 8008 / 5 - i * 8008 / 5;
    ASSERT_EQ(unit.info.samples, length + 1) << i;
    EXPECT_EQ(unit.audio, Sound(pattern, sample, length + 1)) << i;
    EXPECT_EQ(unit.info.media_position_us, (in_point + i) * 1'001'000'000 / 30000) << i;
    sample += length;
  }
}

TEST(ProgrammaticProducer, AProducerThatTakesOverGivesTheSameUnits) {
  const HouseFormat format = Format(320, 180, {60000, 1001});
  ProgrammaticProducer first, second;
  ProducerRequest request = Request("pattern:clip=2", format, 1234);
  ASSERT_TRUE(first.Start(request).ok());
  for (int64_t i = 0; i < 50; ++i) RenderUnit(first, format, i);
  request.first_unit = UnitIndex(50);
  ASSERT_TRUE(second.Start(request).ok());
  for (int64_t i = 50; i < 120; ++i) {
    const Unit a = RenderUnit(first, format, i), b = RenderUnit(second, format, i);
    EXPECT_EQ(a.video, b.video) << i;
    EXPECT_EQ(a.audio, b.audio) << i;
    EXPECT_EQ(a.info.media_position_us, b.info.media_position_us) << i;
  }
}

TEST(ProgrammaticProducer, InPointFallsOnTheFirstPictureAtOrAfterIt) {
  const HouseFormat format = Format(320, 180, {25, 1});
  for (auto [in_point_ms, picture] :
       {std::pair<int64_t, uint32_t>{0, 0}, {1, 1}, {40, 1}, {41, 2}, {1000, 25}}) {
    ProgrammaticProducer producer;
    ASSERT_TRUE(producer.Start(Request("pattern:", format, in_point_ms)).ok());
    ExpectReads(Luma(format, RenderUnit(producer, format, 0).video), {picture, 0}, picture % 25 == 0);
  }
}

TEST(ProgrammaticProducer, ABoundedClipEndsAfterItsLastPictureAndWritesNothingBehindIt) {
  const HouseFormat format = Format(320, 180, {25, 1});
  ProgrammaticProducer producer;
  ASSERT_TRUE(producer.Start(Request("pattern:clip=7&frames=250", format, 9'000)).ok());
  EXPECT_EQ(RenderUnit(producer, format, 24).rendered, Rendered::kUnit);
  const Unit behind = RenderUnit(producer, format, 25);
  EXPECT_EQ(behind.rendered, Rendered::kEndOfStream);
  EXPECT_EQ(behind.video, std::vector<uint8_t>(format.VideoBytes()));
}

TEST(ProgrammaticProducer, ASkipBeyondTheEndIsTheEndAndAnInPointBeyondItIsAnError) {
  const HouseFormat format = Format(320, 180, {25, 1});
  ProgrammaticProducer producer;
  ASSERT_TRUE(producer.Start(Request("pattern:frames=100", format, 0, 500)).ok());
  EXPECT_EQ(RenderUnit(producer, format, 0).rendered, Rendered::kEndOfStream);
  absl::Status status = producer.Start(Request("pattern:frames=100", format, 4'000));
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()), HasSubstr("asset_start_offset_ms: 4000"));
}

TEST(ProgrammaticProducer, NamesTheOptionItCannotUse) {
  const HouseFormat format = Format(320, 180, {25, 1});
  const std::pair<const char*, const char*> wrong[] = {
      {"pattern:colour=red", "\"colour\""}, {"pattern:clip=256", "clip=\"256\""},
      {"pattern:clip=", "clip=\"\""},       {"pattern:clip=-1", "clip=\"-1\""},
      {"pattern:frames=0", "frames=\"0\""}, {"pattern:frames=ten", "frames=\"ten\""},
      {"pattern:clip=1&fps=3", "\"fps\""},  {"/clips/a.mp4", "\"/clips/a.mp4\""}};
  for (auto [uri, named] : wrong) {
    ProgrammaticProducer producer;
    absl::Status status = producer.Start(Request(uri, format));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << uri;
    EXPECT_THAT(std::string(status.message()), HasSubstr(named));
    EXPECT_FALSE(producer.Ready());
  }
}

TEST(ProgrammaticProducer, RefusesToRenderBeforeStartAndAfterStop) {
  const HouseFormat format = Format(320, 180);
  ProgrammaticProducer producer;
  UnitInfo info;
  EXPECT_FALSE(producer.Render(UnitIndex(0), {}, info).ok());
  ASSERT_TRUE(producer.Start(Request("pattern:", format)).ok());
  EXPECT_TRUE(producer.Ready());
  producer.Stop();
  EXPECT_FALSE(producer.Render(UnitIndex(0), {}, info).ok());
}

}  // namespace
}  // namespace air
