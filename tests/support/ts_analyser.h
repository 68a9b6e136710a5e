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
#include "tests/support/t_std.h"
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
  double max_pid_ms = 500;     // without a packet of an announced stream
  double max_pts_ms = 700;     // from a unit with a PTS to the next, TR 101 290
  int64_t constant_bps = 0;    // expected constant bit rate; 0: variable
  bool t_std = false;          // hold the stream against the decoder model (t_std.h)
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
  int64_t time_bases = 0;                           // 1 and one for each declared discontinuity of the PCR
  Measured<double> pcr_error_ns;                    // against the constant rate, when one is expected
  Measured<double> packets_a_second;                // the same
  std::optional<TStdUse> video_buffers, audio_buffers, table_buffers;  // when asked for

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
  // Takes as many packets as can be told apart; at the end, all.
  void Drain(bool at_end);
  // Moves `at` to the next sync byte that is followed by enough others. False: not found yet, `at` is where
  // the search goes on when there are more bytes.
  bool FindSync(size_t& at, bool at_end) const;
  void TakePacket(RawPacket raw);
  void OpenStreams();  // when PAT and PMT are known
  void CheckTableIntervals();
  void CheckPcrIntervals();
  void CheckSilence();
  void CheckPtsIntervals(const char* name, const StreamStats& stats);
  void CheckPcrAccuracy();
  void CheckConstantRate();
  void CheckTStd();
  void CheckDelay(const char* name, const StreamStats& stats, Measured<double>& delay_ms);
  void CheckPids();
  void CheckFirstBytes();
  void CheckFirstBytesOfTimeBases();

  const TsLimits limits_;
  TsReport report_;
  std::vector<uint8_t> pending_;  // bytes not taken yet
  bool in_sync_ = true;
  bool lost_ = false;  // and said so
  ContinuityCheck continuity_;
  TableCheck tables_;
  PcrTimeline clock_;
  VideoCheck video_;
  AudioCheck audio_;
  std::map<int, PesReader> streams_;
  std::map<int, std::vector<TStdPacket>> packets_;  // of the streams and the tables
  int64_t behind_last_stream_packet_ = 0;           // where a time base opens that is declared now
  int64_t payload_before_tables_ = -1;              // first packet of a stream that no table had announced
};

TsReport AnalyseTs(std::span<const uint8_t> stream, const TsLimits& limits);

// For people, and one line of JSON for programs. Rules in `ignored` are left out.
std::string DescribeTs(const TsReport& report, const std::set<Rule>& ignored);
std::string TsReportJson(const TsReport& report, const std::set<Rule>& ignored);

}  // namespace air::analyser
