// The protocol of a frame ring on plain memory: no process, no thread.
#include "shm/frame_ring_buffer.h"

#include <gtest/gtest.h>

#include "tests/support/ring_memory.h"

namespace air {
namespace {

using OverwriteWriter = FrameRingWriter<RingPolicy::kOverwrite>;
using BackpressureWriter = FrameRingWriter<RingPolicy::kBackpressure>;

constexpr uint64_t kFar = uint64_t{1} << 40;

// Publishes one unit that carries its index and its writer.
template <RingPolicy policy>
void Put(FrameRingWriter<policy>& writer) {
  PatternUnit unit(writer.view().format());
  unit.Make(SeedOf(writer.next(), writer.epoch()));
  writer.Open();
  PutUnit(writer.view(), writer.next(), unit);
  writer.Publish(MetaOf(writer.view().format()));
}
template <RingPolicy policy>
void Put(FrameRingWriter<policy>& writer, int count) {
  for (int i = 0; i < count; ++i) Put(writer);
}

// Reads unit i; when it is there, all of it must be what incarnation `epoch` wrote.
ReadResult ReadUnit(const OverwriteReader& reader, uint64_t i, uint64_t epoch = 1) {
  PatternUnit unit(reader.view().format());
  SlotMeta meta;
  const ReadResult result = reader.Read(i, unit.video(), unit.audio(), meta);
  if (result == ReadResult::kOk) {
    EXPECT_EQ(meta.index, i);
    EXPECT_EQ(meta.writer_epoch, epoch);
    EXPECT_TRUE(unit.Is(SeedOf(i, epoch))) << "unit " << i;
  }
  return result;
}

ReadResult PeekUnit(const BackpressureReader& reader, uint64_t i, uint64_t epoch = 1) {
  SlotMeta meta;
  const ReadResult result = reader.Peek(i, meta);
  if (result == ReadResult::kOk) {
    PatternUnit unit(reader.view().format());
    GetUnit(reader.view(), i, unit);
    EXPECT_EQ(meta.index, i);
    EXPECT_TRUE(unit.Is(SeedOf(i, epoch))) << "unit " << i;
  }
  return result;
}

class OverwriteRing : public ::testing::Test {
 protected:
  static constexpr uint64_t kSlots = 8;
  RingMemory memory{RingPolicy::kOverwrite, kSlots};
  RingView view = memory.View();
  OverwriteReader reader{view, &memory.page()};
  uint64_t Commit(uint64_t i) { return view.slot(i).commit.load(); }
};

TEST_F(OverwriteRing, HasNothingBeforeTheFirstUnit) {
  EXPECT_EQ(ReadUnit(reader, 0), ReadResult::kTooEarly);
  EXPECT_EQ(ReadUnit(reader, kFar), ReadResult::kTooEarly);
  EXPECT_EQ(reader.next(), 0u);
  EXPECT_EQ(reader.oldest(), 0u);
}

TEST_F(OverwriteRing, GivesBackExactlyWhatWasPublished) {
  OverwriteWriter writer(view, nullptr, 4711);
  SlotMeta put = MetaOf(kTinyFormat);
  put.flags = kFlagContent | kFlagRepeat;
  put.samples = 801;
  put.journal = {.source = {.ring = 2, .generation = 9},
                 .source_index = 11,
                 .segment_serial = 12,
                 .lock_tick = -13,
                 .locked = 1,
                 .pad_cause = PadCause::kHang,
                 .timeline_version = 14,
                 .block_serial = 15,
                 .media_position_us = -16};
  put.deadline_ns = 17;
  put.opened_ns = 18;
  put.committed_ns = 19;
  writer.Open();
  writer.Publish(put);

  SlotMeta got;
  ASSERT_EQ(reader.ReadMeta(0, got), ReadResult::kOk);
  put.writer_epoch = 1;  // the writer's own
  EXPECT_EQ(std::memcmp(&got, &put, sizeof got), 0);
  EXPECT_EQ(view.writer().writer_pid, 4711u);
}

TEST_F(OverwriteRing, AUnitBeingFilledIsNotThereYet) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 3);
  writer.Open();
  EXPECT_EQ(ReadUnit(reader, 3), ReadResult::kTooEarly);
  EXPECT_EQ(ReadUnit(reader, 2), ReadResult::kOk);
  writer.Publish(MetaOf(kTinyFormat));
  SlotMeta meta;
  EXPECT_EQ(reader.ReadMeta(3, meta), ReadResult::kOk);
}

