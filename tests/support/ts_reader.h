// Reading transport stream packets and continuity counters, from the text of ISO/IEC 13818-1 2.4.3. Nothing
// here is shared with AIR's multiplexer: a judge that uses the accused's own tables finds nothing.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>

#include "tests/support/ts_findings.h"

namespace air::analyser {

inline constexpr size_t kTsPacketBytes = 188;
inline constexpr int kNullPid = 0x1fff;
using RawPacket = std::span<const uint8_t, kTsPacketBytes>;

struct TsPacketView {
  int64_t number = 0;  // position in the stream
  int pid = 0;
  int continuity = 0;
  bool unit_start = false;
  bool has_payload = false;
  bool discontinuity = false;
  std::optional<int64_t> pcr;  // 27 MHz, 42-bit value as coded
  std::span<const uint8_t> payload;
};

// Nothing when the packet cannot be used; what is wrong with it goes to the log.
std::optional<TsPacketView> ReadTsPacket(int64_t number, RawPacket raw, FindingLog& log);

// The counters of all PIDs.
class ContinuityCheck {
 public:
  // False when the payload must not be used: a repetition of the packet before.
  bool Accept(const TsPacketView& packet, RawPacket raw, FindingLog& log);

 private:
  struct PidState {
    int counter = 0;
    bool was_duplicate = false;  // two equal packets are allowed, a third is not
    std::array<uint8_t, kTsPacketBytes> last{};
    bool last_had_payload = false;
  };
  std::map<int, PidState> pids_;
};

}  // namespace air::analyser
