#include "core/store/playlog.h"

#include "core/store/enum_names.h"
#include "core/store/handles.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "see what there is with `retrovue playlog-event list`";

const Table kBlocks{"playlog_blocks",
                    "a block",
                    {"id", "channel_id", "start_ms", "end_ms", "broadcast_day", "broadcast_day_anchor_ms"}};
const Table kEvents{
    "playlog_events",
    "a playlog event",
    {"id", "block_id", "segment_index", "schedule_item_id", "kind", "asset_id", "path", "start_ms", "end_ms",
     "asset_start_offset_ms", "cut_short", "broadcast_day", "state", "fades_in"}};

PlannedBlock BlockOf(Row& row) {
  PlannedBlock block;
  block.block_id = row.Text();
  row.Text();  // its channel
  block.start = row.At();
  block.end = row.At();
  block.broadcast_day = row.Date();
  block.broadcast_day_anchor = row.At();
  return block;
}

PlaylogEvent EventOf(Row& row) {
  PlaylogEvent event;
  event.id.text = row.Text();
  event.block_id = row.Text();
  event.segment_index = row.Int();
  event.schedule_item_id.text = row.Text();
  event.kind = WordAt<PlaylogKind>(row);
  event.asset_id.text = row.Text();
  event.path = row.Text();
  event.start = row.At();
  event.end = row.At();
  event.asset_start_offset = row.Duration();
  event.cut_short = row.Bool();
  event.broadcast_day = row.Date();
  event.state = WordAt<PlaylogState>(row);
  event.fades_in = row.Bool();
  return event;
}

std::vector<PlannedBlock> BlocksWhere(Sql& sql, const std::string& where, const std::vector<Bind>& binds) {
  std::vector<PlannedBlock> blocks;
  for (Row& row : sql.Select(kBlocks, where, binds)) blocks.push_back(BlockOf(row));
  for (PlannedBlock& block : blocks) {
    for (Row& row :
         sql.Select(kEvents, "WHERE block_id = :block ORDER BY segment_index", {{"block", block.block_id}})) {
      block.events.push_back(EventOf(row));
    }
  }
  return blocks;
}

}  // namespace

absl::StatusOr<std::vector<PlannedBlock>> Playlog::Blocks(const ChannelId& channel_id, Instant from,
                                                          Instant to) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<PlannedBlock>> {
    return BlocksWhere(
        sql_, "WHERE channel_id = :channel AND start_ms < :until AND end_ms > :since ORDER BY start_ms",
        {{"channel", channel_id}, {"until", to}, {"since", from}});
  });
}

absl::StatusOr<PlannedBlock> Playlog::GetBlock(const std::string& block_id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<PlannedBlock> {
    std::vector<PlannedBlock> blocks = BlocksWhere(sql_, "WHERE id = :id", {{"id", block_id}});
    if (blocks.empty()) return NoSuch("block", block_id, kNext);
    return std::move(blocks.front());
  });
}

absl::StatusOr<PlaylogEvent> Playlog::GetEvent(const PlaylogEventId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<PlaylogEvent> {
    std::optional<Row> row = sql_.SelectOne(kEvents, "WHERE id = :id", {{"id", id}});
    if (!row) return NoSuch("playlog event", id.text, kNext);
    return EventOf(*row);
  });
}

absl::Status Playlog::Add(const ChannelId& channel_id, PlannedBlock& block) {
  return sql_.Guarded([&]() -> absl::Status {
    std::vector<PlannedBlock> there = BlocksWhere(
        sql_, "WHERE channel_id = :channel AND start_ms < :until AND end_ms > :since ORDER BY start_ms",
        {{"channel", channel_id}, {"until", block.end}, {"since", block.start}});
    if (!there.empty()) {
      if (there.front().block_id == block.block_id) {
        block = std::move(there.front());
        return absl::OkStatus();
      }
      return absl::AlreadyExistsError(absl::StrCat("block ", block.block_id, " is on the air while ",
                                                   there.front().block_id, " is: take that block out first"));
    }
    sql_.Insert(kBlocks, {block.block_id, channel_id, block.start, block.end, ToText(block.broadcast_day),
                          block.broadcast_day_anchor});
    for (PlaylogEvent& event : block.events) {
      if (event.id.empty()) event.id = sql_.ids().Make<PlaylogEvent>();
      sql_.Insert(kEvents, {event.id, block.block_id, event.segment_index, event.schedule_item_id,
                            NameOfEnum(event.kind), Value::OrNull(event.asset_id.text), event.path,
                            event.start, event.end, event.asset_start_offset, event.cut_short,
                            ToText(event.broadcast_day), NameOfEnum(event.state), event.fades_in});
    }
    return absl::OkStatus();
  });
}

absl::StatusOr<int> Playlog::DropPlanned(const ChannelId& channel_id,
                                         const std::vector<std::string>& block_ids) {
  return sql_.Guarded([&]() -> absl::StatusOr<int> {
    int dropped = 0;
    for (const std::string& id : block_ids) {
      dropped += static_cast<int>(sql_.Delete(
          kBlocks,
          "id = :id AND channel_id = :channel AND NOT EXISTS "
          "(SELECT 1 FROM playlog_events e WHERE e.block_id = playlog_blocks.id AND e.state <> 'planned')",
          {{"id", id}, {"channel", channel_id}}));
    }
    return dropped;
  });
}

absl::Status Playlog::MarkFed(const std::string& block_id) {
  return sql_.Guarded([&]() -> absl::Status {
    if (sql_.Count(kBlocks, "WHERE id = :id", {{"id", block_id}}) == 0)
      return NoSuch("block", block_id, kNext);
    sql_.Update(kEvents, "SET state = 'fed' WHERE block_id = :id AND state = 'planned'", {{"id", block_id}});
    return absl::OkStatus();
  });
}

absl::Status Playlog::MarkOutcome(const PlaylogEventId& id, PlaylogState outcome) {
  return sql_.Guarded([&]() -> absl::Status {
    if (outcome == PlaylogState::kPlanned || outcome == PlaylogState::kFed) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", Name(outcome), "\" is no outcome of a playlog event"));
    }
    sql_.Update(kEvents, "SET state = :state WHERE id = :id AND state <> :same",
                {{"state", NameOfEnum(outcome)}, {"id", id}, {"same", NameOfEnum(outcome)}});
    return absl::OkStatus();
  });
}

}  // namespace retrovue
