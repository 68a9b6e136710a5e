// The committed schedule: what may still change, and what a reader sees whatever becomes of its writer.
#include "shm/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <link.h>

#include <functional>
#include <memory>
#include <vector>

#include "tests/support/ring_memory.h"

namespace air {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

TimelineEntry Content(int64_t start, int64_t end, uint64_t serial) {
  return {.start_tick = start,
          .end_tick = end,
          .kind = EntryKind::kContent,
          .source = {.ring = static_cast<uint32_t>(serial % 4), .generation = serial},
          .segment_serial = serial,
          .block_serial = 1};
}
TimelineEntry Pad(int64_t start, int64_t end) {
  TimelineEntry pad;
  pad.start_tick = start;
  pad.end_tick = end;
  return pad;
}

class TimelineTest : public ::testing::Test {
 protected:
  PageMemory memory_{kTimelineBytes};
  std::unique_ptr<TimelineSnapshot> snapshot_ = std::make_unique<TimelineSnapshot>();

  TimelineTest() { FormatTimeline(memory_.bytes()); }
  TimelineMemory& raw() { return *reinterpret_cast<TimelineMemory*>(memory_.bytes().data()); }
  TimelineWriter Writer() { return *TimelineWriter::Attach(memory_.bytes()); }
  const TimelineSnapshot& Read() {
    TimelineReader::Attach(memory_.bytes())->Refresh(*snapshot_);
    return *snapshot_;
  }
  std::vector<TimelineEntry> Entries() {
    const auto entries = Read().entries();
    return {entries.begin(), entries.end()};
  }
};

TEST(TimelineLayout, IsTheOneOfVersionThree) {
  EXPECT_EQ(kTimelineLayoutVersion, 3u);
  EXPECT_EQ(kTimelineCapacity, 1024u);
  EXPECT_EQ(kFreezeTicks, 2);
  EXPECT_EQ(sizeof(TimelineEntry), 72u);
  EXPECT_EQ(offsetof(TimelineEntry, start_tick), 0u);
  EXPECT_EQ(offsetof(TimelineEntry, end_tick), 8u);
  EXPECT_EQ(offsetof(TimelineEntry, kind), 16u);
  EXPECT_EQ(offsetof(TimelineEntry, pad_cause), 20u);
  EXPECT_EQ(offsetof(TimelineEntry, source), 24u);
  EXPECT_EQ(offsetof(TimelineEntry, segment_serial), 40u);
  EXPECT_EQ(offsetof(TimelineEntry, block_serial), 48u);
  EXPECT_EQ(offsetof(TimelineEntry, lock_tick), 56u);
  EXPECT_EQ(offsetof(TimelineEntry, line_serial), 64u);
  EXPECT_EQ(offsetof(TimelineHeader, magic), 0u);
  EXPECT_EQ(offsetof(TimelineHeader, layout_version), 8u);
  EXPECT_EQ(offsetof(TimelineHeader, version), 128u);
  EXPECT_EQ(offsetof(TimelineMemory, banks), 4096u);
  EXPECT_EQ(offsetof(TimelineBank, entries), 8u);
  EXPECT_EQ(sizeof(TimelineBank), 8u + 1024u * 72u);
  EXPECT_EQ(kTimelineBytes, 155'648u);
}

TEST_F(TimelineTest, StandsInMemoryUnderItsName) {
  EXPECT_EQ(std::memcmp(memory_.bytes().data(), "AIRTMLN1", 8), 0);
}

TEST_F(TimelineTest, RefusesWhatIsNoTimeline) {
  EXPECT_FALSE(TimelineReader::Attach(memory_.bytes().first(kTimelineBytes - 1)).ok());
  EXPECT_FALSE(TimelineReader::Attach({}).ok());
  raw().header.layout_version = kTimelineLayoutVersion + 1;
  EXPECT_FALSE(TimelineReader::Attach(memory_.bytes()).ok());
  EXPECT_FALSE(TimelineWriter::Attach(memory_.bytes()).ok());
  FormatTimeline(memory_.bytes());
  EXPECT_TRUE(TimelineReader::Attach(memory_.bytes()).ok());
  raw().header.magic = 0;
  EXPECT_EQ(TimelineReader::Attach(memory_.bytes()).status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(TimelineTest, IsEmptyAtFirst) {
  EXPECT_EQ(Read().version(), 0u);
  EXPECT_THAT(Entries(), IsEmpty());
  EXPECT_EQ(Read().At(Tick(0)), nullptr);
}

TEST_F(TimelineTest, FindsTheEntryThatOwnsATick) {
  TimelineWriter writer = Writer();
  const std::vector<TimelineEntry> plan = {Content(-20, -5, 1), Content(-5, 10, 2), Content(15, 16, 3)};
  ASSERT_TRUE(writer.Commit(plan, Tick(-100), Tick(-100)).ok());
  const TimelineSnapshot& now = Read();
  EXPECT_EQ(now.At(Tick(-21)), nullptr);
  EXPECT_EQ(now.At(Tick(-20))->segment_serial, 1u);
  EXPECT_EQ(now.At(Tick(-6))->segment_serial, 1u);
  EXPECT_EQ(now.At(Tick(-5))->segment_serial, 2u);
  EXPECT_EQ(now.At(Tick(9))->segment_serial, 2u);
  EXPECT_EQ(now.At(Tick(10)), nullptr);
  EXPECT_EQ(now.At(Tick(14)), nullptr);
  EXPECT_EQ(now.At(Tick(15))->segment_serial, 3u);
  EXPECT_EQ(now.At(Tick(16)), nullptr);
}

TEST(MergeTimeline, KeepsWhatIsFrozenAndTakesTheRestAsWanted) {
  const std::vector<TimelineEntry> frozen = {Content(0, 100, 1), Content(100, 200, 2)};
  const std::vector<TimelineEntry> wanted = {Content(0, 60, 7), Content(60, 300, 8)};
  EXPECT_THAT(MergeTimeline(frozen, wanted, Tick(150)),
              ElementsAre(Content(0, 100, 1), Content(100, 150, 2), Content(150, 300, 8)));
  EXPECT_THAT(MergeTimeline(frozen, wanted, Tick(30)),
              ElementsAre(Content(0, 30, 1), Content(30, 60, 7), Content(60, 300, 8)));
}

TEST(MergeTimeline, AnEntryCutAtTheBorderStaysOne) {
  const std::vector<TimelineEntry> plan = {Content(0, 100, 1), Content(100, 200, 2)};
  EXPECT_THAT(MergeTimeline(plan, plan, Tick(50)), ElementsAreArray(plan));
  EXPECT_THAT(MergeTimeline(plan, plan, Tick(100)), ElementsAreArray(plan));
  const std::vector<TimelineEntry> longer = {Content(0, 120, 1), Content(120, 200, 2)};
  EXPECT_THAT(MergeTimeline(plan, longer, Tick(50)), ElementsAreArray(longer));
}

TEST(MergeTimeline, TheSameSegmentOnAnotherSourceIsAnotherEntry) {
  const std::vector<TimelineEntry> plan = {Content(0, 100, 1)};
  std::vector<TimelineEntry> moved = plan;
  moved[0].source.generation = 99;
  const auto merged = MergeTimeline(plan, moved, Tick(40));
  ASSERT_EQ(merged.size(), 2u);
  EXPECT_EQ(merged[0].end_tick, 40);
  EXPECT_EQ(merged[1].start_tick, 40);
  EXPECT_EQ(merged[1].segment_serial, 1u) << "the lock goes on";
}

TEST(MergeTimeline, ABorderOutsideOfEverything) {
  const std::vector<TimelineEntry> plan = {Content(0, 100, 1)}, wanted = {Content(0, 100, 2)};
  EXPECT_THAT(MergeTimeline(plan, wanted, Tick(-1000)), ElementsAreArray(wanted));
  EXPECT_THAT(MergeTimeline(plan, wanted, Tick(1000)), ElementsAreArray(plan));
  EXPECT_THAT(MergeTimeline({}, wanted, Tick(1000)), IsEmpty());
  EXPECT_THAT(MergeTimeline(plan, {}, Tick(-1000)), IsEmpty());
}

TEST_F(TimelineTest, NobodyChangesATickNearerThanTwoTicksFromNow) {
  TimelineWriter writer = Writer();
  ASSERT_TRUE(writer.Commit(std::vector{Content(0, 1000, 1)}, Tick(-100), Tick(-100)).ok());
  ASSERT_TRUE(writer.Commit(std::vector{Content(0, 1000, 2)}, Tick(500), Tick(-100)).ok());
  EXPECT_EQ(Read().At(Tick(500))->segment_serial, 1u);
  EXPECT_EQ(Read().At(Tick(501))->segment_serial, 1u);
  EXPECT_EQ(Read().At(Tick(502))->segment_serial, 2u);
  EXPECT_THAT(Entries(), ElementsAre(Content(0, 502, 1), Content(502, 1000, 2)));
}

TEST_F(TimelineTest, NotEvenToNothing) {
  TimelineWriter writer = Writer();
  ASSERT_TRUE(writer.Commit(std::vector{Content(0, 1000, 1)}, Tick(-100), Tick(-100)).ok());
  ASSERT_TRUE(writer.Commit({}, Tick(500), Tick(-100)).ok());
  EXPECT_THAT(Entries(), ElementsAre(Content(0, 502, 1)));
}

TEST_F(TimelineTest, AWriterThatStartsAgainKnowsWhatIsFrozen) {
  {
    TimelineWriter first = Writer();
    ASSERT_TRUE(first.Commit(std::vector{Content(0, 1000, 1)}, Tick(-100), Tick(-100)).ok());
  }
  TimelineWriter second = Writer();
  EXPECT_EQ(second.current().version(), 1u);
  ASSERT_TRUE(second.Commit(std::vector{Content(0, 1000, 2)}, Tick(10), Tick(-100)).ok());
  EXPECT_EQ(Read().version(), 2u);
  EXPECT_THAT(Entries(), ElementsAre(Content(0, 12, 1), Content(12, 1000, 2)));
}

TEST_F(TimelineTest, TheSamePlanAgainIsNoNewVersion) {
  TimelineWriter writer = Writer();
  const std::vector<TimelineEntry> plan = {Content(0, 100, 1), Pad(100, 120), Content(120, 300, 2)};
  ASSERT_TRUE(writer.Commit(plan, Tick(-100), Tick(-100)).ok());
  EXPECT_EQ(Read().version(), 1u);
  for (int64_t now : {-50, 0, 50, 99, 100, 150}) ASSERT_TRUE(writer.Commit(plan, Tick(now), Tick(-100)).ok());
  EXPECT_EQ(Read().version(), 1u);
}

TEST_F(TimelineTest, ForgetsWhatEndedBeforeTheTickToKeep) {
  TimelineWriter writer = Writer();
  const std::vector<TimelineEntry> plan = {Content(0, 100, 1), Content(100, 200, 2), Content(200, 300, 3)};
  ASSERT_TRUE(writer.Commit(plan, Tick(-100), Tick(-100)).ok());
  ASSERT_TRUE(writer.Commit(plan, Tick(180), Tick(150)).ok());
  EXPECT_THAT(Entries(), ElementsAre(Content(100, 200, 2), Content(200, 300, 3)));
}

TEST_F(TimelineTest, AWriterKilledWhileItFillsLeavesTheOldVersionInForce) {
  const std::vector<TimelineEntry> plan = {Content(0, 1000, 1)};
  TimelineWriter killed = Writer();
  ASSERT_TRUE(killed.Commit(std::vector{Content(0, 900, 9)}, Tick(-100), Tick(-100)).ok());
  ASSERT_TRUE(killed.Commit(plan, Tick(-100), Tick(-100)).ok());
  ASSERT_EQ(Read().version(), 2u);

  // The other bank in every state of being filled, and all of it garbage: no reader may look at it.
  TimelineBank& other = raw().banks[1];
  for (uint64_t count : {uint64_t{0}, uint64_t{2}, uint64_t{kTimelineCapacity}, ~uint64_t{0}}) {
    std::memset(static_cast<void*>(&other.entries), 0xee, sizeof other.entries);
    other.count = count;
    snapshot_ = std::make_unique<TimelineSnapshot>();
    EXPECT_THAT(Entries(), ElementsAreArray(plan));
    EXPECT_EQ(Read().version(), 2u);
  }
  TimelineWriter successor = Writer();
  ASSERT_TRUE(successor.Commit(std::vector{Content(0, 1000, 3)}, Tick(50), Tick(-100)).ok());
  EXPECT_EQ(Read().version(), 3u);
  EXPECT_THAT(Entries(), ElementsAre(Content(0, 52, 1), Content(52, 1000, 3)));
}

TEST_F(TimelineTest, ACorruptBankLeavesTheReaderWithWhatItHad) {
  TimelineWriter writer = Writer();
  const std::vector<TimelineEntry> good = {Content(0, 100, 1), Content(100, 200, 2)};
  ASSERT_TRUE(writer.Commit(good, Tick(-100), Tick(-100)).ok());
  ASSERT_THAT(Entries(), ElementsAreArray(good));
  ASSERT_TRUE(
      writer.Commit(std::vector{Content(0, 100, 1), Content(100, 300, 3)}, Tick(-100), Tick(-100)).ok());
  const TimelineBank sane = raw().banks[0];

  TimelineBank& bank = raw().banks[0];
  const std::vector<std::function<void()>> damages = {
      [&] { bank.count = kTimelineCapacity + 1; },
      [&] { bank.count = ~uint64_t{0}; },
      [&] { std::swap(bank.entries[0], bank.entries[1]); },  // unsorted
      [&] { bank.entries[1].start_tick = 99; },              // overlapping
      [&] { bank.entries[1].end_tick = 100; },               // empty
      [&] { bank.entries[0].end_tick = INT64_MIN; }};
  for (size_t i = 0; i < damages.size(); ++i) {
    damages[i]();
    EXPECT_THAT(Entries(), ElementsAreArray(good)) << "damage " << i;
    EXPECT_EQ(Read().version(), 1u) << "damage " << i;
    bank = sane;
  }
  EXPECT_EQ(Read().version(), 2u);
}

TEST_F(TimelineTest, RefusesAPlanThatIsNone) {
  TimelineWriter writer = Writer();
  ASSERT_TRUE(writer.Commit(std::vector{Content(0, 100, 1)}, Tick(-100), Tick(-100)).ok());
  const std::vector<std::vector<TimelineEntry>> plans = {{Content(50, 90, 2), Content(0, 40, 1)},
                                                         {Content(0, 60, 1), Content(59, 90, 2)}};
  for (const auto& plan : plans) {
    EXPECT_EQ(writer.Commit(plan, Tick(-100), Tick(-100)).code(), absl::StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(Read().version(), 1u);
  EXPECT_THAT(Entries(), ElementsAre(Content(0, 100, 1)));
  ASSERT_TRUE(writer.Commit(std::vector{Content(0, 100, 5)}, Tick(-100), Tick(-100)).ok()) << "and goes on";
  EXPECT_EQ(Read().version(), 2u);
}

TEST_F(TimelineTest, HoldsAThousandAndTwentyFourEntriesAndRefusesOneMore) {
  TimelineWriter writer = Writer();
  std::vector<TimelineEntry> plan;
  for (uint64_t i = 0; i < kTimelineCapacity; ++i) {
    plan.push_back(Content(static_cast<int64_t>(10 * i), static_cast<int64_t>(10 * i + 10), i + 1));
  }
  ASSERT_TRUE(writer.Commit(plan, Tick(-100), Tick(-100)).ok());
  EXPECT_THAT(Entries(), ElementsAreArray(plan));
  EXPECT_EQ(Read().At(Tick(5005))->segment_serial, 501u);

  plan.push_back(Content(20'000, 20'010, 9999));
  const absl::Status status = writer.Commit(plan, Tick(-100), Tick(-100));
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Read().version(), 1u);
  EXPECT_EQ(Read().entries().size(), kTimelineCapacity);
  ASSERT_TRUE(writer.Commit(plan, Tick(300), Tick(200)).ok()) << "history given up makes room";
  EXPECT_EQ(Read().At(Tick(20'005))->segment_serial, 9999u);
}

// Thread-local memory is taken out of every thread's stack, a library's small ones too. This binary is all of
// AIR's libraries.
TEST(ThreadLocals, AreFewAndSmall) {
  size_t bytes = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* object, size_t, void* sum) {
        for (int i = 0; i < object->dlpi_phnum; ++i) {
          if (object->dlpi_phdr[i].p_type == PT_TLS)
            *static_cast<size_t*>(sum) = object->dlpi_phdr[i].p_memsz;
        }
        return 1;  // the first one is the program itself
      },
      &bytes);
  EXPECT_LT(bytes, 4096u);
}

}  // namespace
}  // namespace air
