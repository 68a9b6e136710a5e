#include "core/store/schedule_days.h"

#include "absl/strings/match.h"
#include "core/store/enum_names.h"
#include "core/store/handles.h"
#include "core/store/json.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

const Table kDays{"schedule_days",
                  "a schedule day",
                  {"id", "channel_id", "date", "generation", "is_manual_override", "supersedes",
                   "plan_ids_json", "seed", "anchor_ms", "start_ms", "end_ms", "carry_in_until_ms",
                   "carry_out_until_ms", "notices_json", "cursors_after_json", "made_at_ms"}};
const Table kItems{"schedule_items",
                   "a schedule item",
                   {"day_id",       "seq",        "id",        "start_ms",   "end_ms",      "content_ms",
                    "kind",         "zone_id",    "zone_name", "plan_id",    "entry",       "thing_kind",
                    "thing_id",     "thing_link", "title",     "series",     "season",      "episode",
                    "cursors_json", "why",        "opens_day", "seq_before", "breaks_json", "asset_id"},
                   2};
const Table kParts{"schedule_parts",
                   "a part of a schedule item",
                   {"day_id", "item_seq", "seq", "asset_id", "synthetic_id", "path", "airs_ms"},
                   3};
const Table kCurrent{
    "current_days",
    "a current day",
    {"channel_id", "date", "day_id", "start_ms", "carry_out_until_ms", "last_seq", "follows_date"},
    2};

// The same, with no cursors for those that are stored.
Table WithoutCursors(Table table) {
  for (const char*& column : table.columns) {
    if (absl::EndsWith(column, "cursors_json") || absl::EndsWith(column, "cursors_after_json"))
      column = "'[]'";
  }
  return table;
}
const Table kDaysOnly = WithoutCursors(kDays);
const Table kItemsOnly = WithoutCursors(kItems);

using Detail = ScheduleDays::Detail;

constexpr char kOfCurrent[] =
    "WHERE id IN (SELECT c.day_id FROM current_days c WHERE c.channel_id = :channel";

ScheduleDay DayOf(Row& row) {
  ScheduleDay day;
  day.id.text = row.Text();
  day.channel_id.text = row.Text();
  day.date = row.Date();
  day.generation = row.Int();
  day.is_manual_override = row.Bool();
  day.supersedes.text = row.Text();
  json::Read(row.Text(), day.plan_ids);
  day.seed = Unsigned(row.Number());
  day.anchor = row.At();
  day.start = row.At();
  day.end = row.At();
  day.carry_in_until = row.At();
  day.carry_out_until = row.At();
  json::Read(row.Text(), day.notices);
  json::Read(row.Text(), day.cursors_after);
  return day;
}

ScheduleItem ItemOf(Row& row, Cursors& running) {
  ScheduleItem item;
  row.Text();  // its day
  item.seq = row.Int();
  item.id.text = row.Text();
  item.start = row.At();
  item.end = row.At();
  item.content = row.Duration();
  item.kind = WordAt<ItemKind>(row);
  item.zone_id.text = row.Text();
  item.zone_name = row.Text();
  item.plan_id.text = row.Text();
  item.entry = row.Int();
  item.thing.kind = WordAt<SchedulableKind>(row);
  item.thing.id = row.Text();
  item.thing.link = row.Text();
  item.title = row.Text();
  item.series = row.Text();
  item.season = row.OptionalInt();
  item.episode = row.OptionalInt();
  json::Read(row.Text(), item.cursors, running);
  item.why = row.Text();
  row.OptionalText();  // the day it opens
  row.OptionalNumber();
  json::Read(row.Text(), item.breaks);
  item.main_asset.text = row.Text();
  return item;
}

void AddItems(Sql& sql, ScheduleDay& day, Detail detail) {
  Cursors running;
  for (Row& row : sql.Select(detail == Detail::kAll ? kItems : kItemsOnly, "WHERE day_id = :id ORDER BY seq",
                             {{"id", day.id}})) {
    day.items.push_back(ItemOf(row, running));
  }
  if (detail == Detail::kForGuide) return;
  for (Row& row : sql.Select(kParts, "WHERE day_id = :id ORDER BY item_seq, seq", {{"id", day.id}})) {
    row.Text();
    ScheduleItem& item = day.items.at(static_cast<std::size_t>(row.Number()));
    row.Number();
    ResolvedPart& part = item.parts.emplace_back();
    part.asset_id.text = row.Text();
    part.synthetic_id = row.Text();
    part.path = row.Text();
    part.airs = row.Duration();
  }
}

std::vector<ScheduleDay> DaysWhere(Sql& sql, const std::string& where, const std::vector<Bind>& binds,
                                   Detail detail = Detail::kAll) {
  std::vector<ScheduleDay> days;
  for (Row& row : sql.Select(detail == Detail::kAll ? kDays : kDaysOnly, where, binds))
    days.push_back(DayOf(row));
  for (ScheduleDay& day : days) AddItems(sql, day, detail);
  return days;
}

