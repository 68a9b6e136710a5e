#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <numbers>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

constexpr char kX264[] = "-c:v libx264 -preset superfast -crf 20 ";
constexpr FrameRate kNtsc{30000, 1001};

// Every sample another value, so that a shift by one shows.
int16_t Scrambled(int64_t sample, int channel) {
  return static_cast<int16_t>((sample * 40503 + channel * 12345) % 20011 - 10000);
}

std::function<int16_t(int64_t, int)> Tone(double hertz, int rate, double amplitude = 12000) {
  return [=](int64_t s, int) {
    return static_cast<int16_t>(amplitude *
                                std::sin(2 * std::numbers::pi * hertz * static_cast<double>(s) / rate));
  };
}

// A beep of 20 ms at the beginning of every second.
std::function<int16_t(int64_t, int)> BeepEverySecond(int rate) {
  return [=](int64_t s, int) {
    const int64_t into = s % rate;
    if (into >= rate / 50) return int16_t{0};
    return static_cast<int16_t>(20000 *
                                std::cos(2 * std::numbers::pi * 2000 * static_cast<double>(into) / rate));
  };
}

// Where beeps begin: the first sample above a third of full beep after 100 ms without one.
std::vector<int64_t> BeepsIn(const std::vector<int16_t>& line) {
  std::vector<int64_t> beeps;
  int64_t loud_until = -1;
  for (size_t s = 0; s < line.size(); ++s) {
    if (std::abs(line[s]) < 7000) continue;
    const auto at = static_cast<int64_t>(s);
    if (at > loud_until) beeps.push_back(at);
    loud_until = at + 4800;
  }
  return beeps;
}

TEST(FileProducerSound, IsTheFilesOwnSampleForSampleFromTheInPointOn) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 75, .samples = 3 * 48000, .sound = Scrambled};
  spec.options = std::string(kX264) + "-c:a pcm_s16le";
  const std::string clip = MakeClip(folder, "clip.mov", spec);
  for (const int64_t in_point_ms : {0, 1, 1'234, 2'000}) {
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse(kNtsc), in_point_ms), 20);
    ASSERT_EQ(units.size(), 20u);
    const HouseTime time(SmallHouse(kNtsc));
    for (size_t i = 0; i < units.size(); ++i) {
      const int64_t first = in_point_ms * 48 + time.FirstSample(UnitIndex(static_cast<int64_t>(i))).value();
      for (uint32_t s = 0; s < units[i].info.samples; ++s) {
        ASSERT_EQ(units[i].audio[2 * s], Scrambled(first + s, 0))
            << in_point_ms << " ms, unit " << i << ", " << s;
        ASSERT_EQ(units[i].audio[2 * s + 1], Scrambled(first + s, 1));
      }
    }
  }
}

TEST(FileProducerSound, OverlapsTheNextUnitByItsOneSampleOfLookAhead) {
  const ClipFolder folder;
  ClipSpec spec{.samples = 48000, .sound = Scrambled, .options = "-c:a pcm_s16le"};
  const std::vector<PlayedUnit> units =
      Play(RequestFor(MakeClip(folder, "clip.wav", spec), SmallHouse(kNtsc)), 25);
  ASSERT_EQ(units.size(), 25u);
  for (size_t i = 0; i + 1 < units.size(); ++i) {
    const size_t last = 2 * (units[i].info.samples - 1);
    EXPECT_EQ(units[i].audio[last], units[i + 1].audio[0]);
    EXPECT_EQ(units[i].audio[last + 1], units[i + 1].audio[1]);
  }
}

struct SoundFormat {
  const char* name;
  const char* file;
  const char* options;
  int rate;
  int own = 0;  // how late the file itself has its sound, in samples of 48 kHz
};

