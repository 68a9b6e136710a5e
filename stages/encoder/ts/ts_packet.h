// TsPacket: one 188-byte packet of an MPEG-2 transport stream (ISO/IEC 13818-1, 2.4.3.2 to 2.4.3.5).
//
// The rule kept here: a packet is always full, and whatever the payload leaves over is filled by the
// adaptation field. So one function builds every packet of a PES, first, middle and last, and also the packet
// that has no payload at all.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace air {

inline constexpr size_t kTsPacketBytes = 188;
inline constexpr size_t kTsHeaderBytes = 4;
inline constexpr uint8_t kTsSyncByte = 0x47;

using TsPacket = std::array<uint8_t, kTsPacketBytes>;

inline constexpr int64_t kPcrHz = 27'000'000;        // the system clock of ISO/IEC 13818-1
inline constexpr int64_t kPcrTicksPerPtsTick = 300;  // PCR = base (90 kHz) * 300 + extension

// What a packet says besides its payload. All false and empty: no adaptation field, unless stuffing asks for
// one.
struct AdaptationField {
  bool discontinuity = false;       // discontinuity_indicator
  bool random_access = false;       // random_access_indicator: decoding can begin here
  std::optional<int64_t> pcr = {};  // 27 MHz; any value, also negative: the wire carries it modulo 2^33 * 300

  bool empty() const { return !discontinuity && !random_access && !pcr; }
};

struct TsHeader {
  uint16_t pid = 0;         // 13 bits
  bool unit_start = false;  // payload_unit_start_indicator
  uint8_t continuity = 0;   // continuity_counter; only the low 4 bits are used
};

// Writes one packet that carries `head`, then as much of `body` as there is room for, and returns how many
// bytes of `body` it took. `head` always goes in whole: it is a PES header (14 bytes) and the room is never
// below 176.
size_t WritePayloadPacket(const TsHeader& header, const AdaptationField& adaptation,
                          std::span<const uint8_t> head, std::span<const uint8_t> body, TsPacket& packet);

// Writes a packet without payload. Its continuity is that of the last packet of the PID that had a payload: a
// packet of this kind does not advance the counter (2.4.3.3).
void WriteAdaptationPacket(uint16_t pid, uint8_t continuity, const AdaptationField& adaptation,
                           TsPacket& packet);

// Writes a packet that carries one whole section of at most 183 bytes, behind a pointer_field of 0 (2.4.4.1).
void WriteSectionPacket(uint16_t pid, std::span<const uint8_t> section, TsPacket& packet);

// The packet a constant rate is filled with: PID 0x1FFF, a payload that means nothing.
inline void WriteNullPacket(std::span<uint8_t, kTsPacketBytes> packet) {
  std::ranges::fill(packet, uint8_t{0xFF});
  packet[0] = kTsSyncByte;
  packet[1] = 0x1F;
  packet[3] = 0x10;
}

inline void SetContinuity(TsPacket& packet, uint8_t counter) {
  packet[3] = static_cast<uint8_t>((packet[3] & 0xF0) | (counter & 0x0F));
}
inline uint16_t PidOf(const TsPacket& packet) {
  return static_cast<uint16_t>((packet[1] & 0x1F) << 8 | packet[2]);
}
inline bool BeginsUnit(const TsPacket& packet) { return (packet[1] & 0x40) != 0; }
inline bool IsRandomAccess(const TsPacket& packet) {
  return (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x40) != 0;
}
inline bool HasPcr(const TsPacket& packet) {
  return (packet[3] & 0x20) != 0 && packet[4] > 0 && (packet[5] & 0x10) != 0;
}
inline uint8_t ContinuityOf(const TsPacket& packet) { return packet[3] & 0x0F; }

// CRC_32 of ISO/IEC 13818-1, Annex A: polynomial 0x04C11DB7, preset to ones, not reflected, not inverted.
uint32_t Crc32Mpeg2(std::span<const uint8_t> bytes);

}  // namespace air
