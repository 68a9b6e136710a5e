// What the stream analyser may find wrong, rule by rule. Each rule can be switched off on its own, because a
// stream of another multiplexer may be legal and still not keep all that AIR promises of its own.
//
// ETSI TR 101 290 is covered so: 1.1 TS_sync_loss and 1.2 Sync_byte_error by kSync; 1.3 PAT_error and 1.5
// PMT_error by kTables and kTableInterval (100 ms instead of its 500); 1.4 Continuity_count_error by
// kContinuity; 1.6 PID_error by kPids; 2.1 Transport_error and scrambling by kPacket; 2.2 CRC_error by
// kTables; 2.3 PCR_error by kPcr, kDiscontinuity and kPcrInterval; 2.4 PCR_accuracy_error by
// kPcrAccuracy; 2.5 PTS_error by kPtsInterval. 2.6 CAT_error cannot occur where nothing may be scrambled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace air::analyser {

enum class Rule {
  kSync,           // 0x47 every 188 bytes, whole packets (13818-1 2.4.3.2)
  kPacket,         // transport_error_indicator, scrambling, adaptation field syntax (2.4.3.4)
  kContinuity,     // continuity_counter (2.4.3.3)
  kDuplicate,      // a packet sent twice: legal, but never sent by AIR
  kTables,         // PAT, PMT, SDT: there, well-formed, CRC right, never changing
  kTableInterval,  // their repetition, in PCR time
  kPids,           // no PID that the tables do not announce, none announced that never comes
  kPes,            // PES header syntax (2.4.3.6), PTS in every one
  kPesFrames,      // exactly one picture, one audio frame, in a PES packet
  kVideoPts,       // PTS = floor(n * den * 90000 / num) + origin; no reordering, DTS = PTS
  kAudioPts,       // PTS steps of exactly one codec frame
  kPtsInterval,    // each stream's PTS comes often enough (TR 101 290 2.5)
  kPcr,            // strictly rising, no undeclared jump (TR 101 290 2.3b)
  kDiscontinuity,  // a discontinuity_indicator: legal, but AIR sets one only behind a hole it cannot fill
  kPcrInterval,    // distance from one PCR to the next (TR 101 290 2.3a)
  kPcrAccuracy,    // when a constant rate is expected: PCR against byte position, +-500 ns (2.4)
  kConstantRate,   // when a constant rate is expected: packets in every second of PCR time
  kDelay,          // every unit arrives before its DTS, and not too long before
  kTStdTransport,  // T-STD (t_std.h): a transport buffer overflows, or is never empty
  kTStdOverflow,   // a multiplex and elementary, or main, buffer overflows
  kTStdUnderflow,  // a unit is not whole in it at its DTS
  kFirstBytes,     // PAT, PMT, IDR picture, audio, in this order; behind a discontinuity too
  kIdr,   // IDR interval; SPS and PPS before each, never changing; idr_pic_id differs from the one before
  kAud,   // each picture begins with an access unit delimiter
  kAdts,  // ADTS headers valid, frames whole, configuration constant
  kCount,
};

const char* Name(Rule rule);  // as in --ignore: "pcr-interval"
std::optional<Rule> RuleByName(const std::string& name);

struct Finding {
  Rule rule;
  int64_t packet;  // 188-byte packet it was seen at, counted from 0
  std::string text;
};

// Keeps the first few findings of each rule, and counts all.
class FindingLog {
 public:
  static constexpr int kKeptPerRule = 10;

  void Add(Rule rule, int64_t packet, std::string text);

  int64_t Count(Rule rule) const { return counts_[static_cast<size_t>(rule)]; }
  int64_t CountWithout(const std::set<Rule>& ignored) const;  // of all other rules
  const std::vector<Finding>& kept() const { return kept_; }

 private:
  std::array<int64_t, static_cast<size_t>(Rule::kCount)> counts_{};
  std::vector<Finding> kept_;
};

}  // namespace air::analyser
