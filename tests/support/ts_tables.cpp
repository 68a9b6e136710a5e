#include "tests/support/ts_tables.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr int kTableIds[] = {0x00, 0x02, 0x42};
constexpr size_t kLongHeader = 8;  // up to and with last_section_number
constexpr size_t kCrcBytes = 4;
constexpr size_t kMaxSection = 1024;
constexpr uint8_t kStuffing = 0xff;
constexpr int kServiceDescriptor = 0x48;

int Read16(std::span<const uint8_t> b, size_t at) { return b[at] << 8 | b[at + 1]; }
int Read13(std::span<const uint8_t> b, size_t at) { return Read16(b, at) & 0x1fff; }
size_t Read12(std::span<const uint8_t> b, size_t at) { return Read16(b, at) & 0x0fff; }

// service_descriptor (EN 300 468 6.2.33): type, provider, name.
std::string ServiceName(std::span<const uint8_t> descriptors) {
  for (size_t at = 0; at + 2 <= descriptors.size() && at + 2 + descriptors[at + 1] <= descriptors.size();
       at += 2 + descriptors[at + 1]) {
    std::span<const uint8_t> body = descriptors.subspan(at + 2, descriptors[at + 1]);
    if (descriptors[at] != kServiceDescriptor || body.size() < 3) continue;
    const size_t name_at = size_t{3} + body[1];
    if (name_at > body.size() || name_at + body[name_at - 1] > body.size()) continue;
    return std::string(body.begin() + name_at, body.begin() + name_at + body[name_at - 1]);
  }
  return "";
}

}  // namespace

const char* Name(TableCheck::Table table) {
  constexpr const char* kNames[] = {"PAT", "PMT", "SDT"};
  return kNames[table];
}

uint32_t SectionCrc(std::span<const uint8_t> bytes) {
  uint32_t crc = 0xffffffff;
  for (uint8_t byte : bytes) {
    crc ^= uint32_t{byte} << 24;
    for (int bit = 0; bit < 8; ++bit) crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7 : 0);
  }
  return crc;
}

void TableCheck::Take(const TsPacketView& packet, FindingLog& log) {
  if (!Carries(packet.pid) || !packet.has_payload) return;
  Assembly& assembly = assemblies_[packet.pid];
  std::span<const uint8_t> payload = packet.payload;
  if (packet.unit_start) {
    const size_t pointer = payload[0];
    if (1 + pointer > payload.size()) {
      log.Add(Rule::kTables, packet.number,
              absl::StrFormat("PID %#x: pointer_field leads out of the packet", packet.pid));
      assembly = {};
      return;
    }
    if (assembly.started) {  // the end of a section that began in an earlier packet
      assembly.bytes.insert(assembly.bytes.end(), payload.begin() + 1, payload.begin() + 1 + pointer);
      TakeSections(packet.pid, assembly, packet.number, log);
    }
    assembly.bytes.assign(payload.begin() + 1 + pointer, payload.end());
    assembly.started = true;
  } else if (assembly.started) {
    assembly.bytes.insert(assembly.bytes.end(), payload.begin(), payload.end());
  }
  TakeSections(packet.pid, assembly, packet.number, log);
}

void TableCheck::TakeSections(int pid, Assembly& assembly, int64_t packet, FindingLog& log) {
  std::span<const uint8_t> rest = assembly.bytes;
  while (rest.size() >= 3 && rest[0] != kStuffing) {
    const size_t length = 3 + Read12(rest, 1);
    if (length > kMaxSection) {
      log.Add(Rule::kTables, packet, absl::StrFormat("PID %#x: section of %d bytes", pid, length));
      assembly = {};
      return;
    }
    if (length > rest.size()) break;  // more in the next packet
    TakeSection(pid, rest.first(length), packet, log);
    rest = rest.subspan(length);
  }
  if (!rest.empty() && rest[0] == kStuffing) rest = {};
  assembly.started = !rest.empty();
  assembly.bytes = std::vector<uint8_t>(rest.begin(), rest.end());
}

void TableCheck::TakeSection(int pid, std::span<const uint8_t> section, int64_t packet, FindingLog& log) {
  const Table table = pid == kPatPid ? kPat : pid == kSdtPid ? kSdt : kPmt;
  if (section[0] != kTableIds[table]) {  // other tables may live on the same PID, but not on the PAT's
    if (table == kPat)
      log.Add(Rule::kTables, packet, absl::StrFormat("PAT: table_id %#x on PID 0", section[0]));
    return;
  }
  auto wrong = [&](const char* what) {
    log.Add(Rule::kTables, packet, absl::StrFormat("%s: %s", Name(table), what));
  };

  if (section.size() < kLongHeader + kCrcBytes || !(section[1] & 0x80))
    return wrong("too short, or not in long form");
  if (SectionCrc(section) != 0) return wrong("CRC_32 is wrong");
  if (!(section[5] & 1)) return wrong("current_next_indicator is 0");
  if (section[6] != 0 || section[7] != 0) return wrong("more than one section");
  arrivals_[table].push_back(packet);

  if (!seen_[table].empty()) {
    if (!std::equal(section.begin(), section.end(), seen_[table].begin(), seen_[table].end())) {
      log.Add(Rule::kTables, packet,
              absl::StrFormat("%s: changed; version %d to %d", Name(table), seen_[table][5] >> 1 & 31,
                              section[5] >> 1 & 31));
      seen_[table].assign(section.begin(), section.end());
    }
    return;
  }
  seen_[table].assign(section.begin(), section.end());
  switch (table) {
    case kPat:
      return ParsePat(section, packet, log);
    case kPmt:
      return ParsePmt(section, packet, log);
    default:
      return ParseSdt(section, packet, log);
  }
}

void TableCheck::ParsePat(std::span<const uint8_t> section, int64_t packet, FindingLog& log) {
  int programs = 0;
  for (size_t at = kLongHeader; at + 4 <= section.size() - kCrcBytes; at += 4) {
    if (Read16(section, at) == 0) continue;  // network PID
    if (++programs > 1) break;
    program_.number = Read16(section, at);
    program_.pmt_pid = Read13(section, at + 2);
  }
  if (programs != 1) log.Add(Rule::kTables, packet, "PAT: not exactly one program");
}

void TableCheck::ParsePmt(std::span<const uint8_t> section, int64_t packet, FindingLog& log) {
  if (section.size() < 12 + kCrcBytes || Read16(section, 3) != program_.number) {
    log.Add(Rule::kTables, packet, "PMT: too short, or of another program than the PAT's");
    return;
  }
  program_.pcr_pid = Read13(section, 8);
  const size_t end = section.size() - kCrcBytes;
  size_t at = 12 + Read12(section, 10);
  for (; at + 5 <= end; at += 5 + Read12(section, at + 3))
    program_.streams[Read13(section, at + 1)] = section[at];
  if (at != end) log.Add(Rule::kTables, packet, "PMT: lengths do not add up");
}

void TableCheck::ParseSdt(std::span<const uint8_t> section, int64_t packet, FindingLog& log) {
  constexpr size_t kServices = 11, kServiceHeader = 5;
  const size_t end = section.size() - kCrcBytes;
  size_t at = kServices;
  while (at + kServiceHeader <= end) {
    const size_t length = Read12(section, at + 3);
    if (at + kServiceHeader + length > end) break;
    if (program_.service_name.empty())
      program_.service_name = ServiceName(section.subspan(at + kServiceHeader, length));
    at += kServiceHeader + length;
  }
  if (at != end) log.Add(Rule::kTables, packet, "SDT: lengths do not add up");
}

}  // namespace air::analyser
