// air-pattern: writes the test picture as raw video and sound, so that a shell can make test clips with any
// encoder:
//
//   air-pattern --size 640x360 --rate 30000/1001 --seconds 10 --clip 3 --wav clip.wav
//   air-pattern --size 640x360 --rate 30000/1001 --seconds 10 --clip 3 --y4m - |
//     ffmpeg -f yuv4mpegpipe -i - -i clip.wav -c:v libx264 -c:a aac clip.mp4
//
// make-clip.sh does both. Exit status: 0 written, 1 could not write, 2 wrong arguments.
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "stages/decoder/pattern/test_pattern.h"

namespace air {
namespace {

struct CloseFile {
  void operator()(FILE* file) const {
    if (file != stdout) std::fclose(file);
  }
};
using File = std::unique_ptr<FILE, CloseFile>;

File OpenOutput(const std::string& path) {
  File file(path == "-" ? stdout : std::fopen(path.c_str(), "wb"));
  if (!file) std::fprintf(stderr, "air-pattern: cannot write %s: %s\n", path.c_str(), std::strerror(errno));
  return file;
}

bool Write(FILE* file, const void* data, size_t bytes) { return std::fwrite(data, 1, bytes, file) == bytes; }

// YUV4MPEG2: one header line, then each picture behind the word FRAME.
bool WriteY4m(FILE* file, const TestPattern& pattern, int64_t first, int64_t frames) {
  const HouseFormat& format = pattern.format();
  std::fprintf(file, "YUV4MPEG2 W%u H%u F%u:%u Ip A1:1 C420mpeg2 XCOLORRANGE=LIMITED\n", format.width,
               format.height, format.rate.num, format.rate.den);
  std::vector<uint8_t> picture(format.VideoBytes());
  for (int64_t k = first; k < first + frames; ++k) {
    pattern.DrawPicture(k, picture);
    if (!Write(file, "FRAME\n", 6) || !Write(file, picture.data(), picture.size())) return false;
  }
  return std::fflush(file) == 0;
}

void Append(std::vector<uint8_t>& bytes, uint32_t value, int size) {
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

std::vector<uint8_t> WavHeader(const HouseFormat& format, uint32_t data_bytes) {
  std::vector<uint8_t> header;
  auto tag = [&](const char* name) { header.insert(header.end(), name, name + 4); };
  const uint32_t frame_bytes = static_cast<uint32_t>(format.BytesPerSample());
  tag("RIFF"), Append(header, 36 + data_bytes, 4), tag("WAVE");
  tag("fmt "), Append(header, 16, 4), Append(header, 1 /* PCM */, 2), Append(header, format.channels, 2);
  Append(header, format.sample_rate, 4), Append(header, format.sample_rate * frame_bytes, 4);
  Append(header, frame_bytes, 2), Append(header, 16 /* bits */, 2);
  tag("data"), Append(header, data_bytes, 4);
  return header;
}

bool WriteWav(FILE* file, const TestPattern& pattern, int64_t first, int64_t frames) {
  const HouseTime time(pattern.format());
  const int64_t begin = time.FirstSample(Tick(first)).value(),
                end = time.FirstSample(Tick(first + frames)).value();
  const std::vector<uint8_t> header =
      WavHeader(pattern.format(), static_cast<uint32_t>((end - begin) * pattern.format().BytesPerSample()));
  if (!Write(file, header.data(), header.size())) return false;
  std::vector<int16_t> sound;
  for (int64_t sample = begin; sample < end; sample += pattern.format().sample_rate) {
    sound.resize(std::min<int64_t>(end - sample, pattern.format().sample_rate) * pattern.format().channels);
    pattern.FillSound(sample, sound);
    if (!Write(file, sound.data(), sound.size() * sizeof(int16_t))) return false;
  }
  return std::fflush(file) == 0;
}

int Run(int argc, char** argv) {
  CLI::App app("Writes AIR's test picture as y4m video and wav sound.");
  std::string size = "640x360", rate = "30000/1001", y4m, wav;
  double seconds = 10;
  int64_t frames = 0, first = 0;
  int clip = 0;
  app.add_option("--size", size, "WIDTHxHEIGHT, even numbers")->capture_default_str();
  app.add_option("--rate", rate, "frame rate, num/den")->capture_default_str();
  app.add_option("--seconds", seconds, "length, rounded to whole pictures")->check(CLI::Range(0.01, 20000.0));
  app.add_option("--frames", frames, "length in pictures, instead of --seconds")
      ->check(CLI::Range(1, 1'200'000));
  app.add_option("--first", first, "index of the first picture")
      ->check(CLI::Range(int64_t{0}, int64_t{1} << 32));
  app.add_option("--clip", clip, "clip id in the counter strip")->check(CLI::Range(0, 255));
  app.add_option("--y4m", y4m, "where the pictures go; - is standard output");
  app.add_option("--wav", wav, "where the sound goes; - is standard output");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }

  HouseFormat format;
  absl::StatusOr<FrameRate> parsed_rate = ParseFrameRate(rate);
  absl::Status status = parsed_rate.status();
  if (parsed_rate.ok()) format.rate = *parsed_rate;
  if (status.ok() && std::sscanf(size.c_str(), "%ux%u", &format.width, &format.height) != 2) {
    status = absl::InvalidArgumentError("--size: \"" + size + "\" is not WIDTHxHEIGHT");
  }
  if (status.ok()) status = Validate(format);
  if (status.ok() && y4m.empty() && wav.empty())
    status = absl::InvalidArgumentError("give --y4m or --wav or both");
  if (!status.ok()) {
    std::fprintf(stderr, "air-pattern: %s\n", std::string(status.message()).c_str());
    return 2;
  }

  if (frames == 0) frames = std::max<int64_t>(1, std::llround(seconds * format.rate.num / format.rate.den));
  const TestPattern pattern(format, static_cast<uint8_t>(clip));
  auto write = [&](const std::string& path, auto writer) {
    if (path.empty()) return true;
    File file = OpenOutput(path);
    return file && writer(file.get(), pattern, first, frames);
  };
  return write(wav, WriteWav) && write(y4m, WriteY4m) ? 0 : 1;
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { return air::Run(argc, argv); }
