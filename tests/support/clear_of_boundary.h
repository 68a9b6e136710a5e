// For tests of a schedule by the machine's clock: what is on when a test begins is on long enough for what it does first. A boundary
// in the middle of a start is a case of its own, with a clock that is set for it.
#pragma once

#include <chrono>
#include <thread>

namespace air::e2e {

// Returns when the next multiple of `grid` since the epoch is at least `clear` ahead; waits at most `clear`.
inline void StayClearOfBoundary(std::chrono::milliseconds grid, std::chrono::milliseconds clear) {
  const auto now =
      std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now()).time_since_epoch();
  const auto ahead = grid - now % grid;
  if (ahead < clear) std::this_thread::sleep_for(ahead + std::chrono::milliseconds(1));
}

}  // namespace air::e2e
