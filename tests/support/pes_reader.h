// PES packets (ISO/IEC 13818-1 2.4.3.6) put together from the transport packets of one PID.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "tests/support/ts_findings.h"
#include "tests/support/ts_reader.h"

namespace air::analyser {

struct PesPacket {
  int stream_id = 0;
  int64_t first_packet = 0;  // transport packets it came in
  int64_t last_packet = 0;
  std::optional<int64_t> pts, dts;  // 90 kHz, 33 bits; dts = pts where only a PTS is coded
  bool bounded = false;             // has a PES_packet_length
  bool discontinuity = false;       // the first one behind a discontinuity_indicator
  std::vector<uint8_t> payload;
};

class PesReader {
 public:
  using Sink = std::function<void(const PesPacket&)>;
  PesReader(int pid, Sink sink) : pid_(pid), sink_(std::move(sink)) {}

  void Take(const TsPacketView& packet, FindingLog& log);
  // The end of the capture: a last packet that may have been cut is passed on only when it is whole or
  // open-ended.
  void Finish(FindingLog& log);

 private:
  void Emit(bool at_end, FindingLog& log);

  int pid_;
  Sink sink_;
  bool open_ = false;
  bool discontinuity_ = false;          // of the one being put together
  bool discontinuity_pending_ = false;  // of the one that begins next
  int64_t first_packet_ = 0, last_packet_ = 0;
  std::vector<uint8_t> bytes_;
};

}  // namespace air::analyser