// FFmpeg 5.1 writes Opus into Matroska with the stamps of what is decoded, 6.5 ms of priming included,
// rounded to milliseconds. A Matroska stamp is that of what is decoded plus CodecDelay (RFC
// 9559, 5.1.4.1.25): so read, as FFmpeg 5.1 does too, the sound of such a file comes 7.5 ms before its
// picture.
constexpr int kOpusOfFfmpeg5 = -360;
// AVI has no word for an encoder's delay: 529 samples of any MP3 decoder and 576 of LAME are heard as
// silence.
constexpr int kDelayOfLame = 1105;

class Beeps : public ::testing::TestWithParam<SoundFormat> {};

TEST_P(Beeps, AreHeardWithinAMillisecondOfTheirPlace) {
  const ClipFolder folder;
  const int rate = GetParam().rate;
  ClipSpec spec{.pictures = 100, .sample_rate = rate, .samples = 4 * rate, .sound = BeepEverySecond(rate)};
  spec.options = std::string("-c:v mpeg2video -q:v 3 -bf 2 ") + GetParam().options;
  const std::string file = GetParam().file;
  if (file.ends_with(".webm")) {
    spec.options = std::string("-c:v libvpx -deadline realtime -cpu-used 8 ") + GetParam().options;
  } else if (file.ends_with(".ogv")) {
    spec.options = std::string("-c:v libtheora -q:v 8 ") + GetParam().options;
  } else if (file.ends_with(".flv")) {
    spec.options = std::string("-c:v flv ") + GetParam().options;
  } else if (file.ends_with(".avi") || file.ends_with(".asf")) {
    spec.options = std::string("-c:v mpeg4 -q:v 3 ") + GetParam().options;
  }
  const std::string clip = MakeClip(folder, GetParam().file, spec);
  for (const int64_t in_point_ms : {0, 1'500}) {
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse({25, 1}), in_point_ms), 60);
    const std::vector<int64_t> beeps = BeepsIn(LineOf(units, 0));
    ASSERT_GE(beeps.size(), 2u) << in_point_ms;
    const int64_t first = (in_point_ms == 0 ? 0 : 24000) + GetParam().own;
    EXPECT_NEAR(static_cast<double>(beeps[0]), static_cast<double>(std::max<int64_t>(first, 0)), 48)
        << in_point_ms;
    EXPECT_NEAR(static_cast<double>(beeps[1]), static_cast<double>(first + 48000), 48) << in_point_ms;
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryCodec, Beeps,
    ::testing::Values(SoundFormat{"AacInMp4", "clip.mp4", "-c:a aac -b:a 256k", 48000},
                      SoundFormat{"AacInMp4At44100", "clip.mp4", "-c:a aac -b:a 256k", 44100},
                      SoundFormat{"AacInTs", "clip.ts", "-c:a aac -b:a 256k", 44100},
                      SoundFormat{"Mp2InTs", "clip.ts", "-c:a mp2 -b:a 384k", 48000},
                      SoundFormat{"Ac3InMkv", "clip.mkv", "-c:a ac3 -b:a 448k", 48000},
                      SoundFormat{"Mp3InMkvAt44100", "clip.mkv", "-c:a libmp3lame -b:a 320k", 44100},
                      SoundFormat{"OpusInMp4", "clip.mp4", "-c:a libopus -b:a 256k", 48000},
                      SoundFormat{"VorbisInWebmAt44100", "clip.webm", "-c:a libvorbis -q:a 9", 44100},
                      SoundFormat{"PcmInMkvAt44100", "clip.mkv", "-c:a pcm_s16le", 44100},
                      SoundFormat{"FlacInMkvAt32000", "clip.mkv", "-c:a flac", 32000},
                      SoundFormat{"OpusInWebm", "clip.webm", "-c:a libopus -b:a 256k", 48000, kOpusOfFfmpeg5},
                      SoundFormat{"OpusInMkv", "clip.mkv", "-c:a libopus -b:a 256k", 48000, kOpusOfFfmpeg5},
                      SoundFormat{"AacInMkvAt44100", "clip.mkv", "-c:a aac -b:a 256k", 44100},
                      SoundFormat{"AacInMov", "clip.mov", "-c:a aac -b:a 256k", 48000},
                      SoundFormat{"AacInFragmentedMp4", "clip.mp4",
                                  "-c:a aac -b:a 256k -movflags frag_keyframe+empty_moov", 48000},
                      SoundFormat{"AlacInMov", "clip.mov", "-c:a alac", 44100},
                      SoundFormat{"PcmInMov", "clip.mov", "-c:a pcm_s16le", 48000},
                      SoundFormat{"PcmInAvi", "clip.avi", "-c:a pcm_s16le", 44100},
                      SoundFormat{"Mp3InAvi", "clip.avi", "-c:a libmp3lame -b:a 320k", 48000, kDelayOfLame},
                      SoundFormat{"Mp3InMp4", "clip.mp4", "-c:a libmp3lame -b:a 320k", 44100},
                      SoundFormat{"Mp3InFlv", "clip.flv", "-c:a libmp3lame -b:a 320k", 44100},
                      SoundFormat{"AacInFlv", "clip.flv", "-c:a aac -b:a 256k", 44100},
                      SoundFormat{"Mp2InProgramStream", "clip.mpg", "-c:a mp2 -b:a 384k", 48000},
                      SoundFormat{"Ac3InTs", "clip.ts", "-c:a ac3 -b:a 448k", 48000},
                      SoundFormat{"Eac3InMp4", "clip.mp4", "-c:a eac3 -b:a 448k", 48000},
                      SoundFormat{"VorbisInOgv", "clip.ogv", "-c:a libvorbis -q:a 9", 44100},
                      SoundFormat{"Mp2InAsf", "clip.asf", "-c:a mp2 -b:a 320k", 44100},
                      SoundFormat{"PcmInMxf", "clip.mxf", "-c:a pcm_s16le", 48000}),
    [](const auto& format) { return std::string(format.param.name); });

