// The slate: the one picture that is shown instead of content which had to be given up. Drawn once, when the
// session begins, by a process that may fail over a bad picture file, and lent to every selector of the
// session, so that showing it needs no process.
//
//   [ SlateCardHeader, 1 page ][ picture: Y U V of the house format ]
//
// Written once, `ready` last; no process writes it afterwards. Until then, and for ever if it cannot be drawn,
// the selector's own plain picture stands in.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "media/house_format.h"
#include "shm/frame_ring_layout.h"

namespace air {

inline constexpr uint64_t kSlateCardMagic = 0x3144524143524941;  // "AIRCARD1", little endian

struct SlateCardHeader {
  std::atomic<uint64_t> ready;  // kSlateCardMagic once the picture is whole
  uint64_t format_hash;         // HouseFormat::Hash()
};
static_assert(sizeof(SlateCardHeader) == 16);

inline size_t SlateCardBytes(const HouseFormat& format) { return kPage + format.VideoBytes(); }

// Where to draw; empty when the memory is not that of a card of this format.
inline std::span<uint8_t> SlateCardCanvas(std::span<std::byte> memory, const HouseFormat& format) {
  if (memory.size() < SlateCardBytes(format)) return {};
  return {reinterpret_cast<uint8_t*>(memory.data() + kPage), format.VideoBytes()};
}

inline void PublishSlateCard(std::span<std::byte> memory, const HouseFormat& format) {
  auto& header = *reinterpret_cast<SlateCardHeader*>(memory.data());
  header.format_hash = format.Hash();
  header.ready.store(kSlateCardMagic, std::memory_order_release);  // SYNC POINT: with ReadSlateCard
}

// The picture; empty when there is none (yet).
inline std::span<const uint8_t> ReadSlateCard(std::span<const std::byte> memory, const HouseFormat& format) {
  if (memory.size() < SlateCardBytes(format)) return {};
  const auto& header = *reinterpret_cast<const SlateCardHeader*>(memory.data());
  if (header.ready.load(std::memory_order_acquire) != kSlateCardMagic)
    return {};  // SYNC POINT: PublishSlateCard
  if (header.format_hash != format.Hash()) return {};
  return {reinterpret_cast<const uint8_t*>(memory.data() + kPage), format.VideoBytes()};
}

}  // namespace air
