// TsAnalyser: judges a captured MPEG transport stream by its structure alone, nothing decoded: ISO/IEC
// 13818-1, ETSI TR 101 290, and the limits AIR sets itself (docs/contracts.md). Written from the standards
// and sharing no code with AIR's multiplexer, so that the two cannot be wrong in the same way; its names have
// a namespace of their own, so that a test may look at both. The content is judged by content_check.h.
//
// All distances are measured in the stream's own program clock, so it does not matter how fast the capture
// was taken.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "tests/support/elementary_checks.h"
#include "tests/support/ts_clock.h"
#include "tests/support/ts_findings.h"
#include "tests/support/ts_tables.h"

namespace air::analyser {

struct TsLimits {
  int64_t rate_num = 0, rate_den = 1;  // expected pictures a second; 0/1: any, only measured
  double max_pcr_ms = 40;
  double max_table_ms = 100;  // PAT and PMT
  double max_sdt_ms = 2000;
  double max_idr_ms = 2000;
  double max_delay_ms = 1000;  // from the arrival of a unit's first byte to its DTS
  int64_t constant_bps = 0;    // expected constant bit rate; 0: variable
};

struct TsReport {
  FindingLog findings;
  int64_t packets = 0;
  int64_t null_packets = 0;
  std::map<int, int64_t> packets_of_pid;
  Program program;
  Measured<double> table_ms[TableCheck::kTables];  // distance between repetitions
  Measured<double> pcr_ms;                         // distance between PCR
  int64_t pcr_count = 0;
  double seconds = 0;        // first to last PCR
  double kbit_s = 0;         // between them
  StreamStats video, audio;  // arrivals left out
  int video_pid = -1, audio_pid = -1;
  std::optional<SequenceParameters> sps;
  int64_t idr_pictures = 0;
  Measured<double> idr_ms;
  int audio_sample_rate = 0, audio_channels = 0;
  Measured<double> video_delay_ms, audio_delay_ms;  // last byte to DTS at least, first byte to DTS at most

  bool Clean(const std::set<Rule>& ignored = {}) const { return findings.CountWithout(ignored) == 0; }
};

class TsAnalyser {
 public:
  explicit TsAnalyser(const TsLimits& limits);

  // The next bytes of the stream, in pieces of any size.
  void Feed(std::span<const uint8_t> bytes);
  // The end. Call once, feed no more.
  TsReport Finish();

 private:
  void TakePacket(RawPacket raw);
  void OpenStreams();  // when PAT and PMT are known
  void CheckTableIntervals();
  void CheckPcrIntervals();
  void CheckConstantRate();
  void CheckDelay(const char* name, const StreamStats& stats, Measured<double>& delay_ms);
  void CheckPids();
  void CheckFirstBytes();

  const TsLimits limits_;
  TsReport report_;
  std::vector<uint8_t> partial_;  // of a packet not complete yet
  bool in_sync_ = true;
  ContinuityCheck continuity_;
  TableCheck tables_;
  PcrTimeline clock_;
  VideoCheck video_;
  AudioCheck audio_;
  std::map<int, PesReader> streams_;
  int64_t payload_before_tables_ = -1;  // first packet of a stream nobody had announced yet
};

TsReport AnalyseTs(std::span<const uint8_t> stream, const TsLimits& limits);

// For people, and one line of JSON for programs. Rules in `ignored` are left out.
std::string DescribeTs(const TsReport& report, const std::set<Rule>& ignored);
std::string TsReportJson(const TsReport& report, const std::set<Rule>& ignored);

}  // namespace air::analyser
