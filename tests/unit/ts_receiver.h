// A receiver of transport streams written from ISO/IEC 13818-1 and TR 101 290 alone: it shares no line with
// the multiplexer it watches, and reads only the PIDs the stream uses (video and PCR 0x100, sound 0x101).
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "stages/encoder/ts/ts_packet.h"

namespace air {

inline constexpr int64_t kPtsAndBaseWrap = int64_t{1} << 33;

struct PesUnit {
  uint16_t pid = 0;
  int64_t pts = 0;
  unsigned packet_length = 0;
  std::vector<uint8_t> payload;
  size_t first_packet = 0;  // position in the stream
  size_t packets = 0;
  bool random_access = false;
  bool discontinuity = false;
};

struct PcrSample {
  int64_t value = 0;  // 27 MHz, as on the wire
  size_t packet = 0;  // position in the stream
  bool own_packet = false;
};

// Takes packets in order, notes what they carry, and writes down every breach of ISO/IEC 13818-1.
class TsReceiver {
 public:
  void Take(const TsPacket& packet) {
    const uint16_t pid = static_cast<uint16_t>((packet[1] & 0x1F) << 8 | packet[2]);
    const bool unit_start = packet[1] & 0x40;
    const bool has_adaptation = packet[3] & 0x20;
    const bool has_payload = packet[3] & 0x10;
    Require(packet[0] == 0x47, "sync byte");
    Require((packet[1] & 0xA0) == 0 && (packet[3] & 0xC0) == 0, "error, priority or scrambling bits");
    Require(has_adaptation || has_payload, "reserved adaptation_field_control");

    if (pid == 0x1FFF) {  // null packets: 2.4.3.3
      Require(packet[1] == 0x1F && (packet[3] & 0xF0) == 0x10, "null packet");
      pids.push_back(pid);
      ++position;
      return;
    }
    bool discontinuity = false;
    bool random_access = false;
    size_t payload_at = 4;
    if (has_adaptation) {
      const size_t length = packet[4];
      Require(has_payload ? length <= 182 : length == 183, "adaptation_field_length");
      payload_at = 5 + length;
      size_t stuffing_at = 5;
      if (length > 0) {
        const uint8_t flags = packet[5];
        discontinuity = flags & 0x80;
        random_access = flags & 0x40;
        Require((flags & 0x2F) == 0, "adaptation flags nobody asked for");
        stuffing_at = 6;
        if (flags & 0x10) {
          TakePcr(packet, discontinuity, !has_payload);
          stuffing_at = 12;
        }
      }
      for (size_t i = stuffing_at; i < payload_at; ++i) Require(packet[i] == 0xFF, "stuffing byte");
    }
    CheckContinuity(pid, packet[3] & 0x0F, has_payload, discontinuity);
    if (has_payload) {
      const std::vector<uint8_t> payload(packet.begin() + static_cast<ptrdiff_t>(payload_at), packet.end());
      if (pid == 0x100 || pid == 0x101) {
        TakePes(pid, unit_start, payload, random_access, discontinuity);
      } else {
        tables[pid].push_back(position);
      }
    }
    pids.push_back(pid);
    ++position;
  }
  void Take(const std::vector<TsPacket>& packets) {
    for (const TsPacket& packet : packets) Take(packet);
  }

  std::vector<PesUnit> Of(uint16_t pid) const {
    std::vector<PesUnit> found;
    std::ranges::copy_if(units, std::back_inserter(found),
                         [pid](const PesUnit& unit) { return unit.pid == pid; });
    return found;
  }

  size_t position = 0;
  std::vector<uint16_t> pids;
  std::vector<PesUnit> units;
  std::vector<PcrSample> pcrs;
  std::map<uint16_t, std::vector<size_t>> tables;  // PID -> positions
  std::map<uint16_t, size_t> discontinuities;      // PID -> packets that declared one
  std::vector<std::string> errors;

 private:
  void Require(bool condition, const std::string& what) {
    if (!condition) errors.push_back("packet " + std::to_string(position) + ": " + what);
  }

  // 2.4.3.3, and on the PCR PID 2.4.3.5: only a packet that brings a PCR may break the count.
  void CheckContinuity(uint16_t pid, uint8_t counter, bool has_payload, bool discontinuity) {
    if (discontinuity) ++discontinuities[pid];
    const auto last = last_counter_.find(pid);
    if (last != last_counter_.end() && !discontinuity) {
      const uint8_t expected = has_payload ? (last->second + 1) & 0x0F : last->second;
      Require(counter == expected, "continuity_counter of PID " + std::to_string(pid));
    }
    if (discontinuity && pid == 0x100) {
      Require(!pcrs.empty() && pcrs.back().packet == position, "discontinuity on the PCR PID without a PCR");
    }
    last_counter_[pid] = counter;
  }

  void TakePcr(const TsPacket& packet, bool discontinuity, bool own_packet) {
    uint64_t bits = 0;
    for (size_t i = 6; i < 12; ++i) bits = bits << 8 | packet[i];
    const int64_t extension = static_cast<int64_t>(bits & 0x1FF);
    Require((bits >> 9 & 0x3F) == 0x3F && extension < 300, "PCR bits");
    const int64_t value = static_cast<int64_t>(bits >> 15) * 300 + extension;
    if (!pcrs.empty() && !discontinuity) {  // TR 101 290, 2.3
      const int64_t step = (value - pcrs.back().value + kPtsAndBaseWrap * 300) % (kPtsAndBaseWrap * 300);
      Require(step > 0 && step <= 40 * 27'000, "PCR step of " + std::to_string(step));
    }
    pcrs.push_back({.value = value, .packet = position, .own_packet = own_packet});
  }

  void TakePes(uint16_t pid, bool unit_start, const std::vector<uint8_t>& payload, bool random_access,
               bool discontinuity) {
    if (!unit_start) {
      const auto unit =
          std::find_if(units.rbegin(), units.rend(), [pid](const PesUnit& u) { return u.pid == pid; });
      Require(unit != units.rend(), "payload before the first PES header");
      if (unit == units.rend()) return;
      unit->payload.insert(unit->payload.end(), payload.begin(), payload.end());
      ++unit->packets;
      return;
    }
    const uint8_t stream_id = pid == 0x100 ? 0xE0 : 0xC0;
    Require(payload.size() >= 14, "PES header cut in two");
    if (payload.size() < 14) return;
    Require(payload[0] == 0 && payload[1] == 0 && payload[2] == 1 && payload[3] == stream_id,
            "PES start code");
    Require(payload[6] == 0x84 && payload[7] == 0x80 && payload[8] == 5, "PES flags");
    Require((payload[9] & 0xF1) == 0x21 && (payload[11] & 1) && (payload[13] & 1), "PTS marker bits");
    units.push_back({.pid = pid,
                     .pts = int64_t{payload[9] & 0x0E} << 29 | int64_t{payload[10]} << 22 |
                            int64_t{payload[11] & 0xFE} << 14 | int64_t{payload[12]} << 7 | payload[13] >> 1,
                     .packet_length = static_cast<unsigned>(payload[4] << 8 | payload[5]),
                     .payload = std::vector<uint8_t>(payload.begin() + 14, payload.end()),
                     .first_packet = position,
                     .packets = 1,
                     .random_access = random_access,
                     .discontinuity = discontinuity});
  }

  std::map<uint16_t, uint8_t> last_counter_;
};

}  // namespace air
