// What a tick costs the encoder: picture and sound through the codecs, the multiplexer and the journal, for
// content that moves, for a still, and for black with silence, which is what pad is.
//
// CPU time of the whole process, so that the codec's own threads count; `core` is the share of one core that
// the channel takes at its rate. The shares of still and black of what moves are what can be compared between
// machines. `kbps` is what the picture took.
#include <benchmark/benchmark.h>

extern "C" {
#include <libavutil/log.h>
}

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <numbers>
#include <vector>

#include "stages/encoder/sink/mpegts_output_sink.h"

namespace air {
namespace {

enum Content { kMoving, kStill, kBlack };
constexpr const char* kNames[] = {"moving", "still", "black"};
constexpr HouseFormat kHouse{.width = 1280, .height = 720, .rate = {30000, 1001}};
constexpr size_t kPictures = 64;  // of which moving content is a loop

uint32_t Hash(uint32_t x) {
  x = ((x >> 16) ^ x) * 0x45d9f3b;
  x = ((x >> 16) ^ x) * 0x45d9f3b;
  return (x >> 16) ^ x;
}

// A landscape of soft shapes with some fine grain, as a camera sees it at position `n` of a slow pan.
std::vector<uint8_t> Scene(uint32_t n, bool grain_moves) {
  std::vector<uint8_t> picture(kHouse.VideoBytes(), 128);
  for (uint32_t y = 0; y < kHouse.height; ++y) {
    for (uint32_t x = 0; x < kHouse.width; ++x) {
      const double u = (x + 3.0 * n) / 90, v = y / 70.0;
      const double shape =
          std::sin(u) * std::cos(v) + 0.5 * std::sin(2.7 * u + v) + 0.3 * std::sin(9 * v - 4 * u);
      const uint32_t grain = Hash(y * kHouse.width + x + 3 * n + (grain_moves ? n * 7919 : 0)) % 7;
      picture[y * kHouse.width + x] = static_cast<uint8_t>(110 + 45 * shape + grain);
    }
  }
  return picture;
}

std::vector<std::vector<uint8_t>> PicturesOf(Content content) {
  std::vector<std::vector<uint8_t>> pictures;
  switch (content) {
    case kMoving:
      for (uint32_t n = 0; n < kPictures; ++n) pictures.push_back(Scene(n, true));
      break;
    case kStill:
      pictures.push_back(Scene(0, false));
      break;
    case kBlack:
      pictures.emplace_back(kHouse.VideoBytes(), 128);
      std::memset(pictures[0].data(), 16, kHouse.LumaBytes());
      break;
  }
  return pictures;
}

std::vector<int16_t> SoundOf(Content content, const HouseTime& time, Tick n) {
  std::vector<int16_t> sound(size_t{time.SamplesOf(n)} * kHouse.channels);
  if (content == kBlack) return sound;
  for (size_t i = 0; i < sound.size(); ++i) {
    const auto s = static_cast<double>(time.FirstSample(n).value() + static_cast<int64_t>(i / 2));
    sound[i] = static_cast<int16_t>(8000 * std::sin(2 * std::numbers::pi * 440 * s / 48'000) +
                                    Hash(static_cast<uint32_t>(s) * 2 + i % 2) % 4000);
  }
  return sound;
}

// A journal of the usual size in plain memory.
class Memory {
 public:
  Memory() : bytes_(JournalGeometry{}.SegmentBytes()), data_(std::aligned_alloc(kJournalPage, bytes_)) {
    std::memset(data_.get(), 0, bytes_);
    if (!FormatJournal(span(), JournalGeometry{}, {1, 2}).ok()) std::abort();
  }
  std::span<std::byte> span() { return {static_cast<std::byte*>(data_.get()), bytes_}; }

 private:
  struct Free {
    void operator()(void* p) const { std::free(p); }
  };
  size_t bytes_;
  std::unique_ptr<void, Free> data_;
};

void Tick720p(benchmark::State& state) {
  av_log_set_level(AV_LOG_QUIET);
  const auto content = static_cast<Content>(state.range(0));
  const HouseTime time(kHouse);
  const auto pictures = PicturesOf(content);
  Memory memory;
  const MpegTSOutputSink::Config config{.mux = {.house = kHouse, .pts_origin_90k = 900'000},
                                        .encoder = {.bitrate_kbps = 3600}};
  auto sink = MpegTSOutputSink::Create(config, *JournalWriter::Attach(memory.span()), Tick(0));
  if (!sink.ok()) std::abort();
  const auto history = time.FirstSample(Tick(0)) - (*sink)->history_begin();
  if (!(*sink)->Prime(std::vector<int16_t>(static_cast<size_t>(history) * kHouse.channels)).ok())
    std::abort();
  Tick n(0);
  uint64_t packets = 0;
  const auto consume = [&] {
    const std::vector<int16_t> sound = SoundOf(content, time, n);
    const auto& picture = pictures[static_cast<size_t>(n.value()) % pictures.size()];
    if (!(*sink)->Consume({.tick = n, .deadline = Nanos(0), .picture = picture, .sound = sound}).ok())
      std::abort();
    ++n;
    packets += (*sink)->facts().packets;
  };
  for (int warm_up = 0; warm_up < 60; ++warm_up) consume();
  packets = 0;
  for (auto _ : state) consume();
  const double seconds = static_cast<double>(state.iterations()) * kHouse.rate.den / kHouse.rate.num;
  state.counters["kbps"] = static_cast<double>(packets) * 1504 / 1000 / seconds;
  state.counters["core"] =
      benchmark::Counter(seconds, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.SetLabel(kNames[content]);
}
BENCHMARK(Tick720p)
    ->DenseRange(kMoving, kBlack)
    ->Iterations(300)
    ->MeasureProcessCPUTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace air

BENCHMARK_MAIN();
