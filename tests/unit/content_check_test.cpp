#include "tests/support/content_check.h"

#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "stages/decoder/pattern/test_pattern.h"
#include "tests/support/sound_check.h"

namespace air::analyser {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const HouseFormat kFormat{.width = 320, .height = 180, .rate = {25, 1}};

// Shows pictures to PictureRuns as a decoder would.
class Screen {
 public:
  void Show(uint8_t clip, int64_t first, int64_t last) {
    const TestPattern pattern(kFormat, clip);
    for (int64_t k = first; k <= last; ++k) {
      pattern.DrawPicture(k, planes_);
      Take();
    }
  }
  void Flat(uint8_t level, int pictures) {
    std::fill(planes_.begin(), planes_.begin() + kFormat.LumaBytes(), level);
    for (int i = 0; i < pictures; ++i) Take();
  }

  PictureRuns runs;

 private:
  void Take() { runs.Take(3600 * index_++, {planes_.data(), 320, 180, 320}); }

  std::vector<uint8_t> planes_ = std::vector<uint8_t>(kFormat.VideoBytes(), 128);
  int64_t index_ = 0;
};

TEST(PictureRuns, TellsAStreamAsRunsOfClipsAndPad) {
  Screen screen;
  screen.Show(3, 10, 14);
  screen.Flat(16, 3);
  screen.Show(4, 0, 6);
  screen.Flat(90, 2);
  const std::vector<PictureRun>& runs = screen.runs.runs();
  ASSERT_EQ(runs.size(), 4u);
  EXPECT_EQ(runs[0].clip_id, 3);
  EXPECT_EQ(runs[0].first, 10);
  EXPECT_EQ(runs[0].last, 14);
  EXPECT_EQ(runs[1].kind, PictureRun::kPad);
  EXPECT_EQ(runs[1].pictures, 3);
  EXPECT_EQ(runs[2].first_index, 8);
  EXPECT_EQ(runs[2].first_pts, 8 * 3600);
  EXPECT_EQ(runs[3].kind, PictureRun::kOther);
  EXPECT_THAT(screen.runs.Breaks({}), IsEmpty());
}

TEST(PictureRuns, FindsAPictureLostOrRepeatedOrOutOfOrder) {
  Screen lost, repeated, back;
  lost.Show(3, 0, 9), lost.Show(3, 11, 20);
  repeated.Show(3, 0, 9), repeated.Show(3, 9, 20);
  back.Show(3, 0, 9), back.Show(3, 5, 20);
  EXPECT_THAT(lost.runs.Breaks({}), ElementsAre("at picture 10: 1 pictures of clip 3 lost behind 9"));
  EXPECT_THAT(repeated.runs.Breaks({}), ElementsAre("at picture 10: picture 9 of clip 3 is repeated"));
  EXPECT_THAT(back.runs.Breaks({}), ElementsAre("at picture 10: clip 3 goes back from picture 9 to 5"));
}

TEST(PictureRuns, ALoopAndAnotherClipAreNoBreaks) {
  Screen screen;
  screen.Show(3, 4, 9), screen.Show(3, 0, 9), screen.Show(3, 0, 9), screen.Show(5, 7, 12),
      screen.Show(3, 0, 3);
  EXPECT_THAT(screen.runs.Breaks({}), IsEmpty());
}

TEST(PictureRuns, HoldsWholeSegmentsAgainstThePlanButForTheEndsOfTheCapture) {
  const std::vector<ExpectedSegment> plan = {{3, 0, 9}, {5, 20, 29}};
  Screen good;
  good.Show(3, 4, 9), good.Show(5, 20, 29), good.Show(3, 0, 9), good.Show(5, 20, 22);
  EXPECT_THAT(good.runs.Breaks(plan), IsEmpty());
  Screen cut_early, begun_late;
  cut_early.Show(3, 0, 8), cut_early.Show(5, 20, 29);
  begun_late.Show(3, 0, 9), begun_late.Show(5, 21, 29);
  EXPECT_THAT(cut_early.runs.Breaks(plan),
              ElementsAre("at picture 0: clip 3 pictures 0..8 is not a whole segment"));
  EXPECT_THAT(begun_late.runs.Breaks(plan),
              ElementsAre("at picture 10: clip 5 pictures 21..29 is not a whole segment"));
}

// Sound as a decoder would deliver it: frames of 1024 samples, stamped from `origin`.
struct Speaker {
  std::vector<float> left, right;
  int64_t origin = 90'000;

