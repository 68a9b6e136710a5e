// The tick, from outside: what stands in the program ring after the selector's loop has run on a virtual
// clock.
#include "stages/selector/timing_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/selector_rig.h"

namespace air {
namespace {

constexpr uint64_t kAll = 1'000'000;  // units: as many as there is room for

class TimingLoopAtEveryRate : public testing::TestWithParam<FrameRate> {
 protected:
  SelectorRig rig_{{.rate = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Rates, TimingLoopAtEveryRate, testing::ValuesIn(kHouseRates),
                         [](const auto& rate) { return absl::StrCat(rate.param.num, "_", rate.param.den); });

// ---- one frame per tick
// ---------------------------------------------------------------------------------------

TEST_P(TimingLoopAtEveryRate, MakesOneFramePerTickFromTheFirstInstantWithoutContentAndWithoutAReader) {
  int64_t samples = 0;
  for (int64_t n = 0; n < 250; ++n) {
    const ProgramFrame frame = rig_.RunTick();
    ASSERT_EQ(rig_.next_tick(), n + 1);
    ASSERT_EQ(rig_.clock.Now(), rig_.Deadline(n)) << "made at its deadline, neither before nor after";
    ASSERT_EQ(frame.meta.index, static_cast<uint64_t>(n));
    ASSERT_EQ(frame.meta.deadline_ns, rig_.Deadline(n).value());
    ASSERT_EQ(frame.meta.journal.pad_cause, PadCause::kNoPlan);
    ASSERT_TRUE(frame.IsBlackAndSilent());
    ASSERT_EQ(samples, rig_.time.FirstSample(Tick(n)).value());
    samples += frame.meta.samples;
  }
  EXPECT_EQ(rig_.Count(SelectorCounter::kFrames), 250u);
  EXPECT_EQ(rig_.PadCount(PadCause::kNoPlan), 250u);
  EXPECT_EQ(rig_.Count(SelectorCounter::kContentFrames), 0u);
  EXPECT_EQ(rig_.Count(SelectorCounter::kLateTicks), 0u);
}

TEST(TimingLoop, BeatsOnEveryTick) {
  SelectorRig rig({});
  rig.RunUntil(5);
  EXPECT_EQ(rig.beat(), rig.Deadline(4).value());
}

TEST(TimingLoop, StampsWhenATickWasDueOpenedAndCommitted) {
  SelectorRig rig({});
  rig.RunUntil(3);
  rig.clock.Advance(rig.Deadline(3) - rig.Deadline(2) + 1'000'000);
  const SlotMeta meta = rig.RunTick().meta;
  EXPECT_EQ(meta.opened_ns - meta.deadline_ns, 1'000'000);
  EXPECT_GE(meta.committed_ns, meta.opened_ns);
}

// ---- content
// --------------------------------------------------------------------------------------------------

TEST(TimingLoop, ShowsEveryUnitOnItsTickWithAllThatBelongsToIt) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(1, 3);
  rig.Commit({ContentEntry(2, 40, 5, SelectorRig::Source(1))});
  rig.RunUntil(2);
  for (int64_t n = 2; n < 40; ++n) {
    decoder.FillTo(kAll);
    const ProgramFrame frame = rig.RunTick();
    const auto unit = static_cast<uint64_t>(n - 2);
    ASSERT_TRUE(frame.Shows(3, unit)) << "tick " << n;
    ASSERT_EQ(frame.meta.side_bytes, unit % 3);
    if (unit % 3 == 2) {
      ASSERT_EQ(rig.program().side_data(static_cast<uint64_t>(n))[1], 0x5a) << "captions travel along";
    }
    const TickJournal& journal = frame.meta.journal;
    ASSERT_EQ(journal.source, SelectorRig::Source(1));
    ASSERT_EQ(journal.source_index, unit);
    ASSERT_EQ(journal.segment_serial, 5u);
    ASSERT_EQ(journal.block_serial, 1u);
    ASSERT_EQ(journal.lock_tick, 2);
    ASSERT_EQ(journal.locked, 1u);
    ASSERT_EQ(journal.pad_cause, PadCause::kNone);
    ASSERT_EQ(journal.timeline_version, 1u);
    ASSERT_EQ(journal.media_position_us, TestClip(3).MediaPositionUs(unit));
  }
  EXPECT_EQ(rig.RunTick().meta.journal.pad_cause, PadCause::kNoPlan) << "cut at the fence";
  EXPECT_EQ(rig.Count(SelectorCounter::kContentFrames), 38u);
}

TEST_P(TimingLoopAtEveryRate, SoundIsContiguousSampleBySampleWhateverTickTheSegmentIsLockedAt) {
  std::set<uint32_t> look_ahead;
  for (int64_t lock = 0; lock < 10; ++lock) {
    SelectorRig rig({.rate = GetParam()});
    TestDecoder decoder = rig.Decoder(0, 3);
    const TestClip clip(3);
    rig.Commit({ContentEntry(0, 200, 1, SelectorRig::Source(0))});
    rig.RunUntil(lock);
    int64_t heard = 0;
    for (int64_t n = lock; n < lock + 30; ++n) {
      decoder.FillTo(kAll);
      const ProgramFrame frame = rig.RunTick();
      ASSERT_EQ(frame.meta.samples, rig.time.SamplesOf(Tick(n)));
      look_ahead.insert(rig.time.LookAhead(Tick(lock), Tick(n)));
      for (uint32_t i = 0; i < frame.meta.samples; ++i, ++heard) {
        ASSERT_EQ(frame.audio[2 * i], clip.Left(heard))
            << "locked at " << lock << ", tick " << n << ", sample " << i;
        ASSERT_EQ(frame.audio[2 * i + 1], clip.Right());
      }
    }
  }
  // Where ticks carry unequal numbers of samples, both places to begin in a unit must have been used.
  const bool uneven = 48'000 * int64_t{GetParam().den} % GetParam().num != 0;
  EXPECT_EQ(look_ahead.size(), uneven ? 2u : 1u);
}

TEST(TimingLoop, AUnitWithTooLittleSoundIsCompletedWithSilence) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  decoder.FillShort(301);  // one of them is look-ahead
  decoder.FillShort(801);  // all of them
  decoder.FillTo(3);
  rig.Commit({ContentEntry(0, 10, 1, SelectorRig::Source(0))});
  const std::vector<ProgramFrame> frames = rig.RunUntil(3);
  for (uint32_t i = 0; i < 800; ++i) {
    ASSERT_EQ(frames[0].audio[2 * i], i < 500 ? TestClip(3).Left(i) : 0) << i;
    ASSERT_EQ(frames[0].audio[2 * i + 1], i < 500 ? 3 : 0) << i;
  }
  EXPECT_TRUE(frames[1].Shows(3, 1));
  EXPECT_TRUE(frames[1].IsSilent());
  EXPECT_EQ(frames[2].audio.front(), TestClip(3).Left(1600));
}

TEST(TimingLoop, GivenUpContentIsSlate) {
  SelectorRig rig({});
  rig.Commit(
      {StillEntry(0, 2, 1, EntryKind::kSlate, PadCause::kCrash), StillEntry(2, 3, 2, EntryKind::kPad)});
  const std::vector<ProgramFrame> frames = rig.RunUntil(3);
  const SlateProducer slate(rig.format);
  EXPECT_EQ(frames[0].meta.flags, uint32_t{kFlagSlate});
  EXPECT_THAT(frames[0].video, testing::ElementsAreArray(slate.picture()));
  EXPECT_TRUE(frames[0].IsSilent());
  EXPECT_EQ(frames[0].meta.samples, 800u);
  EXPECT_EQ(frames[0].meta.journal.pad_cause, PadCause::kCrash);
  EXPECT_TRUE(frames[2].IsBlackAndSilent());
  EXPECT_EQ(rig.PadCount(PadCause::kNone), 1u) << "slate is not pad";
}

TEST(TimingLoop, MarksARepeatedPictureOnlyBehindThePictureItRepeats) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(0, 20, 1, SelectorRig::Source(0))});
  decoder.FillTo(8);
  const std::vector<ProgramFrame> early = rig.RunUntil(9);  // unit 8 missed
  EXPECT_EQ(early[3].meta.flags, uint32_t{kFlagContent});
  EXPECT_EQ(early[4].meta.flags, kFlagContent | kFlagRepeat);
  EXPECT_EQ(early[8].meta.journal.pad_cause, PadCause::kLate);
  decoder.FillTo(10);
  EXPECT_EQ(rig.RunTick().meta.flags, uint32_t{kFlagContent}) << "unit 9 repeats unit 8, which nobody saw";
}

