// What the analyser finds wrong with the times of a stream: its clock, its repetitions, its constant rate,
// its declared discontinuities, and the buffers of the decoder model. One test a rule: exactly that is broken
// in a good stream, and exactly that is found.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/ts_analyser_fixture.h"

namespace air::analyser {
namespace {

using ::testing::HasSubstr;

constexpr int64_t kBps = 2'000'000;

// Made by FFmpeg at a constant rate, kept by it within all the buffers of the decoder model.
class ConstantRateStream : public DamagedStream {
 protected:
  ConstantRateStream() : DamagedStream(*clean_, Limits(25, 1)) {
    limits_.constant_bps = kBps;
    limits_.t_std = true;
  }
  static void SetUpTestSuite() {
    clean_ = new Bytes(
        MakeStream("25",
                   "-level 4 -b:v 600k -maxrate 600k -bufsize 60k -b:a 96k -muxrate 2000000 -muxdelay 0.2 "
                   "-muxpreload 0"));
  }
  static void TearDownTestSuite() { delete clean_; }

  // A PCR a bit later or earlier, in 27 MHz.
  void AddToPcrExtension(size_t n, int ticks) {
    uint8_t* b = packet(n) + 6;
    const int extension = ((b[4] & 1) << 8 | b[5]) + ticks;
    ASSERT_TRUE(extension >= 0 && extension < 300) << "take another PCR";
    b[4] = static_cast<uint8_t>((b[4] & 0xfe) | extension >> 8);
    b[5] = static_cast<uint8_t>(extension);
  }
  size_t FindPcrWithRoom(size_t from, int ticks) {
    return Find(from, [&](size_t n) {
      const int extension = HasPcr(n) ? (packet(n)[10] & 1) << 8 | packet(n)[11] : -1;
      return extension >= 0 && extension + ticks >= 0 && extension + ticks < 300;
    });
  }
  static Bytes NullPacket() {
    Bytes null(kTsPacketBytes, 0xff);
    null[0] = 0x47, null[1] = 0x1f, null[2] = 0xff, null[3] = 0x10;
    return null;
  }
  // Makes null packets of those of a PID in [from, to).
  void TakeAway(size_t from, size_t to, int pid) {
    const Bytes null = NullPacket();
    for (size_t n = from; n < to; ++n) {
      if (PidOf(n) == pid) std::copy(null.begin(), null.end(), packet(n));
    }
  }