TEST_F(OverwriteRing, AUnitCommittedButNotPublishedIsNotThereYet) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 3);
  view.slot(3).commit = 4;  // where a writer killed between its two stores leaves it
  EXPECT_EQ(ReadUnit(reader, 3), ReadResult::kTooEarly);
}

TEST_F(OverwriteRing, WrapsManyTimes) {
  OverwriteWriter writer(view, nullptr, 1);
  for (uint64_t i = 0; i < 5 * kSlots + 3; ++i) {
    EXPECT_EQ(ReadUnit(reader, i), ReadResult::kTooEarly);
    Put(writer);
    for (uint64_t k = reader.oldest(); k <= i; ++k) EXPECT_EQ(ReadUnit(reader, k), ReadResult::kOk);
  }
}

TEST_F(OverwriteRing, ALappedReaderIsToldSo) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 20);
  EXPECT_EQ(ReadUnit(reader, 0), ReadResult::kTooLate);
  EXPECT_EQ(ReadUnit(reader, 20 - kSlots - 1), ReadResult::kTooLate);
  EXPECT_EQ(ReadUnit(reader, 20 - kSlots), ReadResult::kOk);  // there, but next in line
}

TEST_F(OverwriteRing, TheOldestUnitToBeginWithIsNotTheOneBeingOverwritten) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, kSlots - 2);
  EXPECT_EQ(reader.oldest(), 0u);
  Put(writer);
  EXPECT_EQ(reader.oldest(), 1u);
  Put(writer, 13);
  ASSERT_EQ(reader.next(), 20u);
  EXPECT_EQ(reader.oldest(), 20 - (kSlots - 2));
  writer.Open();  // takes the slot of unit 12
  EXPECT_EQ(ReadUnit(reader, 12), ReadResult::kTooLate);
  for (uint64_t i = reader.oldest(); i < 20; ++i) EXPECT_EQ(ReadUnit(reader, i), ReadResult::kOk);
  writer.Publish(MetaOf(kTinyFormat));
  writer.Open();  // and one more: what oldest() named before is still there
  for (uint64_t i = 20 - (kSlots - 2); i < 20; ++i) EXPECT_EQ(ReadUnit(reader, i), ReadResult::kOk);
}

TEST_F(OverwriteRing, IndicesGivenUpAreGaps) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 10);
  writer.JumpTo(13);
  EXPECT_EQ(reader.next(), 10u) << "a jump shows with the unit behind it";
  EXPECT_EQ(ReadUnit(reader, 10), ReadResult::kTooEarly);
  Put(writer, 2);
  EXPECT_EQ(reader.next(), 15u);
  EXPECT_EQ(ReadUnit(reader, 9), ReadResult::kOk);
  for (uint64_t i = 10; i < 13; ++i) EXPECT_EQ(ReadUnit(reader, i), ReadResult::kGap) << i;
  EXPECT_EQ(ReadUnit(reader, 13), ReadResult::kOk);
  EXPECT_EQ(ReadUnit(reader, 14), ReadResult::kOk);
  Put(writer, static_cast<int>(kSlots));
  EXPECT_EQ(ReadUnit(reader, 10), ReadResult::kTooLate) << "its slot has been used since";
}