TEST(TimingLoop, CountsPadByItsCause) {
  SelectorRig rig({});
  TestDecoder ended = rig.Decoder(0, 3), spoilt = rig.Decoder(1, 4);
  ended.FillTo(2);
  ended.End();
  spoilt.FillTo(4);
  spoilt.Spoil(1);
  rig.Commit({ContentEntry(1, 6, 1, SelectorRig::Source(0)), ContentEntry(6, 10, 2, SelectorRig::Source(1)),
              ContentEntry(10, 12, 3, SelectorRig::Source(2), PadCause::kOpenFailed),
              ContentEntry(12, 15, 4, SourceRef{})});
  rig.RunUntil(15);
  EXPECT_EQ(rig.PadCount(PadCause::kNoPlan), 1u);
  EXPECT_EQ(rig.PadCount(PadCause::kEof), 3u);
  EXPECT_EQ(rig.PadCount(PadCause::kRefused), 1u);
  EXPECT_EQ(rig.Count(SelectorCounter::kRefusedUnits), 1u);
  EXPECT_EQ(rig.PadCount(PadCause::kOpenFailed), 2u);
  EXPECT_EQ(rig.PadCount(PadCause::kLate), 3u);
  EXPECT_EQ(rig.Count(SelectorCounter::kContentFrames), 2u + 3u);
  EXPECT_EQ(rig.Count(SelectorCounter::kFrames), 15u);
}

