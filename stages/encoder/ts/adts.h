// ADTS: the header that makes an AAC access unit self-describing (ISO/IEC 13818-7, 6.2; ISO/IEC
// 14496-3, 1.A.2), as a transport stream of stream_type 0x0F carries it. Fixed to the house sound: AAC-LC, 48
// kHz, stereo.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace air {

inline constexpr size_t kAdtsHeaderBytes = 7;  // without CRC

// The header to put before one access unit of `access_unit_bytes` bytes: at most 8184, where the field ends.
// (AAC-LC itself ends at 6144 bits a channel, 1536 bytes of stereo.)
std::array<uint8_t, kAdtsHeaderBytes> AdtsHeader(size_t access_unit_bytes);

}  // namespace air