TEST(FileProducerSound, ResamplesAToneWithoutAClick) {
  const ClipFolder folder;
  ClipSpec spec{
      .sample_rate = 44100, .samples = 3 * 44100, .sound = Tone(997, 44100), .options = "-c:a flac"};
  const std::string clip = MakeClip(folder, "clip.mka", spec);
  const std::vector<int16_t> line = LineOf(Play(RequestFor(clip, SmallHouse(kNtsc), 500), 60), 0);
  for (size_t s = 0; s < line.size(); ++s) {
    const double t = 0.5 + static_cast<double>(s) / 48000;
    ASSERT_NEAR(line[s], 12000 * std::sin(2 * std::numbers::pi * 997 * t), 20) << "sample " << s;
  }
}

TEST(FileProducerSound, IsSilenceUntilItStarts) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 50, .samples = 48000, .sound = [](int64_t, int) { return int16_t{9000}; }};
  spec.sound_options = "-itsoffset 0.5";
  spec.options = std::string(kX264) + "-c:a pcm_s16le";
  const std::vector<PlayedUnit> units =
      Play(RequestFor(MakeClip(folder, "clip.mkv", spec), SmallHouse({25, 1})), 50);
  ASSERT_EQ(units.size(), 50u);
  const std::vector<int16_t> line = LineOf(units, 0);
  EXPECT_EQ(std::count(line.begin(), line.begin() + 24000 - 48, 0), 24000 - 48);
  EXPECT_EQ(std::count(line.begin() + 24000 + 48, line.begin() + 72000 - 48, 9000), 48000 - 96);
  EXPECT_EQ(std::count(line.begin() + 72000 + 48, line.end(), 0), static_cast<int64_t>(line.size()) - 72048);
}

