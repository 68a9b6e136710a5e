// DriftWatch: how far the clock on the wall has parted from the clock the session runs by. The session's
// epoch is taken once, on both, and deadlines follow the monotonic one alone: a wall clock that is stepped,
// or runs at another speed, moves no frame. What it does is that the plan's times are no longer the wall's;
// that is reported and never corrected inside a session.
//
// Pure: it is told both clocks.
#pragma once

#include <cstdint>
#include <cstdlib>

#include "base/types.h"

namespace air {

class DriftWatch {
 public:
  static constexpr int64_t kReportMs = 100;

  // What the wall's clock says at the instant `mono`, when nothing has drifted yet.
  DriftWatch(Nanos mono, UtcMs utc) : mono_(mono), utc_(utc) {}

  // True when it is to be reported: at more than kReportMs, and whenever it has changed by as much since.
  bool Look(Nanos mono, UtcMs utc) {
    drift_ms_ = (utc - utc_) - (mono - mono_) / kNanosPerMs;
    if (std::abs(drift_ms_ - reported_ms_) <= kReportMs) return false;
    reported_ms_ = drift_ms_;
    return true;
  }
  int64_t drift_ms() const { return drift_ms_; }  // positive: the wall's clock is ahead
  bool is_beyond() const { return std::abs(drift_ms_) > kReportMs; }
  UtcMs base_utc() const { return utc_; }

 private:
  Nanos mono_;
  UtcMs utc_;
  int64_t drift_ms_ = 0, reported_ms_ = 0;
};

}  // namespace air
