#include "core/store/as_run.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "core/store/enum_names.h"
#include "core/store/json.h"
#include "core/store/playlog.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

const Table kTable{"evidence",
                   "evidence",
                   {"session_id",
                    "seq",
                    "channel_id",
                    "kind",
                    "emitted_at_ms",
                    "block_id",
                    "playlog_event_id",
                    "segment_index",
                    "segment_uuid",
                    "segment_type",
                    "asset_uri",
                    "actual_start_ms",
                    "actual_end_ms",
                    "asset_start_frame",
                    "frames",
                    "fallback_frames",
                    "join_in_progress",
                    "status",
                    "reason",
                    "detail",
                    "fallback_by_cause_json"},
                   2};

Evidence EvidenceOf(Row& row) {
  Evidence e;
  e.session_id = row.Text();
  e.seq = row.Number();
  e.channel_id.text = row.Text();
  e.kind = WordAt<EvidenceKind>(row);
  e.emitted_at = row.At();
  e.block_id = row.Text();
  e.playlog_event_id = row.Text();
  e.segment_index = row.Int();
  e.segment_uuid = row.Text();
  e.segment_type = row.Text();
  e.asset_uri = row.Text();
  e.actual_start = row.OptionalAt();
  e.actual_end = row.OptionalAt();
  e.asset_start_frame = row.Number();
  e.frames = row.Number();
  e.fallback_frames = row.Number();
  e.join_in_progress = row.Bool();
  e.status = row.Text();
  e.reason = row.Text();
  e.detail = row.Text();
  json::Read(row.Text(), e.pad);
  return e;
}

std::vector<Evidence> EvidenceWhere(Sql& sql, const std::string& where, const std::vector<Bind>& binds) {
  std::vector<Evidence> evidence;
  for (Row& row : sql.Select(kTable, where, binds)) evidence.push_back(EvidenceOf(row));
  return evidence;
}

std::optional<PlaylogState> OutcomeOf(const std::string& status) {
  if (status == "AIRED") return PlaylogState::kAired;
  if (status == "TRUNCATED") return PlaylogState::kTruncated;
  if (status == "SKIPPED") return PlaylogState::kSkipped;
  return std::nullopt;
}

// What a start, or an end without one, makes.
AsRunRow RowOf(const Evidence& e) {
  AsRunRow row;
  row.session_id = e.session_id;
  row.segment_uuid = e.segment_uuid;
  row.block_id = e.block_id;
  row.playlog_event_id = e.playlog_event_id;
  row.segment_index = e.segment_index;
  row.segment_type = e.segment_type;
  row.asset_uri = e.asset_uri;
  row.actual_start = e.actual_start.value_or(e.emitted_at);
  row.status = "ON_AIR";
  return row;
}

void End(AsRunRow& row, const Evidence& e) {
  row.actual_end = e.actual_end;
  row.frames = e.frames;
  row.fallback_frames = e.fallback_frames;
  row.pad = e.pad;
  row.status = e.status;
  row.reason = e.reason;
  row.detail = e.detail;
}

// Starts and ends in the order they were emitted. An airing's two have one session, segment and block; where the plan goes on
// behind what cut it, the same segment starts once more.
std::vector<AsRunRow> Paired(const std::vector<Evidence>& evidence) {
  std::vector<AsRunRow> rows;
  std::map<std::tuple<std::string, std::string, std::string>, std::size_t> on_air;
  for (const Evidence& e : evidence) {
    const auto key = std::make_tuple(e.session_id, e.segment_uuid, e.block_id);
    if (e.kind == EvidenceKind::kSegmentStart) {
      on_air[key] = rows.size();
      rows.push_back(RowOf(e));
      continue;
    }
    const auto started = on_air.find(key);
    if (started == on_air.end()) {
      rows.push_back(RowOf(e));
      End(rows.back(), e);
    } else {
      End(rows[started->second], e);
      on_air.erase(started);
    }
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const AsRunRow& a, const AsRunRow& b) { return a.actual_start < b.actual_start; });
  return rows;
}

void AddPlanned(Sql& sql, AsRunRow& row) {
  if (row.playlog_event_id.empty()) return;
  std::vector<Row> planned = sql.Query(
      "SELECT e.start_ms, e.end_ms, (SELECT MAX(i.title) FROM schedule_items i WHERE i.id = "
      "e.schedule_item_id) "
      "FROM playlog_events e WHERE e.id = :id",
      3, {{"id", row.playlog_event_id}});
  if (planned.empty()) return;
  row.planned_start = planned.front().At();
  row.planned_end = planned.front().At();
  row.title = planned.front().Text();
}

}  // namespace

absl::StatusOr<bool> AsRun::Add(const Evidence& evidence) {
  return sql_.Guarded([&]() -> absl::StatusOr<bool> {
    const Evidence& e = evidence;
    if (sql_.Count(kTable, "WHERE session_id = :session AND seq = :seq",
                   {{"session", e.session_id}, {"seq", e.seq}}) > 0) {
      return false;
    }
    sql_.Insert(kTable, {e.session_id,       e.seq,
                         e.channel_id,       NameOfEnum(e.kind),
                         e.emitted_at,       e.block_id,
                         e.playlog_event_id, e.segment_index,
                         e.segment_uuid,     e.segment_type,
                         e.asset_uri,        e.actual_start,
                         e.actual_end,       e.asset_start_frame,
                         e.frames,           e.fallback_frames,
                         e.join_in_progress, e.status,
                         e.reason,           e.detail,
                         json::Write(e.pad)});
    if (e.kind == EvidenceKind::kSegmentEnd && !e.playlog_event_id.empty()) {
      if (const std::optional<PlaylogState> outcome = OutcomeOf(e.status)) {
        absl::Status marked = Playlog(sql_).MarkOutcome({e.playlog_event_id}, *outcome);
        if (!marked.ok()) return marked;
      }
    }
    return true;
  });
}

absl::StatusOr<std::int64_t> AsRun::LastOf(const std::string& session_id, std::int64_t known) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::int64_t> {
    Row row = sql_.Query(
                      "SELECT MIN(e.seq) FROM evidence e WHERE e.session_id = :session AND e.seq >= :known "
                      "AND NOT EXISTS "
                      "(SELECT 1 FROM evidence n WHERE n.session_id = e.session_id AND n.seq = e.seq + 1)",
                      1, {{"session", session_id}, {"known", known}})
                  .at(0);
    return row.OptionalNumber().value_or(0);
  });
}

absl::StatusOr<std::vector<AsRunRow>> AsRun::Rows(const ChannelId& channel_id, Instant from,
                                                  Instant to) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<AsRunRow>> {
    std::vector<AsRunRow> rows =
        Paired(EvidenceWhere(sql_,
                             "WHERE channel_id = :channel AND kind IN ('segment_start', 'segment_end') AND "
                             "actual_start_ms >= :since AND "
                             "actual_start_ms < :until ORDER BY session_id, seq",
                             {{"channel", channel_id}, {"since", from}, {"until", to}}));
    for (AsRunRow& row : rows) AddPlanned(sql_, row);
    return rows;
  });
}

absl::StatusOr<std::vector<Evidence>> AsRun::OfSession(const std::string& session_id) const {
  return sql_.Guarded([&]() -> absl::StatusOr<std::vector<Evidence>> {
    return EvidenceWhere(sql_, "WHERE session_id = :session ORDER BY seq", {{"session", session_id}});
  });
}

}  // namespace retrovue
