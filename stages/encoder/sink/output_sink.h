// IOutputSink: a consumer of the program. It is given every tick once, in order, and turns it into bytes; it
// never holds the program up.
#pragma once

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "base/types.h"

namespace air {

// One tick in house format. The memory is the caller's and valid during the call.
struct ProgramTick {
  Tick tick;
  Nanos deadline;                          // CLOCK_MONOTONIC instant the tick was due
  std::span<const uint8_t> picture;        // HouseFormat::VideoBytes()
  std::span<const int16_t> sound;          // HouseTime::SamplesOf(tick) * channels, interleaved
  std::span<const uint8_t> captions = {};  // CEA-708 cc_data of this picture: triplets, at most 31
  bool discontinuity = false;              // the ticks before this one were given up; declare it
};

class IOutputSink {
 public:
  virtual ~IOutputSink() = default;
  // Errors: what makes the sink useless from here on; its process ends and a successor goes on.
  virtual absl::Status Consume(const ProgramTick& tick) = 0;
};

}  // namespace air
