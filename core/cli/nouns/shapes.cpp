// Times, and what airs: items and days, the guide, the playlog, what was on the air.
#include "core/cli/nouns/shapes.h"

#include <filesystem>

#include "absl/strings/str_format.h"
#include "core/cli/nouns/json_values.h"

namespace retrovue::cli {
namespace {

std::string Rfc3339(Instant t, absl::TimeZone zone) {
  const char* format = UtcMs(t) % 1000 == 0 ? "%Y-%m-%d%ET%H:%M:%S%Ez" : "%Y-%m-%d%ET%H:%M:%E3S%Ez";
  return absl::FormatTime(format, ToAbsl(t), zone);
}

std::string EpisodeText(const std::optional<int>& season, const std::optional<int>& episode) {
  if (!episode) return "";
  return absl::StrFormat("S%02dE%02d", season.value_or(0), *episode);
}

// What the guide knows of an item, in the words of the fixed interface.
void SetProgramme(Json& json, const std::string& title, const std::string& series,
                  const std::optional<int>& season, const std::optional<int>& episode) {
  json["title"] = OrNull(title);
  json["series"] = OrNull(series);
  json["season"] = OrNull(season);
  json["episode"] = OrNull(episode);
}

}  // namespace

void SetTime(Json& json, const std::string& name, std::optional<Instant> t, absl::TimeZone zone) {
  json[name + "_utc_ms"] = t ? Json(UtcMs(*t)) : Json(nullptr);
  json[name] = t ? Json(Rfc3339(*t, zone)) : Json(nullptr);
}

Json ShapeOf(const ScheduleItem& item, absl::TimeZone zone) {
  Json json;
  json["id"] = item.id.text;
  json["seq"] = item.seq;
  SetTime(json, "start", item.start, zone);
  SetTime(json, "end", item.end, zone);
  json["content_ms"] = item.content.count();
  json["kind"] = Name(item.kind);
  json["zone"] = OrNull(item.zone_name);
  json["asset_id"] = item.parts.empty() ? Json(nullptr) : OrNull(item.parts.front().asset_id);
  SetProgramme(json, item.title, item.series, item.season, item.episode);
  json["why"] = item.why;
  json["episode_name"] = OrNull(EpisodeText(item.season, item.episode));
  json["parts"] = Json::array();
  for (const ResolvedPart& part : item.parts) {
    json["parts"].push_back(
        {{"asset_id", OrNull(part.asset_id)}, {"path", part.path}, {"airs_ms", part.airs.count()}});
  }
  json["breaks"] = Json::array();
  for (const Break& one : item.breaks) {
    json["breaks"].push_back(
        {{"at_ms", one.at.count()}, {"length_ms", one.length.count()}, {"fades", one.fades}});
  }
  return json;
}

std::vector<Column> ItemColumns() {
  return {{"START", "start", Column::As::kClock},
          {"END", "end", Column::As::kClock},
          {"CONTENT", "content_ms", Column::As::kDuration},
          {"KIND", "kind"},
          {"ZONE", "zone"},
          {"TITLE", "title"},
          {"EPISODE", "episode_name"}};
}

Json SummaryOf(const ScheduleDay& day, const std::string& channel, absl::TimeZone zone) {
  Json json;
  json["id"] = day.id.text;
  json["channel"] = channel;
  json["date"] = ToText(day.date);
  json["generation"] = day.generation;
  SetTime(json, "start", day.start, zone);
  SetTime(json, "end", day.end, zone);
  SetTime(json, "carry_in_until", day.carry_in_until, zone);
  SetTime(json, "carry_out_until", day.carry_out_until, zone);
  json["is_manual_override"] = day.is_manual_override;
  json["supersedes"] = OrNull(day.supersedes);
  json["item_count"] = day.items.size();
  json["notices"] = Json::array();
  for (const ScheduleNotice& notice : day.notices) json["notices"].push_back(notice.text);
  return json;
}

Json ShapeOf(const ScheduleDay& day, const std::string& channel, absl::TimeZone zone) {
  Json json = SummaryOf(day, channel, zone);
  json["items"] = Json::array();
  for (const ScheduleItem& item : day.items) json["items"].push_back(ShapeOf(item, zone));
  return json;
}

std::vector<Column> DayColumns() {
  return {{"DATE", "date"},
          {"GENERATION", "generation"},
          {"STARTS", "start", Column::As::kDateTime},
          {"ENDS", "end", Column::As::kDateTime},
          {"ITEMS", "item_count"},
          {"NOTICES", "notices"}};
}

Json ShapeOf(const PlaylogEvent& event, absl::TimeZone zone) {
  Json json;
  json["id"] = event.id.text;
  json["schedule_item_id"] = event.schedule_item_id.text;
  json["block_id"] = event.block_id;
  json["segment_index"] = event.segment_index;
  json["kind"] = Name(event.kind);
  json["asset_id"] = OrNull(event.asset_id);
  json["path"] = OrNull(event.path);
  SetTime(json, "start", event.start, zone);
  SetTime(json, "end", event.end, zone);
  json["asset_start_offset_ms"] = event.asset_start_offset.count();
  json["state"] = Name(event.state);
  json["fades_in"] = event.fades_in;
  json["cut_short"] = event.cut_short;
  json["broadcast_day"] = ToText(event.broadcast_day);
  json["file"] = OrNull(std::filesystem::path(event.path).filename().string());
  return json;
}

std::vector<Column> PlaylogColumns() {
  return {{"START", "start", Column::As::kDateTime},
          {"END", "end", Column::As::kClock},
          {"KIND", "kind"},
          {"FILE", "file"},
          {"FROM", "asset_start_offset_ms", Column::As::kDuration},
          {"STATE", "state"},
          {"BLOCK", "block_id"}};
}

Json ShapeOf(const AsRunRow& row, absl::TimeZone zone) {
  Json json;
  json["playlog_event_id"] = OrNull(row.playlog_event_id);
  SetTime(json, "planned_start", row.planned_start, zone);
  SetTime(json, "actual_start", row.actual_start, zone);
  SetTime(json, "actual_end", row.actual_end, zone);
  json["frames"] = row.frames;
  json["status"] = row.status;
  json["reason"] = OrNull(row.reason);
  json["pad_frames"] = Json::object();
  std::int64_t unsaid = row.fallback_frames;  // of an AIR that has not said why
  for (const auto& [cause, frames] : row.pad) {
    json["pad_frames"][cause] = frames;
    unsaid -= frames;
  }
  if (unsaid > 0) json["pad_frames"]["UNSAID"] = unsaid;
  SetTime(json, "planned_end", row.planned_end, zone);
  json["block_id"] = OrNull(row.block_id);
  json["segment_index"] = row.segment_index;
  json["segment_type"] = OrNull(row.segment_type);
  json["title"] = OrNull(row.title);
  json["path"] = OrNull(row.asset_uri);
  json["detail"] = OrNull(row.detail);
  json["session_id"] = OrNull(row.session_id);
  return json;
}

std::vector<Column> AsRunColumns() {
  return {{"PLANNED", "planned_start", Column::As::kClock},
          {"STARTED", "actual_start", Column::As::kClock},
          {"ENDED", "actual_end", Column::As::kClock},
          {"TITLE", "title"},
          {"FRAMES", "frames"},
          {"STATUS", "status"},
          {"REASON", "reason"},
          {"PAD", "pad_frames", Column::As::kCounts}};
}

Json ShapeOf(const GuideEntry& entry, const std::string& channel, absl::TimeZone zone) {
  Json json;
  json["id"] = entry.id;
  json["channel"] = channel;
  json["schedule_item_id"] = entry.schedule_item_id.text;
  SetTime(json, "start", entry.start, zone);
  SetTime(json, "end", entry.stop, zone);
  SetProgramme(json, entry.title, entry.series, entry.season, entry.episode);
  json["episode_name"] = OrNull(EpisodeText(entry.season, entry.episode));
  return json;
}

std::vector<Column> GuideColumns() {
  return {{"CHANNEL", "channel"},
          {"START", "start", Column::As::kDateTime},
          {"END", "end", Column::As::kClock},
          {"TITLE", "title"},
          {"EPISODE", "episode_name"}};
}

}  // namespace retrovue::cli
