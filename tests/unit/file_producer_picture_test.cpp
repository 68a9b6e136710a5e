#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

using ::testing::ElementsAre;

constexpr char kX264[] = "-c:v libx264 -preset superfast -crf 20 -bf 3 ";

// The picture nearest to `ms` in a clip of 25 pictures a second, which a house of 25 shows; the later one on a tie, the
// last one behind it.
int PictureAt(int64_t ms, int pictures) {
  return static_cast<int>(std::min<int64_t>((ms + 20) / 40, pictures - 1));
}

struct Format {
  const char* name;
  const char* file;
  const char* options;
};

class InPoint : public ::testing::TestWithParam<Format> {};

TEST_P(InPoint, IsFrameExactWhereverItLies) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 300};
  spec.options = GetParam().options;
  const std::string clip = MakeClip(folder, GetParam().file, spec);
  const HouseFormat house = SmallHouse({25, 1});
  for (const int64_t ms :
       {1, 20, 40, 1'000, 1'919, 1'920, 1'959, 3'333, 5'000, 7'777, 9'999, 10'000, 11'880}) {
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, house, ms), 3);
    ASSERT_EQ(units.size(), 3u) << ms;
    for (int i = 0; i < 3; ++i) {
      EXPECT_EQ(NumberOf(units[static_cast<size_t>(i)], house), PictureAt(ms + 40 * i, 300))
          << "in-point " << ms << " ms, unit " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryContainer, InPoint,
    ::testing::Values(
        Format{"H264InMp4WithLongGroups", "clip.mp4", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 250"},
        Format{"H264InMkv", "clip.mkv", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 48"},
        Format{"H264InMkvWithoutIndex", "clip.mkv",
               "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 48 -live 1 -cluster_time_limit 500"},
        Format{"H264InTs", "clip.ts", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 48"},
        Format{"H264InTsWithLongGroups", "clip.ts", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 250"},
        Format{"H264WithOpenGroups", "clip.mp4",
               "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 48 -x264-params open-gop=1"},
        Format{"H264WithIntraRefresh", "clip.ts",
               "-c:v libx264 -preset superfast -crf 20 -g 24 -x264-params intra-refresh=1"},
        Format{"HevcInMp4", "clip.mp4",
               "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=48"},
        Format{"Vp9InWebm", "clip.webm", "-c:v libvpx-vp9 -deadline realtime -cpu-used 8 -b:v 500k -g 48"},
        Format{"Mpeg2InTs", "clip.ts", "-c:v mpeg2video -q:v 3 -g 15 -bf 2"},
        Format{"Mpeg2InProgramStream", "clip.mpg", "-c:v mpeg2video -q:v 3 -g 15 -bf 2"},
        Format{"Mpeg4InAvi", "clip.avi", "-c:v mpeg4 -q:v 3 -g 48"},
        Format{"MjpegInMov", "clip.mov", "-c:v mjpeg -q:v 3"}),
    [](const auto& format) { return std::string(format.param.name); });

std::vector<int> NumbersAt(const std::string& clip, FrameRate rate, int64_t units, int64_t skip = 0) {
  const HouseFormat house = SmallHouse(rate);
  ProducerRequest request = RequestFor(clip, house);
  request.skip_units = skip;
  return NumbersOf(Play(request, units), house);
}

// What is on in units 0, 1, ... of a house with more frames than the clip has pictures, from the definition alone: the last
// picture with a stamp no later than half a frame behind the unit's instant.
std::vector<int> PicturesOf(int units, int64_t source_num, int64_t source_den, FrameRate house,
                            int pictures) {
  std::vector<int> numbers;
  for (int64_t i = 0; i < units; ++i) {
    const int64_t number = (2 * i + 1) * house.den * source_num / (2 * int64_t{house.num} * source_den);
    numbers.push_back(static_cast<int>(std::min<int64_t>(number, pictures - 1)));
  }
  return numbers;
}

TEST(FileProducerRates, RepeatEveryFourthPictureFrom23976To2997) {
  const ClipFolder folder;
  for (const char* file : {"clip.mp4", "clip.mkv"}) {
    ClipSpec spec{.pictures = 240, .rate = "24000/1001", .options = kX264};
    const std::string clip = MakeClip(folder, file, spec);
    const std::vector<int> numbers = NumbersAt(clip, {30000, 1001}, 1000);
    EXPECT_EQ(numbers, PicturesOf(300, 24000, 1001, {30000, 1001}, 240)) << file;
  }
}

TEST(FileProducerRates, GiveThreeTwoFrom23976To5994) {
  const ClipFolder folder;
  const std::string clip =
      MakeClip(folder, "clip.mkv", ClipSpec{.pictures = 48, .rate = "24000/1001", .options = kX264});
  const std::vector<int> numbers = NumbersAt(clip, {60000, 1001}, 10);
  EXPECT_THAT(numbers, ElementsAre(0, 0, 1, 1, 1, 2, 2, 3, 3, 3));
}

TEST(FileProducerRates, FollowTheExactInstantsFrom25To2997) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 500, .options = kX264};
  spec.options += "-video_track_timescale 90000";  // no two instants are so near that they are a tie
  const std::string clip = MakeClip(folder, "clip.mp4", spec);
  EXPECT_EQ(NumbersAt(clip, {30000, 1001}, 1000), PicturesOf(600, 25, 1, {30000, 1001}, 500));
}

TEST(FileProducerRates, DropEveryOtherPictureFrom60To30) {
  const ClipFolder folder;
  const std::string clip =
      MakeClip(folder, "clip.mkv", ClipSpec{.pictures = 120, .rate = "60/1", .options = kX264});
  const std::vector<int> numbers = NumbersAt(clip, {30, 1}, 1000);
  ASSERT_EQ(numbers.size(), 60u);
  for (int i = 0; i < 60; ++i) EXPECT_EQ(numbers[static_cast<size_t>(i)], 2 * i);
}

TEST(FileProducerRates, ShowEachPictureTwiceFrom30To60InSpiteOfMillisecondStamps) {
  const ClipFolder folder;
  const std::string clip =
      MakeClip(folder, "clip.mkv", ClipSpec{.pictures = 90, .rate = "30/1", .options = kX264});
  const std::vector<int> numbers = NumbersAt(clip, {60, 1}, 1000);
  ASSERT_EQ(numbers.size(), 180u);
  for (int i = 0; i < 178; ++i) EXPECT_EQ(numbers[static_cast<size_t>(i)], i / 2) << i;
}

TEST(FileProducerRates, BelieveTheStampsOfAVariableRateNotTheDeclaredOne) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 50};
  // Pictures 0..24 at 25 a second, from picture 25 on at 12.5 a second.
  spec.options = std::string(R"x(-vf "setpts=round(if(lt(N\,25)\,N\,2*N-25)*0.04/TB)" -vsync vfr )x") + kX264;
  const std::string clip = MakeClip(folder, "clip.mp4", spec);
  const std::vector<int> numbers = NumbersAt(clip, {25, 1}, 1000);
  ASSERT_GE(numbers.size(), 74u);
  for (int i = 0; i < 25; ++i) EXPECT_EQ(numbers[static_cast<size_t>(i)], i);
  for (int i = 25; i < 74; ++i) EXPECT_EQ(numbers[static_cast<size_t>(i)], 25 + (i - 25) / 2) << "unit " << i;
}

