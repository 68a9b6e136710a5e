// One file through the decoder alone, in a process of its own and in its sandbox, from the first unit to the
// last: what AIR makes of it, and what that costs.
#pragma once

#include <cstdint>
#include <string>

#include "media/house_format.h"

namespace air::media {

struct LoneRun {
  enum class End { kPlayed, kRefused, kDied, kHung };
  End end = End::kDied;
  std::string text;             // why it was refused, what it died of
  int64_t units = 0;            // made
  int64_t first_unit_ms = -1;   // from before the file was opened to the first unit; -1: there was none
  int64_t peak_rss_bytes = 0;   // resident
  int64_t peak_data_bytes = 0;  // what RLIMIT_DATA counts, looked at now and then
};

struct LoneLimits {
  int64_t most_units = 9000;
  int64_t most_seconds = 180;       // in all
  int64_t most_silent_seconds = 7;  // without another unit, opening included: then it is hung
};

LoneRun RunAlone(const std::string& path, const HouseFormat& format, const LoneLimits& limits);

}  // namespace air::media
