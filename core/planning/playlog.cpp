// Playlog, blocks and guide of stored days.
#include <set>

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"
#include "core/planning/planning.h"
#include "core/planning/planning_parts.h"
#include "core/schedule/guide.h"
#include "core/schedule/playlog.h"
#include "core/schedule/resolve_day.h"
#include "core/store/channels.h"
#include "core/store/playlog.h"
#include "core/store/schedule_days.h"

namespace retrovue {
namespace {

constexpr auto kDay = std::chrono::hours(24);

// Whether blocks are there from `from` to `to` without a gap.
bool Covers(const std::vector<PlannedBlock>& blocks, Instant from, Instant to) {
  Instant t = from;
  for (const PlannedBlock& block : blocks) {
    if (block.start > t) return false;
    t = block.end;
  }
  return t >= to;
}

}  // namespace

absl::Status Planning::MakePlaylogAgain(Transaction& transaction, const Channel& channel, Instant lock) {
  const absl::StatusOr<std::vector<PlannedBlock>> stored =
      transaction.playlog().Blocks(channel.id, lock, kFarAway);
  if (!stored.ok()) return stored.status();
  if (stored->empty()) return absl::OkStatus();
  const Instant until = stored->back().end;
  const absl::StatusOr<std::vector<PlannedBlock>> wanted = BlocksOfDays(transaction, channel, lock, until);
  if (!wanted.ok()) return wanted.status();
  std::set<std::string> wanted_ids;
  for (const PlannedBlock& block : *wanted) wanted_ids.insert(block.block_id);
  std::vector<std::string> gone;
  for (const PlannedBlock& block : *stored) {
    if (wanted_ids.count(block.block_id) == 0 && !IsFed(block)) gone.push_back(block.block_id);
  }
  const absl::StatusOr<int> dropped = transaction.playlog().DropPlanned(channel.id, gone);
  if (!dropped.ok()) return dropped.status();
  return MakeBlocks(transaction, channel, lock, until).status();
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::BlocksOfDays(const Snapshot& snapshot,
                                                                 const Channel& channel, Instant from,
                                                                 Instant to) {
  const absl::StatusOr<Grid> grid = GridOf(channel);
  if (!grid.ok()) return grid.status();
  const absl::StatusOr<std::vector<ScheduleDay>> days =
      snapshot.schedule_days().Airing(channel.id, from, to, ScheduleDays::Detail::kWithoutCursors);
  if (!days.ok()) return days.status();
  const absl::StatusOr<std::shared_ptr<const Catalogue>> catalogue = CatalogueOf(snapshot);
  if (!catalogue.ok()) return catalogue.status();
  const AvailRules rules = AvailRulesOf(channel, (*catalogue)->view, SeedOf(channel.id));
  std::vector<PlannedBlock> blocks;
  for (const ScheduleDay& day : *days) {
    for (PlannedBlock& block : PlanBlocks(channel, *grid, day, rules)) {
      if (block.start < to && block.end > from) blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::MakeBlocks(Transaction& transaction,
                                                               const Channel& channel, Instant from,
                                                               Instant to) {
  absl::StatusOr<std::vector<PlannedBlock>> planned = BlocksOfDays(transaction, channel, from, to);
  if (!planned.ok()) return planned.status();
  const Snapshot& snapshot = transaction;
  const absl::StatusOr<std::vector<PlannedBlock>> stored = snapshot.playlog().Blocks(channel.id, from, to);
  if (!stored.ok()) return stored.status();
  for (PlannedBlock& block : *planned) {
    // What the playlog has stays, also where the fillers would be others today.
    const bool taken = std::any_of(stored->begin(), stored->end(), [&](const PlannedBlock& b) {
      return b.start < block.end && b.end > block.start;
    });
    if (taken) continue;
    if (absl::Status added = transaction.playlog().Add(channel.id, block); !added.ok()) return added;
  }
  return snapshot.playlog().Blocks(channel.id, from, to);
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::Blocks(const ChannelId& channel_id, Instant from,
                                                           Instant to) {
  std::vector<PlannedBlock> blocks;
  bool complete = false;
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<std::vector<PlannedBlock>> stored = snapshot.playlog().Blocks(channel_id, from, to);
    if (!stored.ok()) return stored.status();
    complete = Covers(*stored, from, to);
    blocks = *std::move(stored);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (complete) return blocks;
  absl::Status written = store_.Write([&](Transaction& transaction) -> absl::Status {
    const absl::StatusOr<Channel> channel = transaction.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::vector<PlannedBlock>> made = MakeBlocks(transaction, *channel, from, to);
    if (made.ok()) blocks = *std::move(made);
    return made.status();
  });
  if (!written.ok()) return written;
  return blocks;
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::ExtendPlaylog(const ChannelId& channel_id) {
  const Instant now = now_();
  Instant lock;
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<Channel> channel = snapshot.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<Grid> grid = GridOf(*channel);
    if (!grid.ok()) return grid.status();
    lock = LockOf(*grid, now, minutes(channel->playlog_horizon_min));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return Blocks(channel_id, now, lock);
}

absl::StatusOr<std::vector<ScheduleDay>> DaysOfGuide(const Snapshot& snapshot, const ChannelId& channel_id,
                                                     Instant from, Instant to) {
  return snapshot.schedule_days().Airing(channel_id, from - kDay, to + kDay, ScheduleDays::Detail::kForGuide);
}

absl::StatusOr<EpgGeneration> Planning::Guide(const ChannelId& channel_id, Instant from, Instant to) {
  EpgGeneration guide;
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<Channel> channel = snapshot.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<std::vector<ScheduleDay>> days = DaysOfGuide(snapshot, channel_id, from, to);
    if (!days.ok()) return days.status();
    guide = GuideOf(*channel, *days);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  guide.entries.erase(std::remove_if(guide.entries.begin(), guide.entries.end(),
                                     [&](const GuideEntry& e) { return e.stop <= from || e.start >= to; }),
                      guide.entries.end());
  std::uint64_t tag = StableHash(0, guide.etag);
  if (!guide.entries.empty()) {
    tag = StableHash(StableHash(tag, guide.entries.front().id), guide.entries.back().id);
  }
  guide.etag = absl::StrCat(absl::Hex(tag, absl::kZeroPad16));
  return guide;
}

absl::StatusOr<ScheduleItem> Planning::ItemAt(const ChannelId& channel_id, Instant t) {
  absl::StatusOr<ScheduleItem> found = absl::NotFoundError(absl::StrCat(
      "no schedule day covers ", ToRfc3339(t), ": make it with `retrovue schedule-day generate`"));
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<std::vector<ScheduleDay>> days =
        snapshot.schedule_days().Airing(channel_id, t, t + Millis(1));
    if (!days.ok()) return days.status();
    for (const ScheduleDay& day : *days) {
      for (const ScheduleItem& item : day.items) {
        if (item.start <= t && t < item.end) found = item;
      }
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return found;
}

}  // namespace retrovue
