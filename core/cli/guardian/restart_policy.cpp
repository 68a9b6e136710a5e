#include "core/cli/guardian/restart_policy.h"

#include <algorithm>

namespace retrovue::cli {
namespace {
constexpr int kDoublings = 5;  // 2^5 s is more than kLongest
}

RestartPolicy::Millis RestartPolicy::Died(Millis now) {
  if (now - started_ >= kWell) deaths_ = 0;
  ++deaths_;
  if (deaths_ == 1) return now;
  const std::chrono::seconds delay(1 << std::min(deaths_ - 2, kDoublings));
  return now + std::min<Millis>(delay, kLongest);
}

}  // namespace retrovue::cli
