// How one stream is encoded and multiplexed: `encoder` and `mux` of the program format, with what is not said
// filled in. A wrong value is refused by its name, with what to give instead.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "shm/house_format.h"

namespace air {

class ProgramFormat;

struct SinkSettings {
  uint32_t bitrate_kbps = 0;  // of the picture
  uint32_t sound_kbps = 160;
  uint32_t vbv_ms = 270;
  double gop_seconds = 1.0;
  std::string preset = "veryfast";
  uint32_t threads = 2;
  uint32_t delay_ms = 0;
  std::string service_name = "AIR";
};

// Errors: InvalidArgument, "encoder.preset: ...", without the name of the document.
absl::StatusOr<SinkSettings> ReadSinkSettings(const ProgramFormat& format, const HouseFormat& house);

}  // namespace air