  static inline const Bytes* clean_ = nullptr;
};

TEST_F(ConstantRateStream, PassesAndIsMeasured) {
  const TsReport report = Analyse();
  EXPECT_TRUE(report.Clean(kForeign)) << DescribeTs(report, kForeign);
  EXPECT_NEAR(report.kbit_s, 2000, 0.01);
  EXPECT_NEAR(report.packets_a_second.min, kBps / 1504.0, 0.01);
  EXPECT_NEAR(report.packets_a_second.max, kBps / 1504.0, 0.01);
  EXPECT_LT(report.pcr_error_ns.max - report.pcr_error_ns.min, 100);
  ASSERT_TRUE(report.video_buffers && report.audio_buffers && report.table_buffers);
  EXPECT_EQ(report.audio_buffers->main_bytes, 3584);
  EXPECT_GT(report.audio_buffers->fullest_main, 1000);
  EXPECT_GT(report.video_buffers->ready_before_ms.min, 100);
  EXPECT_EQ(report.time_bases, 1);
}

TEST_F(ConstantRateStream, IsFoundToBeOfAnotherRate) {
  limits_.constant_bps = kBps + 2000;
  EXPECT_GT(Count(Rule::kPcrAccuracy), 10);
  EXPECT_GT(Count(Rule::kConstantRate), 0);
}

TEST_F(ConstantRateStream, FindsAPcrMoreThan500NanosecondsOff) {
  AddToPcrExtension(FindPcrWithRoom(1000, 14), 14);  // 519 ns
  ExpectOnly(Rule::kPcrAccuracy, 1);
  stream_ = *clean_;
  AddToPcrExtension(FindPcrWithRoom(1000, -14), -14);
  ExpectOnly(Rule::kPcrAccuracy, 1);
  stream_ = *clean_;
  AddToPcrExtension(FindPcrWithRoom(1000, 13), 13);  // 481 ns
  ExpectOnly(Rule::kPcrAccuracy, 0);
}

TEST_F(ConstantRateStream, FindsOneNullPacketTooFewOrTooManyInASecond) {
  Remove(Find(2000, [&](size_t n) { return PidOf(n) == kNullPid; }));
  EXPECT_EQ(Count(Rule::kPcrAccuracy), 1);  // the line has moved, once
  EXPECT_EQ(Count(Rule::kConstantRate), 1);
  EXPECT_THAT(DescribeTs(Analyse(), kForeign),
              HasSubstr("1328.8 packets in a second of PCR time, not 1329.8"));
  stream_ = *clean_;
  Insert(2000, NullPacket());
  EXPECT_EQ(Count(Rule::kConstantRate), 1);
}

TEST_F(ConstantRateStream, FindsAnUndeclaredJumpOfTheClock) {
  for (size_t n = 2000; n < packets(); ++n) {
    if (HasPcr(n)) AddToPcr(n, 90 * 90);
    if ((PidOf(n) == kVideoPid || PidOf(n) == kAudioPid) && StartsUnit(n)) AddToPts(n, 90 * 90);
  }
  EXPECT_EQ(Count(Rule::kPcr), 1);
  EXPECT_EQ(Count(Rule::kPcrInterval), 1);
}

TEST_F(ConstantRateStream, FindsAnAnnouncedStreamThatFallsSilent) {
  TakeAway(1000, 1800, kAudioPid);  // 0.6 seconds
  EXPECT_EQ(Count(Rule::kPids), 1);
  EXPECT_THAT(DescribeTs(Analyse(), kForeign), HasSubstr("ms without PID 0x101"));
  stream_ = *clean_;
  TakeAway(packets() - 800, packets(), kAudioPid);  // and at the very end
  EXPECT_EQ(Count(Rule::kPids), 1);
}

TEST_F(ConstantRateStream, FindsPtsMoreThan700MillisecondsApart) {
  limits_.max_pid_ms = 10'000;
  for (int i = 0; i < 18; ++i) {  // units that begin in no packet: one long one
    const size_t n = FindUnit(1000, kVideoPid);
    packet(n)[1] &= ~0x40;
  }
  EXPECT_EQ(Count(Rule::kPtsInterval), 1);
}

TEST_F(ConstantRateStream, FindsAnotherTableOnThePidOfThePat) {
  const size_t n = FindUnit(1000, kPatPid);
  Payload(n)[1] = 0x01;
  ExpectOnly(Rule::kTables, 1);
}

// ---------------------------------------------------------------- declared discontinuities

class StreamWithAHole : public ConstantRateStream {
 protected:
  // A second is missing, as a sender leaves it that drops whole pictures for a slow reader: what follows
  // begins with a declaration on each PID, tables and an IDR picture.
  void MakeHole() {
    size_t from = FindIdr(1000);
    const size_t to = FindIdr(from + 100);
    Bytes tables;
    for (int pid : {kPatPid, kPmtPid}) {
      size_t n = to;
      while (PidOf(n) != pid) --n;
      const Bytes table = Copy(n);
      tables.insert(tables.end(), table.begin(), table.end());
    }
    const Bytes clock = Copy(Find(to, [&](size_t n) { return HasPcr(n); }));
    stream_.erase(stream_.begin() + from * kTsPacketBytes, stream_.begin() + to * kTsPacketBytes);
    from -= RemoveCutSound(from);
    Insert(from, tables);
    Bytes declarations;
    for (int pid : {kPatPid, kPmtPid, kVideoPid, kAudioPid, kSdtPid}) {
      const size_t next = Find(from, [&](size_t n) { return PidOf(n) == pid; });
      const Bytes declare = Declaration(pid, packet(next)[3] + 15, pid == kVideoPid ? clock : Bytes());
      declarations.insert(declarations.end(), declare.begin(), declare.end());
    }
    Insert(from, declarations);
    AddToPcr(from + 2, -90);  // a millisecond before the picture's own
    hole_ = from;
  }
  // A packet that declares a discontinuity, with the PCR of `clock` where there is one.
  static Bytes Declaration(int pid, int counter, const Bytes& clock) {
    Bytes declare(kTsPacketBytes, 0xff);
    declare[0] = 0x47, declare[1] = static_cast<uint8_t>(pid >> 8), declare[2] = static_cast<uint8_t>(pid);
    declare[3] = static_cast<uint8_t>(0x20 | (counter & 0x0f)), declare[4] = 183, declare[5] = 0x80;
    if (clock.empty()) return declare;
    declare[5] |= 0x10;
    std::copy_n(clock.begin() + 6, 6, declare.begin() + 6);
    return declare;
  }
  // The sound's unit that was cut at `from`, on both sides; how many packets before it are gone.
  size_t RemoveCutSound(size_t from) {
    const size_t whole = FindUnit(from, kAudioPid);
    bool cut = false;
    for (size_t n = whole; n-- > from;) {
      if (PidOf(n) == kAudioPid) Remove(n), cut = true;
    }
    size_t removed = 0;
    for (size_t n = from; cut && n-- > 0;) {
      if (PidOf(n) != kAudioPid) continue;
      cut = !StartsUnit(n);
      Remove(n), ++removed;
    }
    return removed;
  }

