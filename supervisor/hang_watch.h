// HangWatch: is a process still at it? Every stage's data loop stores signs of life in shared memory, also
// inside every bounded wait; the watch looks at them every few milliseconds and measures the silence.
//
// Silence counts from the look that last saw a change, on the watcher's own clock: what a stage writes there
// is compared and never believed. A watcher that was late itself (host suspended, process group stopped and
// continued, machine overloaded) has not seen what the stages did meanwhile, so it begins anew: everybody
// gets a fresh allowance.
#pragma once

#include <cstdint>

#include "shm/types.h"

namespace air {

inline constexpr int64_t kLookNs = 20 * kNanosPerMs;  // how often the watchers look

// Whatever a stage changes while it lives. Any difference is a sign of life.
struct LifeSign {
  int64_t beat_ns = 0;
  uint64_t progress = 0;     // units or ticks made
  uint64_t incarnation = 0;  // processes so far
  uint32_t phase = 0;
  bool operator==(const LifeSign&) const = default;
};

class HangWatch {
 public:
  explicit HangWatch(int64_t hang_ns) : hang_ns_(hang_ns) {}

  // A new process is to be watched, whose predecessor left `sign` behind.
  void Begin(Nanos now, const LifeSign& sign) {
    last_ = begin_ = sign;
    alive_at_ = looked_at_ = now;
  }

  // One look. True: the process is hung. `allowance_ns` is how long it may be silent at what it is doing now;
  // `is_stopped` is asked only when that may be longer than a stopped process deserves.
  template <class IsStopped>
  bool IsHung(Nanos now, const LifeSign& sign, int64_t allowance_ns, IsStopped is_stopped) {
    const bool late = now - looked_at_ > hang_ns_ / 2;
    if (late || !(sign == last_)) alive_at_ = now;
    last_ = sign;
    looked_at_ = now;
    const int64_t silent = now - alive_at_;
    return silent > allowance_ns || (silent > hang_ns_ && is_stopped());
  }

  // It has given at least one sign of life since Begin.
  bool has_begun() const { return !(last_ == begin_); }
  int64_t hang_ns() const { return hang_ns_; }
  int64_t SilentNs() const { return looked_at_ - alive_at_; }

 private:
  int64_t hang_ns_;
  LifeSign last_, begin_;
  Nanos alive_at_, looked_at_;
};

}  // namespace air
