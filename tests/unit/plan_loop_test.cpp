#include "core/plan_loop.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace air {
namespace {

using retrovue::playout::BlockPlan;

constexpr std::int64_t kNow = 1'700'000'000'123;

std::int64_t SegmentSum(const BlockPlan& block) {
  std::int64_t sum = 0;
  for (const auto& segment : block.segments()) sum += segment.segment_duration_ms();
  return sum;
}

TEST(PlanLoop, StartsNowAndMakesBlocksThatTouch) {
  PlanLoop loop({{"/tv/a.mp4", 12'345}, {"/tv/b.mp4", 67'891}}, 1);
  BlockPlan last = loop.Next(kNow);
  EXPECT_EQ(last.start_utc_ms(), kNow);
  for (int i = 0; i < 100; ++i) {
    const BlockPlan block = loop.Next(kNow);
    EXPECT_EQ(block.start_utc_ms(), last.end_utc_ms());
    EXPECT_EQ(SegmentSum(block), block.end_utc_ms() - block.start_utc_ms());
    EXPECT_NE(block.block_id(), last.block_id());
    last = block;
  }
}

TEST(PlanLoop, RepeatsShortAssetsUntilABlockIsLongEnough) {
  PlanLoop loop({{"/tv/short.mp4", 1'001}}, 3);
  const BlockPlan block = loop.Next(kNow);
  ASSERT_EQ(block.segments_size(), 10);
  EXPECT_EQ(block.channel_id(), 3);
  EXPECT_GE(SegmentSum(block), PlanLoop::kShortestBlockMs);
  for (int i = 0; i < block.segments_size(); ++i) EXPECT_EQ(block.segments(i).segment_index(), i);
}

TEST(PlanLoop, AirsEveryAssetInTurnAcrossBlocks) {
  PlanLoop loop({{"/a", 4'000}, {"/b", 4'000}, {"/c", 3'000}, {"/d", 20'000}}, 1);
  std::string order;
  for (int i = 0; i < 4; ++i) {
    const BlockPlan block = loop.Next(kNow);
    for (const auto& segment : block.segments()) order += segment.asset_uri();
  }
  EXPECT_EQ(order, "/a/b/c/d/a/b/c/d");
}

TEST(PlanLoop, PlansNothingForThePast) {
  PlanLoop loop({{"/a", 10'000}}, 1);
  loop.Next(kNow);
  EXPECT_EQ(loop.Next(kNow + 60'000).start_utc_ms(), kNow + 60'000);
}

TEST(PlanLoop, StartsAgainAtOnceWithTheNextAssetAfterASessionWasLost) {
  PlanLoop loop({{"/a", 10'000}, {"/b", 10'000}}, 1);
  loop.Next(kNow);
  loop.StartAfresh();
  const BlockPlan block = loop.Next(kNow + 500);
  EXPECT_EQ(block.start_utc_ms(), kNow + 500);
  EXPECT_EQ(block.segments(0).asset_uri(), "/b");
}

}  // namespace
}  // namespace air
