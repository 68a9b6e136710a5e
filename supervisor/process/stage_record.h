// What has happened to the stages of one kind since the session or the supervisor began: deaths by cause, the
// last one in words, and how long recoveries took. For metrics; nothing is decided by it.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "base/types.h"
#include "protos/session_record.pb.h"
#include "supervisor/process/stage_process.h"

namespace air {

class StageRecord {
 public:
  // `what`: which process, how it ended and what it was at.
  void Died(UtcMs utc, StageDeath::Kind cause, const std::string& what) {
    ++deaths_[static_cast<size_t>(cause)];
    last_death_ = what;
    last_cause_ = cause;
    last_utc_ = utc;
  }
  // A successor's first output is there.
  void Recovered(int64_t took_ns) {
    last_recovery_ns_ = took_ns;
    longest_recovery_ns_ = std::max(longest_recovery_ns_, took_ns);
    ++recoveries_;
  }

  // For a successor of this supervisor.
  void Describe(record::StageHistory& history) const {
    for (uint64_t deaths : deaths_) history.add_deaths(deaths);
    history.set_last_death(last_death_);
    history.set_last_cause(static_cast<uint32_t>(last_cause_));
    history.set_last_utc_ms(last_utc_.value());
    history.set_recoveries(recoveries_);
    history.set_last_recovery_ns(last_recovery_ns_);
    history.set_longest_recovery_ns(longest_recovery_ns_);
  }
  void Restore(const record::StageHistory& history) {
    const size_t causes = std::min<size_t>(deaths_.size(), static_cast<size_t>(history.deaths_size()));
    std::copy_n(history.deaths().begin(), causes, deaths_.begin());
    last_death_ = history.last_death();
    if (history.last_cause() < deaths_.size())
      last_cause_ = static_cast<StageDeath::Kind>(history.last_cause());
    last_utc_ = UtcMs(history.last_utc_ms());
    recoveries_ = history.recoveries();
    last_recovery_ns_ = history.last_recovery_ns();
    longest_recovery_ns_ = history.longest_recovery_ns();
  }

  uint64_t deaths(StageDeath::Kind cause) const { return deaths_[static_cast<size_t>(cause)]; }
  const std::string& last_death() const { return last_death_; }  // empty: none has died
  StageDeath::Kind last_cause() const { return last_cause_; }
  UtcMs last_utc() const { return last_utc_; }
  uint64_t recoveries() const { return recoveries_; }
  int64_t last_recovery_ns() const { return last_recovery_ns_; }
  int64_t longest_recovery_ns() const { return longest_recovery_ns_; }

 private:
  std::array<uint64_t, static_cast<size_t>(StageDeath::Kind::kCount)> deaths_{};
  std::string last_death_;
  StageDeath::Kind last_cause_ = StageDeath::Kind::kExit;
  UtcMs last_utc_;
  uint64_t recoveries_ = 0;
  int64_t last_recovery_ns_ = 0, longest_recovery_ns_ = 0;
};

// From a death to the first output of the next one.
class RecoveryTimer {
 public:
  void Died(Nanos now) {
    if (since_ == Nanos(0)) since_ = now;
  }
  // Once a recovery: how long it took; 0 when no stage had died.
  int64_t Delivered(Nanos now) {
    const int64_t took = since_ == Nanos(0) ? 0 : now - since_;
    since_ = Nanos(0);
    return took;
  }

 private:
  Nanos since_;  // 0: no stage has died
};

}  // namespace air
