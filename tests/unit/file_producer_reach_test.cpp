// Assets that are very long, very large, or slow to read: what is far into them is reached without reading all that lies
// before, what is larger than a picture need be is made smaller while it is decoded, and all that is read is a sign of life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <fstream>
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

void ExpectScrambledFrom(int64_t first, const std::vector<PlayedUnit>& units) {
  const HouseTime time(SmallHouse(kPal));
  for (size_t i = 0; i < units.size(); ++i) {
    const int64_t at = first + time.FirstSample(UnitIndex(static_cast<int64_t>(i))).value();
    for (uint32_t s = 0; s < units[i].info.samples; ++s) {
      ASSERT_EQ(units[i].audio[2 * s], Scrambled(at + s, 0)) << "unit " << i << ", sample " << s;
      ASSERT_EQ(units[i].audio[2 * s + 1], Scrambled(at + s, 1)) << "unit " << i << ", sample " << s;
    }
  }
}

// All that this process has read from files, in bytes.
int64_t BytesRead() {
  std::ifstream io("/proc/self/io");
  std::string word;
  int64_t bytes = -1;
  while (io >> word && word != "rchar:") {
  }
  io >> bytes;
  return bytes;
}

// WAVE of 16 bits and two channels at 48 kHz, silent but for the seconds from `from` on. A hole in the file takes no disk.
std::string MakeLongWave(const ClipFolder& folder, int64_t seconds, int64_t from, int64_t to) {
  const std::string path = folder.Path("long.wav");
  std::ofstream file(path, std::ios::binary);
  const auto put = [&](const char* tag, std::initializer_list<uint32_t> words) {
    file.write(tag, 4);
    for (const uint32_t word : words) file.write(reinterpret_cast<const char*>(&word), sizeof word);
  };
  const auto bytes = static_cast<uint32_t>(seconds * 48'000 * 4);
  put("RIFF", {bytes + 36});
  file.write("WAVE", 4);
  put("fmt ", {16, 2u << 16 | 1u, 48'000, 192'000, 16u << 16 | 4u});
  put("data", {bytes});
  file.seekp(44 + from * 48'000 * 4);
  for (int64_t sample = from * 48'000; sample < to * 48'000; ++sample) {
    const int16_t pair[] = {Scrambled(sample, 0), Scrambled(sample, 1)};
    file.write(reinterpret_cast<const char*>(pair), sizeof pair);
  }
  file.seekp(44 + bytes - 1);
  file.put('\0');
  return path;
}

TEST(FarInPoint, OfUncompressedSoundIsReachedWithoutReadingWhatLiesBefore) {
  const ClipFolder folder;
  const std::string wave = MakeLongWave(folder, 3 * 3600, 10'000, 10'003);  // 2 GB, of which 0.6 MB are there
  const int64_t before = BytesRead();
  const std::vector<PlayedUnit> units = Play(RequestFor(wave, SmallHouse(kPal), 10'000'720), 40);
  EXPECT_LT(BytesRead() - before, int64_t{20} << 20);
  ASSERT_EQ(units.size(), 40u);
  ExpectScrambledFrom(int64_t{10'000'720} * 48, units);
}

TEST(FarInPoint, IsExactInEveryContainerOfUncompressedSound) {
  const ClipFolder folder;
  const ClipSpec little{.samples = 6 * 48'000, .sound = Scrambled, .options = "-c:a pcm_s16le"};
  const ClipSpec big{.samples = 6 * 48'000, .sound = Scrambled, .options = "-c:a pcm_s16be"};
  for (const char* name : {"clip.wav", "clip.w64", "clip.aiff", "clip.au", "clip.caf", "clip.voc"}) {
    const bool is_big = std::strstr(name, "aiff") != nullptr || std::strstr(name, ".au") != nullptr;
    const std::string clip = MakeClip(folder, name, is_big ? big : little);
    SCOPED_TRACE(name);
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, SmallHouse(kPal), 4'321), 20);
    ASSERT_EQ(units.size(), 20u);
    ExpectScrambledFrom(4'321 * 48, units);
  }
}

TEST(LargeStill, IsMadeSmallerWhileItIsDecoded) {
  const ClipFolder folder;
  const std::string photo = folder.Path("photo.jpg");
  ASSERT_EQ(
      std::system(
          ("ffmpeg -nostdin -loglevel error -f lavfi -i color=0x20c040:size=12000x9000 -frames:v 1 " + photo)
              .c_str()),
      0);
  const std::vector<PlayedUnit> units = Play(RequestFor(photo, SmallHouse(kPal)), 2);
  ASSERT_EQ(units.size(), 2u);
  const std::vector<uint8_t>& picture = units[0].video;
  EXPECT_NEAR(picture[96 / 2 * 128 + 64], 134, 8) << "green, not black";
}

TEST(LargeStill, ThatCannotBeMadeSmallerIsRefusedInWords) {
  const ClipFolder folder;
  const std::string photo = folder.Path("photo.png");
  ASSERT_EQ(std::system(("ffmpeg -nostdin -loglevel error -f lavfi -i color=black:size=12000x9000 -pix_fmt "
                         "gray -frames:v 1 " +
                         photo)
                            .c_str()),
            0);
  FileProducer producer;
  const absl::Status refused = producer.Start(RequestFor(photo, SmallHouse(kPal)));
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), ::testing::HasSubstr("12000 x 9000"));
}

TEST(SignsOfLife, ComeWithAllThatIsReadWhileOpeningAndWhileSeeking) {
  const ClipFolder folder;
  const std::string clip =
      MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 500, .options = "-c:v libx264 -g 25"});
  FileProducer producer;
  int opening = 0, seeking = 0;
  ASSERT_TRUE(producer.Open(clip, [&] { ++opening; }).ok());
  EXPECT_GT(opening, 0);
  const int opened = opening;
  ProducerRequest request = RequestFor(clip, SmallHouse(kPal), 10'000);
  request.on_progress = [&] { ++seeking; };
  ASSERT_TRUE(producer.Start(request).ok());
  EXPECT_GT(seeking, 0);
  EXPECT_EQ(opening, opened) << "those of the opening are over";
}

}  // namespace
}  // namespace air