TEST(FileProducerSound, LeavesAHoleWhereTheFileHasOneAndShiftsNothing) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 75, .samples = 96000, .sound = BeepEverySecond(48000)};
  spec.options = std::string(kX264) + R"--(-af "asetpts=if(gte(T\,0.9)\,PTS+0.7/TB\,PTS)" -c:a pcm_s16le)--";
  const std::vector<PlayedUnit> units =
      Play(RequestFor(MakeClip(folder, "clip.mkv", spec), SmallHouse({25, 1})), 100);
  const std::vector<int64_t> beeps = BeepsIn(LineOf(units, 0));
  ASSERT_EQ(beeps.size(), 2u);
  EXPECT_NEAR(static_cast<double>(beeps[1]), 1.7 * 48000, 48);
}

TEST(FileProducerSound, IsSilenceWhenThereIsNone) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 25, .options = kX264});
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse({25, 1})), 100);
  ASSERT_EQ(units.size(), 25u);
  for (const PlayedUnit& unit : units) EXPECT_EQ(unit.audio, std::vector<int16_t>(unit.audio.size(), 0));
}

TEST(FileProducerSound, AloneHasABlackPictureAndItsOwnLength) {
  const ClipFolder folder;
  ClipSpec spec{.samples = 96000, .sound = Scrambled, .options = "-c:a pcm_s16le"};
  const HouseFormat house = SmallHouse({25, 1});
  const std::vector<PlayedUnit> units = Play(RequestFor(MakeClip(folder, "clip.wav", spec), house), 1000);
  ASSERT_EQ(units.size(), 50u);
  std::vector<uint8_t> black(house.VideoBytes(), 128);
  std::fill_n(black.begin(), house.LumaBytes(), uint8_t{16});
  EXPECT_EQ(units[0].video, black);
  EXPECT_EQ(units[49].video, black);
}

TEST(FileProducerSound, AloneBeginsWithItsFirstSampleNotWithTheEncodersDelay) {
  const ClipFolder folder;
  for (const char* file : {"clip.m4a", "clip.mka", "clip.opus", "clip.mp3", "clip.flac"}) {
    ClipSpec spec{.samples = 96000, .sound = BeepEverySecond(48000)};
    if (std::string(file) == "clip.mka") spec.options = "-c:a libopus";
    const std::string clip = MakeClip(folder, file, spec);
    const std::vector<int64_t> beeps = BeepsIn(LineOf(Play(RequestFor(clip, SmallHouse({25, 1})), 50), 0));
    ASSERT_EQ(beeps.size(), 2u) << file;
    EXPECT_NEAR(static_cast<double>(beeps[0]), 0, 48) << file;
    EXPECT_NEAR(static_cast<double>(beeps[1]), 48000, 48) << file;
  }
}

TEST(FileProducerSound, GoesToBothSidesAtFullLevelWhenItIsMono) {
  const ClipFolder folder;
  ClipSpec spec{.channels = 1, .samples = 4800, .sound = Scrambled, .options = "-c:a pcm_s16le"};
  const std::vector<PlayedUnit> units =
      Play(RequestFor(MakeClip(folder, "c.wav", spec), SmallHouse({25, 1})), 1);
  ASSERT_EQ(units.size(), 1u);
  for (int s = 0; s < 1900; ++s) {
    ASSERT_EQ(units[0].audio[static_cast<size_t>(2 * s)], Scrambled(s, 0));
    ASSERT_EQ(units[0].audio[static_cast<size_t>(2 * s + 1)], Scrambled(s, 0));
  }
}

