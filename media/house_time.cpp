#include "media/house_time.h"

namespace air {

int64_t FloorMulDiv(int64_t a, int64_t b, int64_t c) {
  __extension__ using Wide = __int128;
  Wide product = static_cast<Wide>(a) * b;
  Wide quotient = product / c;
  if (product % c != 0 && product < 0) --quotient;
  return static_cast<int64_t>(quotient);
}

int64_t CeilMulDiv(int64_t a, int64_t b, int64_t c) { return -FloorMulDiv(-a, b, c); }

Tick HouseTime::TickAt(Nanos epoch, Nanos now) const {
  // floor() twice may land one short of the tick whose floored deadline is exactly `now`.
  Tick n(FloorMulDiv(now - epoch, num_, den_ * kNanosPerSecond));
  return Deadline(epoch, n + 1) <= now ? n + 1 : n;
}

}  // namespace air
