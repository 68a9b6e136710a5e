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
  // What of it is on at `now`; nullptr as above.
  const PlaylogEvent* EventAt(Instant now) const;
  // Where the blocks without a hole from `now` on end; `now` if there is none.
  Instant CoveredUntil(Instant now) const;
};

// The file of the programme that is on at `now`; empty: there is none, or it is a filler, the station card or pad.
std::string FileOfNow(const ChannelBook& book, Instant now);

}  // namespace retrovue
