// Copies between private memory and a slot that its writer may overwrite meanwhile. On paper such a copy is a
// data race; done with relaxed 64-bit atomics (about 1.2 times the cost of memcpy) it is none, and
// ThreadSanitizer agrees. The caller validates with the slot's commit word afterwards. Every racing copy in
// AIR is in this file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace air {

// Both sides 8-byte aligned; the shared side may be read or written up to the next multiple of 8.
inline void CopyFromShared(void* to, const void* shared, size_t bytes) {
  auto* out = static_cast<std::byte*>(to);
  auto* words = static_cast<uint64_t*>(const_cast<void*>(shared));
  const size_t whole = bytes / 8;
  for (size_t i = 0; i < whole; ++i) {
    const uint64_t word = std::atomic_ref<uint64_t>(words[i]).load(std::memory_order_relaxed);
    std::memcpy(out + 8 * i, &word, 8);
  }
  if (const size_t rest = bytes % 8; rest != 0) {
    const uint64_t word = std::atomic_ref<uint64_t>(words[whole]).load(std::memory_order_relaxed);
    std::memcpy(out + 8 * whole, &word, rest);
  }
}

inline void CopyToShared(void* shared, const void* from, size_t bytes) {
  auto* in = static_cast<const std::byte*>(from);
  auto* words = static_cast<uint64_t*>(shared);
  const size_t whole = bytes / 8;
  for (size_t i = 0; i < whole; ++i) {
    uint64_t word;
    std::memcpy(&word, in + 8 * i, 8);
    std::atomic_ref<uint64_t>(words[i]).store(word, std::memory_order_relaxed);
  }
  if (const size_t rest = bytes % 8; rest != 0) {
    uint64_t word = 0;
    std::memcpy(&word, in + 8 * whole, rest);
    std::atomic_ref<uint64_t>(words[whole]).store(word, std::memory_order_relaxed);
  }
}

}  // namespace air
