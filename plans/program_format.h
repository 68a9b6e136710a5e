// The session's formats, read from program_format_json: the house format, and how the sink encodes and
// multiplexes. Unknown keys are ignored; a missing or absurd value is refused by its name.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "media/house_format.h"
#include "plans/sink_settings.h"

namespace air {

class ProgramFormat;

struct SessionFormat {
  HouseFormat house;
  SinkSettings sink;
  int64_t pts_origin = 0;     // 90 kHz
  std::string aspect_policy;  // "preserve", "stretch" or "crop"
};

// `output_json`, unless empty, changes `encoder` and `mux` for one stream: {"encoder": {...}, "mux": {...}}.
// Errors: InvalidArgument, "program_format_json: video.width: ..." or "output_json: encoder.preset: ...".
absl::StatusOr<SessionFormat> ParseProgramFormat(const std::string& json,
                                                 const std::string& output_json = "");

// The same of what has been read already, of a plan file. Errors: InvalidArgument, "program_format: ...".
absl::Status CheckProgramFormat(const ProgramFormat& format);

// Whether ParseProgramFormat would take `output_json`; before there is a session (`json` empty) as far as
// that can be told.
absl::Status CheckOutputSettings(const std::string& output_json, const std::string& json);

}  // namespace air
