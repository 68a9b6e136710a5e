// VbvAccount: the leaky bucket libx264 keeps of the receiver's buffer, kept beside it, because libx264 does
// not say how full it is and a successor must start where this one ends. Bits enter at the constant rate, a
// tick's worth at a time; a picture takes its bits out at once. Like libx264's, it is never below 0 or above
// its size.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/types.h"
#include "media/house_time.h"

namespace air {

class VbvAccount {
 public:
  VbvAccount(const HouseTime& time, uint32_t rate_kbps, uint32_t buffer_ms)
      : time_(time), bits_per_second_(int64_t{rate_kbps} * 1000), size_(int64_t{rate_kbps} * buffer_ms) {}

  int64_t size() const { return size_; }  // bits
  // Where a stream begins: nine tenths, as libx264 does.
  int64_t Initial() const { return size_ / 10 * 9; }
  // What enters between tick n and the next.
  int64_t Refill(Tick n) const { return Bits(n + 1) - Bits(n); }
  // The fullness in front of the picture after that of tick n, which took `bits`.
  int64_t After(int64_t fullness, Tick n, int64_t bits) const {
    return std::min(size_, std::max<int64_t>(0, fullness - bits) + Refill(n));
  }

 private:
  int64_t Bits(Tick n) const { return FloorMulDiv(n.value(), bits_per_second_ * time_.den(), time_.num()); }

  HouseTime time_;
  int64_t bits_per_second_;
  int64_t size_;
};

}  // namespace air
