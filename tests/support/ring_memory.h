// Frame rings on plain memory, and units whose every byte is known: what the tests of shm/ share.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/atomic_copy.h"
#include "shm/frame_ring_buffer.h"

namespace air {

// The smallest house format: a unit is 4 KB, so that thousands of runs take no time.
inline constexpr HouseFormat kTinyFormat{.width = 16, .height = 16, .rate = {60, 1}};

// Zeroed memory, aligned as a mapping would be.
class PageMemory {
 public:
  explicit PageMemory(size_t bytes)
      : size_((bytes + kPage - 1) / kPage * kPage),
        data_(static_cast<std::byte*>(std::aligned_alloc(kPage, size_)), std::free) {
    std::memset(data_.get(), 0, size_);
  }
  std::span<std::byte> bytes() const { return {data_.get(), size_}; }

 private:
  size_t size_;
  std::unique_ptr<std::byte, decltype(&std::free)> data_;
};

// A ring and its one reader's page, formatted and ready.
class RingMemory {
 public:
  explicit RingMemory(const RingSpec& spec)
      : spec_(spec), memory_(RingBytes(spec.format, spec.slot_count)), page_(sizeof(ReaderPage)) {
    Format();
  }
  RingMemory(RingPolicy policy, uint32_t slot_count)
      : RingMemory(RingSpec{.format = kTinyFormat,
                            .policy = policy,
                            .slot_count = slot_count,
                            .generation = 1,
                            .instance_id = {0x1111, 0x2222}}) {}

  void Format() {
    FormatRing(memory_.bytes(), spec_);
    new (page_.bytes().data()) ReaderPage{};
  }
  std::span<std::byte> bytes() const { return memory_.bytes(); }
  RingHeader& header() const { return *reinterpret_cast<RingHeader*>(bytes().data()); }
  ReaderPage& page() const { return *reinterpret_cast<ReaderPage*>(page_.bytes().data()); }
  RingView View() const { return RingView::Attach(bytes(), spec_.policy).value(); }

 private:
  RingSpec spec_;
  PageMemory memory_, page_;
};

// A picture with its sound, each 64-bit word of which follows from `seed` and the word's position: a unit
// that mixes two writers, two indices or two places shows it.
class PatternUnit {
 public:
  explicit PatternUnit(const HouseFormat& format)
      : video_(format.VideoBytes()), audio_(size_t{format.MaxUnitSamples()} * format.channels) {}

  std::span<uint8_t> video() { return video_; }
  std::span<int16_t> audio() { return audio_; }

  void Make(uint64_t seed) {
    Fill(std::as_writable_bytes(video()), Mix(seed));
    Fill(std::as_writable_bytes(audio()), Mix(~seed));
  }
  bool Is(uint64_t seed) const {
    return Equals(std::as_bytes(std::span(video_)), Mix(seed)) &&
           Equals(std::as_bytes(std::span(audio_)), Mix(~seed));
  }

 private:
  static constexpr uint64_t kStep = 0x9e3779b97f4a7c15;

  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
    x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
    return x ^ (x >> 31);
  }
  static void Fill(std::span<std::byte> to, uint64_t word) {
    for (size_t i = 0; i < to.size(); i += 8, word += kStep) {
      std::memcpy(to.data() + i, &word, std::min<size_t>(8, to.size() - i));
    }
  }
  static bool Equals(std::span<const std::byte> bytes, uint64_t word) {
    uint64_t difference = 0;
    for (size_t i = 0; i < bytes.size(); i += 8, word += kStep) {
      const size_t length = std::min<size_t>(8, bytes.size() - i);
      uint64_t there = 0, expected = 0;
      std::memcpy(&there, bytes.data() + i, length);
      std::memcpy(&expected, &word, length);
      difference |= there ^ expected;
    }
    return difference == 0;
  }

  std::vector<uint8_t> video_;
  std::vector<int16_t> audio_;
};

// What incarnation `epoch` of a writer writes as unit `index`.
inline uint64_t SeedOf(uint64_t index, uint64_t epoch) { return index * 1'000'003 + epoch; }

// Copies a unit into slot `index`, as the owners of a ring do.
inline void PutUnit(const RingView& view, uint64_t index, PatternUnit& unit) {
  CopyToShared(view.video(index), unit.video().data(), unit.video().size());
  CopyToShared(view.audio(index), unit.audio().data(), unit.audio().size_bytes());
}
inline void GetUnit(const RingView& view, uint64_t index, PatternUnit& unit) {
  CopyFromShared(unit.video().data(), view.video(index), unit.video().size());
  CopyFromShared(unit.audio().data(), view.audio(index), unit.audio().size_bytes());
}

inline SlotMeta MetaOf(const HouseFormat& format) {
  SlotMeta meta;
  meta.flags = kFlagContent;
  meta.samples = format.MaxUnitSamples();
  meta.video_bytes = static_cast<uint32_t>(format.VideoBytes());
  return meta;
}

}  // namespace air