  explicit Speaker(double seconds, int64_t first = 0) {
    std::vector<int16_t> sound(static_cast<size_t>(seconds * 48'000) * 2);
    TestPattern(kFormat, 1).FillSound(first, sound);
    for (size_t i = 0; i < sound.size(); i += 2) {
      left.push_back(sound[i] / 32768.0f);
      right.push_back(sound[i + 1] / 32768.0f);
    }
  }
  void Erase(size_t at, size_t count) {
    left.erase(left.begin() + at, left.begin() + at + count);
    right.erase(right.begin() + at, right.begin() + at + count);
  }
  // `skip_frame` is not delivered at all.
  SoundCheck Play(size_t skip_frame = SIZE_MAX) const {
    SoundCheck check;
    for (size_t frame = 0; (frame + 1) * 1024 <= left.size(); ++frame) {
      if (frame == skip_frame) continue;
      check.Take(origin + static_cast<int64_t>(frame) * 1920, std::span(left).subspan(frame * 1024, 1024),
                 std::span(right).subspan(frame * 1024, 1024));
    }
    return check;
  }
  double PtsOf(double sample) const { return origin + sample * 1.875; }
};

// But for the beginning, where a beep may already be under way.
std::vector<SoundCheck::Fault> FaultsOf(const SoundCheck& check) {
  return check.FaultsBetween(check.first_pts() + 90 * 80, check.last_pts());
}

TEST(SoundCheck, FindsEachBeepAtItsSample) {
  const Speaker speaker(4.2, 24'000);
  const SoundCheck check = speaker.Play();
  EXPECT_THAT(check.beeps(), ElementsAre(speaker.PtsOf(24'000), speaker.PtsOf(72'000), speaker.PtsOf(120'000),
                                         speaker.PtsOf(168'000)));
  EXPECT_EQ(check.gaps(), 0);
  EXPECT_THAT(FaultsOf(check), IsEmpty());
}

TEST(SoundCheck, FindsOneSampleLostOrDoubled) {
  for (size_t at : {20'000u, 48'500u, 70'003u}) {  // the second one inside a beep
    Speaker lost(3), doubled(3);
    lost.Erase(at, 1);
    doubled.left.insert(doubled.left.begin() + at, doubled.left[at]);
    doubled.right.insert(doubled.right.begin() + at, doubled.right[at]);
    for (const Speaker& speaker : {lost, doubled}) {
      const SoundCheck check = speaker.Play();
      const std::vector<SoundCheck::Fault> faults = FaultsOf(check);
      ASSERT_EQ(faults.size(), 1u) << at;
      EXPECT_NEAR(faults[0].pts, speaker.PtsOf(at), 90 * 100) << at;
      EXPECT_THAT(faults[0].text, HasSubstr("the tone steps by"));
    }
  }
}

TEST(SoundCheck, FindsAClickAndAPause) {
  Speaker click(2), pause(2);
  click.right[30'000] = 0.06f;
  std::fill_n(pause.left.begin() + 30'000, 1500, 0.0f);
  const SoundCheck clicked = click.Play(), paused = pause.Play();
  ASSERT_EQ(FaultsOf(clicked).size(), 1u);
  EXPECT_THAT(FaultsOf(clicked)[0].text, HasSubstr("a click, peak 0.06"));
  ASSERT_GE(FaultsOf(paused).size(), 2u);
  EXPECT_THAT(FaultsOf(paused)[0].text, "the tone is missing");
}

TEST(SoundCheck, CountsAFrameThatIsMissingAndKeepsTheLaterBeepsInPlace) {
  const Speaker speaker(3);
  const SoundCheck check = speaker.Play(20);
  EXPECT_EQ(check.gaps(), 1);
  EXPECT_THAT(check.beeps(), ElementsAre(speaker.PtsOf(48'000), speaker.PtsOf(96'000)));
}

// A real stream of the test picture: `sound_shift` samples of silence are put before the sound.
std::vector<uint8_t> Encode(int64_t pictures, int sound_shift) {
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("content_check_test." + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const TestPattern pattern(kFormat, 42);
  std::ofstream video(folder / "v.yuv", std::ios::binary), audio(folder / "a.pcm", std::ios::binary);
  std::vector<uint8_t> planes(kFormat.VideoBytes());
  for (int64_t k = 0; k < pictures; ++k) {
    pattern.DrawPicture(k, planes);
    video.write(reinterpret_cast<const char*>(planes.data()), static_cast<std::streamsize>(planes.size()));
  }
  std::vector<int16_t> sound(pictures * 1920 * 2);
  pattern.FillSound(0, sound);
  sound.insert(sound.begin(), sound_shift * 2, 0);
  audio.write(reinterpret_cast<const char*>(sound.data()), static_cast<std::streamsize>(sound.size() * 2));
  video.close(), audio.close();

  const std::string command =
      "cd " + folder.string() +
      " && ffmpeg -v error -nostdin -f rawvideo -pix_fmt yuv420p -s 320x180 -r 25 -i v.yuv"
      " -f s16le -ar 48000 -ac 2 -i a.pcm -c:v libx264 -threads 1 -preset ultrafast -bf 0"
      " -b:v 200k -c:a aac -f mpegts out.ts";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream in(folder / "out.ts", std::ios::binary);
  std::vector<uint8_t> bytes{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove_all(folder);
  return bytes;
}

const ContentLimits kStrict{.consecutive = true, .clean_sound = true, .max_av_offset_ms = 1.0};

TEST(ContentCheck, ReadsACodedStreamPictureByPictureAndMeasuresLipSync) {
  const absl::StatusOr<ContentReport> report = CheckContent(Encode(110, 0));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(Failures(*report, kStrict), IsEmpty()) << DescribeContent(*report);
  EXPECT_EQ(report->pictures, 110);
  ASSERT_EQ(report->runs.size(), 1u);
  EXPECT_EQ(report->runs[0].clip_id, 42);
  EXPECT_EQ(report->flashes, 5);
  EXPECT_EQ(report->flashes_measured, 4);  // the first one lies where the sound begins
  EXPECT_LT(std::abs(report->av_offset_ms.min), 0.1);
  EXPECT_LT(std::abs(report->av_offset_ms.max), 0.1);
}

TEST(ContentCheck, FailsASoundThatIsTwoMillisecondsLate) {
  const absl::StatusOr<ContentReport> report = CheckContent(Encode(60, 96));
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_NEAR(report->av_offset_ms.max, 2.0, 0.05);
  EXPECT_THAT(Failures(*report, kStrict), ElementsAre(HasSubstr("ms off the picture")));
}

TEST(ContentCheck, FailsADamagedStreamByTheDecodersComplaints) {
  std::vector<uint8_t> stream = Encode(60, 0);
  for (size_t at = stream.size() / 2; at < stream.size() / 2 + 30 * 188; at += 188)
    stream[at / 188 * 188 + 100] ^= 0x5a;
  const absl::StatusOr<ContentReport> report = CheckContent(stream);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_GT(report->complaints.count, 0);
  EXPECT_THAT(Failures(*report, {}), ::testing::Contains(HasSubstr("the decoder complains")));
}

TEST(ContentCheck, RefusesWhatIsNoStream) {
  EXPECT_FALSE(CheckContent({}).ok());
  EXPECT_FALSE(CheckContent(std::vector<uint8_t>(10'000, 0x11)).ok());
}

TEST(ContentCheck, JudgesPadAndUnreadablePicturesOnlyWhenAsked) {
  ContentReport report;
  report.pictures = 100;
  report.pad_pictures = 3;
  EXPECT_THAT(Failures(report, {}), IsEmpty());
  EXPECT_THAT(Failures(report, {.consecutive = true}), ElementsAre("3 pad pictures"));
  EXPECT_THAT(Failures(report, {.consecutive = true, .allow_pad = true}), IsEmpty());
  report.other_pictures = 1;
  EXPECT_THAT(Failures(report, {.consecutive = true, .allow_pad = true}),
              ElementsAre("1 unreadable pictures"));
  EXPECT_THAT(Failures(report, {.max_av_offset_ms = 1}), ElementsAre("no flash with a beep to measure"));
}

}  // namespace
}  // namespace air::analyser