TEST_F(OverwriteRing, AGapInASlotThatWasBeingFilledIsAGap) {
  {
    OverwriteWriter killed(view, nullptr, 1);
    Put(killed, 10);
    killed.Open();
  }
  OverwriteWriter writer(view, nullptr, 2);
  writer.JumpTo(12);
  Put(writer);
  EXPECT_EQ(ReadUnit(reader, 10, 2), ReadResult::kGap);
  EXPECT_EQ(ReadUnit(reader, 11, 2), ReadResult::kGap);
  EXPECT_EQ(ReadUnit(reader, 12, 2), ReadResult::kOk);
}

TEST_F(OverwriteRing, NeverJumpsBack) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 10);
  writer.JumpTo(10);
  writer.JumpTo(3);
  EXPECT_EQ(writer.next(), 10u);
}

TEST_F(OverwriteRing, CountsFarBeyondThirtyTwoBits) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 3);
  writer.JumpTo(kFar - 5);
  Put(writer, 30);
  EXPECT_EQ(reader.next(), kFar + 25);
  for (uint64_t i = reader.oldest(); i < reader.next(); ++i) {
    EXPECT_EQ(ReadUnit(reader, i), ReadResult::kOk) << i;
  }
  EXPECT_EQ(ReadUnit(reader, kFar - 5), ReadResult::kTooLate);
  EXPECT_EQ(ReadUnit(reader, kFar + 25), ReadResult::kTooEarly);
  EXPECT_EQ(ReadUnit(reader, 0), ReadResult::kTooLate);
  OverwriteWriter successor(view, nullptr, 2);
  EXPECT_EQ(successor.next(), kFar + 25);
}

TEST_F(OverwriteRing, ASuccessorGoesOnWhereTheLastWriterStopped) {
  {
    OverwriteWriter writer(view, nullptr, 100);
    EXPECT_EQ(writer.epoch(), 1u);
    Put(writer, 11);
  }
  OverwriteWriter writer(view, nullptr, 200);
  EXPECT_EQ(writer.epoch(), 2u);
  EXPECT_EQ(writer.next(), 11u);
  EXPECT_EQ(view.writer().writer_pid, 200u);
  EXPECT_EQ(reader.next(), 11u) << "attaching publishes nothing";
  Put(writer, 2);
  EXPECT_EQ(ReadUnit(reader, 10, 1), ReadResult::kOk);
  EXPECT_EQ(ReadUnit(reader, 11, 2), ReadResult::kOk);
  EXPECT_EQ(ReadUnit(reader, 12, 2), ReadResult::kOk);
}

TEST_F(OverwriteRing, ASuccessorFillsAHalfFilledSlotAgain) {
  {
    OverwriteWriter killed(view, nullptr, 1);
    Put(killed, 11);
    PatternUnit unit(kTinyFormat);
    unit.Make(0xbad);
    killed.Open();
    CopyToShared(view.video(11), unit.video().data(), 100);
  }
  EXPECT_EQ(Commit(11), kWriting | 11);
  OverwriteWriter writer(view, nullptr, 2);
  EXPECT_EQ(writer.next(), 11u);
  EXPECT_EQ(ReadUnit(reader, 11), ReadResult::kTooEarly);
  Put(writer);
  EXPECT_EQ(ReadUnit(reader, 11, 2), ReadResult::kOk);
}

TEST_F(OverwriteRing, ASuccessorPublishesWhatWasCommittedAndWritesItNoMore) {
  {
    OverwriteWriter killed(view, nullptr, 1);
    Put(killed, 12);
    view.writer().next = 11;  // killed between commit and publish of unit 11
  }
  OverwriteWriter writer(view, nullptr, 2);
  EXPECT_EQ(reader.next(), 12u);
  EXPECT_EQ(writer.next(), 12u);
  EXPECT_EQ(ReadUnit(reader, 11, 1), ReadResult::kOk);
}

