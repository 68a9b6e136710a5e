#include "stages/encoder/send/rejoin_mask.h"

#include <algorithm>

namespace air {

void MaskBeforeIdr(std::span<std::byte> packets, uint64_t first, uint64_t from, uint64_t idr,
                   const TsPacket& idr_packet) {
  const uint64_t end = std::min(first + packets.size() / kTsPacketBytes, idr);
  for (uint64_t number = std::max(first, from); number < end; ++number) {
    auto* bytes = reinterpret_cast<uint8_t*>(packets.data()) + (number - first) * kTsPacketBytes;
    const std::span<uint8_t, kTsPacketBytes> packet(bytes, kTsPacketBytes);
    const bool same_pid = (packet[1] & 0x1F) == (idr_packet[1] & 0x1F) && packet[2] == idr_packet[2];
    if (!same_pid) continue;
    const bool has_payload = (packet[3] & 0x10) != 0;
    if (has_payload) {
      WriteNullPacket(packet);
    } else {
      packet[3] = static_cast<uint8_t>((packet[3] & 0xF0) | ((ContinuityOf(idr_packet) - 1) & 0x0F));
    }
  }
}

}  // namespace air