TEST(FileProducerSound, MixesFiveOneDownByTheStandardWithoutClipping) {
  const ClipFolder folder;
  ClipSpec spec{
      .channels = 6, .samples = 48000, .sound = Tone(1000, 48000, 32000), .options = "-c:a pcm_s16le"};
  const std::vector<PlayedUnit> loud =
      Play(RequestFor(MakeClip(folder, "all.wav", spec), SmallHouse({25, 1})), 20);
  for (const int16_t sample : LineOf(loud, 0)) ASSERT_LT(std::abs(sample), 32100);
  // The centre alone comes out 3 dB below the left alone, on both sides.
  const auto peak_of = [&](int source, size_t side) {
    spec.sound = [=](int64_t s, int channel) {
      return channel == source ? Tone(1000, 48000, 20000)(s, 0) : int16_t{0};
    };
    const std::string clip = MakeClip(folder, "one.wav", spec);
    const std::vector<int16_t> line = LineOf(Play(RequestFor(clip, SmallHouse({25, 1})), 20), side);
    return static_cast<double>(*std::max_element(line.begin(), line.end()));
  };
  const double left = peak_of(0, 0);
  EXPECT_NEAR(peak_of(2, 0) / left, std::numbers::sqrt2 / 2, 0.01);
  EXPECT_NEAR(peak_of(2, 1) / left, std::numbers::sqrt2 / 2, 0.01);
  EXPECT_NEAR(peak_of(4, 0) / left, std::numbers::sqrt2 / 2, 0.01);
  EXPECT_EQ(peak_of(0, 1), 0);
}

TEST(FileProducerSound, MixesSevenOneDownByTheStandardWithoutClipping) {
  const ClipFolder folder;
  ClipSpec spec{.channels = 8, .samples = 24000, .sound = Tone(1000, 48000, 32000), .options = "-c:a flac"};
  const std::vector<PlayedUnit> loud =
      Play(RequestFor(MakeClip(folder, "all.mka", spec), SmallHouse({25, 1})), 10);
  ASSERT_EQ(loud.size(), 10u);
  for (const int16_t sample : LineOf(loud, 0)) ASSERT_LT(std::abs(sample), 32100);
}

TEST(FileProducerSound, IsTheDefaultTrackOrTheOneOfTheLanguageThatWasAskedFor) {
  const ClipFolder folder;
  const auto constant = [](int16_t level) { return [level](int64_t, int) { return level; }; };
  ClipSpec one{.samples = 48000, .sound = constant(3000), .options = "-c:a pcm_s16le"};
  const std::string first = MakeClip(folder, "first.wav", one);
  one.sound = constant(7000);
  const std::string second = MakeClip(folder, "second.wav", one);
  const std::string clip = folder.Path("both.mkv");
  RunCommand("ffmpeg -nostdin -v error -y -i " + first + " -i " + second +
             " -map 0 -map 1 -c copy -metadata:s:a:0 language=deu -metadata:s:a:1 language=eng "
             "-disposition:a:0 0 -disposition:a:1 default " +
             clip);
  for (const auto& [language, level] : {std::pair("", 7000), {"deu", 3000}, {"eng", 7000}, {"fra", 7000}}) {
    ProducerRequest request = RequestFor(clip, SmallHouse({25, 1}));
    request.audio_language = language;
    for (const bool warm : {false, true}) {
      const std::vector<PlayedUnit> units = Play(request, 5, warm);
      ASSERT_EQ(units.size(), 5u);
      EXPECT_EQ(units[2].audio[100], level) << language;
    }
  }
}

class TakeOver : public ::testing::TestWithParam<SoundFormat> {};