TEST_F(OverwriteRing, ASuccessorPublishesWhatWasCommittedBehindAJump) {
  {
    OverwriteWriter killed(view, nullptr, 1);
    Put(killed, 11);
    killed.JumpTo(500);
    Put(killed);
    view.writer().next = 11;
  }
  OverwriteWriter writer(view, nullptr, 2);
  EXPECT_EQ(writer.next(), 501u);
  writer.JumpTo(503);
  Put(writer);
  EXPECT_EQ(ReadUnit(reader, 499), ReadResult::kGap);
  EXPECT_EQ(ReadUnit(reader, 500, 1), ReadResult::kOk);
  EXPECT_EQ(ReadUnit(reader, 501), ReadResult::kGap);
  EXPECT_EQ(ReadUnit(reader, 503, 2), ReadResult::kOk);
}

TEST_F(OverwriteRing, RefusesADescriptionThatDoesNotFitItsSlot) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer, 3);
  SlotMeta meta;
  SlotMeta& stored = view.slot(1).meta;
  const SlotMeta sane = stored;
  ASSERT_EQ(reader.ReadMeta(1, meta), ReadResult::kOk);
  stored.index = 2;
  EXPECT_EQ(reader.ReadMeta(1, meta), ReadResult::kGap);
  stored = sane;
  stored.samples = kTinyFormat.MaxUnitSamples() + 1;
  EXPECT_EQ(reader.ReadMeta(1, meta), ReadResult::kGap);
  stored = sane;
  stored.side_bytes = kSideDataBytes + 1;
  EXPECT_EQ(reader.ReadMeta(1, meta), ReadResult::kGap);
  stored = sane;
  stored.video_bytes = 0xffffffff;
  EXPECT_EQ(reader.ReadMeta(1, meta), ReadResult::kGap);
  stored = sane;
  EXPECT_EQ(reader.ReadMeta(1, meta), ReadResult::kOk);
}

TEST_F(OverwriteRing, ReadsSoundOrPictureAloneToo) {
  OverwriteWriter writer(view, nullptr, 1);
  Put(writer);
  PatternUnit expected(kTinyFormat), got(kTinyFormat);
  expected.Make(SeedOf(0, 1));
  SlotMeta meta;
  ASSERT_EQ(reader.Read(0, {}, got.audio(), meta), ReadResult::kOk);
  EXPECT_TRUE(std::ranges::equal(got.audio(), expected.audio()));
  EXPECT_TRUE(std::ranges::all_of(got.video(), [](uint8_t v) { return v == 0; }));
  ASSERT_EQ(reader.Read(0, got.video(), {}, meta), ReadResult::kOk);
  EXPECT_TRUE(got.Is(SeedOf(0, 1)));
}

TEST_F(OverwriteRing, EveryPublishRingsTheBell) {
  OverwriteWriter writer(view, nullptr, 1);
  const uint32_t before = view.writer().bell;
  Put(writer, 3);
  EXPECT_EQ(view.writer().bell, before + 3);
  reader.WaitFor(2, 3600 * kNanosPerSecond);  // published: does not wait
}

class BackpressureRing : public ::testing::Test {
 protected:
  static constexpr uint64_t kSlots = 4;
  RingMemory memory{RingPolicy::kBackpressure, kSlots};
  RingView view = memory.View();
  BackpressureReader reader{view, &memory.page()};
  BackpressureWriter Writer(uint32_t pid = 1) { return BackpressureWriter(view, &memory.page(), pid); }
};

TEST_F(BackpressureRing, HasRoomForAsManyUnitsAsItHasSlots) {
  BackpressureWriter writer = Writer();
  for (uint64_t i = 0; i < kSlots; ++i) {
    EXPECT_TRUE(writer.HasRoom());
    EXPECT_TRUE(writer.WaitForRoom(3600 * kNanosPerSecond));
    Put(writer);
  }
  EXPECT_FALSE(writer.HasRoom());
  EXPECT_FALSE(writer.WaitForRoom(kNanosPerMs));
  for (uint64_t i = 0; i < kSlots; ++i) EXPECT_EQ(PeekUnit(reader, i), ReadResult::kOk);
  EXPECT_FALSE(writer.HasRoom()) << "looking gives nothing back";
}