void InsertItem(Sql& sql, const ScheduleDay& day, const ScheduleItem& item, Cursors& running) {
  Value opens_day(day.id);
  opens_day.is_null = item.seq != 0;
  Value seq_before(item.seq - 1);
  seq_before.is_null = item.seq == 0;
  sql.Insert(kItems, {day.id,
                      item.seq,
                      item.id,
                      item.start,
                      item.end,
                      item.content,
                      NameOfEnum(item.kind),
                      item.zone_id,
                      item.zone_name,
                      item.plan_id,
                      item.entry,
                      NameOfEnum(item.thing.kind),
                      item.thing.id,
                      item.thing.link,
                      item.title,
                      item.series,
                      item.season,
                      item.episode,
                      json::Write(item.cursors, running),
                      item.why,
                      opens_day,
                      seq_before,
                      json::Write(item.breaks),
                      item.main_asset});
  std::int64_t seq = 0;
  for (const ResolvedPart& part : item.parts) {
    sql.Insert(kParts, {day.id, item.seq, seq++, Value::OrNull(part.asset_id.text),
                        Value::OrNull(part.synthetic_id), part.path, part.airs});
  }
}

struct CurrentDay {
  std::string day_id;
  int generation = 0;
};

std::optional<CurrentDay> CurrentOf(Sql& sql, const ChannelId& channel_id, absl::CivilDay date) {
  std::vector<Row> rows = sql.Query(
      "SELECT c.day_id, d.generation FROM current_days c JOIN schedule_days d ON d.id = c.day_id "
      "WHERE c.channel_id = :channel AND c.date = :date",
      2, {{"channel", channel_id}, {"date", ToText(date)}});
  if (rows.empty()) return std::nullopt;
  std::string id = rows.front().Text();
  return CurrentDay{std::move(id), rows.front().Int()};
}

absl::Status PutDay(Sql& sql, const ScheduleDay& day) {
  const std::optional<CurrentDay> stored = CurrentOf(sql, day.channel_id, day.date);
  if (stored ? day.supersedes.text != stored->day_id || day.generation != stored->generation + 1
             : !day.supersedes.empty()) {
    return absl::AbortedError(absl::StrCat("the schedule of ", ToText(day.date),
                                           " was made again in between: read it anew, then do it again"));
  }
  sql.Insert(kDays, {day.id, day.channel_id, ToText(day.date), day.generation, day.is_manual_override,
                     Value::OrNull(day.supersedes.text), json::Write(day.plan_ids), Signed(day.seed),
                     day.anchor, day.start, day.end, day.carry_in_until, day.carry_out_until,
                     json::Write(day.notices), json::Write(day.cursors_after), sql.now()});
  Cursors running;
  for (const ScheduleItem& item : day.items) InsertItem(sql, day, item, running);
  Value last_seq(day.items.empty() ? 0 : day.items.back().seq);
  last_seq.is_null = day.items.empty();
  std::optional<std::string> follows;
  if (CurrentOf(sql, day.channel_id, day.date - 1)) follows = ToText(day.date - 1);
  sql.Put(kCurrent,
          {day.channel_id, ToText(day.date), day.id, day.start, day.carry_out_until, last_seq, follows});
  return absl::OkStatus();
}

// The current days of those dates touch each other.
absl::Status CheckSeams(Sql& sql, const ChannelId& channel_id, absl::CivilDay first, absl::CivilDay last) {
  std::optional<absl::CivilDay> date_before;
  Instant end_before;
  for (Row& row : sql.Select(
           kCurrent, "WHERE channel_id = :channel AND date >= :first AND date <= :last ORDER BY start_ms",
           {{"channel", channel_id}, {"first", ToText(first)}, {"last", ToText(last)}})) {
    row.Text();
    const absl::CivilDay date = row.Date();
    row.Text();
    const Instant start = row.At();
    if (date_before && date == *date_before + 1 && start != end_before) {
      return absl::FailedPreconditionError(absl::StrCat("the schedule of ", ToText(*date_before), " ends at ",
                                                        ToRfc3339(end_before), ", and that of ", ToText(date),
                                                        " begins at ", ToRfc3339(start)));
    }
    date_before = date;
    end_before = row.At();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ScheduleDay> ScheduleDays::Get(const ChannelId& channel_id, absl::CivilDay date) const {
  return sql_.Guarded([&]() -> absl::StatusOr<ScheduleDay> {
    return TheOne(DaysWhere(sql_, absl::StrCat(kOfCurrent, " AND c.date = :date)"),
                            {{"channel", channel_id}, {"date", ToText(date)}}),
                  "schedule of", ToText(date), "make it with `retrovue schedule-day generate`");
  });
}

absl::StatusOr<std::vector<ScheduleDay>> ScheduleDays::Span(const ChannelId& channel_id, absl::CivilDay first,
                                                            absl::CivilDay last) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<ScheduleDay>> {
    return DaysWhere(
        sql_, absl::StrCat(kOfCurrent, " AND c.date >= :first AND c.date <= :last) ORDER BY anchor_ms"),
        {{"channel", channel_id}, {"first", ToText(first)}, {"last", ToText(last)}});
  });
}