// Slides, screen recordings: what stands for seconds changes when it should, and not half its time before.
TEST(FileProducerRates, ShowSlidesFromTheFrameNearestToTheirStamp) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 4};
  spec.options =
      std::string(R"(-vf "setpts=(6*gte(N\,1)+2*gte(N\,2)+0.5*gte(N\,3))/TB" -fps_mode vfr )") + kX264;
  const std::string clip = MakeClip(folder, "clip.mkv", spec);
  const std::vector<int> numbers = NumbersAt(clip, {25, 1}, 1000);
  ASSERT_GE(numbers.size(), 213u);
  for (size_t i = 0; i < 213; ++i) {
    ASSERT_EQ(numbers[i], i < 150 ? 0 : i < 200 ? 1 : i < 212 ? 2 : 3) << "unit " << i;  // 8.5 s is a tie
  }
}

// Every rate there is into the three houses, held against the rule alone: each picture is on from the unit nearest to its
// stamp, and of several with the same nearest unit the nearest one is. Stamps are good to a tick of their container.
class CounterClip : public ::testing::TestWithParam<std::string> {};

constexpr double kTwoTicks = 2e-4;  // of 1/12800 s and finer

// Whether a picture may be on in a unit, when all stamps are off by `error`. Rising stamps.
bool MayBeOn(size_t shown, double instant, double frame, const std::vector<double>& stamps, double error,
             double two_ticks) {
  const auto unit_of = [&](double stamp) {
    return std::floor((stamp + error - instant) / frame + 0.5);
  };  // 0: this one
  double nearest = 1e9;
  size_t latest = 0;
  for (size_t k = 0; k < stamps.size(); ++k) {
    if (unit_of(stamps[k]) == 0) nearest = std::min(nearest, std::abs(stamps[k] - instant));
    if (unit_of(stamps[k]) < 0) latest = k;
  }
  if (nearest == 1e9) return shown == latest;
  return unit_of(stamps[shown]) == 0 && std::abs(stamps[shown] - instant) <= nearest + two_ticks;
}

