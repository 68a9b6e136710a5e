#include "core/channel/block_shelf.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using Block = BlockShelf::Block;
using Status = BlockShelf::Status;

bool IsAtAir(const Block& block) { return block.status == Status::FED || block.status == Status::ON_AIR; }
// It may still air.
bool IsAhead(const Block& block) { return block.status == Status::HELD || IsAtAir(block); }
bool Overlap(const Block& block, const playout::BlockPlan& plan) {
  return block.plan.start_utc_ms() < plan.end_utc_ms() && plan.start_utc_ms() < block.plan.end_utc_ms();
}

}  // namespace

std::string WhatIsWrongWith(const playout::BlockPlan& plan) {
  if (plan.block_id().empty()) return "it has no block_id";
  if (plan.end_utc_ms() <= plan.start_utc_ms()) return "it ends before it begins";
  if (plan.segments().empty()) return "it has no segments";
  std::int64_t sum = 0;
  for (const playout::BlockSegment& segment : plan.segments()) {
    if (segment.segment_duration_ms() <= 0) {
      return absl::StrCat("segment ", segment.segment_index(), " has no duration");
    }
    sum += segment.segment_duration_ms();
  }
  const std::int64_t length = plan.end_utc_ms() - plan.start_utc_ms();
  if (sum != length) return absl::StrCat("its segments are ", sum, " ms, and it is ", length, " ms");
  return "";
}

std::vector<BlockShelf::Refusal> BlockShelf::Put(const channel_link::Blocks& given) {
  std::vector<Refusal> refusals;
  std::int64_t from = given.replace_from_utc_ms();
  if (from == 0 && !given.blocks().empty()) from = given.blocks(0).start_utc_ms();
  const auto is_given = [&](const Block& block) {
    return std::any_of(given.blocks().begin(), given.blocks().end(), [&](const playout::BlockPlan& plan) {
      return plan.block_id() == block.plan.block_id();
    });
  };
  const auto goes = [&](const Block& block) {
    return block.status == Status::HELD && from != 0 && block.plan.start_utc_ms() >= from && !is_given(block);
  };
  std::erase_if(blocks_, goes);
  std::size_t bytes = 0;
  for (const Block& block : blocks_) bytes += block.plan.ByteSizeLong();

  for (const playout::BlockPlan& plan : given.blocks()) {
    if (const std::string wrong = WhatIsWrongWith(plan); !wrong.empty()) {
      refusals.push_back({plan.block_id(), wrong});
      continue;
    }
    if (Knows(plan.block_id())) continue;
    const auto taken = std::find_if(blocks_.begin(), blocks_.end(),
                                    [&](const Block& b) { return IsAtAir(b) && Overlap(b, plan); });
    if (taken != blocks_.end()) {
      refusals.push_back(
          {plan.block_id(), absl::StrCat("AIR has ", taken->plan.block_id(), " for its time")});
      continue;
    }
    std::erase_if(blocks_, [&](const Block& b) { return b.status == Status::HELD && Overlap(b, plan); });
    bytes += plan.ByteSizeLong();
    if (blocks_.size() >= kMostBlocks || bytes > kMostBytes) {
      refusals.push_back({plan.block_id(), absl::StrCat("there are ", blocks_.size(), " blocks already")});
      continue;
    }
    const auto place = std::upper_bound(
        blocks_.begin(), blocks_.end(), plan.start_utc_ms(),
        [](std::int64_t start, const Block& block) { return start < block.plan.start_utc_ms(); });
    blocks_.insert(place, Block{plan});
  }
  return refusals;
}

const Block* BlockShelf::Covering(Instant now) const {
  for (const Block& block : blocks_) {
    if (IsAhead(block) && block.start() <= now && now < block.end()) return &block;
  }
  return nullptr;
}

BlockShelf::Pair BlockShelf::StartingAt(Instant now) const {
  Pair pair{Covering(now)};
  if (pair.first == nullptr) return {};
  for (const Block& block : blocks_) {
    if (IsAhead(block) && block.start() == pair.first->end()) pair.second = &block;
  }
  return pair;
}

