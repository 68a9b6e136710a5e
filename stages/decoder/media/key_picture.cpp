#include "stages/decoder/media/key_picture.h"

namespace air {
namespace {

// MPEG-4 with packed B pictures has packets that only say "nothing new" beside those that hold two pictures.
constexpr size_t kLongestEmptyPicture = 19;

// VC-1, advanced profile (SMPTE 421M, annex E): where a picture can be begun with, a header stands before it.
// Some containers leave the start codes out, and there nothing can be said.
constexpr uint8_t kEntryPoint = 0x0e, kSequenceHeader = 0x0f;

}  // namespace

bool IsFalseKey(AVCodecID codec, std::span<const uint8_t> packet) {
  if (codec == AV_CODEC_ID_MPEG4) return packet.size() <= kLongestEmptyPicture;
  if (codec != AV_CODEC_ID_VC1) return false;
  const bool start_code = packet.size() >= 4 && packet[0] == 0 && packet[1] == 0 && packet[2] == 1;
  return start_code && packet[3] != kEntryPoint && packet[3] != kSequenceHeader;
}

}  // namespace air