// ---- late
// -----------------------------------------------------------------------------------------------------

TEST_P(TimingLoopAtEveryRate, MakesEveryMissedTickInOrderAtMostFourTimesAsFastAsRealTime) {
  TestDecoder decoder = rig_.Decoder(0, 3);
  rig_.Commit({ContentEntry(0, 1000, 1, SelectorRig::Source(0))});
  decoder.FillTo(kAll);
  rig_.RunUntil(5);
  rig_.clock.Advance(900 * kNanosPerMs);
  const Nanos woken = rig_.clock.Now();
  const Tick current = rig_.now();

  Nanos last = woken;
  for (int64_t n = 5; rig_.clock.Now() - woken < 400 * kNanosPerMs; ++n) {
    decoder.FillTo(kAll);
    const ProgramFrame frame = rig_.RunTick();
    ASSERT_EQ(frame.meta.index, static_cast<uint64_t>(n)) << "none skipped";
    ASSERT_TRUE(frame.Shows(3, static_cast<uint64_t>(n)));
    ASSERT_EQ(frame.meta.deadline_ns, rig_.Deadline(n).value())
        << "with its own time, not that of its making";
    if (n > 5) {
      ASSERT_GE((rig_.clock.Now() - last) * 4 * rig_.time.num(), rig_.time.den() * kNanosPerSecond);
    }
    last = rig_.clock.Now();
  }
  // 900 ms behind, gaining three periods in four: on time again after 300 ms.
  EXPECT_EQ(rig_.clock.Now(), rig_.Deadline(rig_.next_tick() - 1));
  const auto late = static_cast<int64_t>(rig_.Count(SelectorCounter::kLateTicks));
  EXPECT_GE(late, current.value() - 5);
  EXPECT_LE(late, (current.value() - 5) * 4 / 3 + 2);
  EXPECT_EQ(rig_.Count(SelectorCounter::kDiscontinuities), 0u);
}