  size_t hole_ = 0;
};

TEST_F(StreamWithAHole, FindsNothingButTheDeclarations) {
  MakeHole();
  limits_.constant_bps = 0;
  const TsReport report = Analyse();
  std::set<Rule> others = kForeign;
  others.insert(Rule::kDiscontinuity);
  EXPECT_EQ(report.findings.Count(Rule::kDiscontinuity), 5);
  EXPECT_TRUE(report.Clean(others)) << DescribeTs(report, others);
  EXPECT_EQ(report.time_bases, 2);
}

TEST_F(StreamWithAHole, FindsOneThatIsNotDeclared) {
  MakeHole();
  for (size_t n = hole_; n < hole_ + 5; ++n) packet(n)[5] &= 0x7f;
  const TsReport report = Analyse();
  EXPECT_GE(report.findings.Count(Rule::kContinuity), 3);
  EXPECT_EQ(report.findings.Count(Rule::kPcr), 1);
  EXPECT_GE(report.findings.Count(Rule::kVideoPts), 1);
}

TEST_F(StreamWithAHole, WantsTablesAndAPictureThatStandsAloneBehindIt) {
  limits_.constant_bps = 0;
  MakeHole();
  const int64_t before = Count(Rule::kFirstBytes);
  TakeAway(hole_ + 5, FindIdr(hole_), kPatPid);
  EXPECT_EQ(Count(Rule::kFirstBytes), before + 1);
  const size_t idr = FindIdr(hole_);
  for (uint8_t* p = Payload(idr); p + 3 < packet(idr) + kTsPacketBytes; ++p) {
    if (p[0] == 0 && p[1] == 0 && p[2] == 1 && (p[3] & 0x1f) == 5) p[3] = 0x41;
  }
  EXPECT_THAT(DescribeTs(Analyse(), kForeign), HasSubstr("no IDR picture first behind a discontinuity"));
}

TEST_F(StreamWithAHole, TakesTheTablesInFrontOfThePictureThatDeclaresItForTheNewOnes) {
  limits_.constant_bps = 0;
  MakeHole();
  const Bytes declares_clock = Copy(hole_ + 2);
  Remove(hole_ + 2);
  Insert(hole_ + 6, declares_clock);  // behind PAT and PMT
  std::set<Rule> others = kForeign;
  others.insert(Rule::kDiscontinuity);
  const TsReport report = Analyse();
  EXPECT_EQ(report.time_bases, 2);
  EXPECT_TRUE(report.Clean(others)) << DescribeTs(report, others);
  const int64_t before = Count(Rule::kFirstBytes);
  TakeAway(hole_ + 4, hole_ + 6, kPatPid);
  EXPECT_EQ(Count(Rule::kFirstBytes), before + 1);
}

TEST_F(StreamWithAHole, WantsItWholePicturesLong) {
  limits_.constant_bps = 0;
  MakeHole();
  for (size_t n = hole_; n < packets(); ++n) {
    if (PidOf(n) == kVideoPid && StartsUnit(n)) AddToPts(n, 1);
  }
  EXPECT_EQ(Count(Rule::kVideoPts), 1);
}

// ---------------------------------------------------------------- the decoder model

TEST_F(ConstantRateStream, OverflowsTheSoundsBufferWhenItComesTooEarly) {
  for (size_t n = 0; n < packets(); ++n) {
    if (PidOf(n) == kAudioPid && StartsUnit(n)) AddToPts(n, 90 * 100);  // 100 ms more to wait
  }
  ExpectOnly(Rule::kTStdOverflow, Count(Rule::kTStdOverflow));
  EXPECT_GT(Count(Rule::kTStdOverflow), 0);
  EXPECT_THAT(DescribeTs(Analyse(), kForeign), HasSubstr("of 3584 bytes at"));
}

TEST_F(ConstantRateStream, FindsAUnitThatIsNotWholeAtItsDts) {
  // 190 of the 200 ms between arrival and DTS are taken away.
  for (size_t n = 0; n < packets(); ++n) {
    if ((PidOf(n) == kVideoPid || PidOf(n) == kAudioPid) && StartsUnit(n)) AddToPts(n, -90 * 190);
  }
  const TsReport report = Analyse();
  EXPECT_GT(report.findings.Count(Rule::kTStdUnderflow), 0);
  std::set<Rule> others = kForeign;
  others.insert({Rule::kTStdUnderflow, Rule::kDelay});
  EXPECT_TRUE(report.Clean(others)) << DescribeTs(report, others);
  EXPECT_THAT(DescribeTs(report, kForeign), HasSubstr("are missing at its DTS"));
}

TEST_F(ConstantRateStream, OverflowsATransportBufferWithPacketsTooCloseTogether) {
  // The tables' buffer leaks at 1 Mbit/s: at 2 Mbit/s each packet in a row leaves half of it behind.
  const size_t n = FindUnit(1000, kPatPid);
  const Bytes pat = Copy(n);
  for (size_t k = n + 1; k < packets(); ++k) {  // later counters follow
    if (PidOf(k) == kPatPid) packet(k)[3] = static_cast<uint8_t>((packet(k)[3] + 6) & 0x0f) | 0x10;
  }
  for (size_t i = 1; i <= 6; ++i) {
    Bytes next = pat;
    next[3] = static_cast<uint8_t>(0x10 | ((pat[3] + i) & 0x0f));
    // Over the next packet, whatever it was: only the buffer is looked at.
    std::copy(next.begin(), next.end(), packet(n + i));
  }
  EXPECT_EQ(Count(Rule::kTStdTransport), 1);
  EXPECT_THAT(DescribeTs(Analyse(), kForeign), HasSubstr("tables: transport buffer holds"));
  limits_.constant_bps = 0;  // whose packets have no spacing that means anything
  EXPECT_EQ(Count(Rule::kTStdTransport), 0);
}

// ---- by hand: a clock of 1 packet per millisecond, so that each number can be checked on paper

class TStdByHand : public ::testing::Test {
 protected:
  static constexpr int64_t kMs = kSystemClockHz / 1000;

