#include "supervisor/plan/block_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air {
namespace {

using ::testing::HasSubstr;

const HouseFormat kFormat{640, 360, {30000, 1001}, 48000, 2};
constexpr UtcMs kEpoch(1'000'000);

wire::BlockPlan Block(int64_t start, std::vector<int64_t> durations) {
  wire::BlockPlan plan;
  plan.set_block_id("b");
  plan.set_channel_id(1);
  plan.set_start_utc_ms(start);
  int64_t end = start;
  for (int64_t duration : durations) {
    wire::BlockSegment& segment = *plan.add_segments();
    segment.set_segment_index(plan.segments_size() - 1);
    segment.set_asset_uri("/a.mp4");
    segment.set_segment_duration_ms(duration);
    end += duration;
  }
  plan.set_end_utc_ms(end);
  return plan;
}

std::string RefusalOf(const wire::BlockPlan& plan) { return std::string(CheckBlock(plan, 1).message()); }

TEST(CheckBlock, NamesTheFieldThatIsWrong) {
  EXPECT_TRUE(CheckBlock(Block(0, {1000}), 1).ok());
  EXPECT_THAT(RefusalOf(wire::BlockPlan()), HasSubstr("block_id"));
  EXPECT_THAT(std::string(CheckBlock(Block(0, {1000}), 2).message()), HasSubstr("channel_id"));
  EXPECT_THAT(RefusalOf(Block(0, {1000, 0})), HasSubstr("segments[1].segment_duration_ms"));
  wire::BlockPlan backwards = Block(5000, {1000});
  backwards.set_end_utc_ms(4000);
  EXPECT_THAT(RefusalOf(backwards), HasSubstr("end_utc_ms"));
  wire::BlockPlan empty = Block(0, {1000});
  empty.clear_segments();
  EXPECT_THAT(RefusalOf(empty), HasSubstr("segments"));
  wire::BlockPlan early = Block(0, {1000});
  early.mutable_segments(0)->set_asset_start_offset_ms(-1);
  EXPECT_THAT(RefusalOf(early), HasSubstr("asset_start_offset_ms"));
}

TEST(CheckBlock, AcceptsDurationsThatMissTheBlockByTheirRoundingAndNoMore) {
  wire::BlockPlan plan = Block(0, {1000, 1000, 1000});
  plan.set_end_utc_ms(3003);
  EXPECT_TRUE(CheckBlock(plan, 1).ok());
  plan.set_end_utc_ms(3004);
  EXPECT_THAT(RefusalOf(plan), HasSubstr("segment_duration_ms"));
}

TEST(PlanBlock, LeavesNoTickWithoutAnOwnerAndNoneWithTwo) {
  const HouseTime time(kFormat);
  uint64_t serial = 1;
  Tick free(0);
  int64_t start = kEpoch.value();
  for (int b = 0; b < 500; ++b) {
    const PlannedBlock block = PlanBlock(Block(start, {997, 333 + b, 41, 1001}), time, kEpoch, 1, serial);
    EXPECT_EQ(block.start, free);
    for (const PlannedSegment& segment : block.segments) {
      EXPECT_EQ(segment.start, free);
      free = segment.end;
    }
    EXPECT_EQ(free, block.fence);
    start = block.plan.end_utc_ms();
  }
}

TEST(PlanBlock, CountsTheFramesThatWerePastBeforeTheSession) {
  const HouseTime time(kFormat);
  uint64_t serial = 1;
  const PlannedBlock block = PlanBlock(Block(kEpoch.value() - 2000, {1000, 3000}), time, kEpoch, 1, serial);
  EXPECT_TRUE(block.segments[0].IsEmpty());
  EXPECT_EQ(block.segments[1].start, Tick(0));
  EXPECT_EQ(block.segments[1].skip_units, -time.FirstTickAt(kEpoch, kEpoch, -1000).value());
  EXPECT_EQ(block.segments[1].end, time.FirstTickAt(kEpoch, kEpoch, 2000));
}

}  // namespace
}  // namespace air
