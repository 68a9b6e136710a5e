#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "tests/support/numbered_clip.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

using ::testing::HasSubstr;

constexpr char kX264[] = "-c:v libx264 -preset superfast -crf 20 -g 25 ";

absl::Status StartOf(const std::string& path, int64_t in_point_ms = 0) {
  av_log_set_level(AV_LOG_QUIET);
  FileProducer producer;
  const absl::Status status = producer.Start(RequestFor(path, SmallHouse({25, 1}), in_point_ms));
  EXPECT_EQ(producer.Ready(), status.ok());
  return status;
}

void ExpectRefused(const std::string& path, absl::StatusCode code, const std::string& reason) {
  const absl::Status status = StartOf(path);
  EXPECT_EQ(status.code(), code) << path;
  const std::string message(status.message());
  EXPECT_THAT(message, HasSubstr(reason));
  EXPECT_THAT(message, HasSubstr(path));
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string WriteAll(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(FileProducerRefusal, NamesWhatIsNoFile) {
  const ClipFolder folder;
  ExpectRefused(folder.Path("missing.mp4"), absl::StatusCode::kNotFound, "No such file");
  ExpectRefused("http://example.org/a.mp4", absl::StatusCode::kPermissionDenied, "URLs are not played");
  ExpectRefused(folder.Path(""), absl::StatusCode::kPermissionDenied, "a directory");
  ExpectRefused("/dev/null", absl::StatusCode::kPermissionDenied, "a device");
  const std::string fifo = folder.Path("fifo.mp4");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ExpectRefused(fifo, absl::StatusCode::kPermissionDenied, "a FIFO");  // and does not wait for a writer
}

TEST(FileProducerRefusal, NamesAFileItMayNotRead) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  const ClipFolder folder;
  const std::string path = WriteAll(folder.Path("secret.mp4"), "secret");
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  ExpectRefused(path, absl::StatusCode::kFailedPrecondition, "must be readable");
}

TEST(FileProducerRefusal, NamesWhatIsNoMedia) {
  const ClipFolder folder;
  ExpectRefused(WriteAll(folder.Path("empty.mp4"), ""), absl::StatusCode::kInvalidArgument, "is empty");
  ExpectRefused(WriteAll(folder.Path("text.mp4"), "This is not a film.\n"),
                absl::StatusCode::kInvalidArgument, "not a media file");
  std::string noise(200'000, '\0');
  std::mt19937 random(7);
  std::generate(noise.begin(), noise.end(), [&] { return static_cast<char>(random()); });
  const absl::Status status = StartOf(WriteAll(folder.Path("noise.ts"), noise));
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

TEST(FileProducerRefusal, NeverOpensWhatAnAssetRefersTo) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.ts", ClipSpec{.pictures = 25, .options = kX264});
  ASSERT_TRUE(StartOf(clip).ok());
  const std::string concat = "ffconcat version 1.0\nfile " + clip + "\n";
  const std::string playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + clip + "\n#EXT-X-ENDLIST\n";
  for (const std::string& list :
       {WriteAll(folder.Path("list.ffconcat"), concat), WriteAll(folder.Path("list.m3u8"), playlist)})
    ExpectRefused(list, absl::StatusCode::kPermissionDenied, "is a playlist");
}

TEST(FileProducerRefusal, SaysThatNothingCanBeDecoded) {
  const ClipFolder folder;
  std::string bytes = ReadAll(MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 25, .options = kX264}));
  const size_t media = bytes.find("mdat") + 4;
  const size_t index = bytes.find("moov");
  ASSERT_LT(media, index);
  std::fill(bytes.begin() + static_cast<ptrdiff_t>(media), bytes.begin() + static_cast<ptrdiff_t>(index) - 4,
            '\0');
  ExpectRefused(WriteAll(folder.Path("zeros.mp4"), bytes), absl::StatusCode::kInvalidArgument,
                "no decodable picture or sound");
}

TEST(FileProducerRefusal, NamesWhatItsContainerSaysIsEncrypted) {
  const ClipFolder folder;
  const std::string key =
      "-encryption_scheme cenc-aes-ctr -encryption_key 76a6c65c5ea762046bd749a2e632ccbb "
      "-encryption_kid a7e61c373e219033c21091fa607bf3b8 ";
  ExpectRefused(MakeClip(folder, "clip.mp4", {.pictures = 25, .options = kX264 + key}),
                absl::StatusCode::kInvalidArgument, "is encrypted");
  ExpectRefused(
      MakeClip(folder, "sound.mp4",
               {.samples = 48'000, .sound = [](int64_t, int) { return int16_t{0}; }, .options = key}),
      absl::StatusCode::kInvalidArgument, "is encrypted");
}

// Windows Media with a Content Encryption Object in its header (Advanced Systems Format, 3.14).
TEST(FileProducerRefusal, NamesWindowsMediaWithRightsManagement) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.wmv", {.pictures = 25, .options = "-c:v wmv2"});
  ASSERT_TRUE(StartOf(clip).ok());
  std::string object("\xfb\xb3\x11\x22\x23\xbd\xd2\x11\xb4\xb7\x00\xa0\xc9\x55\xfc\x6e", 16);
  const auto append = [](std::string& to, uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) to += static_cast<char>(value >> (8 * i));
  };
  std::string content;
  for (const char* text : {"secret", "DRM", "key", "http://example.org/"}) {
    append(content, std::strlen(text) + 1, 4);
    content.append(text, std::strlen(text) + 1);
  }
  append(object, 24 + content.size(), 8);
  object += content;
  std::string bytes = ReadAll(clip);
  const auto add_to = [&](size_t at, int width, uint64_t more) {
    uint64_t value = 0;
    for (int i = 0; i < width; ++i)
      value |= uint64_t{static_cast<uint8_t>(bytes[at + static_cast<size_t>(i)])} << (8 * i);
    std::string sum;
    append(sum, value + more, width);
    bytes.replace(at, static_cast<size_t>(width), sum);
  };
  add_to(16, 8, object.size());  // the header's length
  add_to(24, 4, 1);              // and its number of objects
  bytes.insert(30, object);
  ExpectRefused(WriteAll(folder.Path("drm.wmv"), bytes), absl::StatusCode::kInvalidArgument, "is encrypted");
}