TEST(TimingLoop, TenSecondsBehindIsStillMadeUpFor) {
  SelectorRig rig({});
  rig.RunUntil(10);
  rig.clock.Advance(rig.Deadline(10) - rig.clock.Now() + 10 * kNanosPerSecond);
  const ProgramFrame frame = rig.RunTick();
  EXPECT_EQ(frame.meta.index, 10u);
  EXPECT_EQ(rig.Count(SelectorCounter::kDiscontinuities), 0u);
}

TEST(TimingLoop, MoreThanTenSecondsBehindIsADeclaredCountedDiscontinuity) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(0, 10'000, 1, SelectorRig::Source(0))});
  decoder.FillTo(kAll);
  rig.RunUntil(5);
  rig.clock.Advance(rig.Deadline(605) - rig.clock.Now() + kNanosPerMs);

  const ProgramFrame after = rig.RunTick();
  EXPECT_EQ(after.meta.index, 605u) << "the tick of the present";
  EXPECT_EQ(after.meta.deadline_ns, rig.Deadline(605).value());
  EXPECT_EQ(after.meta.flags, kFlagPad | kFlagDiscontinuity);
  EXPECT_EQ(after.meta.journal.source_index, 605u)
      << "the mapping is kept: the decoder is late, not the plan";
  EXPECT_EQ(rig.Count(SelectorCounter::kDiscontinuities), 1u);
  EXPECT_EQ(rig.Count(SelectorCounter::kTicksGivenUp), 600u);
  EXPECT_EQ(rig.Count(SelectorCounter::kFrames), 6u);
  SlotMeta meta;
  EXPECT_NE(OverwriteReader(rig.program(), nullptr).ReadMeta(604, meta), ReadResult::kOk);

  while (decoder.next() < 607 && decoder.FillTo(607) > 0) {
  }
  const ProgramFrame next = rig.RunTick();
  EXPECT_TRUE(next.Shows(3, 606)) << "content is on time again";
  EXPECT_EQ(next.meta.flags, uint32_t{kFlagContent}) << "declared once";
  EXPECT_EQ(rig.clock.Now(), rig.Deadline(606));
}

TEST(TimingLoop, ASelectorThatStartsMoreThanTenSecondsAfterTheEpochSaysSo) {
  SelectorRig rig({});
  rig.clock.Advance(12 * kNanosPerSecond);  // 11 s after the epoch
  const ProgramFrame first = rig.RunTick();
  EXPECT_EQ(first.meta.index, 660u);
  EXPECT_TRUE(first.meta.flags & kFlagDiscontinuity);
}

// ---- back-pressure
// --------------------------------------------------------------------------------------------

TEST(TimingLoop, GivesADecoderRoomForOneUnitPerTickShown) {
  SelectorRig rig({.decoder_slots = 8});
  TestDecoder decoder = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(3, 50, 1, SelectorRig::Source(0))});
  EXPECT_EQ(decoder.FillTo(kAll), 8u);
  rig.RunUntil(3);
  EXPECT_FALSE(decoder.HasRoom()) << "nothing is given back before the segment begins";
  for (int64_t n = 3; n < 30; ++n) {
    rig.RunTick();
    ASSERT_EQ(decoder.FillTo(kAll), 1u) << "tick " << n;
  }
}

TEST(TimingLoop, AnUnlockedSegmentGivesNothingBack) {
  SelectorRig rig({.decoder_slots = 8});
  rig.Commit({ContentEntry(0, 50, 1, SelectorRig::Source(0))});
  rig.RunUntil(20);
  TestDecoder decoder = rig.Decoder(0, 3);
  EXPECT_EQ(decoder.FillTo(kAll), 8u) << "however long it waited";
  EXPECT_TRUE(rig.RunTick().Shows(3, 0));
}

