#include "tests/support/ts_reader.h"

#include <algorithm>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr int kPcrOffset = 6;  // of program_clock_reference_base in a packet that has one
constexpr int kPcrBytes = 6;

// Fills discontinuity and PCR. `field` is the adaptation field behind its length byte, at least one byte
// long.
void ReadAdaptationField(std::span<const uint8_t> field, TsPacketView& packet, FindingLog& log) {
  packet.discontinuity = field[0] & 0x80;
  if (!(field[0] & 0x10)) return;
  if (field.size() < 1 + kPcrBytes) {
    log.Add(Rule::kPacket, packet.number, "adaptation field too short for its PCR");
    return;
  }
  std::span<const uint8_t> b = field.subspan(1);
  const int64_t base = int64_t{b[0]} << 25 | b[1] << 17 | b[2] << 9 | b[3] << 1 | b[4] >> 7;
  const int extension = (b[4] & 1) << 8 | b[5];
  if (extension >= 300) log.Add(Rule::kPcr, packet.number, absl::StrFormat("PCR extension is %d", extension));
  packet.pcr = base * 300 + extension;
}

// Equal but for the value of a PCR, as 2.4.3.3 allows a duplicate to be.
bool IsRepetition(RawPacket a, RawPacket b) {
  std::array<uint8_t, kTsPacketBytes> x, y;
  std::copy(a.begin(), a.end(), x.begin());
  std::copy(b.begin(), b.end(), y.begin());
  const bool has_pcr = (x[3] & 0x20) && x[4] >= 1 + kPcrBytes && (x[5] & 0x10);
  if (has_pcr) std::copy_n(x.begin() + kPcrOffset, kPcrBytes, y.begin() + kPcrOffset);
  return x == y;
}

}  // namespace

std::optional<TsPacketView> ReadTsPacket(int64_t number, RawPacket raw, FindingLog& log) {
  TsPacketView packet;
  packet.number = number;
  packet.pid = (raw[1] & 0x1f) << 8 | raw[2];
  packet.unit_start = raw[1] & 0x40;
  packet.continuity = raw[3] & 0x0f;
  packet.has_payload = raw[3] & 0x10;
  const bool has_adaptation = raw[3] & 0x20;

  if (raw[1] & 0x80) {
    log.Add(Rule::kPacket, number, absl::StrFormat("PID %#x: transport_error_indicator", packet.pid));
    return std::nullopt;
  }
  if (raw[3] & 0xc0) log.Add(Rule::kPacket, number, absl::StrFormat("PID %#x: scrambled", packet.pid));
  if (!packet.has_payload && !has_adaptation) {
    log.Add(Rule::kPacket, number,
            absl::StrFormat("PID %#x: neither payload nor adaptation field", packet.pid));
    return std::nullopt;
  }
  size_t header = 4;
  if (has_adaptation) {
    const size_t length = raw[4];
    // With a payload the field leaves it at least one byte; without, it fills the packet.
    if (packet.has_payload ? length > 182 : length != 183) {
      log.Add(Rule::kPacket, number,
              absl::StrFormat("PID %#x: adaptation field of %d bytes", packet.pid, length));
      return std::nullopt;
    }
    header = 5 + length;
    if (length > 0) ReadAdaptationField(raw.subspan(5, length), packet, log);
  }
  if (packet.has_payload) packet.payload = raw.subspan(header);
  return packet;
}

bool ContinuityCheck::Accept(const TsPacketView& packet, RawPacket raw, FindingLog& log) {
  if (packet.pid == kNullPid) return true;  // its counter is undefined
  auto [it, first] = pids_.try_emplace(packet.pid);
  PidState& pid = it->second;

  bool duplicate = false;
  if (!first && !packet.discontinuity) {
    const bool same = packet.continuity == pid.counter;
    duplicate = packet.has_payload && same && pid.last_had_payload && !pid.was_duplicate &&
                IsRepetition(pid.last, raw);
    const int expected = packet.has_payload ? (pid.counter + 1) % 16 : pid.counter;
    if (duplicate) {
      log.Add(Rule::kDuplicate, packet.number, absl::StrFormat("PID %#x: packet repeated", packet.pid));
    } else if (packet.continuity != expected) {
      log.Add(Rule::kContinuity, packet.number,
              absl::StrFormat("PID %#x: continuity_counter is %d, expected %d", packet.pid, packet.continuity,
                              expected));
    }
  }
  pid.counter = packet.continuity;
  pid.was_duplicate = duplicate;
  pid.last_had_payload = packet.has_payload;
  std::copy(raw.begin(), raw.end(), pid.last.begin());
  return !duplicate;
}

}  // namespace air::analyser
