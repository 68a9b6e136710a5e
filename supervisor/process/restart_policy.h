// RestartPolicy: when a stage that died is started again. A restart counts as failed when the process died
// before it delivered one second of new output; one that delivered has recovered and does not count. More
// than five failed ones a minute: give up. The first restart is immediate, failed ones back off
// exponentially.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "base/types.h"

namespace air {

class RestartPolicy {
 public:
  static constexpr int kMaxFailures = 5;
  static constexpr int64_t kWindowNs = 60 * kNanosPerSecond;
  static constexpr int64_t kFirstDelayNs = 100 * kNanosPerMs;
  static constexpr int64_t kLongestDelayNs = 5 * kNanosPerSecond;

  // A process died. Nanoseconds to wait before the next one, or nothing: give up.
  std::optional<int64_t> OnDeath(Nanos now, bool delivered) {
    if (delivered) {
      failures_.clear();
      return 0;
    }
    std::erase_if(failures_, [&](Nanos at) { return now - at > kWindowNs; });
    failures_.push_back(now);
    const auto failed = static_cast<int>(failures_.size());
    if (failed > kMaxFailures) return std::nullopt;
    return failed == 1 ? 0 : std::min(kFirstDelayNs << (failed - 2), kLongestDelayNs);
  }

  // The failures that count, for a successor of this supervisor.
  const std::deque<Nanos>& failures() const { return failures_; }
  void Restore(std::deque<Nanos> failures) { failures_ = std::move(failures); }

 private:
  std::deque<Nanos> failures_;
};

}  // namespace air
