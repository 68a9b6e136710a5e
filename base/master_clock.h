// MasterClock: the single source of time. It is the only code in AIR that asks the system what time it is (a
// lint in ./check keeps it so); everything else is told. Tests hand out a VirtualClock and the same code
// runs.
#pragma once

#include <atomic>

#include "base/types.h"

namespace air {

class MasterClock {
 public:
  virtual ~MasterClock() = default;
  virtual Nanos Now() const = 0;     // CLOCK_MONOTONIC
  virtual UtcMs UtcNow() const = 0;  // CLOCK_REALTIME, milliseconds
  // Sleeps until the absolute instant; returns at once if it has passed. Signals do not cut it short.
  virtual void SleepUntil(Nanos deadline) = 0;
};

// The real one. Stateless: every process may hold its own, they agree because the kernel does.
class SystemClock final : public MasterClock {
 public:
  Nanos Now() const override;
  UtcMs UtcNow() const override;
  void SleepUntil(Nanos deadline) override;
};

// Time that moves only when it is told to, or when a thread sleeps.
class VirtualClock final : public MasterClock {
 public:
  explicit VirtualClock(Nanos start = Nanos(0), UtcMs utc = UtcMs(0))
      : now_(start.value()), start_(start), utc_(utc) {}
  Nanos Now() const override { return Nanos(now_.load()); }
  UtcMs UtcNow() const override { return utc_ + (Now() - start_) / kNanosPerMs; }
  void SleepUntil(Nanos deadline) override {
    if (deadline > Now()) now_.store(deadline.value());
  }
  void Advance(int64_t nanos) { now_.fetch_add(nanos); }

 private:
  std::atomic<int64_t> now_;
  Nanos start_;
  UtcMs utc_;
};

}  // namespace air
