// What a frame costs on its way through a ring, beside what the machine charges for copying it at all.
//
//   into    a private frame into a slot: open, copy with relaxed 64-bit atomics, publish
//   out of  a slot into a private frame: copy the same way, validate
//
// Every copy is cold: frames and slots rotate through far more memory than the caches hold. Ring and memcpy
// take turns within one measurement, so that `ratio` (ring copies per second / memcpy copies per second) is
// of the same minute of the same machine; the times themselves are not comparable between machines, the ratio
// is.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <span>
#include <vector>

#include "base/atomic_copy.h"
#include "shm/frame_ring_buffer.h"
#include "shm/shared_segment.h"

namespace air {
namespace {

constexpr size_t kColdBytes = size_t{192} << 20;  // of each: slots, frames, and memcpy's own pairs

double SecondsOf(auto work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

HouseFormat FormatOf(const benchmark::State& state) {
  return {.width = static_cast<uint32_t>(state.range(0)),
          .height = static_cast<uint32_t>(state.range(1)),
          .rate = {30000, 1001}};
}

// As many frames as are cold, in memory like that of the ring: same pages, all of them touched.
class Frames {
 public:
  explicit Frames(const HouseFormat& format)
      : bytes_(format.VideoBytes()),
        stride_((bytes_ + kPage - 1) / kPage * kPage),
        count_(kColdBytes / stride_),
        segment_(*SharedSegment::CreateSealed("frames", stride_ * count_)) {
    std::memset(segment_.bytes().data(), 1, segment_.bytes().size());
  }
  std::span<uint8_t> operator[](uint64_t i) const {
    return {reinterpret_cast<uint8_t*>(segment_.bytes().data()) + stride_ * (i % count_), bytes_};
  }
  size_t count() const { return count_; }

 private:
  size_t bytes_, stride_, count_;
  SharedSegment segment_;
};

struct Scene {
  explicit Scene(const HouseFormat& format)
      : frames(format),
        others(format),
        sound(size_t{format.MaxUnitSamples()} * format.channels),
        slots(static_cast<uint32_t>(frames.count())),
        segment(*SharedSegment::CreateSealed("ring", RingBytes(format, slots))),
        view(Format(format)),
        writer(view, nullptr, 1) {
    for (uint32_t i = 0; i < slots; ++i) Put(i);
  }
  RingView Format(const HouseFormat& format) {
    FormatRing(segment.bytes(), {.format = format,
                                 .policy = RingPolicy::kOverwrite,
                                 .slot_count = slots,
                                 .generation = 1,
                                 .instance_id = {}});
    return *RingView::Attach(segment.bytes(), RingPolicy::kOverwrite);
  }

  void Put(uint64_t i) {
    writer.Open();
    CopyToShared(view.video(i), frames[i].data(), frames[i].size());
    CopyToShared(view.audio(i), sound.data(), sound.size() * sizeof(int16_t));
    SlotMeta meta;
    meta.samples = view.format().MaxUnitSamples();
    meta.video_bytes = static_cast<uint32_t>(view.format().VideoBytes());
    writer.Publish(meta);
  }
  void MemcpyCold(uint64_t i) {
    std::memcpy(others[i].data(), frames[i + slots / 2].data(), frames[i].size());
    benchmark::ClobberMemory();
  }

  Frames frames, others;
  std::vector<int16_t> sound;
  uint32_t slots;
  SharedSegment segment;
  RingView view;
  FrameRingWriter<RingPolicy::kOverwrite> writer;
};

double MedianOf(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Runs `copy(i)` and a cold memcpy in turns, and reports the medians of both: a machine is rarely quiet.
void Compare(benchmark::State& state, Scene& scene, auto copy) {
  std::vector<double> ring_seconds, memcpy_seconds;
  uint64_t i = 0;
  for (auto _ : state) {
    ring_seconds.push_back(SecondsOf([&] { copy(i); }));
    memcpy_seconds.push_back(SecondsOf([&] { scene.MemcpyCold(i); }));
    state.SetIterationTime(ring_seconds.back());
    ++i;
  }
  const double ring = MedianOf(ring_seconds), plain = MedianOf(memcpy_seconds);
  state.counters["copies_per_second"] = 1 / ring;
  state.counters["memcpy_per_second"] = 1 / plain;
  state.counters["ratio"] = plain / ring;
}

void BM_IntoRing(benchmark::State& state) {
  Scene scene(FormatOf(state));
  Compare(state, scene, [&](uint64_t) { scene.Put(scene.writer.next()); });
}

void BM_OutOfRing(benchmark::State& state) {
  Scene scene(FormatOf(state));
  const OverwriteReader reader(scene.view, nullptr);
  SlotMeta meta;
  Compare(state, scene, [&](uint64_t i) {
    const ReadResult result = reader.Read(i % scene.slots, scene.frames[i], scene.sound, meta);
    if (result != ReadResult::kOk) state.SkipWithError("a unit is missing");
  });
}

BENCHMARK(BM_IntoRing)->Args({1280, 720})->Args({1920, 1080})->UseManualTime()->Unit(benchmark::kMicrosecond);
BENCHMARK(BM_OutOfRing)
    ->Args({1280, 720})
    ->Args({1920, 1080})
    ->UseManualTime()
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace air

BENCHMARK_MAIN();
