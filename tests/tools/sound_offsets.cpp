// air-sound-offsets FILE-OR-FOLDER...: where AIR puts the sound of real files, against where their own stamps
// put it. The reference is FFmpeg's decoder alone: a sample belongs at its frame's stamp, counted from the
// first picture's. Both are laid over each other in the loudest places of the first half minute, and the
// shift that fits best is printed. Exit status 1: some file is off by more than --most-ms (5).
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "media/house_time.h"
#include "stages/decoder/file/file_producer.h"

extern "C" {
#include <libavutil/log.h>
}

namespace air {
namespace {

constexpr int kRate = 48'000;
constexpr int64_t kMostSeconds = 30;
constexpr int64_t kWindow = kRate * 2 / 5, kMostShift = kRate / 20;

using Line = std::vector<float>;  // the left channel, from the asset's first picture on

// FFmpeg's own view of the file.
class Reference {
 public:
  static std::optional<Line> Read(const std::string& path) {
    Reference reference;
    AVFormatContext* opened = nullptr;
    if (avformat_open_input(&opened, path.c_str(), nullptr, nullptr) < 0) return std::nullopt;
    reference.file_.reset(opened);
    if (avformat_find_stream_info(opened, nullptr) < 0) return std::nullopt;
    reference.picture_ = reference.Open(AVMEDIA_TYPE_VIDEO, -1, reference.picture_coder_);
    reference.sound_ = reference.Open(AVMEDIA_TYPE_AUDIO, reference.picture_, reference.sound_coder_);
    if (reference.picture_ >= 0 &&
        (opened->streams[reference.picture_]->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0)
      reference.picture_ = -1;
    if (reference.sound_ < 0 || !reference.ReadAll()) return std::nullopt;
    return reference.Assemble();
  }

 private:
  struct Chunk {
    double at;
    Line samples;
  };

  int Open(AVMediaType type, int related, AvCodecPtr& coder) {
    const AVCodec* codec = nullptr;
    const int index = av_find_best_stream(file_.get(), type, -1, related, &codec, 0);
    if (index < 0) return -1;
    coder.reset(avcodec_alloc_context3(codec));
    avcodec_parameters_to_context(coder.get(), file_->streams[index]->codecpar);
    coder->pkt_timebase = file_->streams[index]->time_base;
    return avcodec_open2(coder.get(), codec, nullptr) < 0 ? -1 : index;
  }
  double Seconds(const AVFrame& frame, int index) const {
    return static_cast<double>(frame.best_effort_timestamp) * av_q2d(file_->streams[index]->time_base);
  }
  bool ReadAll() {
    const AvPacketPtr packet(av_packet_alloc());
    const AvFramePtr frame(av_frame_alloc());
    int pictures = 0;
    bool more = true;
    while (more) {
      more = av_read_frame(file_.get(), packet.get()) >= 0;
      for (const bool sound : {false, true}) {
        const int index = sound ? sound_ : picture_;
        AVCodecContext* coder = sound ? sound_coder_.get() : picture_coder_.get();
        const bool wanted = index >= 0 && (!more || packet->stream_index == index) && (sound || pictures < 8);
        if (!wanted) continue;
        avcodec_send_packet(coder, more ? packet.get() : nullptr);
        while (avcodec_receive_frame(coder, frame.get()) >= 0) {
          if (frame->best_effort_timestamp == AV_NOPTS_VALUE) continue;
          if (sound) {
            Take(*frame);
          } else if (pictures++ == 0) {
            zero_ = Seconds(*frame, index);
          }
        }
      }
      av_packet_unref(packet.get());
      if (!chunks_.empty() && chunks_.back().at - chunks_.front().at > kMostSeconds) break;
    }
    return !chunks_.empty();
  }
  // A resampler for each frame would ring at its ends; in the middle of what it makes that is not heard.
  void Take(AVFrame& frame) {
    if (resampler_ == nullptr) {
      AVChannelLayout stereo = AV_CHANNEL_LAYOUT_STEREO;
      SwrContext* made = nullptr;
      swr_alloc_set_opts2(&made, &stereo, AV_SAMPLE_FMT_FLT, kRate, &frame.ch_layout,
                          static_cast<AVSampleFormat>(frame.format), frame.sample_rate, 0, nullptr);
      resampler_.reset(made);
      if (made == nullptr || swr_init(made) < 0) return;
    }
    const double delay = static_cast<double>(swr_get_delay(resampler_.get(), kRate)) / kRate;
    std::vector<float> stereo(2 *
                              static_cast<size_t>(swr_get_out_samples(resampler_.get(), frame.nb_samples)));
    auto* to = reinterpret_cast<uint8_t*>(stereo.data());
    const int made = swr_convert(resampler_.get(), &to, static_cast<int>(stereo.size() / 2),
                                 const_cast<const uint8_t**>(frame.extended_data),
                                 frame.nb_samples);  // NOLINT: C interface
    Chunk chunk{Seconds(frame, sound_) - delay, {}};
    for (int s = 0; s < made; ++s) chunk.samples.push_back(stereo[2 * static_cast<size_t>(s)]);
    chunks_.push_back(std::move(chunk));
  }
  Line Assemble() const {
    const double zero = zero_.value_or(chunks_.front().at);
    Line line(kMostSeconds * kRate, 0.0f);
    for (const Chunk& chunk : chunks_) {
      const int64_t first = std::llround((chunk.at - zero) * kRate);
      for (size_t s = 0; s < chunk.samples.size(); ++s) {
        const int64_t at = first + static_cast<int64_t>(s);
        if (at >= 0 && at < static_cast<int64_t>(line.size()))
          line[static_cast<size_t>(at)] = chunk.samples[s];
      }
    }
    return line;
  }

  AvFormatPtr file_;
  AvCodecPtr picture_coder_, sound_coder_;
  AvResamplerPtr resampler_;
  int picture_ = -1, sound_ = -1;
  std::optional<double> zero_;
  std::vector<Chunk> chunks_;
};

// AIR's.
std::optional<Line> Play(const std::string& path, std::string& error) {
  ProducerRequest request;
  request.asset_uri = path;
  request.format = {.width = 64, .height = 36, .rate = {25, 1}};
  FileProducer producer;
  if (absl::Status s = producer.Start(request); !s.ok()) {
    error = std::string(s.message());
    return std::nullopt;
  }
  std::vector<uint8_t> picture(request.format.VideoBytes());
  std::vector<int16_t> sound(size_t{request.format.MaxUnitSamples()} * 2);
  Line line;
  for (UnitIndex i(0); i < UnitIndex(25 * kMostSeconds); ++i) {
    UnitInfo info;
    const auto rendered = producer.Render(i, {picture, sound, {}}, info);
    if (!rendered.ok() || *rendered == Rendered::kEndOfStream) break;
    for (size_t s = 0; s + 1 < info.samples; ++s) line.push_back(static_cast<float>(sound[2 * s]) / 32768);
  }
  return line;
}

// How much later than `reference` the sound in `line` is, in samples, looked at from `from` on; nothing where
// they do not resemble each other.
std::optional<int64_t> ShiftAt(const Line& reference, const Line& line, int64_t from) {
  double best = 0;
  int64_t shift = 0;
  double power = 1e-9;
  for (int64_t s = 0; s < kWindow; ++s)
    power += reference[static_cast<size_t>(from + s)] * reference[static_cast<size_t>(from + s)];
  // From no shift outwards: a tone fits anywhere a period later, too.
  for (int64_t step = 0; step <= 2 * kMostShift; ++step) {
    const int64_t lag = step % 2 == 0 ? step / 2 : -(step + 1) / 2;
    double product = 0, own = 1e-9;
    for (int64_t s = 0; s < kWindow; ++s) {
      const int64_t at = from + s + lag;
      if (at < 0 || at >= static_cast<int64_t>(line.size())) continue;
      const float sample = line[static_cast<size_t>(at)];
      product += reference[static_cast<size_t>(from + s)] * sample;
      own += sample * sample;
    }
    const double likeness = product / std::sqrt(power * own);
    if (likeness > best + 0.002) {
      best = likeness;
      shift = lag;
    }
  }
  if (best < 0.7) return std::nullopt;
  return shift;
}

std::optional<double> WorstMs(const Line& reference, const Line& line, int& places) {
  struct Place {
    double power;
    int64_t at;
  };
  std::vector<Place> candidates;
  const auto end = static_cast<int64_t>(std::min(reference.size(), line.size()));
  for (int64_t at = 0; at + kWindow <= end; at += kWindow / 2) {
    double power = 0;
    for (int64_t s = 0; s < kWindow; ++s) power += std::abs(reference[static_cast<size_t>(at + s)]);
    if (power / kWindow > 1e-4) candidates.push_back({power, at});
  }
  std::ranges::sort(candidates, [](const Place& a, const Place& b) { return a.power > b.power; });
  if (candidates.size() > 4) candidates.resize(4);
  std::optional<double> worst;
  places = 0;
  for (const Place& place : candidates) {
    const std::optional<int64_t> shift = ShiftAt(reference, line, place.at);
    if (!shift.has_value()) continue;
    ++places;
    const double ms = static_cast<double>(*shift) * 1000 / kRate;
    if (!worst.has_value() || std::abs(ms) > std::abs(*worst)) worst = ms;
  }
  return worst;
}

// False: off by more than `most_ms`.
bool Compare(const std::string& path, double most_ms) {
  std::string error;
  const std::optional<Line> reference = Reference::Read(path);
  if (!reference.has_value()) {
    std::printf("%-60s no sound FFmpeg can decode\n", path.c_str());
    return true;
  }
  const std::optional<Line> line = Play(path, error);
  if (!line.has_value()) {
    std::printf("%-60s AIR: %s\n", path.c_str(), error.c_str());
    return true;
  }
  int places = 0;
  const std::optional<double> worst = WorstMs(*reference, *line, places);
  if (!worst.has_value()) {
    std::printf("%-60s nothing to compare (silent, short, or unlike)\n", path.c_str());
    return true;
  }
  std::printf("%-60s %+8.3f ms in %d places\n", path.c_str(), *worst, places);
  return std::abs(*worst) <= most_ms;
}

int Main(int argc, char** argv) {
  av_log_set_level(AV_LOG_QUIET);
  double most_ms = 5;
  std::vector<std::string> files;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--most-ms") == 0 && i + 1 < argc) {
      most_ms = std::atof(argv[++i]);
    } else if (std::filesystem::is_directory(argv[i])) {
      for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i]))
        if (entry.is_regular_file()) files.push_back(entry.path().string());
    } else {
      files.emplace_back(argv[i]);
    }
  }
  if (files.empty()) {
    std::fprintf(stderr, "usage: air-sound-offsets [--most-ms N] FILE-OR-FOLDER...\n");
    return 2;
  }
  std::ranges::sort(files);
  int off = 0;
  for (const std::string& file : files) off += Compare(file, most_ms) ? 0 : 1;
  std::printf("%d of %zu files are off by more than %.3g ms\n", off, files.size(), most_ms);
  return off == 0 ? 0 : 1;
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { return air::Main(argc, argv); }
