// Assets whose sound begins before their pictures: nothing of the sound is lost, the first picture is held until its stamp, and
// in-points are counted from where the sound begins.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

constexpr FrameRate kPal{25, 1};

int16_t Scrambled(int64_t sample, int channel) {
  return static_cast<int16_t>((sample * 40503 + channel * 12345) % 20011 - 10000);
}

// Six seconds of sound; pictures 0 to 74 in the last three of them.
std::string MakeLatePicture(const ClipFolder& folder, const std::string& name) {
  return MakeClip(
      folder, name,
      {.pictures = 75,
       .samples = 6 * 48'000,
       .sound = Scrambled,
       .sound_options = "-itsoffset -3",
       .options = "-c:v libx264 -preset superfast -g 25 -bf 0 -c:a pcm_s16le -avoid_negative_ts make_zero"});
}

class LatePicture : public ::testing::TestWithParam<const char*> {
 protected:
  const ClipFolder folder_;
  const std::string clip_ = MakeLatePicture(folder_, GetParam());
  const HouseFormat house_ = SmallHouse(kPal);
};
INSTANTIATE_TEST_SUITE_P(In, LatePicture, ::testing::Values("clip.mkv", "clip.mov"),
                         [](const auto& name) { return std::string(name.param).substr(5); });

TEST_P(LatePicture, IsHeldFromTheBeginningAndNothingOfTheSoundIsLost) {
  for (const int64_t in_point_ms : {0, 400, 2'000, 3'000, 4'200}) {
    SCOPED_TRACE(in_point_ms);
    const std::vector<PlayedUnit> units = Play(RequestFor(clip_, house_, in_point_ms), 200);
    const int64_t skipped = in_point_ms / 40;
    ASSERT_EQ(static_cast<int64_t>(units.size()), 150 - skipped);
    const HouseTime time(house_);
    for (size_t i = 0; i < units.size(); ++i) {
      const int64_t unit = static_cast<int64_t>(i) + skipped;
      ASSERT_EQ(NumberOf(units[i], house_), std::max<int64_t>(unit - 75, 0)) << "unit " << i;
      const int64_t first = in_point_ms * 48 + time.FirstSample(UnitIndex(static_cast<int64_t>(i))).value();
      ASSERT_EQ(units[i].audio[0], Scrambled(first, 0)) << "unit " << i;
    }
  }
}

TEST_P(LatePicture, IsTheSameForAProducerThatTakesOver) {
  const std::vector<PlayedUnit> straight = Play(RequestFor(clip_, house_), 150);
  ASSERT_EQ(straight.size(), 150u);
  for (const int64_t from : {20, 60, 74, 75, 76, 110}) {
    SCOPED_TRACE(from);
    ProducerRequest request = RequestFor(clip_, house_);
    request.first_unit = UnitIndex(from);
    request.kept = straight[static_cast<size_t>(from - 1)].kept;
    const std::vector<PlayedUnit> taken_over = Play(request, 30);
    for (size_t i = 0; i < taken_over.size(); ++i) {
      const PlayedUnit& same = straight[static_cast<size_t>(from) + i];
      ASSERT_EQ(taken_over[i].video, same.video) << i;
      ASSERT_EQ(taken_over[i].audio, same.audio) << i;
      ASSERT_EQ(taken_over[i].info.repeat, same.info.repeat) << i;
    }
  }
}

TEST(MediaZeroTest, IsTheEarlierOfTheTwoUnlessTheSoundLeadsByNothingOrByFarTooMuch) {
  const AVRational ms{1, 1000};
  const auto zero = [&](int64_t picture, int64_t sound) {
    return RoundTo(MediaZero({picture, ms}, {sound, ms}), ms);
  };
  EXPECT_EQ(zero(3000, 0), 0);
  EXPECT_EQ(zero(1000, 899), 899);
  EXPECT_EQ(zero(1000, 900), 1000);
  EXPECT_EQ(zero(1000, 1400), 1000);
  EXPECT_EQ(zero(60'000, 0), 0);
  EXPECT_EQ(zero(60'001, 0), 60'001);
}

}  // namespace
}  // namespace air
