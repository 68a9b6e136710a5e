// The level of the picture's coding (ITU-T H.264, Table A-1). At a constant rate the picture's packets come
// as fast as the whole stream, and the T-STD empties its transport buffer at 1200 * MaxBR of the level: so
// the level must allow for the stream's rate, not only for the picture's own.
#pragma once

#include <cstdint>

#include "media/house_format.h"

namespace air {

// level_idc (31 is level 3.1) of the least level that allows for the format, `rate_kbps` and a buffer of
// `buffer_kbits`; 52 when none does.
int LeastAvcLevel(const HouseFormat& house, uint32_t rate_kbps, int64_t buffer_kbits);

}  // namespace air
