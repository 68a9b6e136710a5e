// A captured transport stream decoded with FFmpeg: every picture and every sound frame, each with its time
// stamp, as a viewer's player would see them. Whatever FFmpeg complains about on the way is counted.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "stages/decoder/pattern/counter_strip.h"

namespace air::analyser {

// Both take stamps in 90 kHz, unwrapped: continuing across 2^33 from the first stamp seen.
struct DecodedStreamSink {
  std::function<void(int64_t pts, const LumaView& luma)> picture;
  std::function<void(int64_t pts, std::span<const float> left, std::span<const float> right)> sound;
};

struct DecodeComplaints {
  int64_t count = 0;
  std::vector<std::string> first;  // the first ten
};

// Decodes all of `stream`, which must hold H.264 and AAC at 48 kHz in stereo. Errors: InvalidArgument when it
// holds something else; damage inside the stream is no error but a complaint. Not for two threads at once:
// FFmpeg has one log.
absl::Status DecodeCapturedStream(std::span<const uint8_t> stream, const DecodedStreamSink& sink,
                                  DecodeComplaints& complaints);

}  // namespace air::analyser
