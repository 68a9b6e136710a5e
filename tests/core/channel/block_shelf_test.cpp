#include "core/channel/block_shelf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/core/channel/test_blocks.h"

namespace retrovue {
namespace {

using channel_link::HeldBlock;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// "a held, b fed".
std::vector<std::string> Told(const BlockShelf& shelf) {
  static const char* const kNames[] = {"held", "fed", "on air", "aired", "refused", "skipped"};
  std::vector<std::string> told;
  for (const BlockShelf::Block& block : shelf.blocks()) {
    told.push_back(absl::StrCat(block.plan.block_id(), " ", kNames[block.status]));
  }
  return told;
}

BlockShelf ThreeBlocks() {
  BlockShelf shelf;
  EXPECT_THAT(shelf.Put(Blocks({Block("a", 0, 10), Block("b", 10, 20), Block("c", 20, 30)})), IsEmpty());
  return shelf;
}

TEST(BlockShelf, KeepsBlocksInOrderOfAiringHoweverTheyCome) {
  BlockShelf shelf;
  shelf.Put(Blocks({Block("c", 20, 30)}));
  shelf.Put(Blocks({Block("a", 0, 10)}, /*replace_from_s=*/100));
  shelf.Put(Blocks({Block("b", 10, 20)}, 100));
  EXPECT_THAT(Told(shelf), ElementsAre("a held", "b held", "c held"));
  EXPECT_EQ(shelf.held_until(), AtSecond(30));
}

TEST(BlockShelf, ReplacesWhatItHoldsFromTheFirstNewBlockOn) {
  BlockShelf shelf = ThreeBlocks();
  EXPECT_THAT(shelf.Put(Blocks({Block("x", 10, 25)})), IsEmpty());
  EXPECT_THAT(Told(shelf), ElementsAre("a held", "x held"));
}

TEST(BlockShelf, ReplacesFromWhereItIsTold) {
  BlockShelf shelf = ThreeBlocks();
  shelf.Put(Blocks({}, 20));
  EXPECT_THAT(Told(shelf), ElementsAre("a held", "b held"));
}

TEST(BlockShelf, NothingReplacesNothing) {
  BlockShelf shelf = ThreeBlocks();
  shelf.Put(Blocks({}));
  EXPECT_EQ(shelf.blocks().size(), 3u);
}

TEST(BlockShelf, TheSameBlockAgainIsTheSameBlock) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkFed("a");
  EXPECT_THAT(
      shelf.Put(Blocks({Block("a", 0, 10), Block("b", 10, 20), Block("c", 20, 30), Block("d", 30, 40)})),
      IsEmpty());
  EXPECT_THAT(Told(shelf), ElementsAre("a fed", "b held", "c held", "d held"));
}

TEST(BlockShelf, WhatAirHasIsImmutable) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkFed("a");
  shelf.MarkFed("b");
  const auto refused = shelf.Put(Blocks({Block("x", 5, 15), Block("y", 20, 40)}));
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].block_id, "x");
  EXPECT_THAT(refused[0].reason, HasSubstr("AIR has a"));
  EXPECT_THAT(Told(shelf), ElementsAre("a fed", "b fed", "y held"));
}