absl::StatusOr<std::optional<ScheduleDay>> ScheduleDays::LastBefore(const ChannelId& channel_id,
                                                                    absl::CivilDay date) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::optional<ScheduleDay>> {
    std::vector<ScheduleDay> days =
        DaysWhere(sql_, absl::StrCat(kOfCurrent, " AND c.date < :date) ORDER BY anchor_ms DESC LIMIT 1"),
                  {{"channel", channel_id}, {"date", ToText(date)}});
    if (days.empty()) return std::nullopt;
    return std::move(days.front());
  });
}

absl::StatusOr<std::vector<ScheduleDay>> ScheduleDays::Airing(const ChannelId& channel_id, Instant from,
                                                              Instant to, Detail detail) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<ScheduleDay>> {
    return DaysWhere(
        sql_,
        absl::StrCat(kOfCurrent,
                     " AND c.start_ms < :until AND c.carry_out_until_ms > :since) ORDER BY anchor_ms"),
        {{"channel", channel_id}, {"until", to}, {"since", from}}, detail);
  });
}

absl::StatusOr<std::vector<ScheduleDay>> ScheduleDays::Generations(const ChannelId& channel_id,
                                                                   absl::CivilDay date) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<ScheduleDay>> {
    return DaysWhere(sql_, "WHERE channel_id = :channel AND date = :date ORDER BY generation",
                     {{"channel", channel_id}, {"date", ToText(date)}});
  });
}

absl::StatusOr<std::optional<ScheduleDays::Dates>> ScheduleDays::Made(const ChannelId& channel_id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::optional<Dates>> {
    Row row = sql_.Query("SELECT MIN(date), MAX(date) FROM current_days WHERE channel_id = :channel", 2,
                         {{"channel", channel_id}})
                  .at(0);
    const std::optional<absl::CivilDay> first = row.OptionalDate();
    const std::optional<absl::CivilDay> last = row.OptionalDate();
    if (!first || !last) return std::nullopt;
    return Dates{*first, *last};
  });
}

absl::StatusOr<std::vector<std::pair<absl::CivilDay, Instant>>> ScheduleDays::Ends(
    const ChannelId& channel_id, Instant since) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<std::pair<absl::CivilDay, Instant>>> {
    std::vector<std::pair<absl::CivilDay, Instant>> ends;
    for (Row& row :
         sql_.Query("SELECT c.date, d.end_ms FROM current_days c JOIN schedule_days d ON d.id = c.day_id "
                    "WHERE c.channel_id = :channel AND c.carry_out_until_ms > :since ORDER BY c.start_ms",
                    2, {{"channel", channel_id}, {"since", since}})) {
      const absl::CivilDay date = row.Date();
      ends.emplace_back(date, row.At());
    }
    return ends;
  });
}

absl::StatusOr<ScheduleItem> ScheduleDays::FindItem(const ScheduleItemId& id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<ScheduleItem> {
    for (const ScheduleDay& day : DaysWhere(
             sql_,
             "WHERE id IN (SELECT c.day_id FROM current_days c JOIN schedule_items i ON i.day_id = c.day_id "
             "WHERE i.id = :item)",
             {{"item", id}})) {
      for (const ScheduleItem& item : day.items) {
        if (item.id == id) return item;
      }
    }
    return NoSuch("schedule item", id.text, "see them with `retrovue schedule-day show`");
  });
}

absl::Status ScheduleDays::Put(const std::vector<ScheduleDay>& days) {
  if (days.empty()) return absl::OkStatus();
  for (const ScheduleDay& day : days) {
    if (absl::Status valid = ValidateScheduleDay(day); !valid.ok()) return valid;
    if (day.channel_id != days.front().channel_id || day.date != days.front().date + (&day - days.data())) {
      return absl::InternalError("days that are stored together are of one channel and follow each other");
    }
  }
  return sql_.Guarded([&]() -> absl::Status {
    for (const ScheduleDay& day : days) {
      if (absl::Status status = PutDay(sql_, day); !status.ok()) return status;
    }
    return CheckSeams(sql_, days.front().channel_id, days.front().date - 1, days.back().date + 1);
  });
}

}  // namespace retrovue
