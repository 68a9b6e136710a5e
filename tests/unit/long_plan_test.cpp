// Plans of a week and more: what an event or a tick costs does not depend on how long the plan is, and what airs is what
// the whole plan says. Judged by what is held and recorded, not by time.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "supervisor/plan/rundown.h"

namespace air {
namespace {

constexpr int32_t kChannel = 1;
constexpr UtcMs kEpoch(1'700'000'000'000);
constexpr int64_t kSegmentMs = 30'000;
constexpr int64_t kTicks = kSegmentMs / 40;  // of a segment

wire::BlockPlan Block(int n, int segments) {
  wire::BlockPlan plan;
  plan.set_block_id("block-" + std::to_string(n));
  plan.set_channel_id(kChannel);
  plan.set_start_utc_ms(kEpoch.value() + n * segments * kSegmentMs);
  plan.set_end_utc_ms(plan.start_utc_ms() + segments * kSegmentMs);
  for (int i = 0; i < segments; ++i) {
    wire::BlockSegment& segment = *plan.add_segments();
    segment.set_segment_index(i);
    segment.set_asset_uri("/media/" + std::to_string(n) + "-" + std::to_string(i) + ".mp4");
    segment.set_segment_duration_ms(kSegmentMs);
  }
  return plan;
}

std::vector<wire::BlockPlan> Blocks(int segments, int per_block) {
  std::vector<wire::BlockPlan> blocks;
  for (int n = 0; n < segments / per_block; ++n) blocks.push_back(Block(n, per_block));
  return blocks;
}

class LongPlan : public ::testing::Test {
 protected:
  const HouseTime time_{HouseFormat{640, 360, {25, 1}, 48000, 2}};

