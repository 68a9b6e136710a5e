// The judge is judged: a clean stream that somebody else multiplexed must pass, and each way of damaging it
// must be seen, by its own rule.
#include "tests/support/ts_analyser.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air::analyser {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

constexpr int kVideoPid = 0x100;
constexpr int kAudioPid = 0x101;
constexpr int kPmtPid = 0x1000;

// Three seconds by FFmpeg's multiplexer, told to keep as many of our rules as it can.
Bytes MakeStream(const std::string& rate, const std::string& more = "") {
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
const std::set<Rule> kForeign = {Rule::kFirstBytes};

TsLimits Limits(int64_t num, int64_t den) {
  TsLimits limits;
  limits.rate_num = num;
  limits.rate_den = den;
  return limits;
}

class TsAnalyser30 : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { clean_ = new Bytes(MakeStream("30000/1001")); }
  static void TearDownTestSuite() { delete clean_; }

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

  TsLimits limits_ = Limits(30000, 1001);
  Bytes stream_ = *clean_;
  static inline const Bytes* clean_ = nullptr;
};

TEST_F(TsAnalyser30, PassesACleanStreamAndMeasuresIt) {
  const TsReport report = Analyse();
  EXPECT_TRUE(report.Clean(kForeign)) << DescribeTs(report, kForeign);
  EXPECT_EQ(report.video.units, 90);
  EXPECT_EQ(report.video.pts_step.min, 3003);
  EXPECT_EQ(report.video.pts_step.max, 3003);
  EXPECT_EQ(report.audio.pts_step.min, 1920);
  EXPECT_EQ(report.audio.pts_step.max, 1920);
  EXPECT_EQ(report.audio_sample_rate, 48000);
  EXPECT_EQ(report.audio_channels, 2);
  EXPECT_EQ(report.idr_pictures, 4);
  EXPECT_NEAR(report.idr_ms.max, 24 * 1001 / 30.0, 0.02);
  EXPECT_NEAR(report.pcr_ms.max, 33.367, 0.001);
  ASSERT_TRUE(report.sps);
  EXPECT_EQ(report.sps->width, 160);
  EXPECT_EQ(report.sps->height, 96);
  EXPECT_EQ(report.program.pmt_pid, kPmtPid);
  EXPECT_EQ(report.program.service_name, "Service01");
  EXPECT_GT(report.video_delay_ms.min, 0);
}

TEST_F(TsAnalyser30, PiecesOfAnySizeGiveTheSameReport) {
  const std::string whole = TsReportJson(Analyse(), {});
  for (size_t piece : {1u, 100u, 188u, 189u, 1316u, 65536u}) {
    TsAnalyser analyser(limits_);
    for (size_t at = 0; at < stream_.size(); at += piece) {
      analyser.Feed(std::span(stream_).subspan(at, std::min(piece, stream_.size() - at)));
    }
    EXPECT_EQ(TsReportJson(analyser.Finish(), {}), whole) << piece;
  }
}