TEST_F(BackpressureRing, EachReleaseGivesTheWriterItsRoom) {
  BackpressureWriter writer = Writer();
  Put(writer, kSlots);
  for (uint64_t i = 0; i < 3 * kSlots; ++i) {
    EXPECT_FALSE(writer.HasRoom());
    EXPECT_EQ(PeekUnit(reader, i), ReadResult::kOk);
    reader.Release(i + 1);
    EXPECT_EQ(PeekUnit(reader, i), ReadResult::kTooLate);
    EXPECT_TRUE(writer.HasRoom());
    Put(writer);
  }
}

TEST_F(BackpressureRing, ReleaseNeverGoesBack) {
  BackpressureWriter writer = Writer();
  Put(writer, kSlots);
  reader.Release(3);
  const uint32_t bell = memory.page().bell;
  reader.Release(3);
  reader.Release(1);
  EXPECT_EQ(memory.page().next_wanted, 3u);
  EXPECT_EQ(memory.page().bell, bell) << "nothing new, nobody woken";
  EXPECT_EQ(PeekUnit(reader, 3), ReadResult::kOk);
}

TEST_F(BackpressureRing, UnitsWhoseTimeHasPassedAreLetGoBeforeTheyCome) {
  BackpressureWriter writer = Writer();
  Put(writer, 2);
  reader.Release(7);
  for (uint64_t i = 2; i < 7 + kSlots; ++i) {
    EXPECT_TRUE(writer.HasRoom()) << i;
    Put(writer);
  }
  EXPECT_FALSE(writer.HasRoom());
  EXPECT_EQ(PeekUnit(reader, 6), ReadResult::kTooLate);
  for (uint64_t i = 7; i < 7 + kSlots; ++i) EXPECT_EQ(PeekUnit(reader, i), ReadResult::kOk);
}

TEST_F(BackpressureRing, TellsWhatIsNotThere) {
  BackpressureWriter writer = Writer();
  EXPECT_EQ(PeekUnit(reader, 0), ReadResult::kTooEarly);
  writer.Open();
  EXPECT_EQ(PeekUnit(reader, 0), ReadResult::kTooEarly);
  writer.Publish(MetaOf(kTinyFormat));
  Put(writer);
  EXPECT_EQ(PeekUnit(reader, 1), ReadResult::kOk);
  EXPECT_EQ(PeekUnit(reader, 2), ReadResult::kTooEarly);
  view.writer().next = 3;  // a writer that lies
  EXPECT_EQ(PeekUnit(reader, 2), ReadResult::kHole);
  view.slot(2).commit = kWriting | 2;
  EXPECT_EQ(PeekUnit(reader, 2), ReadResult::kHole);
  view.slot(2).commit = 3 + kSlots;
  EXPECT_EQ(PeekUnit(reader, 2), ReadResult::kGap);
}

TEST_F(BackpressureRing, ShowsUnitsThatWerePassedOverAsAHole) {
  BackpressureWriter writer = Writer();
  Put(writer);
  writer.JumpTo(3);
  EXPECT_EQ(PeekUnit(reader, 1), ReadResult::kTooEarly) << "nobody knows yet whether it goes on";
  Put(writer);
  EXPECT_EQ(PeekUnit(reader, 0), ReadResult::kOk);
  EXPECT_EQ(PeekUnit(reader, 1), ReadResult::kHole);
  EXPECT_EQ(PeekUnit(reader, 2), ReadResult::kHole);
  EXPECT_EQ(PeekUnit(reader, 3), ReadResult::kOk);
  EXPECT_EQ(Writer().next(), 4u) << "a successor goes on behind it";
}

TEST_F(BackpressureRing, EndsBehindItsLastUnitWhenNothingComesAfterAHole) {
  BackpressureWriter writer = Writer();
  Put(writer);
  writer.JumpTo(3);
  writer.SetEnd();
  EXPECT_EQ(reader.end(), 1u);
}

