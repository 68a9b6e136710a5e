// The aired log, against the program it was written beside.
#include "shm/aired_log.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/selector_rig.h"

namespace air {
namespace {

SlotMeta Frame(uint64_t n, uint64_t segment, uint32_t flags, PadCause cause = PadCause::kNone) {
  SlotMeta frame{.index = n, .flags = flags};
  frame.journal.segment_serial = segment;
  frame.journal.block_serial = 1;
  frame.journal.pad_cause = cause;
  frame.journal.media_position_us = flags == kFlagContent ? static_cast<int64_t>(n) * 40'000 : 0;
  return frame;
}

class AiredLog : public ::testing::Test {
 protected:
  PageMemory memory_{sizeof(AiredLogMemory)};
  AiredLogMemory& log_ = *reinterpret_cast<AiredLogMemory*>(memory_.bytes().data());
  AiredLogWriter writer_{log_};
  AiredLogReader reader_{log_};
};

TEST_F(AiredLog, IsEmptyBeforeTheFirstFrame) {
  EXPECT_EQ(writer_.end(), std::nullopt);
  EXPECT_EQ(reader_.next(), 0u);
  EXPECT_EQ(reader_.Read(0), std::nullopt);
}

TEST_F(AiredLog, TellsWhatWasOnTheAirInRunsOfOneKind) {
  for (uint64_t n = 5; n < 8; ++n) writer_.Append(Frame(n, 1, kFlagPad, PadCause::kLate));
  for (uint64_t n = 8; n < 20; ++n) writer_.Append(Frame(n, 1, kFlagContent));
  writer_.Append(Frame(20, 1, kFlagPad, PadCause::kCrash));
  writer_.Append(Frame(21, 1, kFlagSlate, PadCause::kCrash));
  writer_.Append(Frame(22, 2, kFlagContent));
  writer_.Append(Frame(30, 2, kFlagContent));  // ticks were given up in between
  ASSERT_EQ(reader_.next(), 6u);
  EXPECT_EQ(writer_.end(), Tick(31));
  EXPECT_EQ(reader_.Read(0), (AiredRun{.from = Tick(5),
                                       .end = Tick(8),
                                       .block_serial = 1,
                                       .segment_serial = 1,
                                       .cause = PadCause::kLate}));
  EXPECT_EQ(reader_.Read(1), (AiredRun{.from = Tick(8),
                                       .end = Tick(20),
                                       .block_serial = 1,
                                       .segment_serial = 1,
                                       .kind = AiredKind::kContent,
                                       .first_media_us = 320'000,
                                       .last_media_us = 760'000}));
  EXPECT_EQ(reader_.Read(3)->kind, AiredKind::kSlate);
  EXPECT_EQ(reader_.Read(4)->end, Tick(23));
  EXPECT_EQ(reader_.Read(5)->from, Tick(30));
}

TEST_F(AiredLog, KeepsTheLastFourThousandRunsAndSaysWhatItHasLost) {
  for (uint64_t n = 0; n < 10'000; ++n) writer_.Append(Frame(n, n + 1, kFlagContent));
  EXPECT_EQ(reader_.next(), 10'000u);
  EXPECT_EQ(reader_.oldest(), 10'000 - kAiredRuns + 1);
  EXPECT_EQ(reader_.Read(reader_.oldest() - 1), std::nullopt);
  for (uint64_t run = reader_.oldest(); run < reader_.next(); ++run)
    ASSERT_EQ(reader_.Read(run)->segment_serial, run + 1);
}

TEST_F(AiredLog, IsNeverReadTornByAReaderThatIsBeingLapped) {
  std::jthread writer([&](const std::stop_token& stop) {
    for (uint64_t n = 0; !stop.stop_requested(); ++n) {
      SlotMeta frame = Frame(n, n + 1, kFlagContent);
      frame.journal.block_serial = n + 1;
      writer_.Append(frame);
    }
  });
  for (uint64_t good = 0; good < 20'000;) {
    const uint64_t run = reader_.oldest();
    const std::optional<AiredRun> read = reader_.Read(run);
    if (!read.has_value()) continue;
    ASSERT_EQ(read->segment_serial, run + 1);
    ASSERT_EQ(read->block_serial, run + 1);
    ASSERT_EQ(read->from, Tick(static_cast<int64_t>(run)));
    ++good;
  }
}

TEST(AiredLogOfASelector, SaysOfEveryTickWhatTheProgramRingSays) {
  SelectorRig rig({.program_slots = 128});
  TestDecoder late = rig.Decoder(0, 3), shorter = rig.Decoder(1, 4);
  rig.Commit({ContentEntry(5, 30, 1, SelectorRig::Source(0)), ContentEntry(30, 60, 2, SelectorRig::Source(1)),
              StillEntry(60, 70, 3, EntryKind::kPad),
              StillEntry(70, 80, 4, EntryKind::kSlate, PadCause::kHang)});
  for (int64_t n = 0; n < 100; ++n) {
    if (n >= 9) late.FillTo(1000);
    shorter.FillTo(11);
    if (shorter.next() == 11) shorter.End();
    rig.RunTick();
  }
  Tick at(0);
  for (const AiredRun& run : rig.AiredRuns()) {
    ASSERT_EQ(run.from, at);
    for (; at < run.end; ++at) {
      const SlotMeta meta = rig.Read(at.value()).meta;
      EXPECT_EQ(meta.journal.segment_serial, run.segment_serial);
      EXPECT_EQ(meta.journal.block_serial, run.block_serial);
      EXPECT_EQ(meta.journal.pad_cause, run.cause);
      EXPECT_EQ((meta.flags & kFlagContent) != 0, run.kind == AiredKind::kContent);
      if (run.kind != AiredKind::kContent) continue;
      EXPECT_GE(meta.journal.media_position_us, run.first_media_us);
      EXPECT_LE(meta.journal.media_position_us, run.last_media_us);
    }
  }
  EXPECT_EQ(at, Tick(100));
  // no plan, late, content, content of the next, its end, planned pad, slate, no plan
  EXPECT_EQ(rig.AiredRuns().size(), 8u);
}

}  // namespace
}  // namespace air
