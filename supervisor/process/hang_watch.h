// HangWatch: is a process still at it? Every stage's data loop stores signs of life in shared memory, also
// inside every bounded wait; the watch looks at them every few milliseconds and measures the silence.
//
// Silence counts from the look that last saw a change, on the watcher's own clock: what a stage writes there
// is compared and never believed. A watcher that was late itself (host suspended, process group stopped and
// continued, machine overloaded) has not seen what the stages did meanwhile, so it begins anew: everybody
// gets a fresh allowance. And the time in which a stage was ready to run and got no processor is not its
// silence: on an overloaded machine killing it would only make more work.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/types.h"

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

  // One look. True: the process is hung. `allowance_ns` is how long it may be silent at what it is doing now.
  // `process` is asked only when it has been silent for long: IsStopped(), and StarvedNs(), how long its
  // threads have waited for a processor since it began.
  template <class Process>
  bool IsHung(Nanos now, const LifeSign& sign, int64_t allowance_ns, const Process& process) {
    const bool late = now - looked_at_ > hang_ns_ / 2;
    if (late || !(sign == last_)) alive_at_ = now;
    last_ = sign;
    looked_at_ = now;
    const int64_t silent = now - alive_at_;
    if (silent <= hang_ns_ / kSuspicion) {
      starved_before_.reset();
      return false;
    }
    if (!starved_before_.has_value()) starved_before_ = process.StarvedNs();
    if (silent <= std::min(allowance_ns, hang_ns_)) return false;
    if (silent > kMostPatience * std::max(allowance_ns, hang_ns_)) return true;
    const int64_t its_own = silent - std::max<int64_t>(process.StarvedNs() - *starved_before_, 0);
    return its_own > allowance_ns || (silent > hang_ns_ && process.IsStopped());
  }

  // It has given at least one sign of life since Begin.
  bool has_begun() const { return !(last_ == begin_); }
  int64_t hang_ns() const { return hang_ns_; }
  int64_t SilentNs() const { return looked_at_ - alive_at_; }

 private:
  static constexpr int64_t kSuspicion = 4;     // a quarter of the limit: from here on starvation is measured
  static constexpr int64_t kMostPatience = 8;  // so many times the limit, however starved

  int64_t hang_ns_;
  std::optional<int64_t> starved_before_;  // when the silence became suspicious
  LifeSign last_, begin_;
  Nanos alive_at_, looked_at_;
};

}  // namespace air
