#include "tests/support/ts_analyser.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"

namespace air::analyser {
namespace {

constexpr uint8_t kSyncByte = 0x47;
constexpr int kH264StreamType = 0x1b;
constexpr int kAdtsStreamType = 0x0f;
constexpr size_t kPieceBytes = 1 << 16;

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
    const std::span<const uint8_t> piece = bytes.first(std::min(bytes.size(), kPieceBytes));
    pending_.insert(pending_.end(), piece.begin(), piece.end());
    bytes = bytes.subspan(piece.size());
    Drain(false);
  }
}

// TR 101 290 1.1 and 1.2: a single wrong sync byte is a damaged packet, two in a row have lost the packets'
// borders, five right ones have found them again.
void TsAnalyser::Drain(bool at_end) {
  FindingLog& log = report_.findings;
  size_t at = 0;
  while (at < pending_.size()) {
    if (!in_sync_) {
      if (!std::exchange(lost_, true))
        log.Add(Rule::kSync, report_.packets, "no sync byte where a packet should begin");
      in_sync_ = FindSync(at, at_end);
      if (!in_sync_) break;
      lost_ = false;
    }
    const size_t left = pending_.size() - at;
    if (left < kTsPacketBytes || (left == kTsPacketBytes && !at_end))
      break;  // the next sync byte is looked at too
    if (pending_[at] != kSyncByte) {
      if (left == kTsPacketBytes || pending_[at + kTsPacketBytes] != kSyncByte) {
        in_sync_ = false;
        continue;
      }
      log.Add(Rule::kSync, report_.packets, absl::StrFormat("sync byte is %#x", pending_[at]));
    }
    TakePacket(std::span<const uint8_t>(pending_).subspan(at).first<kTsPacketBytes>());
    at += kTsPacketBytes;
  }
  if (at_end && at < pending_.size() && in_sync_)
    log.Add(Rule::kSync, report_.packets,
            absl::StrFormat("ends inside a packet, after %d bytes", pending_.size() - at));
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<ptrdiff_t>(at));
}

bool TsAnalyser::FindSync(size_t& at, bool at_end) const {
  constexpr size_t kSyncBytes = 5;
  for (; at < pending_.size(); ++at) {
    size_t right = 0;
    while (right < kSyncBytes && at + right * kTsPacketBytes < pending_.size() &&
           pending_[at + right * kTsPacketBytes] == kSyncByte) {
      ++right;
    }
    const bool out_of_bytes = at + right * kTsPacketBytes >= pending_.size();
    if (right == kSyncBytes || (right > 0 && out_of_bytes && at_end)) return true;
    if (right > 0 && out_of_bytes) return false;
  }
  return false;
}

void TsAnalyser::TakePacket(RawPacket raw) {
  FindingLog& log = report_.findings;
  const std::optional<TsPacketView> packet = ReadTsPacket(report_.packets++, raw, log);
  if (!packet) return;
  ++report_.packets_of_pid[packet->pid];
  if (packet->pid == kNullPid || !continuity_.Accept(*packet, raw, log)) return;
  if (packet->discontinuity)
    log.Add(Rule::kDiscontinuity, packet->number, absl::StrFormat("PID %#x: declared", packet->pid));
  packets_[packet->pid].push_back({packet->number, static_cast<int64_t>(packet->payload.size())});

  tables_.Take(*packet, log);
  if (tables_.complete() && streams_.empty()) OpenStreams();
  if (packet->pcr && packet->pid == tables_.program().pcr_pid) {
    clock_.Add(packet->number, *packet->pcr,
               packet->discontinuity ? std::optional(behind_last_stream_packet_) : std::nullopt, log);
  }
  if (!tables_.Carries(packet->pid)) behind_last_stream_packet_ = packet->number + 1;
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
  Drain(true);
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
    CheckSilence();
    CheckPtsIntervals("video", video_.stats());
    CheckPtsIntervals("audio", audio_.stats());
    if (limits_.constant_bps != 0) {
      CheckPcrAccuracy();
      CheckConstantRate();
    }
    CheckDelay("video", video_.stats(), report_.video_delay_ms);
    CheckDelay("audio", audio_.stats(), report_.audio_delay_ms);
    if (limits_.t_std) CheckTStd();
  }
  CheckPids();
  CheckFirstBytes();
  CheckFirstBytesOfTimeBases();
  report_.video = video_.stats();
  report_.audio = audio_.stats();
  report_.video.arrivals.clear();
  report_.audio.arrivals.clear();
  return std::move(report_);
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

// A receiver that follows a break, or comes to it anew, needs tables and a picture that stands alone.
void TsAnalyser::CheckFirstBytesOfTimeBases() {
  for (const PcrTimeline::Point& point : clock_.points()) {
    if (!point.begins) continue;
    auto next = [&](const std::vector<int64_t>& packets) {
      const auto found = std::lower_bound(packets.begin(), packets.end(), point.opens);
      return found == packets.end() ? std::numeric_limits<int64_t>::max() : *found;
    };
    const std::vector<Arrival>& pictures = video_.stats().arrivals;
    const auto picture = std::find_if(pictures.begin(), pictures.end(), [&](const Arrival& arrival) {
      return arrival.first_packet >= point.packet;
    });
    if (picture == pictures.end()) continue;  // the capture ends here
    for (TableCheck::Table table : {TableCheck::kPat, TableCheck::kPmt}) {
      if (next(tables_.Arrivals(table)) > picture->first_packet) {
        report_.findings.Add(
            Rule::kFirstBytes, point.packet,
            absl::StrFormat("no %s between a discontinuity and its first picture", Name(table)));
      }
    }
  }
}

TsReport AnalyseTs(std::span<const uint8_t> stream, const TsLimits& limits) {
  TsAnalyser analyser(limits);
  analyser.Feed(stream);
  return analyser.Finish();
}

}  // namespace air::analyser
