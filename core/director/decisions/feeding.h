// Feeding: which blocks a manager is to be sent, so that it can play for at least half an hour without us. Pure.
//
// The rule: what a manager holds and the book agree, block by block, from the first block AIR has not been handed on. Where they
// part (a day was made again), what the book says replaces what the manager holds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/director/decisions/channel_book.h"

namespace retrovue {

// A block a manager has. `fixed`: AIR has been handed it, or it has aired: it stays whatever the book says.
struct HeldBlock {
  std::string block_id;
  Instant start;
  Instant end;
  bool fixed = false;
};

inline constexpr Millis kLeastAhead = std::chrono::minutes{30};
// Blocks are sent until this is full, and again when it has run down to kLeastAhead plus one block.
inline constexpr Millis kFullAhead = std::chrono::minutes{60};

struct Feed {
  Instant replace_from;              // all the manager holds from here on, and AIR does not, goes
  std::vector<PlannedBlock> blocks;  // at least one; they come in its place
};

// What to send now; nothing: it has all it needs, or the book has no more.
std::optional<Feed> NextFeed(const std::vector<HeldBlock>& held, const ChannelBook& book, Instant now);

// What the manager holds after `feed`.
std::vector<HeldBlock> AfterFeed(std::vector<HeldBlock> held, const Feed& feed);

// How far the manager can play without us: the end of what it holds without a hole from `now` on; `now` for nothing.
Instant HeldUntil(const std::vector<HeldBlock>& held, Instant now);

}  // namespace retrovue
