#include "stages/encoder/ts/ts_tables.h"

#include <algorithm>
#include <span>

#include "stages/encoder/ts/ts_packet.h"

namespace air {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint8_t kPatTableId = 0x00;
constexpr uint8_t kPmtTableId = 0x02;
constexpr uint8_t kSdtActualTableId = 0x42;

constexpr uint8_t kStreamTypeAvc = 0x1B;
constexpr uint8_t kStreamTypeAdtsAac = 0x0F;

constexpr uint8_t kServiceDescriptorTag = 0x48;
constexpr uint8_t kServiceTypeAvcSd = 0x16;  // advanced codec SD digital television service
constexpr uint8_t kServiceTypeAvcHd = 0x19;  // advanced codec HD digital television service

void Put8(Bytes& out, unsigned value) { out.push_back(static_cast<uint8_t>(value)); }
void Put16(Bytes& out, unsigned value) {
  Put8(out, value >> 8);
  Put8(out, value);
}
void Put(Bytes& out, std::span<const uint8_t> bytes) { out.insert(out.end(), bytes.begin(), bytes.end()); }

// The long form of a section: header, body, CRC_32. `length_flags` are the four bits above section_length,
// which MPEG and DVB reserve differently (1011 and 1111).
Bytes Section(uint8_t table_id, unsigned length_flags, uint16_t table_id_extension, const Bytes& body) {
  constexpr size_t kHeaderAfterLength = 5;
  constexpr size_t kCrcBytes = 4;
  Bytes section;
  Put8(section, table_id);
  Put16(section, (length_flags << 12) | static_cast<unsigned>(kHeaderAfterLength + body.size() + kCrcBytes));
  Put16(section, table_id_extension);
  Put8(section, 0xC1);  // reserved '11', version_number 0, current_next_indicator 1
  Put8(section, 0);     // section_number
  Put8(section, 0);     // last_section_number
  Put(section, body);
  const uint32_t crc = Crc32Mpeg2(section);
  Put16(section, crc >> 16);
  Put16(section, crc & 0xFFFF);
  return section;
}
constexpr unsigned kMpegLengthFlags = 0b1011;
constexpr unsigned kDvbLengthFlags = 0b1111;

void PutElementaryStream(Bytes& out, uint8_t stream_type, uint16_t pid) {
  Put8(out, stream_type);
  Put16(out, 0xE000 | pid);
  Put16(out, 0xF000);  // ES_info_length 0
}

// A text field of DVB with its length byte. Without a selector byte the text is ISO/IEC 6937, which equals
// ASCII only in the printable range; 0x15 selects UTF-8.
void PutText(Bytes& out, const std::string& text) {
  constexpr uint8_t kSelectUtf8 = 0x15;
  size_t length = std::min(text.size(), kMaxServiceNameBytes);
  const auto continues_character = [&](size_t at) { return at < text.size() && (text[at] & 0xC0) == 0x80; };
  while (length > 0 && continues_character(length)) --length;

  const std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(text.data()), length);
  const bool ascii = std::ranges::all_of(bytes, [](uint8_t byte) { return byte >= 0x20 && byte <= 0x7E; });
  Put8(out, static_cast<unsigned>(length + (ascii ? 0 : 1)));
  if (!ascii) Put8(out, kSelectUtf8);
  Put(out, bytes);
}

Bytes ServiceDescriptor(const ServiceDescription& service) {
  Bytes content;
  Put8(content, service.high_definition ? kServiceTypeAvcHd : kServiceTypeAvcSd);
  PutText(content, service.provider);
  PutText(content, service.name);

  Bytes descriptor;
  Put8(descriptor, kServiceDescriptorTag);
  Put8(descriptor, static_cast<unsigned>(content.size()));
  Put(descriptor, content);
  return descriptor;
}

}  // namespace

std::vector<uint8_t> PatSection(uint16_t transport_stream_id) {
  Bytes body;
  Put16(body, kProgramNumber);
  Put16(body, 0xE000 | kPmtPid);
  return Section(kPatTableId, kMpegLengthFlags, transport_stream_id, body);
}

std::vector<uint8_t> PmtSection() {
  Bytes body;
  Put16(body, 0xE000 | kVideoPid);  // PCR_PID
  Put16(body, 0xF000);              // program_info_length 0
  PutElementaryStream(body, kStreamTypeAvc, kVideoPid);
  PutElementaryStream(body, kStreamTypeAdtsAac, kAudioPid);
  return Section(kPmtTableId, kMpegLengthFlags, kProgramNumber, body);
}

std::vector<uint8_t> SdtSection(const ServiceDescription& service) {
  constexpr unsigned kRunning = 4;  // running_status; free_CA_mode 0
  const Bytes descriptor = ServiceDescriptor(service);
  Bytes body;
  Put16(body, kOriginalNetworkId);
  Put8(body, 0xFF);  // reserved_future_use
  Put16(body, kProgramNumber);
  Put8(body, 0xFC);  // reserved, no EIT of either kind
  Put16(body, (kRunning << 13) | static_cast<unsigned>(descriptor.size()));
  Put(body, descriptor);
  return Section(kSdtActualTableId, kDvbLengthFlags, service.transport_stream_id, body);
}

}  // namespace air
