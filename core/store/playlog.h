// The stored playlog: the blocks of the next hours, and what became of those of the past.
#pragma once

#include <string>
#include <vector>

#include "core/model/channel.h"
#include "core/model/playlog.h"
#include "core/store/repository.h"

namespace retrovue {

class Playlog : public Repository {
 public:
  using Repository::Repository;

  // The blocks that are on the air in [from, to), in order, with their events.
  absl::StatusOr<std::vector<PlannedBlock>> Blocks(const ChannelId& channel_id, Instant from,
                                                   Instant to) const;
  absl::StatusOr<PlannedBlock> GetBlock(const std::string& block_id) const;
  absl::StatusOr<PlaylogEvent> GetEvent(const PlaylogEventId& id) const;

  // Adds a block; events without an id are given one. If a block with this id is there: OK, nothing is written, and `block`
  // becomes the stored block. ALREADY_EXISTS if another block of the channel is on the air in its time.
  absl::Status Add(const ChannelId& channel_id, PlannedBlock& block);
  // Takes blocks out of which nothing has been fed yet: what is fed stays. Answers how many blocks went.
  absl::StatusOr<int> DropPlanned(const ChannelId& channel_id, const std::vector<std::string>& block_ids);

  // planned -> fed, for all events of the block. What is fed, or more, stays as it is. NOT_FOUND if there is no such block.
  absl::Status MarkFed(const std::string& block_id);
  // fed or planned -> aired, truncated or skipped; a later word replaces an earlier one. OK, and nothing is written, for an event
  // that is not there: evidence may be older than the playlog.
  absl::Status MarkOutcome(const PlaylogEventId& id, PlaylogState outcome);
};

}  // namespace retrovue