TEST(BlockShelf, RefusesWhatIsNoBlock) {
  BlockShelf shelf;
  playout::BlockPlan short_one = Block("short", 0, 10);
  short_one.mutable_segments(0)->set_segment_duration_ms(9'999);
  playout::BlockPlan empty = Block("empty", 10, 20);
  empty.clear_segments();
  playout::BlockPlan timeless = Block("timeless", 20, 30);
  timeless.add_segments();
  const auto refused = shelf.Put(
      Blocks({short_one, empty, timeless, Block("", 30, 40), Block("back", 50, 50), Block("good", 60, 70)}));
  ASSERT_EQ(refused.size(), 5u);
  EXPECT_EQ(refused[0].reason, "its segments are 9999 ms, and it is 10000 ms");
  EXPECT_THAT(Told(shelf), ElementsAre("good held"));
}

TEST(BlockShelf, IsBounded) {
  BlockShelf shelf;
  std::vector<playout::BlockPlan> many;
  for (int i = 0; i < static_cast<int>(BlockShelf::kMostBlocks) + 1; ++i) {
    many.push_back(Block(absl::StrCat(i), i, i + 1));
  }
  EXPECT_EQ(shelf.Put(Blocks(many)).size(), 1u);
  EXPECT_EQ(shelf.blocks().size(), BlockShelf::kMostBlocks);
}

TEST(BlockShelf, BeginsASessionWithTheBlockOfTheInstantAndTheOneThatTouchesIt) {
  const BlockShelf shelf = ThreeBlocks();
  const auto pair = shelf.StartingAt(AtSecond(10));
  ASSERT_TRUE(pair);
  EXPECT_EQ(pair.first->plan.block_id(), "b") << "a block owns its start and not its end";
  EXPECT_EQ(pair.second->plan.block_id(), "c");
}

TEST(BlockShelf, BeginsNoSessionBeforeAfterOrWithOneBlockOnly) {
  const BlockShelf shelf = ThreeBlocks();
  EXPECT_FALSE(shelf.StartingAt(AtSecond(-1)));
  EXPECT_FALSE(shelf.StartingAt(AtSecond(30)));
  EXPECT_FALSE(shelf.StartingAt(AtSecond(25))) << "nothing behind it";
  EXPECT_NE(shelf.Covering(AtSecond(25)), nullptr);
}

TEST(BlockShelf, BeginsNoSessionWithBlocksThatDoNotTouch) {
  BlockShelf shelf;
  shelf.Put(Blocks({Block("a", 0, 10), Block("b", 11, 20)}));
  EXPECT_FALSE(shelf.StartingAt(AtSecond(5)));
}

TEST(BlockShelf, FeedsInOrder) {
  BlockShelf shelf = ThreeBlocks();
  EXPECT_EQ(shelf.NextToFeed(AtSecond(5))->plan.block_id(), "a");
  shelf.MarkFed("a");
  EXPECT_EQ(shelf.NextToFeed(AtSecond(5))->plan.block_id(), "b");
  shelf.MarkFed("b");
  shelf.MarkFed("c");
  EXPECT_EQ(shelf.NextToFeed(AtSecond(5)), nullptr);
}

TEST(BlockShelf, FeedsNothingThatIsOver) {
  const BlockShelf shelf = ThreeBlocks();
  EXPECT_EQ(shelf.NextToFeed(AtSecond(10))->plan.block_id(), "b");
  EXPECT_EQ(shelf.NextToFeed(AtSecond(30)), nullptr);
}

TEST(BlockShelf, ABlockBehindAHoleWaitsUntilTheHoleIsNear) {
  BlockShelf shelf;
  shelf.Put(Blocks({Block("a", 0, 1000), Block("b", 1010, 1020)}));
  shelf.MarkFed("a");
  EXPECT_EQ(shelf.NextToFeed(AtSecond(800)), nullptr) << "the hole may be filled yet";
  EXPECT_EQ(shelf.NextToFeed(AtSecond(880))->plan.block_id(), "b");
}

TEST(BlockShelf, FollowsASession) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkFed("a");
  shelf.MarkFed("b");
  EXPECT_EQ(shelf.waiting_at_air(), 2);
  shelf.MarkStarted("a");
  EXPECT_EQ(shelf.on_air(), "a");
  EXPECT_EQ(shelf.waiting_at_air(), 1);
  EXPECT_EQ(shelf.at_air(), 2);
  shelf.MarkCompleted("a");
  shelf.MarkStarted("b");
  EXPECT_THAT(Told(shelf), ElementsAre("a aired", "b on air", "c held"));
}

TEST(BlockShelf, AStartSaysThatWhatWasBeforeItHasAired) {
  BlockShelf shelf = ThreeBlocks();
  for (const char* id : {"a", "b", "c"}) shelf.MarkFed(id);
  shelf.MarkStarted("c");
  EXPECT_THAT(Told(shelf), ElementsAre("a aired", "b aired", "c on air"));
}