void ExpectInTime(const std::vector<int>& numbers, FrameRate house, const std::vector<double>& stamps,
                  double in_point = 0, double two_ticks = kTwoTicks) {
  const double frame = static_cast<double>(house.den) / house.num;
  for (size_t i = 0; i < numbers.size(); ++i) {
    const double instant = in_point + static_cast<double>(i) * frame;
    ASSERT_LT(static_cast<size_t>(numbers[i]), stamps.size()) << i;
    const auto shown = static_cast<size_t>(numbers[i]);
    EXPECT_TRUE(MayBeOn(shown, instant, frame, stamps, 0, two_ticks) ||
                MayBeOn(shown, instant, frame, stamps, -two_ticks, two_ticks) ||
                MayBeOn(shown, instant, frame, stamps, two_ticks, two_ticks))
        << "unit " << i << " shows picture " << shown << ", stamp " << stamps[shown] << " at " << instant;
  }
}

TEST_P(CounterClip, ShowsEachPictureFromTheFrameNearestToItsStamp) {
  const ClipFolder folder;
  const std::string rate = GetParam();
  const size_t slash = rate.find('/');
  const double num = std::stod(rate.substr(0, slash)), den = std::stod(rate.substr(slash + 1));
  const int pictures = static_cast<int>(4 * num / den);
  const std::string clip =
      MakeClip(folder, "clip.mp4", ClipSpec{.pictures = pictures, .rate = rate, .options = kX264});
  std::vector<double> stamps;
  for (int k = 0; k < pictures; ++k) stamps.push_back(k * den / num);
  for (const FrameRate house : {FrameRate{25, 1}, {30000, 1001}, {60000, 1001}}) {
    SCOPED_TRACE(ToString(house));
    const std::vector<int> numbers = NumbersAt(clip, house, 1000);
    EXPECT_NEAR(static_cast<double>(numbers.size()), pictures * den / num * house.num / house.den, 1);
    ExpectInTime(numbers, house, stamps);
  }
}

INSTANTIATE_TEST_SUITE_P(OfEveryRate, CounterClip,
                         ::testing::Values("12/1", "15/1", "24000/1001", "24/1", "25/1", "30/1", "50/1",
                                           "60000/1001", "60/1"),
                         [](const auto& rate) {
                           std::string name = "At" + rate.param;
                           name[name.find('/')] = '_';
                           return name;
                         });

