// A clean transport stream from another multiplexer, and the tools to damage it in one place: what the
// tests of the analyser share.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "tests/support/ts_analyser.h"

namespace air::analyser {

using Bytes = std::vector<uint8_t>;

inline constexpr int kVideoPid = 0x100;
inline constexpr int kAudioPid = 0x101;
inline constexpr int kPmtPid = 0x1000;

// Three seconds by FFmpeg's multiplexer, told to keep as many of our rules as it can.
inline Bytes MakeStream(const std::string& rate, const std::string& more = "") {
  const std::string file =
      std::filesystem::temp_directory_path() / ("ts_analyser_test." + std::to_string(getpid()) + ".ts");
  const std::string command =
      "ffmpeg -v error -nostdin -y -f lavfi -i testsrc2=s=160x96:r=" + rate +
      " -f lavfi -i sine=r=48000 -t 3 -ac 2 -c:v libx264 -threads 1 -preset ultrafast -bf 0 -g 24 -pix_fmt "
      "yuv420p"
      " -x264-params aud=1:repeat-headers=1:scenecut=0 -c:a aac -f mpegts -mpegts_flags +pat_pmt_at_frames"
      " -pcr_period 20 -pes_payload_size 0 " +
      more + " " + file;
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::ifstream in(file, std::ios::binary);
  Bytes bytes{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove(file);
  EXPECT_GT(bytes.size(), 100 * kTsPacketBytes);
  return bytes;
}

// FFmpeg sends an SDT first, and sound before the picture.
inline const std::set<Rule> kForeign = {Rule::kFirstBytes};

inline TsLimits Limits(int64_t num, int64_t den) {
  TsLimits limits;
  limits.rate_num = num;
  limits.rate_den = den;
  return limits;
}

class DamagedStream : public ::testing::Test {
 protected:
  DamagedStream(const Bytes& clean, const TsLimits& limits) : limits_(limits), stream_(clean) {}

  size_t packets() const { return stream_.size() / kTsPacketBytes; }
  uint8_t* packet(size_t n) { return stream_.data() + n * kTsPacketBytes; }
  int PidOf(size_t n) { return (packet(n)[1] & 0x1f) << 8 | packet(n)[2]; }
  bool StartsUnit(size_t n) { return packet(n)[1] & 0x40; }
  bool HasPcr(size_t n) { return (packet(n)[3] & 0x20) && packet(n)[4] > 0 && (packet(n)[5] & 0x10); }

  // The first packet at or after `from` for which `wanted` holds.
  size_t Find(size_t from, const std::function<bool(size_t)>& wanted) {
    for (size_t n = from; n < packets(); ++n) {
      if (wanted(n)) return n;
    }
    ADD_FAILURE() << "no such packet";
    return 0;
  }
  size_t FindUnit(size_t from, int pid) {
    return Find(from, [&](size_t n) { return PidOf(n) == pid && StartsUnit(n); });
  }
  // The first packet of the next picture with parameter sets.
  size_t FindIdr(size_t from) {
    return Find(from, [&](size_t n) {
      if (PidOf(n) != kVideoPid || !StartsUnit(n)) return false;
      constexpr uint8_t kSpsStart[] = {0, 0, 1, 0x67};
      uint8_t* end = packet(n) + kTsPacketBytes;
      return std::search(Payload(n), end, kSpsStart, kSpsStart + 4) != end;
    });
  }
  uint8_t* Payload(size_t n) {
    uint8_t* p = packet(n);
    return p + 4 + (p[3] & 0x20 ? 1 + p[4] : 0);
  }
  void Remove(size_t n) {
    stream_.erase(stream_.begin() + n * kTsPacketBytes, stream_.begin() + (n + 1) * kTsPacketBytes);
  }
  void Insert(size_t n, const Bytes& bytes) {
    stream_.insert(stream_.begin() + n * kTsPacketBytes, bytes.begin(), bytes.end());
  }
  Bytes Copy(size_t n) { return Bytes(packet(n), packet(n) + kTsPacketBytes); }

  static void AddToStamp(uint8_t* b, int64_t ticks) {
    int64_t stamp = int64_t{b[0] >> 1 & 7} << 30 | b[1] << 22 | (b[2] >> 1) << 15 | b[3] << 7 | b[4] >> 1;
    stamp = (stamp + ticks + kPtsPeriod) % kPtsPeriod;
    b[0] = static_cast<uint8_t>((b[0] & 0xf1) | (stamp >> 30 & 7) << 1);
    b[1] = static_cast<uint8_t>(stamp >> 22);
    b[2] = static_cast<uint8_t>((stamp >> 15 & 0x7f) << 1 | 1);
    b[3] = static_cast<uint8_t>(stamp >> 7);
    b[4] = static_cast<uint8_t>((stamp & 0x7f) << 1 | 1);
  }
  void AddToPts(size_t n, int64_t ticks) {
    uint8_t* pes = Payload(n);
    AddToStamp(pes + 9, ticks);
    if (pes[7] >> 6 == 3) AddToStamp(pes + 14, ticks);
  }
  void AddToPcr(size_t n, int64_t ticks90k) {
    uint8_t* b = packet(n) + 6;
    int64_t base = int64_t{b[0]} << 25 | b[1] << 17 | b[2] << 9 | b[3] << 1 | b[4] >> 7;
    base = (base + ticks90k + kPtsPeriod) % kPtsPeriod;
    for (int i = 0; i < 4; ++i) b[i] = static_cast<uint8_t>(base >> (25 - 8 * i));
    b[4] = static_cast<uint8_t>((b[4] & 0x7f) | (base & 1) << 7);
  }
  void ShiftAllStamps(int64_t ticks) {
    for (size_t n = 0; n < packets(); ++n) {
      if (HasPcr(n)) AddToPcr(n, ticks);
      if ((PidOf(n) == kVideoPid || PidOf(n) == kAudioPid) && StartsUnit(n)) AddToPts(n, ticks);
    }
  }

  TsReport Analyse() { return AnalyseTs(stream_, limits_); }
  int64_t Count(Rule rule) { return Analyse().findings.Count(rule); }
  // Only this rule has something to say.
  void ExpectOnly(Rule rule, int64_t count) {
    const TsReport report = Analyse();
    std::set<Rule> others = kForeign;
    others.insert(rule);
    EXPECT_EQ(report.findings.Count(rule), count) << DescribeTs(report, kForeign);
    EXPECT_TRUE(report.Clean(others)) << DescribeTs(report, kForeign);
  }

  TsLimits limits_;
  Bytes stream_;
};

}  // namespace air::analyser
