#include "tests/support/ts_analyser.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr uint8_t kSyncByte = 0x47;
constexpr int kH264StreamType = 0x1b;
constexpr int kAdtsStreamType = 0x0f;
constexpr double kTicksPerMs = kSystemClockHz / 1000.0;
constexpr double kPcrToleranceTicks = 13.5;  // 500 ns (13818-1 2.4.2.2)

int FirstPidOfType(const Program& program, int stream_type) {
  for (auto [pid, type] : program.streams) {
    if (type == stream_type) return pid;
  }
  return -1;
}

}  // namespace

TsAnalyser::TsAnalyser(const TsLimits& limits)
    : limits_(limits), video_(limits.rate_num, limits.rate_den, limits.max_idr_ms) {}

void TsAnalyser::Feed(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (partial_.empty() && bytes.size() >= kTsPacketBytes && bytes[0] == kSyncByte) {
      in_sync_ = true;
      TakePacket(bytes.first<kTsPacketBytes>());
      bytes = bytes.subspan(kTsPacketBytes);
      continue;
    }
    if (partial_.empty() && bytes[0] != kSyncByte) {
      if (in_sync_)
        report_.findings.Add(Rule::kSync, report_.packets, "no sync byte where a packet should begin");
      in_sync_ = false;  // skip to the next 0x47
      bytes = bytes.subspan(1);
      continue;
    }
    const size_t missing = std::min(kTsPacketBytes - partial_.size(), bytes.size());
    partial_.insert(partial_.end(), bytes.begin(), bytes.begin() + missing);
    bytes = bytes.subspan(missing);
    if (partial_.size() == kTsPacketBytes) {
      in_sync_ = true;
      const std::vector<uint8_t> whole = std::move(partial_);
      partial_.clear();
      TakePacket(std::span<const uint8_t>(whole).first<kTsPacketBytes>());
    }
  }
}

void TsAnalyser::TakePacket(RawPacket raw) {
  FindingLog& log = report_.findings;
  const std::optional<TsPacketView> packet = ReadTsPacket(report_.packets++, raw, log);
  if (!packet) return;
  ++report_.packets_of_pid[packet->pid];
  if (packet->pid == kNullPid || !continuity_.Accept(*packet, raw, log)) return;

  tables_.Take(*packet, log);
  if (tables_.complete() && streams_.empty()) OpenStreams();
  if (packet->pcr && packet->pid == tables_.program().pcr_pid) {
    clock_.Add(packet->number, *packet->pcr, packet->discontinuity, log);
  }
  if (auto stream = streams_.find(packet->pid); stream != streams_.end()) {
    stream->second.Take(*packet, log);
  } else if (!tables_.complete() && !tables_.Carries(packet->pid) && payload_before_tables_ < 0) {
    payload_before_tables_ = packet->number;
  }
}

void TsAnalyser::OpenStreams() {
  report_.video_pid = FirstPidOfType(tables_.program(), kH264StreamType);
  report_.audio_pid = FirstPidOfType(tables_.program(), kAdtsStreamType);
  auto open = [&](int pid, auto& check) {
    if (pid < 0) return;
    streams_.try_emplace(pid, pid,
                         [this, &check](const PesPacket& pes) { check.Take(pes, report_.findings); });
  };
  open(report_.video_pid, video_);
  open(report_.audio_pid, audio_);
}