// Pictures of 10 to 75 ms, as a phone or a screen recorder makes them.
TEST(FileProducerRates, ShowEachPictureOfAVariableRateInEveryHouse) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 60};
  spec.options =
      std::string(R"(-vf "settb=1/90000,setpts=(N*0.05+0.015*mod(N\,3)-0.01*mod(N\,2))/TB" -vsync vfr )") +
      kX264;
  std::vector<double> stamps;
  for (int n = 0; n < 60; ++n) stamps.push_back(n * 0.05 + 0.015 * (n % 3) - 0.01 * (n % 2));
  spec.options += " -enc_time_base 1/90000 -video_track_timescale 90000";
  for (const char* file : {"clip.mp4"}) {
    const std::string clip = MakeClip(folder, file, spec);
    for (const FrameRate house : {FrameRate{25, 1}, {30000, 1001}, {60000, 1001}}) {
      SCOPED_TRACE(ToString(house));
      ExpectInTime(NumbersAt(clip, house, 1000), house, stamps);
    }
  }
}

// In-points into pictures of 10 ms to three seconds, the key pictures far apart: between two pictures, on one,
// in the middle of one that stands for seconds, and for a producer that takes over there.
class VariableRateInPoint : public ::testing::TestWithParam<Format> {};

TEST_P(VariableRateInPoint, BeginsWithThePictureThatIsOn) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 120};
  // Twelve pictures of 10, 65, 30, ... ms, then one of three seconds.
  spec.options = std::string(R"(-vf "settb=1/90000,setpts=(N*0.04+0.025*mod(N\,2)+3*floor(N/13))/TB" )") +
                 "-fps_mode vfr -enc_time_base 1/90000 " + GetParam().options;
  std::vector<double> stamps;
  for (int n = 0; n < 120; ++n) stamps.push_back(n * 0.04 + 0.025 * (n % 2) + 3 * (n / 13));
  const std::string clip = MakeClip(folder, GetParam().file, spec);
  const HouseFormat house = SmallHouse({30000, 1001});
  constexpr double kTwoMilliseconds = 2e-3;  // Matroska's ticks
  for (const int64_t ms : {1, 64, 66, 137, 520, 1'900, 3'540, 3'595, 4'020, 13'000, 20'123, 24'700, 29'999}) {
    SCOPED_TRACE(ms);
    const double in_point = static_cast<double>(ms) / 1000;
    ProducerRequest request = RequestFor(clip, house, ms);
    const std::vector<int> numbers = NumbersOf(Play(request, 40), house);
    ASSERT_EQ(numbers.size(), 40u);
    ExpectInTime(numbers, house.rate, stamps, in_point, kTwoMilliseconds);
    request.first_unit = UnitIndex(33);
    EXPECT_EQ(NumbersOf(Play(request, 3), house),
              std::vector<int>(numbers.begin() + 33, numbers.begin() + 36));
  }
}

INSTANTIATE_TEST_SUITE_P(
    OfEveryContainer, VariableRateInPoint,
    ::testing::Values(
        Format{"Mp4", "clip.mp4",
               "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 250 -video_track_timescale 90000"},
        Format{"FragmentedMp4", "clip.mp4",
               "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 40 -video_track_timescale 90000 "
               "-movflags frag_keyframe+empty_moov"},
        Format{"Mkv", "clip.mkv", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 250"},
        Format{"MkvWithoutIndex", "clip.mkv",
               "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 40 -live 1 -cluster_time_limit 500"},
        Format{"WebmWithoutIndex", "clip.webm",
               "-c:v libvpx -deadline realtime -cpu-used 8 -b:v 500k -g 250 -live 1"},
        Format{"Ts", "clip.ts", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 40"},
        Format{"TsWithLongGroups", "clip.ts", "-c:v libx264 -preset superfast -crf 20 -bf 3 -g 250"},
        Format{"HevcInTs", "clip.ts",
               "-c:v libx265 -preset ultrafast -x265-params log-level=error:keyint=40"}),
    [](const auto& format) { return std::string(format.param.name); });

TEST(FileProducerRates, SkipUnitsWhenJoinedInProgress) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 100, .options = kX264});
  EXPECT_THAT(NumbersAt(clip, {25, 1}, 3, /*skip=*/42), ElementsAre(42, 43, 44));
}