// What makes an unseen recovery possible: a producer that begins at unit k makes the very units of one that
// began at 0.
TEST_P(TakeOver, MakesTheSameUnitsAsAStraightRun) {
  const ClipFolder folder;
  const int rate = GetParam().rate;
  ClipSpec spec{
      .pictures = 240, .sample_rate = rate, .samples = int64_t{10} * rate, .sound = Tone(440, rate)};
  spec.rate = "24000/1001";
  spec.options = GetParam().options;
  const std::string clip = MakeClip(folder, GetParam().file, spec);
  ProducerRequest request = RequestFor(clip, SmallHouse(kNtsc), 333);
  request.skip_units = 7;
  const std::vector<PlayedUnit> straight = Play(request, 1000);
  ASSERT_GT(straight.size(), 275u);
  for (const int64_t first : {1, 20, 61, 150, 260}) {
    request.first_unit = UnitIndex(first);
    const bool warm = first % 2 == 0;
    const std::vector<PlayedUnit> taken_over = Play(request, 12, warm);
    ASSERT_EQ(taken_over.size(), 12u);
    for (size_t i = 0; i < taken_over.size(); ++i) {
      const PlayedUnit& expected = straight[static_cast<size_t>(first) + i];
      EXPECT_EQ(taken_over[i].video, expected.video) << "from " << first << ", unit " << i;
      EXPECT_EQ(taken_over[i].info.repeat, expected.info.repeat) << "from " << first << ", unit " << i;
      EXPECT_EQ(taken_over[i].info.media_position_us, expected.info.media_position_us);
      ASSERT_EQ(taken_over[i].audio.size(), expected.audio.size());
      int worst = 0;
      for (size_t s = 0; s < expected.audio.size(); ++s) {
        worst = std::max(worst, std::abs(taken_over[i].audio[s] - expected.audio[s]));
      }
      EXPECT_LE(worst, 2) << "from " << first << ", unit " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryContainer, TakeOver,
    ::testing::Values(
        SoundFormat{"Mp4", "clip.mp4", "-c:v libx264 -preset superfast -bf 3 -g 100 -c:a aac", 44100},
        SoundFormat{"Ts", "clip.ts", "-c:v libx264 -preset superfast -bf 3 -g 48 -c:a aac", 44100},
        SoundFormat{"Mpeg2Ts", "clip.ts", "-c:v mpeg2video -q:v 3 -bf 2 -c:a mp2", 48000},
        SoundFormat{"Mkv", "clip.mkv", "-c:v libx264 -preset superfast -bf 3 -g 48 -c:a libmp3lame", 44100},
        SoundFormat{"MkvWithPcm", "clip.mkv", "-c:v libx264 -preset superfast -bf 3 -g 48 -c:a pcm_s16le",
                    44100},
        SoundFormat{"HevcMkv", "clip.mkv",
                    "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=48 -c:a ac3", 48000},
        SoundFormat{"Webm", "clip.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -g 48 -c:a libopus",
                    48000}),
    [](const auto& format) { return std::string(format.param.name); });

// Behind a place that brings decoders down nothing is decoded that lies before the next key picture; what is
// not to be shown yet may be.
TEST(FileProducerTakeOver, SkipsBehindABadUnitAndMakesTheSameUnitsFromThere) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 150, .samples = 6 * 48'000, .sound = Tone(440, 48'000)};
  spec.options = "-c:v libx264 -g 20 -keyint_min 20 -sc_threshold 0 -c:a aac";
  ProducerRequest request = RequestFor(MakeClip(folder, "keys.mp4", spec), SmallHouse({.num = 25, .den = 1}));
  const std::vector<PlayedUnit> straight = Play(request, 1000);
  ASSERT_GE(straight.size(), 150u);
  request.skips = true;
  struct Skip {
    int bad, asked, expected;
  };
  for (const auto& [bad, asked, expected] : {Skip{40, 41, 60},
                                             {40, 60, 60},
                                             {35, 60, 60},
                                             {35, 61, 61},
                                             {59, 84, 84},
                                             {60, 79, 80},
                                             {60, 85, 85}}) {
    request.bad_unit = UnitIndex(bad);
    request.first_unit = UnitIndex(asked);
    FileProducer producer;
    ASSERT_TRUE(producer.Start(request).ok());
    ASSERT_EQ(producer.Next(), UnitIndex(expected)) << "bad is " << bad << ", asked for " << asked;
    PlayedUnit unit;
    unit.video.resize(request.format.VideoBytes());
    unit.audio.resize(size_t{request.format.MaxUnitSamples()} * request.format.channels);
    ASSERT_TRUE(producer.Render(producer.Next(), {unit.video, unit.audio, {}}, unit.info).ok());
    EXPECT_EQ(unit.video, straight[static_cast<size_t>(expected)].video) << expected;
    EXPECT_EQ(unit.info.media_position_us, straight[static_cast<size_t>(expected)].info.media_position_us);
  }
}

