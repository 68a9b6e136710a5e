// How long a stage may be silent, by what it is at. The decoder's phases are those of its ring's writer page;
// a full ring is no missing frame: there the decoder beats, and its silence is a hang like any other's.
//
//   phase              may take           expiry is called
//   none, opening      5 s                OPEN_FAILED
//   seeking            5 s                HANG
//   first unit         5 s                HANG
//   producing          2 s                HANG
//   waiting            --hang-ms          HANG
//   ended              5 s (to leave)     HANG
//
// Selector and encoder beat all the time once they have begun; until then they load.
#pragma once

#include <algorithm>

#include "shm/frame_ring_layout.h"
#include "shm/types.h"

namespace air {

struct PhaseDeadline {
  int64_t allowance_ns;
  PadCause cause;  // of the pad that an expiry may lead to
};

constexpr PhaseDeadline DeadlineOf(WriterPhase phase, int64_t hang_ns) {
  constexpr int64_t kOpenNs = 5 * kNanosPerSecond, kSeekNs = 5 * kNanosPerSecond,
                    kFirstUnitNs = 5 * kNanosPerSecond, kNextUnitNs = 2 * kNanosPerSecond,
                    kLeaveNs = 5 * kNanosPerSecond;
  switch (phase) {
    case WriterPhase::kSeeking:
      return {kSeekNs, PadCause::kHang};
    case WriterPhase::kFirstUnit:
      return {kFirstUnitNs, PadCause::kHang};
    case WriterPhase::kProducing:
      return {std::max(kNextUnitNs, hang_ns), PadCause::kHang};
    case WriterPhase::kWaiting:
      return {hang_ns, PadCause::kHang};
    case WriterPhase::kEnded:
      return {kLeaveNs, PadCause::kHang};
    default:
      return {kOpenNs, PadCause::kOpenFailed};
  }
}

// Selector and encoder.
constexpr int64_t AllowanceOf(bool has_begun, int64_t hang_ns) {
  constexpr int64_t kLoadNs = 5 * kNanosPerSecond;
  return has_begun ? hang_ns : std::max(kLoadNs, hang_ns);
}

}  // namespace air