TEST(FileProducerEnd, ComesRightBehindTheLastPicture) {
  const ClipFolder folder;
  for (const char* file : {"clip.mp4", "clip.mkv", "clip.ts"}) {
    const std::string clip =
        MakeClip(folder, file, ClipSpec{.pictures = 77, .rate = "30000/1001", .options = kX264});
    EXPECT_EQ(NumbersAt(clip, {30000, 1001}, 1000).size(), 77u) << file;
    EXPECT_EQ(NumbersAt(clip, {30000, 1001}, 1000, /*skip=*/70).size(), 7u) << file;
    EXPECT_EQ(NumbersAt(clip, {30000, 1001}, 1000, /*skip=*/77).size(), 0u) << file;
  }
}

TEST(FileProducerEnd, HoldsTheLastPictureOverLongerSound) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 25, .samples = 96000, .sound = [](int64_t, int) { return int16_t{1000}; }};
  spec.options = std::string(kX264) + "-c:a pcm_s16le";
  const std::string clip = MakeClip(folder, "clip.mov", spec);
  const HouseFormat house = SmallHouse({25, 1});
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, house), 1000);
  ASSERT_EQ(units.size(), 50u);
  EXPECT_EQ(NumberOf(units[49], house), 24);
  EXPECT_TRUE(units[49].info.repeat);
  EXPECT_EQ(units[49].audio[100], 1000);
}

TEST(FileProducerInfo, SaysWhereThePictureStandsAndWhetherItIsARepeat) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 50, .options = kX264});
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse({50, 1}), 400), 4);
  ASSERT_EQ(units.size(), 4u);
  EXPECT_FALSE(units[0].info.repeat);
  EXPECT_EQ(units[0].info.media_position_us, 400'000);
  EXPECT_TRUE(units[1].info.repeat);
  EXPECT_EQ(units[1].info.media_position_us, 400'000);
  EXPECT_FALSE(units[2].info.repeat);
  EXPECT_EQ(units[2].info.media_position_us, 440'000);
  EXPECT_TRUE(units[3].info.repeat);
}

// One luma line of the house picture.
std::vector<uint8_t> Line(const PlayedUnit& unit, const HouseFormat& house, size_t y) {
  const auto begin = unit.video.begin() + static_cast<ptrdiff_t>(y * house.width);
  return {begin, begin + house.width};
}

bool AllBlack(const PlayedUnit& unit, const HouseFormat& house, size_t left, size_t right) {
  for (size_t y = 0; y < house.height; ++y) {
    for (size_t x = left; x < right; ++x) {
      if (unit.video[y * house.width + x] != 16) return false;
    }
  }
  for (size_t plane = 0; plane < 2; ++plane) {
    const uint8_t* chroma = unit.video.data() + house.LumaBytes() + plane * house.ChromaBytes();
    for (size_t y = 0; y < house.height / 2; ++y) {
      for (size_t x = left / 2; x < right / 2; ++x) {
        if (chroma[y * house.width / 2 + x] != 128) return false;
      }
    }
  }
  return true;
}

TEST(FileProducerGeometry, PillarBoxesFourToThreeInSixteenToNine) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 5, .options = kX264});
  const HouseFormat house = SmallHouse({25, 1}, 320, 180);
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, house), 5);
  ASSERT_EQ(units.size(), 5u);
  EXPECT_TRUE(AllBlack(units[3], house, 0, 40));  // 4:3 of 180 lines is 240 wide: 40 black on either side
  EXPECT_TRUE(AllBlack(units[3], house, 280, 320));
  EXPECT_FALSE(AllBlack(units[3], house, 40, 42));
  EXPECT_FALSE(AllBlack(units[3], house, 278, 280));
  EXPECT_EQ(NumberIn(units[3].video.data() + 40, 320, 240, 180), 3);
}

