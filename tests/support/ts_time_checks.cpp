// The checks that need the whole program clock: what came when, in PCR time. Nothing is measured across a
// declared discontinuity.
#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "tests/support/ts_analyser.h"

namespace air::analyser {
namespace {

constexpr double kTicksPerMs = kSystemClockHz / 1000.0;
constexpr double kPcrToleranceTicks = 13.5;  // 500 ns (13818-1 2.4.2.2)
constexpr double kPacketBits = kTsPacketBytes * 8;

}  // namespace

void TsAnalyser::CheckTableIntervals() {
  const double limits[] = {limits_.max_table_ms, limits_.max_table_ms, limits_.max_sdt_ms};
  for (TableCheck::Table table : {TableCheck::kPat, TableCheck::kPmt, TableCheck::kSdt}) {
    std::vector<int64_t> arrivals = tables_.Arrivals(table);
    if (arrivals.empty()) {
      report_.findings.Add(Rule::kTables, 0, absl::StrFormat("no %s", Name(table)));
      continue;
    }
    const size_t repetitions = arrivals.size();
    arrivals.push_back(clock_.points().back().packet);  // nor may it stay away at the end
    for (size_t i = 1; i < arrivals.size(); ++i) {
      if (!clock_.Measurable(arrivals[i - 1], arrivals[i])) continue;
      const double ms = (clock_.At(arrivals[i]) - clock_.At(arrivals[i - 1])) / kTicksPerMs;
      if (i < repetitions || ms > limits[table]) report_.table_ms[table].Add(ms);
      if (ms > limits[table]) {
        report_.findings.Add(Rule::kTableInterval, arrivals[i],
                             absl::StrFormat("%.1f ms without a %s", ms, Name(table)));
      }
    }
  }
}

void TsAnalyser::CheckPcrIntervals() {
  const std::vector<PcrTimeline::Point>& points = clock_.points();
  for (size_t i = 1; i < points.size(); ++i) {
    if (points[i].begins) continue;
    const double ms = (points[i].value - points[i - 1].value) / kTicksPerMs;
    report_.pcr_ms.Add(ms);
    if (ms > limits_.max_pcr_ms) {
      report_.findings.Add(Rule::kPcrInterval, points[i].packet,
                           absl::StrFormat("%.3f ms without a PCR", ms));
    }
  }
  report_.time_bases = 1 + clock_.breaks();
  report_.pcr_count = static_cast<int64_t>(points.size());
  const double ticks = static_cast<double>(points.back().value - points.front().value);
  const double bits =
      static_cast<double>((points.back().packet - points.front().packet) * kTsPacketBytes * 8);
  report_.seconds = ticks / kSystemClockHz;
  if (ticks > 0) report_.kbit_s = bits / report_.seconds / 1000;
}

// An announced stream that falls silent (TR 101 290 1.6).
void TsAnalyser::CheckSilence() {
  for (auto [pid, type] : tables_.program().streams) {
    std::vector<TStdPacket>& packets = packets_[pid];
    for (size_t i = 0; i < packets.size(); ++i) {
      const int64_t from = packets[i].number;
      const int64_t to = i + 1 < packets.size() ? packets[i + 1].number : clock_.points().back().packet;
      if (to <= from || !clock_.Measurable(from, to)) continue;
      const double ms = (clock_.At(to) - clock_.At(from)) / kTicksPerMs;
      if (ms > limits_.max_pid_ms)
        report_.findings.Add(Rule::kPids, to, absl::StrFormat("%.1f ms without PID %#x", ms, pid));
    }
  }
}

void TsAnalyser::CheckPtsIntervals(const char* name, const StreamStats& stats) {
  for (size_t i = 1; i < stats.arrivals.size(); ++i) {
    const int64_t from = stats.arrivals[i - 1].first_packet, to = stats.arrivals[i].first_packet;
    if (!clock_.Measurable(from, to)) continue;
    const double ms = (clock_.At(to) - clock_.At(from)) / kTicksPerMs;
    if (ms > limits_.max_pts_ms)
      report_.findings.Add(Rule::kPtsInterval, to, absl::StrFormat("%s: %.1f ms without a PTS", name, ms));
  }
}

// Each PCR against the line of the constant rate through the first one of its time base. Where the line
// itself has moved (the next PCR is off by as much), that is said once.
void TsAnalyser::CheckPcrAccuracy() {
  const std::vector<PcrTimeline::Point>& points = clock_.points();
  PcrTimeline::Point anchor = points.front();
  auto off = [&](const PcrTimeline::Point& point) {
    const double bits = static_cast<double>(point.packet - anchor.packet) * kPacketBits;
    return static_cast<double>(point.value - anchor.value) -
           bits * kSystemClockHz / static_cast<double>(limits_.constant_bps);
  };
  for (size_t i = 1; i < points.size(); ++i) {
    if (points[i].begins) anchor = points[i];
    const double error = off(points[i]);
    report_.pcr_error_ns.Add(error * 1000 / 27);
    if (std::abs(error) <= kPcrToleranceTicks) continue;
    report_.findings.Add(Rule::kPcrAccuracy, points[i].packet,
                         absl::StrFormat("PCR is %.0f ns off the constant rate", error * 1000 / 27));
    const bool moved = i + 1 < points.size() && std::abs(off(points[i + 1]) - error) <= kPcrToleranceTicks;
    if (moved) anchor = points[i];
  }
}

// The packets in every second that begins at a PCR, parts of packets at its ends included. Behind a second
// that is wrong the next one begins at its end.
void TsAnalyser::CheckConstantRate() {
  const std::vector<PcrTimeline::Point>& points = clock_.points();
  const double expected = static_cast<double>(limits_.constant_bps) / kPacketBits;
  size_t after = 0;  // the first PCR not before the end of the second
  int64_t next_begin = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    if (i > 0 && points[i].value < next_begin && !points[i].begins) continue;
    const int64_t end = points[i].value + kSystemClockHz;
    after = std::max(after, i + 1);
    while (after < points.size() && !points[after].begins && points[after].value < end) ++after;
    if (after == points.size()) return;
    if (points[after].begins) continue;
    const PcrTimeline::Point &a = points[after - 1], &b = points[after];
    const double packets =
        static_cast<double>(a.packet - points[i].packet) +
        static_cast<double>((b.packet - a.packet) * (end - a.value)) / static_cast<double>(b.value - a.value);
    report_.packets_a_second.Add(packets);
    if (std::abs(packets - expected) < 0.5) continue;
    next_begin = end;
    report_.findings.Add(
        Rule::kConstantRate, points[i].packet,
        absl::StrFormat("%.1f packets in a second of PCR time, not %.1f", packets, expected));
  }
}

