// How one stream is encoded and multiplexed: `encoder` and `mux` of the program format, with what is not said
// filled in. A wrong value is refused by its name, with what to give instead.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "media/house_format.h"
#include "stream/stream_budget.h"

namespace air {

class ProgramFormat;

struct SinkSettings {
  StreamSettings stream;
  std::string preset = "veryfast";
  uint32_t threads = 2;
  uint32_t delay_ms = 0;
  std::string service_name = "AIR";
};

// Errors: InvalidArgument, "encoder.preset: ...", without the name of the document.
absl::StatusOr<SinkSettings> ReadSinkSettings(const ProgramFormat& format, const HouseFormat& house);

}  // namespace air
