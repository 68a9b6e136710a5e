// Clips whose every picture and every sample is known: each picture carries its own number as twelve light or
// dark blocks, coarse enough to survive any codec and any scaling, and the sound is what the test says. The
// `ffmpeg` command codes them into whatever container a test is about.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace air {

// A folder of its own for one test's files, gone when the test is.
class ClipFolder {
 public:
  ClipFolder() {
    std::string name = ::testing::TempDir() + "air-clips-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~ClipFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ClipFolder(const ClipFolder&) = delete;
  ClipFolder& operator=(const ClipFolder&) = delete;

  std::string Path(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

inline constexpr int kNumberColumns = 4;
inline constexpr int kNumberRows = 3;
inline constexpr uint8_t kDarkBlock = 40;
inline constexpr uint8_t kLightBlock = 210;

// The number in the luma of a picture, or in the part of it that the coded picture covers.
inline int NumberIn(const uint8_t* luma, int stride, int width, int height) {
  int number = 0;
  for (int bit = 0; bit < kNumberColumns * kNumberRows; ++bit) {
    const int x = (2 * (bit % kNumberColumns) + 1) * width / (2 * kNumberColumns);
    const int y = (2 * (bit / kNumberColumns) + 1) * height / (2 * kNumberRows);
    if (luma[y * stride + x] > (kDarkBlock + kLightBlock) / 2) number |= 1 << bit;
  }
  return number;
}

struct ClipSpec {
  int width = 128;
  int height = 96;
  int pictures = 0;  // numbered 0, 1, 2, ...; none: sound alone
  std::string rate = "25/1";
  // 'p'; or 't', 'b': fields, the top or the bottom one first, with a bar that moves on by kBarStep from each
  // to the next. Frame n is then woven from fields 2n and 2n + 1, and `pictures` counts fields.
  char scan = 'p';
  int sample_rate = 48000;
  int channels = 2;
  int64_t samples = 0;  // per channel; none: pictures alone
  std::function<int16_t(int64_t sample, int channel)> sound = {};
  std::string sound_options = {};  // for ffmpeg, before the sound's -i
  std::string options = {};        // for ffmpeg, before the output
};

inline constexpr int kBarStep = 3;
inline constexpr int kBarWidth = 12;

inline uint8_t LumaOf(const ClipSpec& spec, int n, size_t x, size_t y) {
  if (spec.scan == 'p') {
    const size_t bit = y * kNumberRows / static_cast<size_t>(spec.height) * kNumberColumns +
                       x * kNumberColumns / static_cast<size_t>(spec.width);
    return (n >> bit) & 1 ? kLightBlock : kDarkBlock;
  }
  const bool second_field = (y % 2 == 0) == (spec.scan == 'b');
  const int left = kBarStep * (n + (second_field ? 1 : 0)), at = static_cast<int>(x);
  return at >= left && at < left + kBarWidth ? kLightBlock : kDarkBlock;
}

inline void WriteNumberedPictures(const ClipSpec& spec, const std::string& path) {
  std::string rate = spec.rate;
  rate.replace(rate.find('/'), 1, ":");
  std::ofstream file(path, std::ios::binary);
  file << "YUV4MPEG2 W" << spec.width << " H" << spec.height << " F" << rate << " I" << spec.scan
       << " A1:1 C420jpeg\n";
  const auto width = static_cast<size_t>(spec.width);
  const auto height = static_cast<size_t>(spec.height);
  std::string luma(width * height, '\0');
  const std::string chroma(width * height / 2, static_cast<char>(128));
  for (int n = 0; n < spec.pictures; n += spec.scan == 'p' ? 1 : 2) {
    for (size_t y = 0; y < height; ++y) {
      for (size_t x = 0; x < width; ++x) luma[y * width + x] = static_cast<char>(LumaOf(spec, n, x, y));
    }
    file << "FRAME\n" << luma << chroma;
  }
}

inline void WriteSamples(const ClipSpec& spec, const std::string& path) {
  std::vector<int16_t> samples;
  for (int64_t s = 0; s < spec.samples; ++s) {
    for (int c = 0; c < spec.channels; ++c) samples.push_back(spec.sound(s, c));
  }
  std::ofstream file(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(samples.data()), static_cast<std::streamsize>(samples.size() * 2));
}

// Runs a command line; a failure is the test's failure, not a skipped test.
inline void RunCommand(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }

// Codes the clip and returns its path.
inline std::string MakeClip(const ClipFolder& folder, const std::string& name, const ClipSpec& spec) {
  std::string inputs;
  if (spec.pictures > 0) {
    WriteNumberedPictures(spec, folder.Path("pictures.y4m"));
    inputs += " -f yuv4mpegpipe -i " + folder.Path("pictures.y4m");
  }
  if (spec.samples > 0) {
    WriteSamples(spec, folder.Path("samples.pcm"));
    inputs += " " + spec.sound_options + " -f s16le -ar " + std::to_string(spec.sample_rate) + " -ac " +
              std::to_string(spec.channels) + " -i " + folder.Path("samples.pcm");
  }
  RunCommand("ffmpeg -nostdin -v error -y" + inputs + " " + spec.options + " " + folder.Path(name));
  return folder.Path(name);
}

}  // namespace air