TEST_F(TsAnalyser30, StampsThatWrapInTheMiddleAreStillClean) {
  const TsReport before = Analyse();
  // PCR and PTS wrap at different packets, the delay between them apart.
  ShiftAllStamps(kPtsPeriod - before.video.first_pts - 90'000);
  const TsReport report = Analyse();
  EXPECT_LT(report.video.last_pts, report.video.first_pts);
  EXPECT_TRUE(report.Clean(kForeign)) << DescribeTs(report, kForeign);
  EXPECT_NEAR(report.seconds, before.seconds, 1e-9);
}

TEST_F(TsAnalyser30, FindsADroppedPacket) {
  const size_t n = FindUnit(100, kVideoPid) + 1;
  ASSERT_EQ(PidOf(n), kVideoPid);
  Remove(n);
  EXPECT_EQ(Count(Rule::kContinuity), 1);
}

TEST_F(TsAnalyser30, TakesOneRepeatedPacketForADuplicateAndTwoForAnError) {
  const size_t n = FindUnit(100, kAudioPid);
  const Bytes copy = Copy(n);
  Insert(n + 1, copy);
  ExpectOnly(Rule::kDuplicate, 1);
  Insert(n + 1, copy);
  EXPECT_EQ(Count(Rule::kContinuity), 1);
}

TEST_F(TsAnalyser30, FindsTwoPacketsInTheWrongOrder) {
  const size_t n = Find(
      100, [&](size_t k) { return PidOf(k) == kVideoPid && k + 1 < packets() && PidOf(k + 1) == kVideoPid; });
  std::swap_ranges(packet(n), packet(n + 1), packet(n + 1));
  EXPECT_GE(Count(Rule::kContinuity), 2);
}

TEST_F(TsAnalyser30, ACounterMayJumpWhereADiscontinuityIsDeclared) {
  const size_t n = Find(100, [&](size_t k) { return HasPcr(k); });
  for (size_t k = n; k < packets(); ++k) {
    if (PidOf(k) == PidOf(n))
      packet(k)[3] = static_cast<uint8_t>((packet(k)[3] & 0xf0) | ((packet(k)[3] + 5) & 0x0f));
  }
  EXPECT_EQ(Count(Rule::kContinuity), 1);
  packet(n)[5] |= 0x80;
  EXPECT_EQ(Count(Rule::kContinuity), 0);
  EXPECT_EQ(Count(Rule::kPcr), 1);  // a declared break of the clock is still one
}

TEST_F(TsAnalyser30, FindsOneWrongBitInEachTable) {
  for (int pid : {kPatPid, kPmtPid, kSdtPid}) {
    stream_ = *clean_;
    Payload(FindUnit(200, pid))[10] ^= 0x04;
    const TsReport report = Analyse();
    EXPECT_EQ(report.findings.Count(Rule::kTables), 1) << pid;
    EXPECT_THAT(DescribeTs(report, kForeign), HasSubstr("CRC_32 is wrong"));
  }
}

TEST_F(TsAnalyser30, FindsATableThatChangesWithARightCrc) {
  uint8_t* section = Payload(FindUnit(200, kPmtPid)) + 1;
  const size_t length = 3 + ((section[1] & 0x0f) << 8 | section[2]);
  section[5] ^= 0x02;  // version_number
  const uint32_t crc = SectionCrc({section, length - 4});
  for (int i = 0; i < 4; ++i) section[length - 4 + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
  const TsReport report = Analyse();
  EXPECT_EQ(report.findings.Count(Rule::kTables), 2);  // there and back again
  EXPECT_THAT(DescribeTs(report, kForeign), HasSubstr("PMT: changed; version 0 to 1"));
}

TEST_F(TsAnalyser30, FindsATableThatStaysAway) {
  for (int pid : {kPatPid, kPmtPid}) {
    stream_ = *clean_;
    for (int i = 0; i < 4; ++i) {
      const size_t n = FindUnit(200, pid);
      packet(n)[1] = 0x1f, packet(n)[2] = 0xff;  // now a null packet
    }
    EXPECT_EQ(Count(Rule::kTableInterval), 1) << pid;
  }
}

TEST_F(TsAnalyser30, FindsAPacketOfAPidNobodyAnnounced) {
  Bytes stray = Copy(FindUnit(100, kAudioPid));
  stray[1] = 0x01, stray[2] = 0x23;
  Insert(100, stray);
  ExpectOnly(Rule::kPids, 1);
}

TEST_F(TsAnalyser30, FindsAPtsOneTickOff) {
  AddToPts(FindUnit(200, kVideoPid), 1);
  ExpectOnly(Rule::kVideoPts, 2);  // the step to it, and the step from it
  stream_ = *clean_;
  AddToPts(FindUnit(200, kAudioPid), -1);
  ExpectOnly(Rule::kAudioPts, 2);
}

TEST_F(TsAnalyser30, FindsAPtsLineThatJumpsByAPicture) {
  for (size_t n = FindUnit(200, kVideoPid); n < packets(); ++n) {
    if (PidOf(n) == kVideoPid && StartsUnit(n)) AddToPts(n, 3003);
  }
  ExpectOnly(Rule::kVideoPts, 1);
}

TEST_F(TsAnalyser30, FindsTheWrongFrameRate) {
  limits_ = Limits(30, 1);
  EXPECT_EQ(Count(Rule::kVideoPts), 89);
}

TEST_F(TsAnalyser30, FindsAPcrGap) {
  const size_t n = Find(200, [&](size_t k) { return HasPcr(k); });
  packet(n)[5] &= ~0x10;
  std::fill_n(packet(n) + 6, 6, 0xff);
  ExpectOnly(Rule::kPcrInterval, 1);
}

TEST_F(TsAnalyser30, FindsAPcrThatStepsBack) {
  AddToPcr(Find(200, [&](size_t k) { return HasPcr(k); }), -3100);
  EXPECT_EQ(Count(Rule::kPcr), 1);
}

TEST_F(TsAnalyser30, FindsPicturesThatComeTooLateOrTooEarly) {
  for (size_t n = 0; n < packets(); ++n) {
    if (HasPcr(n)) AddToPcr(n, 90'000);
  }
  EXPECT_GT(Count(Rule::kDelay), 80);
  stream_ = *clean_;
  limits_.max_delay_ms = 300;
  EXPECT_GT(Count(Rule::kDelay), 80);
}

TEST_F(TsAnalyser30, FindsLostSyncAndATornEnd) {
  stream_.erase(stream_.begin() + 200 * kTsPacketBytes + 50);
  EXPECT_EQ(Count(Rule::kSync),
            1 + 1);  // found again behind it, and the last packet is short of nothing but its place
  stream_ = *clean_;
  stream_.erase(stream_.end() - 10, stream_.end());
  EXPECT_EQ(Count(Rule::kSync), 1);
}

TEST_F(TsAnalyser30, FindsTransportErrorAndScrambling) {
  packet(200)[1] |= 0x80;
  EXPECT_EQ(Count(Rule::kPacket), 1);
  stream_ = *clean_;
  packet(200)[3] |= 0xc0;
  EXPECT_EQ(Count(Rule::kPacket), 1);
}

TEST_F(TsAnalyser30, FindsAPesHeaderThatIsWrong) {
  const std::pair<int, uint8_t> damages[] = {
      {2, 0x02}, {6, 0x40}, {7, 0xc0}, {9, 0x01}, {11, 0x01}};  // byte, bits to flip
  for (auto [byte, bits] : damages) {
    stream_ = *clean_;
    Payload(FindUnit(200, kAudioPid))[byte] ^= bits;
    EXPECT_EQ(Count(Rule::kPes), 1) << byte;
  }
  stream_ = *clean_;
  Payload(FindUnit(200, kAudioPid))[5] += 1;  // PES_packet_length
  EXPECT_EQ(Count(Rule::kPes), 1);
}

TEST_F(TsAnalyser30, FindsAnAdtsHeaderThatIsWrong) {
  uint8_t* pes = Payload(FindUnit(200, kAudioPid));
  pes[9 + pes[8]] = 0xfe;
  EXPECT_EQ(Count(Rule::kAdts), 1);
}

TEST_F(TsAnalyser30, FindsAPictureWithoutAccessUnitDelimiter) {
  uint8_t* pes = Payload(FindUnit(200, kVideoPid));
  uint8_t* nal = pes + 9 + pes[8];
  while (!(nal[0] == 0 && nal[1] == 0 && nal[2] == 1)) ++nal;
  ASSERT_EQ(nal[3] & 0x1f, 9);
  nal[3] = (nal[3] & 0xe0) | 12;  // filler data
  ExpectOnly(Rule::kAud, 1);
}

TEST_F(TsAnalyser30, FindsIdrPicturesTooRareOrWithoutParameterSets) {
  limits_.max_idr_ms = 500;
  EXPECT_GE(Count(Rule::kIdr), 3);
  limits_.max_idr_ms = 2000;

  const size_t idr = Find(200, [&](size_t n) {
    if (PidOf(n) != kVideoPid || !StartsUnit(n)) return false;
    constexpr uint8_t kSpsStart[] = {0, 0, 1, 0x67};
    return std::search(Payload(n), packet(n) + kTsPacketBytes, kSpsStart, kSpsStart + 4) !=
           packet(n) + kTsPacketBytes;
  });
  for (uint8_t* p = Payload(idr); p + 3 < packet(idr) + kTsPacketBytes; ++p) {
    if (p[0] == 0 && p[1] == 0 && p[2] == 1 && p[3] == 0x67) p[3] = 0x6c;
  }
  ExpectOnly(Rule::kIdr, 1);
}

TEST_F(TsAnalyser30, FindsAStreamThatBeginsInTheMiddle) {
  EXPECT_GT(Count(Rule::kFirstBytes), 0);  // FFmpeg's own beginning
  // PAT, PMT and the first picture; what came between them is taken away.
  while (PidOf(0) != kPatPid) Remove(0);
  const size_t picture = FindUnit(0, kVideoPid);
  for (size_t n = picture; n-- > 0;) {
    if (PidOf(n) == kAudioPid) Remove(n);
  }
  EXPECT_EQ(Count(Rule::kFirstBytes), 0);
  Bytes early = Copy(FindUnit(0, kVideoPid));
  early[3] = static_cast<uint8_t>((early[3] & 0xf0) | ((early[3] - 1) & 0x0f));
  Insert(0, early);
  EXPECT_EQ(Count(Rule::kFirstBytes), 2);  // no PAT first, and a stream before the tables

  stream_ = *clean_;
  stream_.erase(stream_.begin(), stream_.begin() + kTsPacketBytes * FindUnit(50, kPatPid));
  EXPECT_THAT(DescribeTs(Analyse(), {}), HasSubstr("the first picture is not an IDR picture"));
}

TEST_F(TsAnalyser30, SurvivesDamageAnywhereAndNeverCallsItClean) {
  uint32_t state = 7;
  auto random = [&state](size_t range) { return ((state = state * 1664525 + 1013904223) >> 8) % range; };
  for (int round = 0; round < 100; ++round) {
    stream_ = *clean_;
    for (int i = 0; i < 200; ++i) stream_[random(stream_.size())] ^= static_cast<uint8_t>(1 + random(255));
    EXPECT_FALSE(Analyse().Clean(kForeign)) << round;
  }
}

TEST(TsAnalyser, AcceptsTheExactGridOfRatesThatDoNotDivideTheClock) {
  for (auto [rate, num] : {std::pair{"24000/1001", 24000}, {"60000/1001", 60000}}) {
    const TsReport report = AnalyseTs(MakeStream(rate), Limits(num, 1001));
    std::set<Rule> ignored = kForeign;
    ignored.insert(Rule::kPcrInterval);  // FFmpeg sends PCR with pictures only
    EXPECT_TRUE(report.Clean(ignored)) << DescribeTs(report, ignored);
    EXPECT_LT(report.video.pts_step.min, report.video.pts_step.max);
  }
}

TEST(TsAnalyser, HoldsAConstantRateStreamAgainstItsByteCount) {
  TsLimits limits = Limits(25, 1);
  limits.constant_bps = 2'000'000;
  Bytes stream = MakeStream("25", "-muxrate 2000000");
  EXPECT_EQ(AnalyseTs(stream, limits).findings.Count(Rule::kConstantRate), 0);
  EXPECT_NEAR(AnalyseTs(stream, limits).kbit_s, 2000, 0.01);
  limits.constant_bps = 2'000'100;
  EXPECT_GT(AnalyseTs(stream, limits).findings.Count(Rule::kConstantRate), 10);
  limits.constant_bps = 2'000'000;
  const size_t middle = stream.size() / kTsPacketBytes / 2 * kTsPacketBytes;
  stream.erase(stream.begin() + middle, stream.begin() + middle + kTsPacketBytes);
  EXPECT_GT(AnalyseTs(stream, limits).findings.Count(Rule::kConstantRate), 10);
}

TEST(TsAnalyser, ReportsReorderedPictures) {
  const TsReport report = AnalyseTs(MakeStream("25", "-bf 2 -b_strategy 0"), Limits(25, 1));
  EXPECT_THAT(DescribeTs(report, {}), HasSubstr("pictures are reordered"));
}

TEST(TsAnalyser, FindsFaultsInNoiseAndInNothing) {
  EXPECT_FALSE(AnalyseTs({}, {}).Clean());
  Bytes noise(100'000);
  uint32_t state = 1;
  for (uint8_t& byte : noise) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
  EXPECT_FALSE(AnalyseTs(noise, {}).Clean());
  for (size_t at = 0; at < noise.size(); at += kTsPacketBytes) noise[at] = 0x47;  // packets of noise
  EXPECT_FALSE(AnalyseTs(noise, {}).Clean());
}

TEST(StampGrid, AcceptsEveryStartOfTheExactSequenceAndNoOtherRounding) {
  for (int64_t start = 0; start < 8; ++start) {
    StampGrid grid(24000, 1001);  // 3753.75 ticks a picture
    auto pts = [](int64_t n) { return n * 1001 * 90'000 / 24'000; };
    for (int64_t n = start; n < start + 50; ++n) EXPECT_TRUE(grid.Accept(pts(n + 1) - pts(n), 1)) << n;
  }
  StampGrid rounded(24000, 1001);
  int64_t accepted = 0;
  for (int i = 0; i < 50; ++i) accepted += rounded.Accept(3754, 1);
  EXPECT_LT(accepted, 50);  // a length that was rounded once and then added
}

TEST(Rules, HaveNamesThatLeadBackToThem) {
  for (int i = 0; i < static_cast<int>(Rule::kCount); ++i) EXPECT_EQ(RuleByName(Name(Rule(i))), Rule(i));
  EXPECT_FALSE(RuleByName("pcr-accuracy"));
}

}  // namespace
}  // namespace air::analyser
