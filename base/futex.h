// The doorbell of a ring: a shared 32-bit word to wait on. FUTEX_WAIT works through a read-only mapping, and
// waking is unconditional: a count of waiters would leak with every killed one.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <climits>
#include <ctime>

#include "base/types.h"

namespace air {

// Sleeps while `bell` still holds `seen`, at most `timeout_ns`. Spurious returns are normal: re-check and
// come again.
inline void WaitOnBell(const std::atomic<uint32_t>& bell, uint32_t seen, int64_t timeout_ns) {
  timespec t{.tv_sec = timeout_ns / kNanosPerSecond, .tv_nsec = timeout_ns % kNanosPerSecond};
  syscall(SYS_futex, &bell, FUTEX_WAIT, seen, &t, nullptr, 0);
}

inline void RingBell(std::atomic<uint32_t>& bell) {
  bell.fetch_add(1, std::memory_order_release);  // SYNC POINT: pairs with the acquire load before WaitOnBell
  syscall(SYS_futex, &bell, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace air