TEST(TimingLoop, ADecoderThatComesBackIsOnTimeAtOnceHoweverManyUnitsItMissed) {
  SelectorRig rig({.decoder_slots = 8});
  TestDecoder decoder = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(0, 100, 1, SelectorRig::Source(0))});
  decoder.FillTo(5);
  for (const ProgramFrame& frame : rig.RunUntil(40)) EXPECT_EQ(frame.IsContent(), frame.meta.index < 5);
  EXPECT_EQ(decoder.FillTo(kAll), 35u + 8u) << "35 units nobody waits for any more, and a ring full";
  EXPECT_TRUE(rig.RunTick().Shows(3, 40));
  EXPECT_TRUE(rig.RunTick().Shows(3, 41));
}

TEST(TimingLoop, TheNextSegmentsDecoderWaitsUntilItsSeam) {
  SelectorRig rig({.decoder_slots = 8});
  TestDecoder live = rig.Decoder(0, 3), preview = rig.Decoder(1, 4);
  rig.Commit(
      {ContentEntry(0, 10, 1, SelectorRig::Source(0)), ContentEntry(10, 20, 2, SelectorRig::Source(1))});
  preview.FillTo(kAll);
  for (int64_t n = 0; n < 10; ++n) {
    live.FillTo(kAll);
    ASSERT_TRUE(rig.RunTick().Shows(3, static_cast<uint64_t>(n)));
    ASSERT_FALSE(preview.HasRoom());
  }
  EXPECT_TRUE(rig.RunTick().Shows(4, 0));
  EXPECT_TRUE(preview.HasRoom());
  EXPECT_TRUE(rig.RunTick().Shows(4, 1));
}

// ---- a ring and its assets
// ------------------------------------------------------------------------------------

TEST(TimingLoop, ARingThatWasGivenToAnotherAssetIsNotReadUnderTheOldName) {
  SelectorRig rig({});
  TestDecoder first = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(0, 30, 1, SelectorRig::Source(0, 1))});
  first.FillTo(kAll);
  rig.RunUntil(4);
  const SourceRef source = rig.ResetRing(0, 2);
  TestDecoder second = rig.Decoder(0, 4);
  second.FillTo(kAll);
  for (const ProgramFrame& frame : rig.RunUntil(8)) {
    EXPECT_TRUE(frame.IsBlackAndSilent());
    EXPECT_EQ(frame.meta.journal.pad_cause, PadCause::kLate);
  }
  EXPECT_FALSE(second.HasRoom()) << "and nothing of it is given back under the old name";

  rig.Commit({ContentEntry(0, 12, 1, SelectorRig::Source(0, 1)), ContentEntry(12, 30, 2, source)});
  rig.RunUntil(12);
  EXPECT_TRUE(rig.RunTick().Shows(4, 0));
  EXPECT_TRUE(rig.RunTick().Shows(4, 1));
}

TEST(TimingLoop, AnAssetThatIsNotYetInItsRingIsLate) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  decoder.FillTo(kAll);
  rig.Commit({ContentEntry(0, 30, 1, SelectorRig::Source(0, 2)),
              ContentEntry(30, 32, 2, SelectorRig::Source(9, 1))});
  EXPECT_EQ(rig.RunTick().meta.journal.pad_cause, PadCause::kLate);
  rig.ResetRing(0, 2);
  TestDecoder next = rig.Decoder(0, 4);
  next.FillTo(kAll);
  EXPECT_TRUE(rig.RunTick().Shows(4, 0));
  rig.RunUntil(30);
  EXPECT_EQ(rig.RunTick().meta.journal.pad_cause, PadCause::kLate) << "a ring that is not in the pool";
}

