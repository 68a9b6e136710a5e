#include "base/master_clock.h"

#include <cerrno>
#include <ctime>

namespace air {

Nanos SystemClock::Now() const {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Nanos(t.tv_sec * kNanosPerSecond + t.tv_nsec);
}

UtcMs SystemClock::UtcNow() const {
  timespec t{};
  clock_gettime(CLOCK_REALTIME, &t);
  return UtcMs(t.tv_sec * 1000 + t.tv_nsec / kNanosPerMs);
}

void SystemClock::SleepUntil(Nanos deadline) {
  timespec t{.tv_sec = deadline.value() / kNanosPerSecond, .tv_nsec = deadline.value() % kNanosPerSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {
  }
}

}  // namespace air