TEST_F(BackpressureRing, RefusesAUnitOfAHostileWriter) {
  BackpressureWriter writer = Writer();
  Put(writer);
  SlotMeta meta;
  SlotMeta& stored = view.slot(0).meta;
  const SlotMeta sane = stored;
  ASSERT_EQ(reader.Peek(0, meta), ReadResult::kOk);
  stored.index = 1;
  EXPECT_EQ(reader.Peek(0, meta), ReadResult::kGap);
  stored = sane;
  for (uint32_t SlotMeta::*field : {&SlotMeta::samples, &SlotMeta::video_bytes, &SlotMeta::side_bytes}) {
    stored.*field = 0xffffffff;
    EXPECT_EQ(reader.Peek(0, meta), ReadResult::kGap);
    stored = sane;
  }
  stored.samples = kTinyFormat.MaxUnitSamples();
  stored.side_bytes = kSideDataBytes;
  EXPECT_EQ(reader.Peek(0, meta), ReadResult::kOk);
}

TEST_F(BackpressureRing, TheEndIsKnownWhenTheProducerSaysSo) {
  BackpressureWriter writer = Writer();
  Put(writer, 3);
  EXPECT_EQ(reader.end(), kEndUnknown);
  const uint32_t bell = view.writer().bell;
  writer.Open();  // a producer learns it while it renders
  writer.SetEnd();
  EXPECT_EQ(reader.end(), 3u);
  EXPECT_NE(view.writer().bell, bell);
  EXPECT_EQ(PeekUnit(reader, 2), ReadResult::kOk);
  EXPECT_EQ(PeekUnit(reader, 3), ReadResult::kTooEarly);
  Writer(2);
  EXPECT_EQ(reader.end(), 3u) << "known to a successor too";
}

TEST_F(BackpressureRing, ASuccessorWaitsForTheSameRoom) {
  {
    BackpressureWriter killed = Writer(1);
    Put(killed, kSlots);
    reader.Release(1);
    Put(killed);
    view.writer().next = kSlots;  // killed between commit and publish of unit 4
  }
  BackpressureWriter writer = Writer(2);
  EXPECT_EQ(writer.next(), kSlots + 1);
  EXPECT_FALSE(writer.HasRoom());
  reader.Release(2);
  EXPECT_TRUE(writer.HasRoom());
  Put(writer);
  EXPECT_EQ(PeekUnit(reader, kSlots, 1), ReadResult::kOk);
  EXPECT_EQ(PeekUnit(reader, kSlots + 1, 2), ReadResult::kOk);
}

TEST_F(BackpressureRing, CarriesSideDataBesideTheUnit) {
  BackpressureWriter writer = Writer();
  SlotMeta meta = MetaOf(kTinyFormat);
  meta.side_bytes = kSideDataBytes;
  PatternUnit unit(kTinyFormat);
  unit.Make(5);
  writer.Open();
  std::memset(view.side_data(0), 0x77, kSideDataBytes);
  PutUnit(view, 0, unit);
  writer.Publish(meta);
  ASSERT_EQ(reader.Peek(0, meta), ReadResult::kOk);
  EXPECT_EQ(view.side_data(0)[0], 0x77);
  EXPECT_EQ(view.side_data(0)[kSideDataBytes - 1], 0x77);
  GetUnit(view, 0, unit);
  EXPECT_TRUE(unit.Is(5));
}

TEST(FrameRingBuffer, EveryRateHasRoomForItsLongestUnit) {
  for (FrameRate rate : kHouseRates) {
    const HouseFormat format{.width = 18, .height = 22, .rate = rate};  // no power of two anywhere
    RingMemory memory(RingSpec{.format = format,
                               .policy = RingPolicy::kOverwrite,
                               .slot_count = 5,
                               .generation = 1,
                               .instance_id = {}});
    const RingView view = memory.View();
    OverwriteWriter writer(view, nullptr, 1);
    OverwriteReader reader(view, nullptr);
    Put(writer, 12);
    for (uint64_t i = 12 - 5; i < 12; ++i) EXPECT_EQ(ReadUnit(reader, i), ReadResult::kOk);
  }
}

}  // namespace
}  // namespace air