TEST(FileProducerRefusal, SaysThatTheInPointIsBehindTheEnd) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 50, .options = kX264});
  EXPECT_TRUE(StartOf(clip, 1'960).ok());
  for (const int64_t in_point_ms : {2'000, 60'000}) {
    const absl::Status status = StartOf(clip, in_point_ms);
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange) << in_point_ms;
    EXPECT_THAT(std::string(status.message()), HasSubstr("behind the end"));
  }
}

TEST(FileProducerRefusal, ChecksTheRangesOfARequest) {
  const ClipFolder folder;
  const std::string clip = MakeClip(folder, "clip.mp4", ClipSpec{.pictures = 5, .options = kX264});
  FileProducer producer;
  ProducerRequest request = RequestFor(clip, SmallHouse({25, 1}), -1);
  EXPECT_THAT(std::string(producer.Start(request).message()), HasSubstr("in_point_ms -1"));
  request = RequestFor(clip, SmallHouse({25, 1}));
  request.skip_units = -5;
  EXPECT_THAT(std::string(producer.Start(request).message()), HasSubstr("skip_units -5"));
  UnitInfo info;
  EXPECT_EQ(producer.Render(UnitIndex(0), {}, info).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(FileProducerDamage, PlaysATruncatedFileUpToTheCut) {
  const ClipFolder folder;
  ClipSpec spec{
      .pictures = 250, .samples = 480000, .sound = [](int64_t s, int) { return static_cast<int16_t>(s); }};
  for (const char* file : {"clip.ts", "clip.mkv", "clip.mp4"}) {
    spec.options = std::string(kX264) + "-c:a mp2 -movflags faststart";
    const std::string clip = MakeClip(folder, file, spec);
    std::filesystem::resize_file(clip, std::filesystem::file_size(clip) * 6 / 10);
    const HouseFormat house = SmallHouse({25, 1});
    const std::vector<PlayedUnit> units = Play(RequestFor(clip, house), 1000);
    ASSERT_GT(units.size(), 120u) << file;
    for (int i = 0; i < 120; ++i) EXPECT_EQ(NumberOf(units[static_cast<size_t>(i)], house), i) << file;
  }
}

TEST(FileProducerDamage, PlaysOnBehindAHoleAndStaysInTime) {
  const ClipFolder folder;
  std::string bytes = ReadAll(MakeClip(folder, "clip.ts", ClipSpec{.pictures = 250, .options = kX264}));
  const size_t hole = bytes.size() / 2 / 188 * 188;
  bytes.erase(hole, 188 * 40);
  const HouseFormat house = SmallHouse({25, 1});
  const std::vector<PlayedUnit> units =
      Play(RequestFor(WriteAll(folder.Path("hole.ts"), bytes), house), 1000);
  ASSERT_EQ(units.size(), 250u);
  for (const int i : {0, 50, 100, 200, 249}) EXPECT_EQ(NumberOf(units[static_cast<size_t>(i)], house), i);
}

TEST(FileProducerDamage, SurvivesScatteredWrongBytes) {
  const ClipFolder folder;
  ClipSpec spec{
      .pictures = 100, .samples = 192000, .sound = [](int64_t s, int) { return static_cast<int16_t>(s); }};
  spec.options = std::string(kX264) + "-c:a aac";
  std::mt19937 random(11);
  for (const char* file : {"clip.ts", "clip.mkv", "clip.mp4"}) {
    const std::string good = ReadAll(MakeClip(folder, file, spec));
    for (int round = 0; round < 8; ++round) {
      std::string bad = good;
      for (int i = 0; i < 40; ++i) bad[random() % bad.size()] = static_cast<char>(random());
      const std::string path = WriteAll(folder.Path(std::string("bad-") + file), bad);
      if (!StartOf(path).ok()) continue;  // its header was hit
      EXPECT_LE(Play(RequestFor(path, SmallHouse({25, 1})), 300).size(), 300u);
    }
  }
}

// Forwards by hours, and back to where the file began.
TEST(FileProducerDamage, PlaysOnThroughAJumpOfTheTimeStamps) {
  const ClipFolder folder;
  ClipSpec spec{.pictures = 50, .samples = 96000, .sound = [](int64_t, int) { return int16_t{5000}; }};
  spec.options = std::string(kX264) + "-c:a mp2 -mpegts_flags initial_discontinuity ";
  const std::string first = ReadAll(MakeClip(folder, "first.ts", spec));
  spec.options += "-output_ts_offset 40000";
  for (const std::string& second : {ReadAll(MakeClip(folder, "second.ts", spec)), first}) {
    const std::string path = WriteAll(folder.Path("spliced.ts"), first + second);
    const HouseFormat house = SmallHouse({25, 1});
    const std::vector<PlayedUnit> units = Play(RequestFor(path, house), 1000);
    EXPECT_NEAR(static_cast<double>(units.size()), 100, 3);
    ASSERT_GT(units.size(), 90u);
    EXPECT_EQ(NumberOf(units[20], house), 20);
    EXPECT_NEAR(NumberOf(units[80], house), 30, 2);
    for (const size_t i : {30, 60, 80, 90}) EXPECT_NEAR(units[i].audio[0], 5000, 200) << i;
  }
}

}  // namespace
}  // namespace air