const Block* BlockShelf::NextToFeed(Instant now) const {
  const Block* last = nullptr;
  for (const Block& block : blocks_) {
    if (IsAtAir(block) && (last == nullptr || block.end() > last->end())) last = &block;
  }
  for (const Block& block : blocks_) {
    if (block.status != Status::HELD || block.end() <= now) continue;
    if (last != nullptr && block.start() < last->end()) continue;
    const bool behind_a_hole = last != nullptr && block.start() > last->end();
    if (behind_a_hole && last->end() - now > kHoleMargin) return nullptr;
    return &block;
  }
  return nullptr;
}

bool BlockShelf::MarkFed(const std::string& id) {
  Block* block = Find(id);
  if (block == nullptr) return false;
  if (block->status != Status::ON_AIR && block->status != Status::AIRED) block->status = Status::FED;
  return true;
}

bool BlockShelf::MarkStarted(const std::string& id) {
  Block* started = Find(id);
  if (started == nullptr) return false;
  if (started->status == Status::AIRED) return true;  // told again
  for (Block& block : blocks_) {
    if (IsAtAir(block) && block.start() < started->start()) block.status = Status::AIRED;
  }
  started->status = Status::ON_AIR;
  return true;
}

bool BlockShelf::MarkCompleted(const std::string& id) {
  Block* block = Find(id);
  if (block == nullptr) return false;
  block->status = Status::AIRED;
  return true;
}

bool BlockShelf::MarkRefused(const std::string& id) {
  Block* block = Find(id);
  if (block == nullptr) return false;
  if (!IsAtAir(*block)) block->status = Status::REFUSED;
  return true;
}

void BlockShelf::ForgetSession() {
  for (Block& block : blocks_) {
    if (IsAtAir(block)) block.status = Status::HELD;
  }
}

std::vector<std::string> BlockShelf::Expire(Instant now) {
  std::vector<std::string> skipped;
  for (Block& block : blocks_) {
    if (block.status != Status::HELD || block.end() > now) continue;
    block.status = Status::SKIPPED;
    skipped.push_back(block.plan.block_id());
  }
  std::erase_if(blocks_, [&](const Block& block) {
    return !IsAtAir(block) && block.status != Status::HELD && block.end() + kMemory <= now;
  });
  return skipped;
}

int BlockShelf::count(Status::Status status) const {
  return static_cast<int>(std::count_if(blocks_.begin(), blocks_.end(),
                                        [&](const Block& block) { return block.status == status; }));
}

std::string BlockShelf::on_air() const {
  for (const Block& block : blocks_) {
    if (block.status == Status::ON_AIR) return block.plan.block_id();
  }
  return "";
}

Instant BlockShelf::held_until() const {
  Instant until;
  for (const Block& block : blocks_) {
    if (IsAhead(block)) until = std::max(until, block.end());
  }
  return until;
}

void BlockShelf::Describe(channel_link::Hello& hello) const {
  for (const Block& block : blocks_) {
    channel_link::HeldBlock& held = *hello.add_blocks();
    held.set_block_id(block.plan.block_id());
    held.set_start_utc_ms(block.plan.start_utc_ms());
    held.set_end_utc_ms(block.plan.end_utc_ms());
    held.set_status(block.status);
  }
}

void BlockShelf::Save(channel_record::Record& record) const {
  for (const Block& block : blocks_) {
    channel_record::Block& saved = *record.add_blocks();
    *saved.mutable_plan() = block.plan;
    saved.set_status(block.status);
  }
}

BlockShelf BlockShelf::Restore(const channel_record::Record& record) {
  BlockShelf shelf;
  for (const channel_record::Block& saved : record.blocks()) {
    if (!WhatIsWrongWith(saved.plan()).empty() || shelf.Knows(saved.plan().block_id())) continue;
    shelf.blocks_.push_back({saved.plan(), saved.status()});
  }
  std::stable_sort(shelf.blocks_.begin(), shelf.blocks_.end(),
                   [](const Block& a, const Block& b) { return a.start() < b.start(); });
  return shelf;
}

Block* BlockShelf::Find(const std::string& id) {
  const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const Block& block) { return block.plan.block_id() == id; });
  return found == blocks_.end() ? nullptr : &*found;
}

const Block* BlockShelf::Find(const std::string& id) const { return const_cast<BlockShelf*>(this)->Find(id); }

}  // namespace retrovue
