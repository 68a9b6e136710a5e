// How long a stage may be silent, and how long the step it is at may take. The decoder's phases are those of
// its ring's writer page. It beats with all it reads and with every packet it decodes, so a step can be slow without
// silence: a file on a slow disk, an in-point that only reading up to it finds. A full ring is no missing frame: waiting is no step, and its silence is a hang like any other's.
//
//   phase              the step may take  silent for   at a suspected place  expiry is called
//   none, opening      60 s               5 s          the same              OPEN_FAILED
//   seeking            60 s               5 s          0.7 s                 HANG
//   first unit         60 s               5 s          0.7 s                 HANG
//   producing          2 s                2 s          0.7 s                 HANG
//   waiting            -                  --hang-ms    the same              HANG
//   ended              5 s (to leave)     5 s          the same              HANG
//
// A place is suspected when a decoder has died of it: there the next one gets no second chance to use up what
// is left in the ring.
//
// Selector and encoder beat all the time once they have begun; until then they load.
#pragma once

#include <algorithm>
#include <optional>

#include "base/types.h"
#include "shm/frame_ring_layout.h"

namespace air {

struct PhaseDeadline {
  std::optional<int64_t> step_ns;
  int64_t silence_ns;
  PadCause cause;  // of the pad that an expiry may lead to
};

constexpr PhaseDeadline DeadlineOf(WriterPhase phase, int64_t hang_ns, bool suspected) {
  constexpr int64_t kBeginNs = 60 * kNanosPerSecond, kQuietNs = 5 * kNanosPerSecond,
                    kNextUnitNs = 2 * kNanosPerSecond, kLeaveNs = 5 * kNanosPerSecond,
                    kSuspectedNs = 700 * kNanosPerMs;
  const auto deadline = [&](int64_t step_ns, int64_t quiet_ns) {
    return PhaseDeadline{step_ns, suspected ? std::max(kSuspectedNs, hang_ns) : quiet_ns, PadCause::kHang};
  };
  switch (phase) {
    case WriterPhase::kSeeking:
    case WriterPhase::kFirstUnit:
      return deadline(kBeginNs, kQuietNs);
    case WriterPhase::kProducing:
      return deadline(std::max(kNextUnitNs, hang_ns), std::max(kNextUnitNs, hang_ns));
    case WriterPhase::kWaiting:
      return {std::nullopt, hang_ns, PadCause::kHang};
    case WriterPhase::kEnded:
      return {kLeaveNs, kLeaveNs, PadCause::kHang};
    default:
      return {kBeginNs, kQuietNs, PadCause::kOpenFailed};
  }
}

// Selector and encoder.
constexpr int64_t AllowanceOf(bool has_begun, int64_t hang_ns) {
  constexpr int64_t kLoadNs = 5 * kNanosPerSecond;
  return has_begun ? hang_ns : std::max(kLoadNs, hang_ns);
}

}  // namespace air