// Xvid packs a B picture into the packet of the picture before it, and empty packets follow.
TEST(FileProducerTakeOver, FindsTheKeyPicturesOfMpeg4ThatIsPacked) {
  const ClipFolder folder;
  const std::string clip = folder.Path("packed.avi");
  RunCommand(
      "ffmpeg -nostdin -v error -y -f lavfi -i testsrc2=s=160x96:r=25:d=4 -c:v libxvid -bf 2 -vtag XVID " +
      clip);
  ProducerRequest request = RequestFor(clip, SmallHouse({25, 1}, 160, 96));
  const std::vector<PlayedUnit> straight = Play(request, 200);
  ASSERT_GE(straight.size(), 95u);
  for (size_t first = 20; first < 90; first += 3) {
    request.first_unit = UnitIndex(static_cast<int64_t>(first));
    const std::vector<PlayedUnit> taken_over = Play(request, 5);
    ASSERT_EQ(taken_over.size(), 5u);
    for (size_t i = 0; i < 5; ++i)
      ASSERT_EQ(taken_over[i].video, straight[first + i].video) << "from " << first << ", unit " << i;
  }
}

// Stamps that stray from where the sound really is: old Vorbis files stamp some blocks by their ends, others
// count a little wrong. Who plays from the start has counted.
TEST(FileProducerTakeOver, PutsSoundWhereItsPredecessorPutItWhateverTheStampsSay) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 150, .samples = 6 * 48'000, .sound = Tone(440, 48'000)};
  for (const char* options :
       {R"(-c:a aac -bsf:a 'setts=ts=TS+8*gt(N\,3)')", R"(-c:a pcm_s16le -bsf:a 'setts=ts=TS+5*mod(N\,2)')",
        R"(-c:a libvorbis -bsf:a 'setts=ts=TS+20*gt(mod(N\,50)\,25)')"}) {
    SCOPED_TRACE(options);
    spec.options = std::string("-c:v libx264 -g 20 ") + options;
    ProducerRequest request = RequestFor(MakeClip(folder, "stray.mkv", spec), SmallHouse(kNtsc));
    const std::vector<PlayedUnit> straight = Play(request, 170);
    ASSERT_EQ(straight.size(), 170u);
    for (const size_t first : {3, 40, 61, 110, 150}) {
      request.first_unit = UnitIndex(static_cast<int64_t>(first));
      request.kept = straight[first - 1].kept;
      const std::vector<PlayedUnit> taken_over = Play(request, 5);
      ASSERT_EQ(taken_over.size(), 5u);
      for (size_t i = 0; i < 5; ++i) {
        for (size_t s = 0; s < taken_over[i].audio.size(); ++s)
          ASSERT_NEAR(taken_over[i].audio[s], straight[first + i].audio[s], 2)
              << first << "+" << i << ", " << s;
      }
    }
    request.first_unit = UnitIndex(0);
    request.kept = {};
  }
}

TEST(FileProducerTakeOver, ContinuesSoundAloneOnTheSameSamples) {
  const ClipFolder folder;
  ClipSpec spec{.sample_rate = 44100, .samples = 8 * 44100, .sound = Tone(440, 44100)};
  for (const char* file : {"clip.mp3", "clip.m4a", "clip.flac", "clip.wav"}) {
    ProducerRequest request = RequestFor(MakeClip(folder, file, spec), SmallHouse(kNtsc));
    const std::vector<PlayedUnit> straight = Play(request, 200);
    ASSERT_EQ(straight.size(), 200u);
    request.first_unit = UnitIndex(137);
    const std::vector<PlayedUnit> taken_over = Play(request, 20);
    ASSERT_EQ(taken_over.size(), 20u);
    for (size_t i = 0; i < 20; ++i) {
      for (size_t s = 0; s < taken_over[i].audio.size(); ++s) {
        ASSERT_NEAR(taken_over[i].audio[s], straight[137 + i].audio[s], 2)
            << file << ", unit " << i << ", " << s;
      }
    }
  }
}

}  // namespace
}  // namespace air