void TsAnalyser::CheckTStd() {
  const bool constant = limits_.constant_bps != 0;
  FindingLog& log = report_.findings;
  auto model = [&](const char* name, const TStdBuffers& buffers, const std::vector<TStdPacket>& packets,
                   std::span<const Arrival> units) {
    return ModelTStd(name, buffers, packets, units, clock_, constant, log);
  };
  const std::optional<SequenceParameters>& sps = video_.sps();
  const std::optional<TStdBuffers> avc = sps ? BuffersOfAvc(sps->level) : std::nullopt;
  if (avc) {
    report_.video_buffers = model("video", *avc, packets_[report_.video_pid], video_.stats().arrivals);
  } else if (report_.video_pid >= 0) {
    log.Add(Rule::kTStdOverflow, 0, "no H.264 level to tell the buffers from");
  }
  if (report_.audio_pid >= 0) {
    report_.audio_buffers = model("audio", BuffersOfAdts(audio_.channels()), packets_[report_.audio_pid],
                                  audio_.stats().arrivals);
  }
  std::vector<TStdPacket> tables = packets_[kPatPid];
  const std::vector<TStdPacket>& pmt = packets_[tables_.program().pmt_pid];
  tables.insert(tables.end(), pmt.begin(), pmt.end());
  std::sort(tables.begin(), tables.end(),
            [](const TStdPacket& a, const TStdPacket& b) { return a.number < b.number; });
  report_.table_buffers = model("tables", BuffersOfTables(), tables, {});
}

void TsAnalyser::CheckDelay(const char* name, const StreamStats& stats, Measured<double>& delay_ms) {
  for (const Arrival& arrival : stats.arrivals) {
    if (arrival.last_packet > clock_.points().back().packet) break;  // arrives at an instant not known
    if (!clock_.Measurable(arrival.first_packet, arrival.last_packet)) continue;
    if (limits_.constant_bps == 0 && clock_.IsExtrapolated(arrival.last_packet)) continue;
    const double longest = clock_.DelayTo(arrival.dts, arrival.first_packet) / kTicksPerMs;
    const double shortest = clock_.DelayTo(arrival.dts, arrival.last_packet) / kTicksPerMs;
    delay_ms.Add(longest);
    delay_ms.Add(shortest);
    if (shortest < 0) {
      report_.findings.Add(Rule::kDelay, arrival.last_packet,
                           absl::StrFormat("%s arrives %.1f ms too late", name, -shortest));
    } else if (longest > limits_.max_delay_ms) {
      report_.findings.Add(Rule::kDelay, arrival.first_packet,
                           absl::StrFormat("%s waits %.1f ms for its DTS", name, longest));
    }
  }
}

}  // namespace air::analyser
