#include "stages/encoder/ts/adts.h"

#include <cassert>

namespace air {

std::array<uint8_t, kAdtsHeaderBytes> AdtsHeader(size_t access_unit_bytes) {
  constexpr unsigned kProfileLc = 1;         // audio object type 2, minus one
  constexpr unsigned kIndexOf48000 = 3;      // sampling_frequency_index
  constexpr unsigned kStereo = 2;            // channel_configuration
  constexpr unsigned kVariableRate = 0x7FF;  // adts_buffer_fullness: not stated

  const auto frame_length = static_cast<unsigned>(kAdtsHeaderBytes + access_unit_bytes);
  assert(frame_length < (1u << 13));
  return {
      0xFF,
      0xF1,  // end of the syncword, MPEG-4, layer 0, protection_absent
      static_cast<uint8_t>((kProfileLc << 6) | (kIndexOf48000 << 2) | (kStereo >> 2)),
      static_cast<uint8_t>((kStereo << 6) | (frame_length >> 11)),
      static_cast<uint8_t>(frame_length >> 3),
      static_cast<uint8_t>((frame_length << 5) | (kVariableRate >> 6)),
      static_cast<uint8_t>(kVariableRate << 2),  // low six bits; one raw_data_block
  };
}

}  // namespace air
