#include "stages/encoder/ts/ts_packet.h"

#include <algorithm>
#include <cassert>

#include "media/house_time.h"

namespace air {
namespace {

constexpr size_t kRoom = kTsPacketBytes - kTsHeaderBytes;
constexpr uint8_t kStuffing = 0xFF;
constexpr size_t kPcrBytes = 6;

// Bytes of the adaptation field with its length byte, before any stuffing.
size_t SizeOf(const AdaptationField& adaptation) {
  if (adaptation.empty()) return 0;
  return adaptation.pcr ? 2 + kPcrBytes : 2;
}

void WriteHeader(const TsHeader& header, bool has_adaptation, bool has_payload, TsPacket& packet) {
  packet[0] = kTsSyncByte;
  packet[1] = static_cast<uint8_t>((header.unit_start ? 0x40 : 0x00) | ((header.pid >> 8) & 0x1F));
  packet[2] = static_cast<uint8_t>(header.pid);
  packet[3] = static_cast<uint8_t>((has_adaptation ? 0x20 : 0x00) | (has_payload ? 0x10 : 0x00) |
                                   (header.continuity & 0x0F));
}

// 33 bits of base, 6 reserved ones, 9 bits of extension (2.4.3.4).
void WritePcr(int64_t pcr, std::span<uint8_t, kPcrBytes> out) {
  const int64_t unwrapped_base = FloorMulDiv(pcr, 1, kPcrTicksPerPtsTick);
  const uint64_t base = static_cast<uint64_t>(unwrapped_base) & (kPtsWrap - 1);
  const uint64_t extension = static_cast<uint64_t>(pcr - unwrapped_base * kPcrTicksPerPtsTick);
  const uint64_t bits = (base << 15) | (uint64_t{0x3F} << 9) | extension;
  for (size_t i = 0; i < kPcrBytes; ++i) out[i] = static_cast<uint8_t>(bits >> (8 * (kPcrBytes - 1 - i)));
}

// Fills `field`, length byte included. A field of one byte is the length 0: how a single byte is stuffed.
void WriteAdaptationField(const AdaptationField& adaptation, std::span<uint8_t> field) {
  field[0] = static_cast<uint8_t>(field.size() - 1);
  if (field.size() == 1) return;
  field[1] = static_cast<uint8_t>((adaptation.discontinuity ? 0x80 : 0x00) |
                                  (adaptation.random_access ? 0x40 : 0x00) | (adaptation.pcr ? 0x10 : 0x00));
  size_t written = 2;
  if (adaptation.pcr) {
    WritePcr(*adaptation.pcr, field.subspan<2, kPcrBytes>());
    written += kPcrBytes;
  }
  std::ranges::fill(field.subspan(written), kStuffing);
}

}  // namespace

size_t WritePayloadPacket(const TsHeader& header, const AdaptationField& adaptation,
                          std::span<const uint8_t> head, std::span<const uint8_t> body, TsPacket& packet) {
  const size_t room = kRoom - SizeOf(adaptation);
  assert(head.size() <= room);
  const size_t taken = std::min(body.size(), room - head.size());
  const size_t field_size = kRoom - head.size() - taken;

  WriteHeader(header, field_size > 0, head.size() + taken > 0, packet);
  const std::span<uint8_t> rest = std::span(packet).subspan(kTsHeaderBytes);
  if (field_size > 0) WriteAdaptationField(adaptation, rest.first(field_size));
  const auto after_head = std::ranges::copy(head, rest.begin() + field_size).out;
  std::ranges::copy(body.first(taken), after_head);
  return taken;
}

void WriteAdaptationPacket(uint16_t pid, uint8_t continuity, const AdaptationField& adaptation,
                           TsPacket& packet) {
  WritePayloadPacket({.pid = pid, .continuity = continuity}, adaptation, {}, {}, packet);
}

void WriteSectionPacket(uint16_t pid, std::span<const uint8_t> section, TsPacket& packet) {
  assert(section.size() < kRoom);
  WriteHeader({.pid = pid, .unit_start = true}, /*has_adaptation=*/false, /*has_payload=*/true, packet);
  const std::span<uint8_t> payload = std::span(packet).subspan(kTsHeaderBytes);
  payload[0] = 0;  // pointer_field: the section begins at once
  std::ranges::fill(std::ranges::copy(section, payload.begin() + 1).out, payload.end(), kStuffing);
}

uint32_t Crc32Mpeg2(std::span<const uint8_t> bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const uint8_t byte : bytes) {
    crc ^= uint32_t{byte} << 24;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04C11DB7 : 0);
  }
  return crc;
}

}  // namespace air
