// Which byte of a stream completed which picture and which sound: the stream is cut into its units by the
// independent analyser's readers, and each is given to libavcodec by itself, as a player does that shows a
// picture as soon as it has all of it. So an arrival time of bytes becomes the time of a picture.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "stages/decoder/pattern/counter_strip.h"

namespace air::analyser {

struct DecodableUnit {
  size_t bytes = 0;  // of the stream, up to the end of the unit's last packet
  int64_t pts = 0;   // 90 kHz, as coded
  // Of a picture: what its counter strip says; nothing on pad.
  std::optional<StripCode> code;
};

struct DecodableUnits {
  std::vector<DecodableUnit> pictures, sounds;
  int64_t refused = 0;  // units the decoder made nothing of: before the first IDR picture, or damaged
};

// The first `most_pictures` pictures of a stream that may end anywhere, and the sounds between them. A last
// unit counts when it is known to be whole.
DecodableUnits FindDecodableUnits(std::span<const uint8_t> stream,
                                  size_t most_pictures = std::numeric_limits<size_t>::max());

}  // namespace air::analyser
