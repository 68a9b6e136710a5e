// How long an asset is must be how long AIR plays it: no segment that is as long as its asset ends in pad.
#include "stages/decoder/media/asset_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/played_file.h"

namespace air {
namespace {

absl::StatusOr<AssetFacts> Facts(const std::string& path) {
  av_log_set_level(AV_LOG_QUIET);
  auto file = AssetFile::Open(path);
  if (!file.ok()) return file.status();
  auto demuxer = Demuxer::Open(*std::move(file));
  if (!demuxer.ok()) return demuxer.status();
  return FactsOf(**demuxer);
}

int16_t Tone(int64_t sample, int) { return static_cast<int16_t>((sample * 37) % 20000 - 10000); }

struct Kind {
  const char* name;
  const char* options;
  const char* rate = "25/1";
  int pictures = 50;
  int64_t samples = 96'000;
  int64_t duration_ms = 2000;
  int64_t slack_ms = 0;  // what the container cannot say more exactly
};

class FactsOfKinds : public testing::TestWithParam<Kind> {};

TEST_P(FactsOfKinds, AreWhatPlays) {
  const Kind& kind = GetParam();
  const ClipFolder folder;
  ClipSpec spec;
  spec.rate = kind.rate;
  spec.pictures = kind.pictures;
  spec.samples = kind.samples;
  spec.sound = &Tone;
  spec.options = kind.options;
  const std::string clip = MakeClip(folder, kind.name, spec);
  const auto facts = Facts(clip);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_NEAR(facts->duration_ms, kind.duration_ms, kind.slack_ms);
  EXPECT_FALSE(facts->still);
  EXPECT_EQ(facts->errors, 0);
  EXPECT_EQ(facts->picture_codec.empty(), kind.pictures == 0);
  EXPECT_EQ(facts->sound.size(), kind.samples > 0 ? 1u : 0u);

  // At 60 a second: as many units as a segment of that length has.
  const HouseFormat house = SmallHouse({60, 1});
  const auto units = static_cast<int64_t>(Play(RequestFor(clip, house), 60 * 60).size());
  EXPECT_GE(units, ((facts->duration_ms - 2) * 60 + 999) / 1000);
  EXPECT_LE(units, (facts->duration_ms + kSoundTailMs) * 60 / 1000 + 1);
}

const Kind kKinds[] = {
    {"h264.mp4", "-c:v libx264 -preset superfast -g 25 -c:a aac"},
    {"bframes.mkv", "-c:v libx264 -preset medium -bf 3 -c:a libopus"},
    {"hevc.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a flac"},
    {"mpeg2.ts", "-c:v mpeg2video -c:a mp2"},
    {"program.mpg", "-c:v mpeg2video -c:a mp2", "25/1", 50, 96'000, 2000, 40},
    {"vp8.webm", "-c:v libvpx -deadline realtime -c:a libopus"},
    {"motion.avi", "-c:v mjpeg -c:a pcm_s16le"},
    {"prores.mov", "-c:v prores -c:a pcm_s16le"},
    {"ntsc.mp4", "-c:v libx264 -preset superfast -c:a aac", "30000/1001", 60, 96'096, 2002},
    {"silent.mp4", "-c:v libx264 -preset superfast", "24000/1001", 24, 0, 1001},
    // 333.67 ms: a millisecond too much would be pad.
    {"odd.mp4", "-c:v libx264 -preset superfast", "30000/1001", 10, 0, 333},
    {"fragmented.mp4", "-c:v libx264 -preset superfast -c:a aac -movflags frag_keyframe+empty_moov"},
    // Sound that goes on a little does not count; sound that goes on does.
    {"tail.mp4", "-c:v libx264 -preset superfast -c:a aac", "25/1", 50, 96'000 + 14'400, 2000},
    {"coda.mkv", "-c:v libx264 -preset superfast -c:a pcm_s16le", "25/1", 50, 240'000, 5000, 1},
    {"short_sound.mp4", "-c:v libx264 -preset superfast -c:a aac", "25/1", 75, 48'000, 3000},
    // Sound alone.
    {"sound.wav", "-c:a pcm_s16le", "25/1", 0, 96'000, 2000},
    {"sound.flac", "-c:a flac", "25/1", 0, 96'000, 2000},
    {"sound.mp3", "-c:a libmp3lame", "25/1", 0, 96'000, 2000, 50},
    {"sound.m4a", "-c:a aac", "25/1", 0, 96'000, 2000, 25},
    {"sound.ogg", "-c:a libvorbis", "25/1", 0, 96'000, 2000, 25},
    {"sound.mka", "-c:a libopus", "25/1", 0, 96'000, 2000, 10},
    // Longer than what is read whole: the end is sought.
    {"long.mp4", "-c:v libx264 -preset ultrafast -g 50 -c:a aac", "25/1", 1500, 2'880'000, 60'000},
    {"long.mkv", "-c:v libx264 -preset ultrafast -g 50 -c:a libopus", "25/1", 1500, 2'880'000, 60'000},
    {"long.ts", "-c:v mpeg2video -c:a mp2", "25/1", 1500, 2'880'000, 60'000},
    {"long.avi", "-c:v mpeg4 -c:a mp2", "25/1", 1500, 2'880'000, 60'000},
};
INSTANTIATE_TEST_SUITE_P(AnAsset, FactsOfKinds, testing::ValuesIn(kKinds), [](const auto& instance) {
  std::string name = instance.param.name;
  for (char& c : name) {
    if (c == '.') c = '_';
  }
  return name;
});

TEST(AssetFactsOf, AStillHasNoEnd) {
  const ClipFolder folder;
  RunCommand("ffmpeg -nostdin -v error -y -f lavfi -i testsrc=s=64x64:d=1 -frames:v 1 " +
             folder.Path("photo.png"));
  const auto facts = Facts(folder.Path("photo.png"));
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_TRUE(facts->still);
  EXPECT_EQ(facts->duration_ms, 0);
  EXPECT_EQ(facts->picture_codec, "");
}

TEST(AssetFactsOf, AnAssetBeginsWithItsSoundWhereThatComesFirst) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "late.mkv",
                                    {.pictures = 75,
                                     .samples = 6 * 48'000,
                                     .sound = Tone,
                                     .sound_options = "-itsoffset -3",
                                     .options = "-c:v libx264 -c:a pcm_s16le"});
  const auto facts = Facts(clip);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_NEAR(static_cast<double>(facts->duration_ms), 6000, 2);
}

TEST(AssetFactsOf, AFileThatWasCutOffEndsWhereItDoes) {
  const ClipFolder folder;
  ClipSpec spec;
  spec.pictures = 1500;
  spec.options = "-c:v mjpeg -f matroska";
  const std::string clip = MakeClip(folder, "cut.mkv", spec);
  std::filesystem::resize_file(clip, std::filesystem::file_size(clip) / 2);
  const auto facts = Facts(clip);
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_GT(facts->duration_ms, 25'000);
  EXPECT_LT(facts->duration_ms, 35'000);
}

TEST(AssetFactsOf, ABroadcastThatWasSplicedIsAsLongAsItsPieces) {
  const ClipFolder folder;
  ClipSpec spec;
  spec.pictures = 250;
  spec.options = "-c:v mpeg2video -output_ts_offset 3600";
  const std::string second = MakeClip(folder, "second.ts", spec);
  spec.options = "-c:v mpeg2video";
  const std::string first = MakeClip(folder, "first.ts", spec);
  RunCommand("cat " + first + " " + second + " > " + folder.Path("spliced.ts"));
  const auto facts = Facts(folder.Path("spliced.ts"));
  ASSERT_TRUE(facts.ok()) << facts.status();
  EXPECT_NEAR(facts->duration_ms, 20'000, 100);
}

TEST(AssetFactsOf, ChaptersAndLanguagesAreTold) {
  const ClipFolder folder;
  std::ofstream(folder.Path("chapters.txt"))
      << ";FFMETADATA1\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=1000\ntitle=One\n"
         "[CHAPTER]\nTIMEBASE=1/1000\nSTART=1000\nEND=2000\ntitle=Two\n";
  RunCommand(
      "ffmpeg -nostdin -v error -y -i " + folder.Path("chapters.txt") +
      " -f lavfi -i testsrc=s=64x64:r=25:d=2 -f lavfi -i sine=d=2 -map 1:v -map 2:a -map 2:a -map_metadata 0"
      " -c:v libx264 -c:a aac -metadata:s:a:0 language=deu -metadata:s:a:1 language=fra " +
      folder.Path("chapters.mkv"));
  const auto facts = Facts(folder.Path("chapters.mkv"));
  ASSERT_TRUE(facts.ok()) << facts.status();
  ASSERT_EQ(facts->chapters.size(), 2u);
  EXPECT_EQ(facts->chapters[1].title, "Two");
  EXPECT_NEAR(facts->chapters[1].start_ms, 1000, 40)
      << "from the first picture, which the sound's delay puts back";
  ASSERT_EQ(facts->sound.size(), 2u);
  EXPECT_EQ(facts->sound[0].language, "deu");
  EXPECT_EQ(facts->sound[1].language, "fra");
}

TEST(AssetFactsOf, WhatCannotBeDecodedIsRefused) {
  const ClipFolder folder;
  std::ofstream(folder.Path("text.mp4")) << "Dear viewer,\n";
  std::ofstream(folder.Path("list.m3u8")) << "#EXTM3U\n#EXTINF:1,\n/etc/passwd\n";
  EXPECT_TRUE(absl::IsInvalidArgument(Facts(folder.Path("text.mp4")).status()));
  EXPECT_FALSE(Facts(folder.Path("list.m3u8")).ok());
  std::ofstream(folder.Path("empty.ts"));
  EXPECT_FALSE(Facts(folder.Path("empty.ts")).ok());
  EXPECT_FALSE(Facts(folder.Path("missing.mp4")).ok());
  std::filesystem::create_directory(folder.Path("folder.mp4"));
  EXPECT_FALSE(Facts(folder.Path("folder.mp4")).ok());
}

}  // namespace
}  // namespace air
