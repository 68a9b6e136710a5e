// ChannelBook: what the director knows of a channel without asking the database: what airs now and in the next hour.
//
// The rule: the playlog of the next hours is never changed but by an operator's force, so a book that covers `now` is good for
// tuning in and for feeding even while the database is away.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/channel.h"
#include "core/model/playlog.h"

namespace retrovue {

struct ChannelBook {
  Instant read_at{};                 // when it was read from the database; the beginning of time: never
  std::vector<PlannedBlock> blocks;  // in order, not overlapping; the one on air at `read_at` first
  std::optional<Instant> next_item;  // where nothing covers `read_at`: when the schedule goes on
  std::string schedule_error;        // why there is no schedule; empty: nothing is wrong with it

  // The block on air at `now`; nullptr: the book has none.
  const PlannedBlock* BlockAt(Instant now) const;
  // Where the blocks without a hole from `now` on end; `now` if there is none.
  Instant CoveredUntil(Instant now) const;
};

// The next `count` blocks from `now` on that have files, each file once, in order.
std::vector<std::string> FilesOfNextBlocks(const ChannelBook& book, Instant now, int count);

}  // namespace retrovue
