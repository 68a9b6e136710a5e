// How long to wait before AIR is started again. Pure.
//
// The first time at once: its stages are on the air and wait for a supervisor. Then 1, 2, 4, … 30 s, until it has run well for a while.
#pragma once

#include <algorithm>

#include "core/model/time.h"

namespace retrovue {

class RestartPauses {
 public:
  static constexpr Millis kLongest = std::chrono::seconds(30);
  static constexpr Millis kHealthyRun = std::chrono::seconds(10);

  // After a run that was on the air for `on_air`.
  Millis Next(Millis on_air) {
    if (on_air >= kHealthyRun) failures_ = 0;
    const int failure = failures_++;
    if (failure == 0) return Millis(0);
    return std::min(kLongest, Millis(1000) * (1 << std::min(failure - 1, 5)));
  }
  int failures() const { return failures_; }
  void Reset() { failures_ = 0; }

 private:
  int failures_ = 0;  // in a row
};

}  // namespace retrovue
