// Blocks as bytes: what comes out is what was put in, and what is damaged is refused.
#include "supervisor/plan/stored_blocks.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace air {
namespace {

using retrovue::playout::BlockPlan;

BlockPlan Block(const std::string& id, int64_t start_ms, int segments) {
  BlockPlan block;
  block.set_block_id(id);
  block.set_start_utc_ms(start_ms);
  block.set_end_utc_ms(start_ms + 1000 * segments);
  for (int i = 0; i < segments; ++i) block.add_segments()->set_asset_uri("/" + id);
  return block;
}

std::string Told(const BlockPlan& block) { return block.SerializeAsString(); }

TEST(StoredBlocksTest, AreWhatTheyWereInAnotherProcessToo) {
  const std::vector<BlockPlan> blocks = {Block("a", 0, 3), Block("b", 3000, 1), Block("c", 4000, 2)};
  const StoredBlocks::Pointer stored = StoredBlocks::Of(blocks);
  const auto parsed = StoredBlocks::Parse(std::make_shared<const std::string>(*stored->file()));
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  for (const StoredBlocks::Pointer& all : {stored, *parsed}) {
    ASSERT_EQ(all->size(), 3u);
    EXPECT_EQ(all->segments(), 6u);
    for (size_t i = 0; i < 3; ++i) EXPECT_EQ(Told(all->Decode(i, 0)), Told(blocks[i]));
    EXPECT_EQ(all->at(2).first_segment, 4u);
    EXPECT_EQ(all->at(2).start_utc_ms, 4000);
    EXPECT_EQ(all->at(1).name, StoredBlocks::NameOf("b"));
  }
  EXPECT_EQ(stored->Decode(1, 50).start_utc_ms(), 3050);
  EXPECT_EQ(stored->Decode(1, 50).end_utc_ms(), 4050);
}

TEST(StoredBlocksTest, LeaveWhatIsOverAndTakeOneMore) {
  const StoredBlocks::Pointer stored = StoredBlocks::Of({Block("a", 0, 3), Block("b", 3000, 1)});
  const StoredBlocks::Pointer next = stored->With(1, Block("c", 4000, 2), 17);
  ASSERT_EQ(next->size(), 2u);
  EXPECT_EQ(Told(next->Decode(0, 0)), Told(Block("b", 3000, 1)));
  EXPECT_EQ(next->at(0).first_segment, 3u);
  EXPECT_EQ(Told(next->Decode(1, 0)), Told(Block("c", 4000, 2)));
  EXPECT_EQ(next->segments(), 19u);
  EXPECT_EQ(next->With(2, Block("d", 6000, 1), 19)->size(), 1u);
}

TEST(StoredBlocksTest, AreRefusedWhateverByteIsDamagedOrMissing) {
  const std::string whole = *StoredBlocks::Of({Block("a", 0, 3), Block("b", 3000, 1)})->file();
  const auto parse = [](const std::string& bytes) {
    return StoredBlocks::Parse(std::make_shared<const std::string>(bytes)).status();
  };
  EXPECT_TRUE(parse(whole).ok());
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string damaged = whole;
    damaged[i] ^= 0x10;
    EXPECT_TRUE(absl::IsDataLoss(parse(damaged))) << "byte " << i;
    EXPECT_TRUE(absl::IsDataLoss(parse(whole.substr(0, i)))) << i << " bytes";
  }
  EXPECT_TRUE(absl::IsDataLoss(StoredBlocks::Parse(nullptr).status()));
}

}  // namespace
}  // namespace air