TEST(FileProducerGeometry, LetterBoxesByTheShapeOfThePixels) {
  const ClipFolder folder;
  // 128 x 96 with pixels twice as wide as high: 8:3, in a 4:3 house half of the lines.
  const std::string clip = MakeClip(
      folder, "clip.mp4", ClipSpec{.pictures = 5, .options = std::string("-vf setsar=2/1 ") + kX264});
  const HouseFormat house = SmallHouse({25, 1}, 160, 120);
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, house), 5);
  ASSERT_EQ(units.size(), 5u);
  const std::vector<uint8_t> black(160, 16);
  EXPECT_EQ(Line(units[3], house, 0), black);
  EXPECT_EQ(Line(units[3], house, 29), black);
  EXPECT_NE(Line(units[3], house, 30), black);
  EXPECT_NE(Line(units[3], house, 89), black);
  EXPECT_EQ(Line(units[3], house, 90), black);
  EXPECT_EQ(NumberIn(units[3].video.data() + 30 * 160, 160, 160, 60), 3);
}

// Puts a display matrix into the track header of an MP4 file (ISO/IEC 14496-12, 8.3.2).
void SetMatrix(const std::string& path, int a, int b, int c, int d) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  const size_t header = bytes.find("tkhd");
  ASSERT_NE(header, std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(header + 4 + 40));
  for (const int number : {a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30}) {
    for (int shift = 24; shift >= 0; shift -= 8) file.put(static_cast<char>(number >> shift));
  }
}

// A picture whose quarters have levels of their own, lying in each of the eight ways.
TEST(FileProducerGeometry, StandsAllEightOrientationsUpright) {
  const ClipFolder folder;
  const std::string clip = folder.Path("quarters.mp4");
  RunCommand(
      "ffmpeg -nostdin -v error -y -f lavfi -i color=black:s=96x96:d=0.2,format=yuv420p,"
      "geq=lum='if(lt(Y\\,48)\\,if(lt(X\\,48)\\,40\\,90)\\,if(lt(X\\,48)\\,140\\,190))':cb=128:cr=128 "
      "-c:v libx264 -qp 1 " +
      clip);
  const HouseFormat house = SmallHouse({25, 1}, 96, 96);
  struct Case {
    int a, b, c, d;
    std::array<int, 4> levels;  // top left, top right, bottom left, bottom right
  };
  for (const Case& way : {Case{1, 0, 0, 1, {40, 90, 140, 190}}, Case{0, 1, -1, 0, {140, 40, 190, 90}},
                          Case{-1, 0, 0, -1, {190, 140, 90, 40}}, Case{0, -1, 1, 0, {90, 190, 40, 140}},
                          Case{-1, 0, 0, 1, {90, 40, 190, 140}}, Case{1, 0, 0, -1, {140, 190, 40, 90}},
                          Case{0, 1, 1, 0, {40, 140, 90, 190}}, Case{0, -1, -1, 0, {190, 90, 140, 40}}}) {
    SetMatrix(clip, way.a, way.b, way.c, way.d);
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, house), 1);
    ASSERT_EQ(units.size(), 1u);
    for (size_t quarter = 0; quarter < 4; ++quarter) {
      const size_t x = 24 + 48 * (quarter % 2), y = 24 + 48 * (quarter / 2);
      EXPECT_NEAR(units[0].video[y * 96 + x], way.levels[quarter], 3)
          << way.a << way.b << way.c << way.d << ", quarter " << quarter;
    }
  }
}

