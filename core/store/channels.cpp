#include "core/store/channels.h"

#include "absl/strings/numbers.h"
#include "core/store/enum_names.h"
#include "core/store/handles.h"
#include "core/store/json.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr char kNext[] = "see them with `retrovue channel list`, or add it with `retrovue channel add`";

const Table kTable{"channels",
                   "a channel",
                   {"id",
                    "slug",
                    "title",
                    "time_zone",
                    "grid_block_minutes",
                    "block_start_offsets_json",
                    "programming_day_start",
                    "kind",
                    "number",
                    "logo_path",
                    "group_name",
                    "is_active",
                    "always_on",
                    "epg_horizon_days",
                    "playlog_horizon_min",
                    "linger_s",
                    "max_tail_trim_ms",
                    "filler_pool_json",
                    "station_card_path",
                    "station_card_duration_ms",
                    "program_format_json",
                    "enrichers_json",
                    "producer",
                    "version",
                    "breaks_json"},
                   1,
                   Part::kChannels};

Channel ChannelOf(Row& row) {
  Channel channel;
  channel.id.text = row.Text();
  channel.slug = row.Text();
  channel.title = row.Text();
  channel.time_zone = row.Text();
  channel.grid.block_minutes = row.Int();
  json::Read(row.Text(), channel.grid.offsets);
  channel.grid.day_start = row.Int();
  channel.kind = WordAt<ChannelKind>(row);
  channel.number = row.OptionalInt();
  channel.logo_path = row.Text();
  channel.group = row.Text();
  channel.is_active = row.Bool();
  channel.always_on = row.Bool();
  channel.epg_horizon_days = row.Int();
  channel.playlog_horizon_min = row.Int();
  channel.linger_s = row.Int();
  channel.max_tail_trim = row.Duration();
  json::Read(row.Text(), channel.filler_pool);
  channel.station_card_path = row.Text();
  channel.station_card_duration = row.Duration();
  channel.program_format_json = row.Text();
  json::Read(row.Text(), channel.enrichers);
  channel.producer = row.Text();
  channel.version = row.Int();
  json::Read(row.Text(), channel.breaks);
  return channel;
}

std::vector<Value> ValuesOf(const Channel& c) {
  return {c.id,
          c.slug,
          c.title,
          c.time_zone,
          c.grid.block_minutes,
          json::Write(c.grid.offsets),
          c.grid.day_start,
          NameOfEnum(c.kind),
          c.number,
          c.logo_path,
          c.group,
          c.is_active,
          c.always_on,
          c.epg_horizon_days,
          c.playlog_horizon_min,
          c.linger_s,
          c.max_tail_trim,
          json::Write(c.filler_pool),
          c.station_card_path,
          c.station_card_duration,
          c.program_format_json,
          json::Write(c.enrichers),
          c.producer,
          c.version,
          json::Write(c.breaks)};
}

std::vector<Channel> ChannelsOf(std::vector<Row> rows) {
  std::vector<Channel> channels;
  for (Row& row : rows) channels.push_back(ChannelOf(row));
  return channels;
}

// Whether `channel` may take the place of what is stored. Answers what it keeps of it.
absl::Status MayReplace(Sql& sql, const Channel& stored, const Channel& channel) {
  if (stored.version != channel.version) {
    return absl::AbortedError(absl::StrCat("channel \"", stored.slug, "\" was changed in between (version ",
                                           stored.version, ", not ", channel.version,
                                           "): read it again, then change it"));
  }
  if (stored.slug != channel.slug) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the slug of channel \"", stored.slug, "\" never changes: add a new channel \"", channel.slug, "\""));
  }
  if (stored.grid == channel.grid && stored.time_zone == channel.time_zone) return absl::OkStatus();
  const std::int64_t days =
      sql.Query("SELECT COUNT(*) FROM current_days WHERE channel_id = :id", 1, {{"id", stored.id}})
          .at(0)
          .Number();
  if (days > 0) {
    return absl::FailedPreconditionError(absl::StrCat("channel \"", stored.slug, "\" has ", days,
                                                      " days on its grid, and days touch: its grid and time "
                                                      "zone stay. Add a new channel for another grid"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Channel>> Channels::List() const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Channel>> {
    return ChannelsOf(
        sql_.Select(kTable, "ORDER BY CASE WHEN number IS NULL THEN 1 ELSE 0 END, number, slug"));
  });
}

absl::StatusOr<Channel> Channels::Get(const ChannelId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Channel> {
    return TheOne(ChannelsOf(sql_.Select(kTable, "WHERE id = :id", {{"id", id}})), "channel", id.text, kNext);
  });
}

absl::StatusOr<Channel> Channels::Find(const std::string& handle) const {
  return sql_.Guarded([&]() -> absl::StatusOr<Channel> {
    for (const char* by : {"WHERE slug = :handle", "WHERE id = :handle"}) {
      std::vector<Channel> found = ChannelsOf(sql_.Select(kTable, by, {{"handle", handle}}));
      if (!found.empty()) return std::move(found.front());
    }
    std::int64_t number = 0;
    if (!absl::SimpleAtoi(handle, &number)) return NoSuch("channel", handle, kNext);
    return TheOne(ChannelsOf(sql_.Select(kTable, "WHERE number = :number", {{"number", number}})), "channel",
                  handle, kNext);
  });
}

absl::Status Channels::Put(Channel& channel) {
  if (absl::Status valid = ValidateChannel(channel); !valid.ok()) return valid;
  return sql_.Guarded([&]() -> absl::Status {
    if (channel.id.empty()) channel.id = sql_.ids().Make<Channel>();
    if (std::optional<Row> row = sql_.SelectOne(kTable, "WHERE id = :id", {{"id", channel.id}})) {
      const Channel stored = ChannelOf(*row);
      if (absl::Status may = MayReplace(sql_, stored, channel); !may.ok()) return may;
      if (ValuesOf(stored) == ValuesOf(channel)) return absl::OkStatus();
      ++channel.version;
    }
    sql_.Put(kTable, ValuesOf(channel));
    return absl::OkStatus();
  });
}

absl::Status Channels::Delete(const ChannelId& id) {
  return sql_.Guarded([&]() -> absl::Status {
    const std::int64_t days =
        sql_.Query("SELECT COUNT(*) FROM schedule_days WHERE channel_id = :id", 1, {{"id", id}})
            .at(0)
            .Number();
    if (days > 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the channel has ", days,
                       " schedule days: switch it off instead (retrovue channel update --no-active)"));
    }
    if (sql_.Delete(kTable, "id = :id", {{"id", id}}) == 0) return NoSuch("channel", id.text, kNext);
    return absl::OkStatus();
  });
}

}  // namespace retrovue