TEST(TimingLoop, ARingThatSaysItIsOfAnotherFormatIsNotRead) {
  SelectorRig rig({.decoder_slots = 8});
  TestDecoder decoder = rig.Decoder(2, 3);
  decoder.FillTo(kAll);
  HouseFormat other_format = rig.format;
  other_format.rate = {24, 1};
  rig.Commit({ContentEntry(0, 30, 1, SelectorRig::Source(2))});
  FormatRing(rig.RingMemoryOf(2),
             {.format = other_format, .slot_count = 4, .generation = 1, .instance_id = {2, 1}});
  TestDecoder other = rig.Decoder(2, 4);
  other.FillTo(kAll);
  for (const ProgramFrame& frame : rig.RunUntil(4)) EXPECT_TRUE(frame.IsBlackAndSilent());
}

// ---- a timeline that changes
// ----------------------------------------------------------------------------------

TEST(TimingLoop, AChangeOfPlanTakesEffectTwoTicksFromNowAndNoEarlier) {
  SelectorRig rig({});
  TestDecoder first = rig.Decoder(0, 3), second = rig.Decoder(1, 4);
  first.FillTo(kAll);
  second.FillTo(kAll);
  rig.Commit({ContentEntry(0, 100, 1, SelectorRig::Source(0))});
  rig.RunUntil(3);
  rig.clock.Advance(kNanosPerMs);  // still in tick 2
  rig.Commit({ContentEntry(0, 100, 2, SelectorRig::Source(1))});
  const ProgramFrame three = rig.RunTick();
  EXPECT_TRUE(three.Shows(3, 3));
  EXPECT_EQ(three.meta.journal.timeline_version, 2u) << "known, and not yet in force";
  EXPECT_TRUE(rig.RunTick().Shows(4, 0)) << "tick 4 = 2 + 2";
}

TEST(TimingLoop, ASelectorThatIsBehindStillMakesItsMissedTicksByTheOldPlan) {
  SelectorRig rig({});
  TestDecoder first = rig.Decoder(0, 3), second = rig.Decoder(1, 4);
  first.FillTo(kAll);
  second.FillTo(kAll);
  rig.Commit({ContentEntry(0, 100, 1, SelectorRig::Source(0))});
  rig.RunUntil(2);
  rig.clock.Advance(rig.Deadline(6) - rig.clock.Now());
  rig.Commit({ContentEntry(0, 100, 2, SelectorRig::Source(1))});
  for (uint64_t n = 2; n < 8; ++n) EXPECT_TRUE(rig.RunTick().Shows(3, n)) << "tick " << n;
  EXPECT_TRUE(rig.RunTick().Shows(4, 0)) << "tick 8 = 6 + 2";
}

TEST(TimingLoop, AnExtendedSegmentGoesOnWithItsMapping) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  rig.Commit({ContentEntry(0, 10, 1, SelectorRig::Source(0))});
  for (uint64_t n = 0; n < 30; ++n) {
    decoder.FillTo(kAll);
    if (n == 5) rig.Commit({ContentEntry(0, 10, 1, SelectorRig::Source(0), PadCause::kCrash)});
    if (n == 8) rig.Commit({ContentEntry(0, 30, 1, SelectorRig::Source(0))});
    ASSERT_TRUE(rig.RunTick().Shows(3, n)) << "tick " << n;
  }
}

TEST(TimingLoop, AScheduleTheReaderRefusesLeavesTheLastOneInForce) {
  SelectorRig rig({});
  TestDecoder decoder = rig.Decoder(0, 3);
  decoder.FillTo(kAll);
  rig.Commit({ContentEntry(0, 100, 1, SelectorRig::Source(0))});
  rig.RunUntil(2);
  rig.ScribbleOnTimeline();
  EXPECT_TRUE(rig.RunTick().Shows(3, 2));
  EXPECT_TRUE(rig.RunTick().Shows(3, 3));
}

}  // namespace
}  // namespace air
