// Which packets are no key pictures although they are flagged so. A demuxer's parsers guess where a container
// says nothing, and guess wrong where they have not seen the stream's beginning. To begin decoding there
// shows what the pictures before it had left: grey, with what has moved since.
#pragma once

#include <cstdint>
#include <span>

extern "C" {
#include <libavcodec/codec_id.h>
}

namespace air {

// True where the data itself says that a decoder cannot begin with this packet.
bool IsFalseKey(AVCodecID codec, std::span<const uint8_t> packet);

}  // namespace air