  Rundown With(const std::vector<wire::BlockPlan>& blocks) const {
    Rundown rundown(time_, kEpoch);
    rundown.Accept({.blocks = StoredBlocks::Of(blocks)});
    return rundown;
  }
  static size_t RecordedBytes(const Rundown& rundown) {
    record::Session session;
    rundown.Describe(session);
    return session.ByteSizeLong();
  }
  // Another supervisor's, from what this one leaves.
  Rundown Successor(const Rundown& rundown) const {
    record::Session session;
    rundown.Describe(session);
    Rundown next(time_, kEpoch);
    next.Restore(session, rundown.waiting() > 0 ? *StoredBlocks::Parse(rundown.stored()) : nullptr);
    return next;
  }
};

TEST_F(LongPlan, CostsATickAndARecordWhatAShortOneCosts) {
  for (const int per_block : {1, 20, 512}) {
    const Rundown shorter = With(Blocks(4 * 1024, per_block));
    const Rundown longer = With(Blocks(200 * 1024, per_block));
    EXPECT_EQ(longer.segments().size(), shorter.segments().size());
    EXPECT_LT(longer.segments().size(), Rundown::kSegmentsAhead + 512);
    EXPECT_EQ(longer.blocks().size(), shorter.blocks().size());
    EXPECT_NEAR(static_cast<double>(RecordedBytes(longer)), static_cast<double>(RecordedBytes(shorter)), 64);
    EXPECT_EQ(longer.End(), Tick(200 * 1024 * kTicks / per_block * per_block));
  }
}

TEST_F(LongPlan, NeverHoldsMoreThanIsNearWhileItRuns) {
  constexpr int kSegments = 20'160;
  Rundown rundown = With(Blocks(kSegments, 20));
  const auto stored = rundown.stored();
  for (int64_t tick = 0; tick < kSegments * kTicks; tick += 5 * kTicks) {
    EXPECT_LE(rundown.PlanAhead(Tick(tick)), 1u);
    rundown.Forget(Tick(tick));
    ASSERT_LE(rundown.segments().size(), Rundown::kSegmentsAhead + 60) << tick;
    if (rundown.waiting() > 0) {
      ASSERT_EQ(rundown.stored(), stored) << "it would be written again at tick " << tick;
    }
  }
  EXPECT_EQ(rundown.waiting(), 0u);
  EXPECT_EQ(rundown.stored(), nullptr);
}

TEST_F(LongPlan, AirsWhatItSaysThroughAnyNumberOfSupervisors) {
  const std::vector<wire::BlockPlan> blocks = Blocks(4000, 10);
  std::map<uint64_t, PlannedSegment> planned;  // by serial
  uint64_t block_serial = 0, segment_serial = 1;
  for (const wire::BlockPlan& block : blocks) {
    for (const PlannedSegment& segment :
         PlanBlock(block, time_, kEpoch, ++block_serial, segment_serial).segments)
      planned[segment.serial] = segment;
  }
  Rundown rundown = With(blocks);
  for (int64_t tick = 0; tick < 4000 * kTicks; tick += 7 * kTicks) {
    rundown = Successor(rundown);
    rundown.PlanAhead(Tick(tick));
    rundown.Forget(Tick(tick));
    int64_t covered = tick;
    for (const PlannedSegment& segment : rundown.segments()) {
      const PlannedSegment& as_planned = planned.at(segment.serial);
      ASSERT_EQ(segment.asset_uri, as_planned.asset_uri);
      ASSERT_EQ(segment.start, as_planned.start);
      ASSERT_EQ(segment.end, as_planned.end);
      ASSERT_EQ(segment.block_serial, as_planned.block_serial);
      ASSERT_LE(segment.start.value(), covered) << "a hole";
      covered = std::max(covered, segment.end.value());
    }
    ASSERT_GE(covered, std::min(tick + 500 * kTicks, 4000 * kTicks));
  }
}

// A supervisor that has not looked for a long time, or a session that joins a plan in its middle.
TEST_F(LongPlan, IsJoinedWhereTheClockIs) {
  const std::vector<wire::BlockPlan> blocks = Blocks(20'160, 20);
  Rundown rundown = With(blocks);
  const Tick late(15'000 * kTicks + 3);
  rundown.PlanAhead(late);
  const auto owner = std::find_if(
      rundown.segments().begin(), rundown.segments().end(),
      [&](const PlannedSegment& segment) { return segment.start <= late && late < segment.end; });
  ASSERT_NE(owner, rundown.segments().end());
  EXPECT_EQ(owner->asset_uri, "/media/750-0.mp4");

  Rundown joined(time_, UtcMs(kEpoch.value() + 15'000 * kSegmentMs));
  joined.Accept({.blocks = StoredBlocks::Of(blocks)});
  EXPECT_EQ(joined.blocks().front().plan.block_id(), "block-750");
  EXPECT_EQ(joined.segments().front().start, Tick(0));
}

TEST_F(LongPlan, TakesWhatIsFedBehindIt) {
  Rundown rundown = With(Blocks(2000, 20));
  const size_t waiting = rundown.waiting();
  ASSERT_GT(waiting, 0u);
  const wire::BlockPlan next = Block(100, 20);
  ASSERT_TRUE(*rundown.Append(next, kChannel, Tick(3)));
  EXPECT_EQ(rundown.waiting(), waiting + 1);
  EXPECT_EQ(rundown.last_end_utc_ms(), next.end_utc_ms());
  for (const int known : {0, 50, 99, 100})
    EXPECT_FALSE(*rundown.Append(Block(known, 20), kChannel, Tick(3))) << known << " is there";
  wire::BlockPlan other = Block(99, 20);
  other.mutable_segments(3)->set_asset_uri("/other");
  EXPECT_TRUE(absl::IsInvalidArgument(rundown.Append(other, kChannel, Tick(3)).status()));
  other.set_block_id("other");
  EXPECT_TRUE(absl::IsFailedPrecondition(rundown.Append(other, kChannel, Tick(3)).status()));

  rundown = Successor(rundown);
  rundown.PlanAhead(Tick(1990 * kTicks));
  EXPECT_EQ(rundown.blocks().back().plan.SerializeAsString(), next.SerializeAsString());
  EXPECT_EQ(rundown.End(), Tick(2020 * kTicks));
}

// One that waits behind blocks that were fed: the queue may be deep, and its blocks large.
TEST_F(LongPlan, MayBeMadeOfBlocksThatAreFed) {
  Rundown rundown(time_, kEpoch);
  for (int n = 0; n < 64; ++n) ASSERT_TRUE(*rundown.Append(Block(n, 512), kChannel, Tick(3)));
  EXPECT_LE(rundown.segments().size(), 1024u);
  EXPECT_EQ(rundown.End(), Tick(64 * 512 * kTicks));
  uint64_t last = 0;
  for (int64_t tick = 0; tick < 64 * 512 * kTicks; tick += 50 * kTicks) {
    rundown = Successor(rundown);
    rundown.PlanAhead(Tick(tick));
    rundown.Forget(Tick(tick));
    for (const PlannedBlock& block : rundown.blocks()) {
      if (block.serial <= last) continue;
      EXPECT_EQ(block.plan.block_id(), "block-" + std::to_string(last));
      EXPECT_EQ(block.segments.front().serial, last * 512 + 1);
      last = block.serial;
    }
  }
  EXPECT_EQ(last, 64u);
}

TEST_F(LongPlan, GivesWayToAnotherOneAtATick) {
  Rundown rundown = With(Blocks(2000, 20));
  const std::vector<wire::BlockPlan> blocks = Blocks(4000, 20);
  const int64_t shift_ms = 1000 * kSegmentMs - 80;
  const uint64_t first = rundown.ReserveSegments(4000);
  rundown.PlanAhead(Tick(1000 * kTicks));
  rundown.ReplaceFrom(Tick(1000 * kTicks), {.blocks = StoredBlocks::Of(blocks), .shift_ms = shift_ms}, first,
                      std::nullopt);
  EXPECT_EQ(rundown.last_end_utc_ms(), blocks.back().end_utc_ms() + shift_ms);
  EXPECT_EQ(rundown.segments().back().end, rundown.blocks().back().fence);
  rundown = Successor(rundown);
  rundown.PlanAhead(Tick(2500 * kTicks));
  const PlannedSegment* later = rundown.FindSegment(first + 1500);
  ASSERT_NE(later, nullptr);
  EXPECT_EQ(later->asset_uri, "/media/75-0.mp4");
  EXPECT_EQ(later->start, Tick(2500 * kTicks - 2));
  EXPECT_TRUE(*rundown.Append(Block(500, 20), kChannel, Tick(3)));
}

TEST_F(LongPlan, LeavesLiveOnTheAir) {
  Rundown rundown = With(Blocks(20'160, 20));
  rundown.Insert({.segment = {.serial = rundown.ReserveSegments(1), .asset_uri = "/live", .start = Tick(50)},
                  .open = true});
  const size_t waiting = rundown.waiting();
  rundown.PlanAhead(Tick(60));
  EXPECT_EQ(rundown.waiting(), waiting) << "what is hidden is planned all the same";
  rundown.PlanAhead(Tick(1000 * kTicks));
  EXPECT_EQ(rundown.segments().back().asset_uri, "/live");
}

}  // namespace
}  // namespace air
