// The readers of a frame ring, against a writer that stores what it likes wherever it can write: header, writer page, slot
// headers, pictures.
//
// The rule: a reader touches nothing outside the ring, and what it calls whole says sizes that fit a slot and the index that was
// asked for.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "tests/fuzz/fuzz_input.h"
#include "tests/support/ring_memory.h"

namespace air {
namespace {

constexpr uint32_t kSlots = 4;

// Stores of the hostile writer: where, how many, which.
void Scribble(std::span<std::byte> memory, FuzzInput& input) {
  while (!input.is_empty()) {
    const size_t at = input.Take<uint32_t>() % memory.size();
    const std::span<const uint8_t> bytes =
        input.TakeBytes(std::min<size_t>(input.Take<uint8_t>(), memory.size() - at));
    std::memcpy(memory.data() + at, bytes.data(), bytes.size());
  }
}

void ExpectMetaFits(const SlotMeta& meta, uint64_t index, const HouseFormat& format) {
  Require(meta.index == index);
  Require(meta.video_bytes <= format.VideoBytes());
  Require(meta.samples <= format.MaxUnitSamples());
  Require(meta.side_bytes <= kSideDataBytes);
}

void ReadAsSelector(const RingMemory& ring, const RingView& view, std::span<const uint64_t> indices) {
  BackpressureReader reader(view, &ring.page());
  for (const uint64_t i : indices) {
    SlotMeta meta;
    if (reader.Peek(i, meta) != ReadResult::kOk) continue;
    ExpectMetaFits(meta, i, view.format());
    std::vector<uint8_t> picture(view.video(i), view.video(i) + meta.video_bytes);
    std::vector<int16_t> sound(view.audio(i), view.audio(i) + size_t{meta.samples} * view.format().channels);
    std::vector<uint8_t> captions(view.side_data(i), view.side_data(i) + meta.side_bytes);
    reader.Release(i + 1);
  }
}

void ReadAsEncoder(const RingMemory& ring, const RingView& view, std::span<const uint64_t> indices) {
  const OverwriteReader reader(view, &ring.page());
  PatternUnit unit(view.format());
  for (const uint64_t i : indices) {
    SlotMeta meta;
    if (reader.Read(i, unit.video(), unit.audio(), meta) == ReadResult::kOk) {
      ExpectMetaFits(meta, i, view.format());
    }
  }
  Require(reader.oldest() <= reader.next());
}

void Run(FuzzInput input) {
  const RingPolicy policy =
      input.Take<uint8_t>() % 2 == 0 ? RingPolicy::kBackpressure : RingPolicy::kOverwrite;
  const bool before_attach = input.Take<uint8_t>() % 2 == 0;
  uint64_t first = input.Take<uint64_t>();
  RingMemory ring(policy, kSlots);
  absl::StatusOr<RingView> view = RingView::Attach(ring.bytes(), policy);
  Scribble(ring.bytes(), input);
  if (before_attach) view = RingView::Attach(ring.bytes(), policy);
  if (!view.ok()) return;

  const uint64_t next = view->writer().next.load();
  const uint64_t indices[] = {0, 1, 2, 3, next - 1, next, next - kSlots, first, first + 1};
  if (policy == RingPolicy::kBackpressure) {
    ReadAsSelector(ring, *view, indices);
  } else {
    ReadAsEncoder(ring, *view, indices);
  }
}

}  // namespace
}  // namespace air

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  air::Run(air::FuzzInput(data, size));
  return 0;
}
