// Writer and readers of one mapping in threads, as fast as they can: for ThreadSanitizer, which sees here
// what it could not see across processes, and for the interleavings that no list of crash points names. Each
// test goes on until enough has been seen, not for a time.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "shm/frame_ring_writer.inc"
#include "shm/timeline.h"
#include "tests/support/ring_memory.h"

namespace air {
namespace {

using OverwriteWriter = FrameRingWriter<RingPolicy::kOverwrite>;
using BackpressureWriter = FrameRingWriter<RingPolicy::kBackpressure>;

constexpr HouseFormat kFormat{.width = 64, .height = 36, .rate = {60, 1}};

RingSpec Spec(RingPolicy policy) {
  return {.format = kFormat, .policy = policy, .slot_count = 4, .generation = 1, .instance_id = {1, 2}};
}

// Says stop when `enough` is reached; a machine that does not get there in a minute fails the test's own
// counts.
class Patience {
 public:
  bool Lasts() const { return std::chrono::steady_clock::now() < deadline_; }

 private:
  std::chrono::steady_clock::time_point deadline_ =
      std::chrono::steady_clock::now() + std::chrono::minutes(1);
};

struct Tally {
  uint64_t accepted = 0, corrupt = 0, gaps = 0, too_late = 0;
};

// Reads unit i and counts what came of it. Every word of an accepted unit is looked at.
ReadResult ReadAndCheck(const OverwriteReader& reader, uint64_t i, PatternUnit& unit, Tally& tally) {
  SlotMeta meta;
  const ReadResult result = reader.Read(i, unit.video(), unit.audio(), meta);
  if (result == ReadResult::kOk) {
    ++tally.accepted;
    if (!unit.Is(SeedOf(i, meta.writer_epoch))) ++tally.corrupt;
  }
  if (result == ReadResult::kGap) ++tally.gaps;
  if (result == ReadResult::kTooLate) ++tally.too_late;
  return result;
}

TEST(RingThreads, AnOverwriteRingNeverShowsHalfAUnitAndNeverAGap) {
  constexpr uint64_t kEnough = 1000, kTorn = 5;
  RingMemory ring(Spec(RingPolicy::kOverwrite));
  const RingView view = ring.View();
  std::atomic<bool> stop = false;
  std::thread writer_thread([&] {
    PatternUnit unit(kFormat);
    OverwriteWriter writer(view, nullptr, 1);
    while (!stop.load(std::memory_order_relaxed)) {
      unit.Make(SeedOf(writer.next(), writer.epoch()));
      writer.Open();
      PutUnit(view, writer.next(), unit);
      writer.Publish(MetaOf(kFormat));
    }
  });

  // Goes from unit to unit like an encoder, sleeping now and spinning then, and in between looks where the
  // writer is about to write.
  Tally in_order, at_the_tail;
  ReaderPage page{};
  PatternUnit unit(kFormat);
  const OverwriteReader reader(view, nullptr), tail_reader(view, &page);
  uint64_t i = 0;
  for (const Patience patience; patience.Lasts();) {
    const ReadResult result = ReadAndCheck(reader, i, unit, in_order);
    if (result == ReadResult::kOk) ++i;
    if (result == ReadResult::kTooLate) i = reader.oldest();
    if (result == ReadResult::kTooEarly && i % 2 == 0) reader.WaitFor(i, kNanosPerMs);
    if (result == ReadResult::kTooEarly && i % 2 == 1) std::this_thread::yield();
    if (const uint64_t next = reader.next(); next >= 4)
      ReadAndCheck(tail_reader, next - 4, unit, at_the_tail);
    if (in_order.accepted >= kEnough && page.torn_rejected >= kTorn) break;
  }
  stop = true;
  writer_thread.join();

  EXPECT_GE(in_order.accepted, kEnough);
  EXPECT_EQ(in_order.gaps + at_the_tail.gaps, 0u) << "a unit just published was taken for a lost one";
  EXPECT_EQ(in_order.corrupt + at_the_tail.corrupt, 0u);
  EXPECT_GE(page.torn_rejected, kTorn) << "no copy was ever overwritten: nothing was proved";
}

TEST(RingThreads, ABackpressureRingIsUsedInPlace) {
  constexpr uint64_t kUnits = 5000;
  RingMemory ring(Spec(RingPolicy::kBackpressure));
  const RingView view = ring.View();
  const size_t words = kFormat.VideoBytes() / 8;
  std::thread writer_thread([&] {
    BackpressureWriter writer(view, &ring.page(), 1);
    while (writer.next() < kUnits) {
      while (!writer.WaitForRoom(10 * kNanosPerMs)) {
      }
      writer.Open();
      // Plain stores: a producer renders straight into the slot.
      auto* picture = reinterpret_cast<uint64_t*>(view.video(writer.next()));
      for (size_t k = 0; k < words; ++k) picture[k] = writer.next() * words + k;
      writer.Publish(MetaOf(kFormat));
    }
    writer.SetEnd();
  });

  BackpressureReader reader(view, &ring.page());
  uint64_t wrong = 0, i = 0;
  SlotMeta meta;
  for (const Patience patience; i < kUnits && patience.Lasts();) {
    const ReadResult result = reader.Peek(i, meta);
    if (result == ReadResult::kTooEarly) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(result, ReadResult::kOk) << i;
    const auto* picture = reinterpret_cast<const uint64_t*>(view.video(i));
    for (size_t k = 0; k < words; ++k) wrong += picture[k] != i * words + k;
    reader.Release(++i);
  }
  writer_thread.join();
  EXPECT_EQ(i, kUnits);
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ(reader.end(), kUnits);
}

TEST(RingThreads, WritersTakeOverFromEachOtherUnderAReader) {
  constexpr uint64_t kUnits = 3000;
  RingMemory ring(Spec(RingPolicy::kBackpressure));
  const RingView view = ring.View();
  std::atomic<uint64_t> incarnations = 0;
  std::thread writers([&] {
    PatternUnit unit(kFormat);
    for (uint64_t next = 0; next < kUnits;) {
      // Each of them stops in the middle of filling its last unit.
      std::thread([&] {
        BackpressureWriter writer(view, &ring.page(), 1);
        const uint64_t last = std::min<uint64_t>(kUnits, writer.next() + 1 + writer.epoch() % 13);
        while (writer.next() < last) {
          while (!writer.WaitForRoom(10 * kNanosPerMs)) {
          }
          unit.Make(SeedOf(writer.next(), writer.epoch()));
          writer.Open();
          PutUnit(view, writer.next(), unit);
          writer.Publish(MetaOf(kFormat));
        }
        if (writer.HasRoom()) {
          writer.Open();
          std::memset(view.video(writer.next()), 0xee, kFormat.VideoBytes());
        }
        next = writer.next();
      }).join();
      ++incarnations;
    }
  });

  BackpressureReader reader(view, &ring.page());
  PatternUnit unit(kFormat);
  SlotMeta meta;
  uint64_t corrupt = 0, i = 0;
  for (const Patience patience; i < kUnits && patience.Lasts();) {
    const ReadResult result = reader.Peek(i, meta);
    if (result == ReadResult::kTooEarly) {
      std::this_thread::yield();
      continue;
    }
    ASSERT_EQ(result, ReadResult::kOk) << i;
    GetUnit(view, i, unit);
    corrupt += !unit.Is(SeedOf(i, meta.writer_epoch));
    reader.Release(++i);
  }
  writers.join();
  EXPECT_EQ(i, kUnits);
  EXPECT_EQ(corrupt, 0u);
  EXPECT_GT(incarnations.load(), 100u);
}

// How many entries a version has, so that a mixture of two shows.
size_t EntriesOf(uint64_t version) { return 400 + version % 50; }

TEST(RingThreads, ReadersOfTheTimelineSeeWholeVersionsOnly) {
  PageMemory memory(kTimelineBytes);
  FormatTimeline(memory.bytes());
  std::atomic<bool> stop = false;
  std::thread writer_thread([&] {
    TimelineWriter writer = *TimelineWriter::Attach(memory.bytes());
    while (!stop.load(std::memory_order_relaxed)) {
      const uint64_t version = writer.current().version() + 1;
      std::vector<TimelineEntry> plan(EntriesOf(version));
      for (size_t k = 0; k < plan.size(); ++k) {
        plan[k].start_tick = static_cast<int64_t>(10 * k);
        plan[k].end_tick = static_cast<int64_t>(10 * k + 10);
        plan[k].segment_serial = version;
        plan[k].block_serial = k;
      }
      ASSERT_TRUE(writer.Commit(plan, Tick(-1000), Tick(-1000)).ok());
    }
  });

  // More readers than most machines have cores to spare: some are interrupted in the middle of their copy.
  constexpr uint64_t kVersions = 200;
  std::atomic<uint64_t> complete = 0, mixed = 0, backward = 0;
  auto read = [&] {
    const TimelineReader reader = *TimelineReader::Attach(memory.bytes());
    const auto snapshot = std::make_unique<TimelineSnapshot>();
    uint64_t versions = 0;
    for (const Patience patience; versions < kVersions && patience.Lasts();) {
      const uint64_t before = snapshot->version();
      reader.Refresh(*snapshot);
      const uint64_t version = snapshot->version();
      versions += version != before;
      backward += version < before;
      if (version != 0) mixed += snapshot->entries().size() != EntriesOf(version);
      for (const TimelineEntry& entry : snapshot->entries()) mixed += entry.segment_serial != version;
    }
    complete += versions == kVersions;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (std::thread& reader : readers) reader.join();
  stop = true;
  writer_thread.join();
  EXPECT_EQ(complete, 3u);
  EXPECT_EQ(mixed, 0u);
  EXPECT_EQ(backward, 0u);
}

}  // namespace
}  // namespace air