TsReport TsAnalyser::Finish() {
  FindingLog& log = report_.findings;
  if (!partial_.empty())
    log.Add(Rule::kSync, report_.packets,
            absl::StrFormat("ends inside a packet, after %d bytes", partial_.size()));
  for (auto& [pid, stream] : streams_) stream.Finish(log);
  video_.Finish(log);

  report_.program = tables_.program();
  report_.null_packets = report_.packets_of_pid[kNullPid];
  report_.sps = video_.sps();
  report_.idr_pictures = video_.idr_pictures();
  if (!video_.idr_distance().empty()) {
    report_.idr_ms = {video_.idr_distance().min / 90.0, video_.idr_distance().max / 90.0};
  }
  report_.audio_sample_rate = audio_.sample_rate();
  report_.audio_channels = audio_.channels();

  if (clock_.empty()) {
    log.Add(Rule::kPcr, report_.packets, "no PCR at all");
  } else {
    CheckTableIntervals();
    CheckPcrIntervals();
    CheckConstantRate();
    CheckDelay("video", video_.stats(), report_.video_delay_ms);
    CheckDelay("audio", audio_.stats(), report_.audio_delay_ms);
  }
  CheckPids();
  CheckFirstBytes();
  report_.video = video_.stats();
  report_.audio = audio_.stats();
  report_.video.arrivals.clear();
  report_.audio.arrivals.clear();
  return std::move(report_);
}

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
    const double ms = (points[i].value - points[i - 1].value) / kTicksPerMs;
    report_.pcr_ms.Add(ms);
    if (ms > limits_.max_pcr_ms) {
      report_.findings.Add(Rule::kPcrInterval, points[i].packet,
                           absl::StrFormat("%.3f ms without a PCR", ms));
    }
  }
  report_.pcr_count = static_cast<int64_t>(points.size());
  const double ticks = static_cast<double>(points.back().value - points.front().value);
  const double bits =
      static_cast<double>((points.back().packet - points.front().packet) * kTsPacketBytes * 8);
  report_.seconds = ticks / kSystemClockHz;
  if (ticks > 0) report_.kbit_s = bits / report_.seconds / 1000;
}

void TsAnalyser::CheckConstantRate() {
  if (limits_.constant_bps == 0) return;
  const PcrTimeline::Point& first = clock_.points().front();
  for (const PcrTimeline::Point& point : clock_.points()) {
    const double bits = static_cast<double>((point.packet - first.packet) * kTsPacketBytes * 8);
    const double off =
        static_cast<double>(point.value - first.value) - bits * kSystemClockHz / limits_.constant_bps;
    if (std::abs(off) > kPcrToleranceTicks) {
      report_.findings.Add(Rule::kConstantRate, point.packet,
                           absl::StrFormat("PCR is %.0f ns off the constant rate", off * 1000 / 27));
    }
  }
}

void TsAnalyser::CheckDelay(const char* name, const StreamStats& stats, Measured<double>& delay_ms) {
  for (const Arrival& arrival : stats.arrivals) {
    if (arrival.last_packet > clock_.points().back().packet) break;  // arrives at an instant not known
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

void TsAnalyser::CheckPids() {
  const Program& program = tables_.program();
  std::set<int> announced = {kPatPid, kSdtPid, kNullPid, program.pmt_pid, program.pcr_pid};
  for (auto [pid, type] : program.streams) {
    announced.insert(pid);
    if (!report_.packets_of_pid.contains(pid)) {
      report_.findings.Add(Rule::kPids, 0, absl::StrFormat("PID %#x is announced and never comes", pid));
    }
  }
  for (auto [pid, count] : report_.packets_of_pid) {
    if (announced.contains(pid)) continue;
    report_.findings.Add(Rule::kPids, 0, absl::StrFormat("PID %#x is in no table (%d packets)", pid, count));
  }
  if (report_.video_pid < 0) report_.findings.Add(Rule::kPids, 0, "no H.264 stream");
  if (report_.audio_pid < 0) report_.findings.Add(Rule::kPids, 0, "no ADTS stream");
}

void TsAnalyser::CheckFirstBytes() {
  auto wrong = [&](int64_t packet, const char* what) {
    report_.findings.Add(Rule::kFirstBytes, packet, what);
  };
  const std::vector<int64_t>& pat = tables_.Arrivals(TableCheck::kPat);
  const std::vector<int64_t>& pmt = tables_.Arrivals(TableCheck::kPmt);
  if (pat.empty() || pat.front() != 0) wrong(0, "the first packet is not a PAT");
  if (pat.empty() || pmt.empty() || pmt.front() < pat.front()) wrong(0, "no PMT behind the first PAT");
  if (payload_before_tables_ >= 0) wrong(payload_before_tables_, "a stream begins before the tables");
  if (!video_.begins_with_idr()) wrong(0, "the first picture is not an IDR picture");
  const std::vector<Arrival>& video = video_.stats().arrivals;
  const std::vector<Arrival>& audio = audio_.stats().arrivals;
  if (!audio.empty() && (video.empty() || audio.front().first_packet < video.front().first_packet)) {
    wrong(audio.front().first_packet, "sound comes before the first picture");
  }
}

TsReport AnalyseTs(std::span<const uint8_t> stream, const TsLimits& limits) {
  TsAnalyser analyser(limits);
  analyser.Feed(stream);
  return analyser.Finish();
}

}  // namespace air::analyser
