// The judge is judged: a clean stream from another multiplexer must pass, and each way of damaging it
// must be seen, by its own rule.
#include "tests/support/ts_analyser.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ts_analyser_fixture.h"

namespace air::analyser {
namespace {

using ::testing::HasSubstr;

class TsAnalyser30 : public DamagedStream {
 protected:
  TsAnalyser30() : DamagedStream(*clean_, Limits(30000, 1001)) {}
  static void SetUpTestSuite() { clean_ = new Bytes(MakeStream("30000/1001")); }
  static void TearDownTestSuite() { delete clean_; }

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
  EXPECT_EQ(Count(Rule::kDiscontinuity), 1);  // declared, and still one
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

TEST_F(TsAnalyser30, TakesOneWrongSyncByteForADamagedPacketAndStaysInPlace) {
  packet(200)[0] = 0x46;
  ExpectOnly(Rule::kSync, 1);
  packet(201)[0] = 0x46;  // two in a row have lost the borders: both packets are gone
  EXPECT_EQ(Count(Rule::kSync), 1);
  EXPECT_GT(Count(Rule::kContinuity), 0);
}

TEST_F(TsAnalyser30, FindsLostSyncAndATornEnd) {
  stream_.erase(stream_.begin() + 200 * kTsPacketBytes + 50);
  EXPECT_EQ(Count(Rule::kSync), 1);  // found again behind it
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

TEST_F(TsAnalyser30, FindsTwoPicturesOrTwoSoundsInOnePes) {
  packet(FindUnit(200, kVideoPid))[1] &= ~0x40;  // goes on in the unit before
  EXPECT_EQ(Count(Rule::kPesFrames), 1);
  stream_ = *clean_;
  // The PES header of a sound is cut out: its frame follows the one before, whose PES has no length any more.
  const size_t before = FindUnit(200, kAudioPid), second = FindUnit(before + 1, kAudioPid);
  uint8_t* length = Payload(before) + 4;
  length[0] = length[1] = 0;
  uint8_t* p = packet(second);
  const size_t header = 9 + Payload(second)[8];
  const Bytes rest(Payload(second) + header, p + kTsPacketBytes);
  p[1] &= ~0x40;
  p[3] |= 0x20;
  p[4] = static_cast<uint8_t>(kTsPacketBytes - 5 - rest.size());
  p[5] = 0;
  std::fill(p + 6, p + kTsPacketBytes - rest.size(), 0xff);
  std::copy(rest.begin(), rest.end(), p + kTsPacketBytes - rest.size());
  EXPECT_EQ(Count(Rule::kPesFrames), 1);
}

TEST_F(TsAnalyser30, FindsIdrPicturesTooRareOrWithoutParameterSets) {
  limits_.max_idr_ms = 500;
  EXPECT_GE(Count(Rule::kIdr), 3);
  limits_.max_idr_ms = 2000;

  const size_t idr = FindIdr(200);
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
  EXPECT_FALSE(RuleByName("pcr-accuracies"));
}

}  // namespace
}  // namespace air::analyser