TEST(BlockShelf, WhatIsToldAgainChangesNothing) {
  BlockShelf shelf = ThreeBlocks();
  for (const char* id : {"a", "b"}) shelf.MarkFed(id);
  shelf.MarkStarted("a");
  shelf.MarkCompleted("a");
  shelf.MarkStarted("b");
  shelf.MarkStarted("a");
  shelf.MarkCompleted("a");
  shelf.MarkFed("a");
  shelf.MarkRefused("b");
  EXPECT_THAT(Told(shelf), ElementsAre("a aired", "b on air", "c held"));
}

TEST(BlockShelf, KnowsOnlyItsOwnBlocks) {
  BlockShelf shelf = ThreeBlocks();
  EXPECT_FALSE(shelf.MarkFed("x"));
  EXPECT_FALSE(shelf.MarkStarted("x"));
  EXPECT_FALSE(shelf.MarkCompleted("x"));
  EXPECT_FALSE(shelf.MarkRefused("x"));
}

TEST(BlockShelf, ARefusedBlockIsNotFedAgain) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkRefused("a");
  EXPECT_EQ(shelf.NextToFeed(AtSecond(0))->plan.block_id(), "b");
  EXPECT_FALSE(shelf.StartingAt(AtSecond(5)));
  shelf.Put(Blocks({Block("a", 0, 10)}, 100));
  EXPECT_THAT(Told(shelf), ElementsAre("a refused", "b held", "c held"));
}

TEST(BlockShelf, WhatASessionTookWithItMayBeFedAgain) {
  BlockShelf shelf = ThreeBlocks();
  for (const char* id : {"a", "b"}) shelf.MarkFed(id);
  shelf.MarkStarted("b");
  shelf.ForgetSession();
  EXPECT_THAT(Told(shelf), ElementsAre("a aired", "b held", "c held"));
  EXPECT_EQ(shelf.StartingAt(AtSecond(12)).first->plan.block_id(), "b");
}

TEST(BlockShelf, SaysOnceWhatHasPassedUnaired) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkFed("a");
  EXPECT_THAT(shelf.Expire(AtSecond(20)), ElementsAre("b"));
  EXPECT_THAT(shelf.Expire(AtSecond(20)), IsEmpty());
  EXPECT_THAT(Told(shelf), ElementsAre("a fed", "b skipped", "c held"));
}

TEST(BlockShelf, ForgetsWhatIsLongOver) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkFed("a");
  shelf.MarkCompleted("a");
  shelf.Expire(AtSecond(100));
  EXPECT_EQ(shelf.blocks().size(), 3u);
  shelf.Expire(AtSecond(7210));
  EXPECT_THAT(Told(shelf), ElementsAre("b skipped", "c skipped"));
  shelf.Expire(AtSecond(10'000));
  EXPECT_THAT(Told(shelf), IsEmpty());
}

TEST(BlockShelf, ComesBackFromTheRecordAsItWas) {
  BlockShelf shelf = ThreeBlocks();
  shelf.MarkFed("a");
  shelf.MarkStarted("a");
  shelf.MarkFed("b");
  channel_record::Record record;
  shelf.Save(record);
  *record.add_blocks() = record.blocks(0);  // twice
  record.add_blocks()->mutable_plan();      // nothing
  const BlockShelf restored = BlockShelf::Restore(record);
  EXPECT_EQ(Told(restored), Told(shelf));
  channel_link::Hello hello;
  restored.Describe(hello);
  ASSERT_EQ(hello.blocks_size(), 3);
  EXPECT_EQ(hello.blocks(1).block_id(), "b");
  EXPECT_EQ(hello.blocks(1).status(), HeldBlock::FED);
  EXPECT_EQ(hello.blocks(1).start_utc_ms(), 10'000);
  EXPECT_EQ(hello.blocks(1).end_utc_ms(), 20'000);
}

}  // namespace
}  // namespace retrovue