TEST(FileProducerGeometry, CropsOrStretchesWhereTheFormatSaysSo) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 5, .options = kX264});
  const HouseFormat house = SmallHouse({25, 1}, 320, 180);
  ProducerRequest request = RequestFor(clip, house);
  request.aspect_policy = AspectPolicy::kStretch;
  std::vector<PlayedUnit> units = Play(request, 5);
  ASSERT_EQ(units.size(), 5u);
  EXPECT_EQ(NumberOf(units[3], house), 3);
  EXPECT_FALSE(AllBlack(units[3], house, 0, 2));
  request.aspect_policy = AspectPolicy::kCrop;
  units = Play(request, 5);
  ASSERT_EQ(units.size(), 5u);
  // 128 x 72 of 128 x 96 over all: the blocks' columns are where they were, their rows farther apart.
  EXPECT_FALSE(AllBlack(units[3], house, 0, 2));
  EXPECT_EQ(NumberIn(units[3].video.data(), 320, 320, 180) & 3, 3);
}

TEST(FileProducerGeometry, TurnsThePictureAsItsDisplayMatrixSays) {
  const ClipFolder folder;
  const std::string upright = MakeClip(folder, "upright.mp4", ClipSpec{.pictures = 5, .options = kX264});
  const std::string turned = folder.Path("turned.mp4");
  RunCommand("ffmpeg -nostdin -v error -y -i " + upright + " -c copy -metadata:s:v rotate=180 " + turned);
  const HouseFormat house = SmallHouse({25, 1});
  std::vector<PlayedUnit> units = Play(RequestFor(turned, house), 5);
  ASSERT_EQ(units.size(), 5u);
  std::vector<uint8_t>& video = units[3].video;
  std::reverse(video.begin(), video.begin() + static_cast<ptrdiff_t>(house.LumaBytes()));
  EXPECT_EQ(NumberOf(units[3], house), 3);
}

TEST(FileProducerColour, MakesFullRangeLimited) {
  const ClipFolder folder;
  const std::string clip = folder.Path("white.mp4");
  RunCommand(
      "ffmpeg -nostdin -v error -y -f lavfi -i color=white:s=128x96:d=0.2 -vf "
      "scale=out_range=pc,format=yuvj420p -c:v libx264 -qp 1 " +
      clip);
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse({25, 1})), 1);
  ASSERT_EQ(units.size(), 1u);
  EXPECT_NEAR(units[0].video[5000], 235, 1);
}

// Pure green is Y 145 in BT.601 and Y 173 in BT.709.
TEST(FileProducerColour, ConvertsTheMatrixOfStandardDefinitionForAHighDefinitionHouse) {
  const ClipFolder folder;
  const std::string clip = folder.Path("green.mp4");
  RunCommand(
      "ffmpeg -nostdin -v error -y -f lavfi -i color=0x00ff00:s=320x240:d=0.2 -vf "
      "scale=out_color_matrix=bt601,format=yuv420p -c:v libx264 -qp 1 " +
      clip);
  const HouseFormat house = SmallHouse({25, 1}, 960, 720);
  const std::vector<PlayedUnit> units = Play(RequestFor(clip, house), 1);
  ASSERT_EQ(units.size(), 1u);
  EXPECT_NEAR(units[0].video[360 * 960 + 480], 173, 2);
  EXPECT_NEAR(units[0].video[house.LumaBytes() + 180 * 480 + 240], 42, 2);
}

TEST(FileProducerStill, ShowsAPhotoForAsLongAsItIsAskedFor) {
  const ClipFolder folder;
  const HouseFormat house = SmallHouse({25, 1});
  for (const char* file : {"photo.png", "photo.jpg", "photo.webp", "photo.bmp", "photo.tiff", "photo.tga"}) {
    const std::string photo = MakeClip(folder, file, ClipSpec{.pictures = 1, .options = "-frames:v 1"});
    EXPECT_EQ(Play(RequestFor(photo, house), 500).size(), 500u) << file;
    EXPECT_EQ(Play(RequestFor(photo, house, 3'600'000), 5).size(), 5u) << file;
  }
}

}  // namespace
}  // namespace air
