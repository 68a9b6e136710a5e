// When a process that died is started again. Pure: it is told the time.
#pragma once

#include <chrono>

namespace retrovue::cli {

// At once the first time; if it dies again before it has lived for kWell, after 1, 2, 4, 8, 16 and then every 30 seconds. One
// that has lived for kWell begins anew.
class RestartPolicy {
 public:
  using Millis = std::chrono::milliseconds;
  static constexpr std::chrono::seconds kWell{60};
  static constexpr std::chrono::seconds kLongest{30};

  // `now`: of any clock that does not go back.
  void Started(Millis now) { started_ = now; }
  // Answers when to start it again, by the same clock.
  Millis Died(Millis now);

  // Deaths since it last lived for kWell.
  int deaths() const { return deaths_; }

 private:
  Millis started_{0};
  int deaths_ = 0;
};

}  // namespace retrovue::cli