  // The clock runs from packet 0 to `packets`, `ms_a_packet` each.
  void Clock(int64_t packets, int64_t ticks_a_packet) {
    clock_.Add(0, 0, std::nullopt, log_);
    clock_.Add(packets, packets * ticks_a_packet, std::nullopt, log_);
  }
  void Unit(int64_t first, int64_t last, int64_t dts_ms) {
    units_.push_back({first, last, dts_ms * 90});
    for (int64_t n = first; n <= last; ++n) packets_.push_back({n, 184});
  }
  TStdUse Run(const TStdBuffers& buffers, bool constant_rate = true) {
    return ModelTStd("it", buffers, packets_, units_, clock_, constant_rate, log_);
  }
  int64_t Count(Rule rule) const { return log_.Count(rule); }

  PcrTimeline clock_;
  FindingLog log_;
  std::vector<TStdPacket> packets_;
  std::vector<Arrival> units_;
};

TEST_F(TStdByHand, BytesWaitForTheirUnitsDts) {
  Clock(40, kMs);
  Unit(0, 9, 20);
  Unit(10, 19, 30);
  // A packet in a millisecond, a leak of 2 Mbit/s = 250 bytes in one: nothing waits in TB.
  const TStdUse use = Run({2'000'000, 4000});
  EXPECT_EQ(log_.kept().size(), 0u);
  EXPECT_NEAR(use.fullest_transport, 0, 1e-6);
  EXPECT_NEAR(use.fullest_main, 20 * 184, 1e-6);  // the second is whole at 20 ms, when the first goes
  EXPECT_NEAR(use.ready_before_ms.max, 10, 1e-6);
}

TEST_F(TStdByHand, HoldsAsMuchAsItsSizeAndNotAByteMore) {
  Clock(40, kMs);
  Unit(0, 9, 25);
  Run({2'000'000, 1840});
  EXPECT_EQ(Count(Rule::kTStdOverflow), 0);
  Run({2'000'000, 1839});
  EXPECT_EQ(Count(Rule::kTStdOverflow), 1);
}

TEST_F(TStdByHand, ATransportBufferFillsWherePacketsComeFasterThanItLeaks) {
  Clock(40, kMs);
  Unit(0, 9, 39);
  // 94 bytes leak in a millisecond, 188 come: at the end of packet n, 94 * (n + 1) are there; 512 after the
  // sixth.
  const TStdUse use = Run({94 * 8 * 1000, 10'000});
  EXPECT_NEAR(use.fullest_transport, 940, 1e-6);
  EXPECT_EQ(Count(Rule::kTStdTransport), 1);
  EXPECT_EQ(log_.kept().front().packet, 5);
  EXPECT_NEAR(use.ready_before_ms.min, 39 - 20, 1e-6);  // the tenth has left after 20 ms
}

TEST_F(TStdByHand, ATransportBufferMustBeEmptyOnceInASecond) {
  Clock(3000, kMs);
  Unit(0, 2500, 2900);
  Run({187.9 * 8 * 1000, 1e6});  // never empty, and never full
  EXPECT_EQ(Count(Rule::kTStdTransport), 2);
}

TEST_F(TStdByHand, AUnitThatIsAByteShortAtItsDtsUnderflows) {
  Clock(40, kMs);
  Unit(0, 9, 10);
  Run({8'000'000, 10'000});
  EXPECT_EQ(Count(Rule::kTStdUnderflow), 0) << log_.kept().front().text;
  units_[0].dts = 9 * 90;
  Run({8'000'000, 10'000});
  ASSERT_EQ(Count(Rule::kTStdUnderflow), 1);
  EXPECT_THAT(log_.kept().back().text,
              HasSubstr("184 bytes of the unit in packet 0 are missing at its DTS, 0.009 s"));
}

TEST_F(TStdByHand, AtAVariableRateNothingSaysWhenTheLastPacketsBeforeABreakCome) {
  Clock(40, kMs);
  clock_.Add(60, 300 * kMs, 60, log_);
  clock_.Add(100, 340 * kMs, std::nullopt, log_);
  Unit(0, 9, 30);
  Unit(42, 51, 45);  // at the rate before, its last byte comes at 52 ms
  Unit(70, 79, 330);
  EXPECT_NEAR(Run({8'000'000, 10'000}, false).ready_before_ms.max, 20, 1e-6);
  EXPECT_EQ(Count(Rule::kTStdUnderflow), 0);
  Run({8'000'000, 10'000}, true);
  EXPECT_EQ(Count(Rule::kTStdUnderflow), 1);
}

TEST(TStdBuffers, AreThoseOfTheLevel) {
  EXPECT_FALSE(BuffersOfAvc(0));
  const std::optional<TStdBuffers> level_4 = BuffersOfAvc(40);
  ASSERT_TRUE(level_4);
  EXPECT_EQ(level_4->leak_bps, 24e6);
  EXPECT_NEAR(level_4->main_bytes, (24e6 * (0.004 + 1 / 750.0) + 30e6) / 8, 1e-6);
}

}  // namespace
}  // namespace air::analyser
