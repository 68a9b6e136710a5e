// The T-STD: the decoder model of ISO/IEC 13818-1 2.4.2, against whose buffers every legal transport stream
// must hold. A stream that overflows them may play on a computer, which has gigabytes, and break up on a
// set-top box.
//
//   packet ──► TB, 512 bytes ──Rx──► MB, then EB (video; 2.14.3.1)          ──► decoder, whole access units
//                              ──Rx──► B (audio; 2.4.2.6, ADTS)                      at their DTS
//
//   arrival   piecewise constant between two PCR (2.4.2.2, equation 2-5). That is the standard's own
//             definition, for constant and variable rate alike, so everything that is measured in
//             milliseconds and kilobytes can be judged in either.
//   TB        takes whole packets and leaks at Rx. It holds not three packets: it judges the spacing of
//             single packets, which a variable-rate stream over a socket does not have (it leaves in
//             ticks; it is not sent through a modulator as it is). So its findings count in a
//             constant-rate stream only; how full it would be is always measured.
//   MB + EB   EB has 1200 x MaxCPB[level] bits, MB the rest of BSmux + BSoh: 5.33 ms of 1200 x MaxBR[level],
//             at least of 2 Mbit/s. MB leaks into EB at Rbx = 1200 x MaxBR[level] while EB has room, and
//             Rx is the same rate: nothing waits in MB unless EB is full. So the two overflow when their
//             sum does, and are modelled as one. NAL HRD parameters, which could make EB smaller, are not
//             read; the factor 1200 is used for High profile too, whose own would be 1500: never too
//             lenient.
//   B         3584 bytes for one or two channels, Rx 2 Mbit/s.
//   removal   a unit, PES header and all, in no time at its DTS. Not there yet: underflow.
//   TBsys     tables (PAT, PMT): 512 bytes, 1 Mbit/s. Behind it Bsys has 1536 bytes for sections, which those
//             of one program never fill.
//
// To the byte: bytes enter at the rates above, not packet by packet. A time base that is declared anew starts
// with empty buffers. What comes behind the last PCR of a time base comes at the rate before (2.4.2.2); at a
// variable rate that says nothing about when, and it is left out.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "tests/support/elementary_checks.h"
#include "tests/support/ts_clock.h"
#include "tests/support/ts_findings.h"

namespace air::analyser {

struct TStdBuffers {
  double leak_bps = 0;    // Rx
  double main_bytes = 0;  // B, or MB and EB together; 0: not modelled
};

// Nothing for a level that is in no table.
std::optional<TStdBuffers> BuffersOfAvc(int level_times_ten);
TStdBuffers BuffersOfAdts(int channels);
TStdBuffers BuffersOfTables();

// A packet of the stream whose buffers are modelled.
struct TStdPacket {
  int64_t number;  // in the transport stream
  int64_t payload_bytes;
};

struct TStdUse {
  double main_bytes = 0;             // size
  double fullest_transport = 0;      // bytes
  double fullest_main = 0;           // bytes
  Measured<double> ready_before_ms;  // from the unit's last byte in the buffer to its removal
};

// Follows one stream through its buffers; what is wrong goes to the log, under `name`. Only at a constant
// rate do findings of the transport buffer count.
TStdUse ModelTStd(const std::string& name, const TStdBuffers& buffers, std::span<const TStdPacket> packets,
                  std::span<const Arrival> units, const PcrTimeline& clock, bool constant_rate,
                  FindingLog& log);

}  // namespace air::analyser
