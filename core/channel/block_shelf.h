// The blocks a channel manager holds: what the director has said is to play, and how far it has gone. Pure.
//
// The rule: blocks stand in order of airing and do not overlap. What AIR was handed is immutable; what it was not may be replaced
// at any time. A block keeps its id, and its place, from the day it is held until a while after it has aired, so that no event about
// it is about something unknown.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "core/model/time.h"
#include "protos/channel_link.pb.h"
#include "protos/channel_record.pb.h"
#include "protos/playout.pb.h"

namespace retrovue {

class BlockShelf {
 public:
  using Status = channel_link::HeldBlock;  // its values: HELD, FED, ON_AIR, AIRED, REFUSED, SKIPPED

  // Bounds of what a director may hand over; more is refused.
  static constexpr std::size_t kMostBlocks = 4096;
  static constexpr std::size_t kMostBytes = 32 << 20;
  // How long a block is remembered behind its end.
  static constexpr Millis kMemory = std::chrono::hours(2);

  struct Block {
    playout::BlockPlan plan;
    Status::Status status = Status::HELD;

    Instant start() const { return FromUtcMs(plan.start_utc_ms()); }
    Instant end() const { return FromUtcMs(plan.end_utc_ms()); }
  };
  struct Refusal {
    std::string block_id;
    std::string reason;
  };

  // Takes the director's blocks in, as Blocks in channel_link.proto says. Those that cannot be: no id, no time, no segments, segments
  // that do not add up, over what AIR has, beyond the bounds.
  std::vector<Refusal> Put(const channel_link::Blocks& blocks);

  // The block of this instant and the one that touches it: what a session begins with. Null: there is none such.
  struct Pair {
    const Block* first = nullptr;
    const Block* second = nullptr;
    explicit operator bool() const { return first != nullptr && second != nullptr; }
  };
  Pair StartingAt(Instant now) const;
  // The one that covers this instant, whatever stands behind it; null: none.
  const Block* Covering(Instant now) const;

  // The next one to hand over: the first that is held, behind all AIR has, and not over. Null: none. One behind a hole waits until the
  // hole is nearer than kHoleMargin: it may be filled.
  static constexpr Millis kHoleMargin = std::chrono::minutes(2);
  const Block* NextToFeed(Instant now) const;

  // What has happened to a block; an id that is not here changes nothing and is false.
  bool MarkFed(const std::string& id);
  bool MarkStarted(const std::string& id);  // those AIR had before it have aired
  bool MarkCompleted(const std::string& id);
  bool MarkRefused(const std::string& id);
  // AIR's session is over: what has not aired may be fed again.
  void ForgetSession();

  // Those whose time has just passed without being handed to AIR. Forgets what is older than kMemory.
  std::vector<std::string> Expire(Instant now);

  bool Knows(const std::string& id) const { return Find(id) != nullptr; }
  const std::vector<Block>& blocks() const { return blocks_; }
  int count(Status::Status status) const;
  int waiting_at_air() const { return count(Status::FED); }
  int at_air() const { return count(Status::FED) + count(Status::ON_AIR); }
  std::string on_air() const;  // id; empty: none
  Instant held_until() const;  // the end of the last one that may still air; the epoch: none

  // For hello and record.
  void Describe(channel_link::Hello& hello) const;
  void Save(channel_record::Record& record) const;
  // What is no block is left out.
  static BlockShelf Restore(const channel_record::Record& record);

 private:
  Block* Find(const std::string& id);
  const Block* Find(const std::string& id) const;

  std::vector<Block> blocks_;  // by start
};

// What is wrong with a block in itself; empty: nothing.
std::string WhatIsWrongWith(const playout::BlockPlan& plan);

}  // namespace retrovue
