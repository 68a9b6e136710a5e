#include "core/cli/nouns/shapes.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace retrovue::cli {
namespace {

std::string Rfc3339(Instant t, absl::TimeZone zone) {
  const char* format = UtcMs(t) % 1000 == 0 ? "%Y-%m-%d%ET%H:%M:%S%Ez" : "%Y-%m-%d%ET%H:%M:%E3S%Ez";
  return absl::FormatTime(format, ToAbsl(t), zone);
}

template <typename T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json OrNull(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

template <typename Noun>
Json OrNull(const Id<Noun>& id) {
  return OrNull(id.text);
}

std::string RangeText(const std::optional<int>& first, const std::optional<int>& last) {
  if (!first && !last) return "";
  if (first == last) return absl::StrCat(*first);
  return absl::StrCat(first ? absl::StrCat(*first) : "", "-", last ? absl::StrCat(*last) : "");
}

std::string WeekdaysText(Weekdays weekdays) {
  constexpr const char* kNames[] = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};
  std::string text;
  for (int day = 0; day < 7; ++day) {
    if ((weekdays.bits >> day & 1) != 0) absl::StrAppend(&text, text.empty() ? "" : ",", kNames[day]);
  }
  return text;
}

std::string DateText(const OpenDate& date) {
  if (!date.year) return absl::StrFormat("%02d-%02d", date.month, date.day);
  return absl::StrFormat("%04d-%02d-%02d", *date.year, date.month, date.day);
}

Json ShapeOf(const DateRule& rule) {
  Json json = Json::object();
  if (rule.first) json["from"] = DateText(*rule.first);
  if (rule.last) json["to"] = DateText(*rule.last);
  if (rule.weekdays.bits != Weekdays().bits) json["days"] = WeekdaysText(rule.weekdays);
  for (const absl::CivilDay date : rule.only_on) json["on"].push_back(ToText(date));
  if (!rule.cron.empty()) json["cron"] = rule.cron;
  return json;
}

Json ShapeOf(const Selector& selector) {
  Json json = Json::object();
  if (!selector.series.empty()) json["series"] = selector.series;
  if (selector.first_season || selector.last_season)
    json["season"] = RangeText(selector.first_season, selector.last_season);
  if (!selector.tags.empty()) json["tags"] = selector.tags;
  if (selector.first_year || selector.last_year)
    json["year"] = RangeText(selector.first_year, selector.last_year);
  if (!selector.collection_id.empty()) json["collection_id"] = selector.collection_id.text;
  if (selector.specials) json["specials"] = true;
  return json;
}

Json ShapeOf(const SchedulableRef& ref, const Names& names) {
  Json json;
  json["kind"] = Name(ref.kind);
  json["id"] = ref.id;
  json["name"] = names.of_thing ? names.of_thing(ref) : ref.id;
  if (!ref.link.empty()) json["link"] = ref.link;
  return json;
}

const char* NameOf(OnEnd on_end) {
  switch (on_end) {
    case OnEnd::kWrap:
      return "wrap";
    case OnEnd::kWait:
      return "wait";
    case OnEnd::kStop:
      return "stop";
    case OnEnd::kRandom:
      return "random";
  }
  return "unknown";
}

const char* NameOf(ProgramKind kind) {
  switch (kind) {
    case ProgramKind::kSeries:
      return "series";
    case ProgramKind::kMovie:
      return "movie";
    case ProgramKind::kBlock:
      return "block";
    case ProgramKind::kComposite:
      return "composite";
  }
  return "unknown";
}

const char* NameOf(ChannelKind kind) {
  switch (kind) {
    case ChannelKind::kNetwork:
      return "network";
    case ChannelKind::kPremium:
      return "premium";
    case ChannelKind::kSpecialty:
      return "specialty";
  }
  return "unknown";
}

const char* NameOf(ChainNode::Role role) {
  switch (role) {
    case ChainNode::Role::kBody:
      return "body";
    case ChainNode::Role::kIntro:
      return "intro";
    case ChainNode::Role::kOutro:
      return "outro";
  }
  return "unknown";
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

Json Parsed(const std::string& text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json(nullptr) : json;
}

}  // namespace

void SetTime(Json& json, const std::string& name, std::optional<Instant> t, absl::TimeZone zone) {
  json[name + "_utc_ms"] = t ? Json(UtcMs(*t)) : Json(nullptr);
  json[name] = t ? Json(Rfc3339(*t, zone)) : Json(nullptr);
}

Json ShapeOf(const Source& source) {
  Json json;
  json["id"] = source.id.text;
  json["type"] = source.type;
  json["name"] = source.name;
  json["external_id"] = source.external_id;
  // Of a configuration only what is known to be no secret.
  const Json config = Parsed(source.config_json);
  for (const char* key : {"roots", "base_url", "base_path"}) {
    if (config.is_object() && config.contains(key)) json["config"][key] = config[key];
  }
  SetTime(json, "created", source.created_at);
  SetTime(json, "updated", source.updated_at);
  return json;
}

std::vector<Column> SourceColumns() {
  return {{"NAME", "name"}, {"TYPE", "type"}, {"COLLECTIONS", "collections"}, {"EXTERNAL ID", "external_id"}};
}

Json ShapeOf(const Collection& collection, const std::string& source_name) {
  Json json;
  json["id"] = collection.id.text;
  json["source_id"] = collection.source_id.text;
  json["source"] = source_name;
  json["external_id"] = collection.external_id;
  json["name"] = collection.name;
  json["sync_enabled"] = collection.sync_enabled;
  json["ingestible"] = collection.ingestible;
  json["path_mappings"] = Json::array();
  for (const PathMapping& mapping : collection.path_mappings)
    json["path_mappings"].push_back({{"remote", mapping.remote}, {"local", mapping.local}});
  return json;
}

std::vector<Column> CollectionColumns() {
  return {{"NAME", "name"},           {"SOURCE", "source"}, {"SYNC", "sync_enabled"},
          {"READABLE", "ingestible"}, {"ASSETS", "assets"}, {"ID", "id"}};
}

Json ShapeOf(const Asset& asset) {
  Json json;
  json["id"] = asset.id.text;
  json["collection_id"] = asset.collection_id.text;
  json["state"] = Name(asset.state);
  json["approved_for_broadcast"] = asset.approved_for_broadcast;
  json["operator_verified"] = asset.operator_verified;
  json["schedulable"] = IsSchedulable(asset);
  const Editorial& editorial = asset.editorial;
  json["title"] = editorial.title;
  json["series"] = OrNull(editorial.series);
  json["season"] = OrNull(editorial.season);
  json["episode"] = OrNull(editorial.episode);
  json["part"] = OrNull(editorial.part);
  json["year"] = OrNull(editorial.year);
  json["air_date"] = editorial.air_date ? Json(ToText(*editorial.air_date)) : Json(nullptr);
  json["genre"] = OrNull(editorial.genre);
  json["rating"] = OrNull(editorial.rating);
  json["synopsis"] = OrNull(editorial.synopsis);
  json["duration_ms"] = asset.duration.count();
  json["container"] = OrNull(asset.container);
  json["video_codec"] = OrNull(asset.video_codec);
  json["audio_codec"] = OrNull(asset.audio_codec);
  json["path"] = asset.canonical_uri;
  json["size"] = asset.size;
  json["canonical_key"] = asset.canonical_key;
  json["tags"] = Json::array();
  for (const AssetTag& tag : asset.tags) json["tags"].push_back(tag.tag);
  SetTime(json, "discovered", asset.discovered_at);
  if (asset.missing_since) SetTime(json, "missing_since", asset.missing_since);
  if (asset.deleted_at) SetTime(json, "deleted", asset.deleted_at);
  return json;
}

std::vector<Column> AssetColumns() {
  return {{"TITLE", "title"},
          {"SERIES", "series"},
          {"S", "season"},
          {"E", "episode"},
          {"LENGTH", "duration_ms", Column::As::kDuration},
          {"STATE", "state"},
          {"APPROVED", "approved_for_broadcast"},
          {"ID", "id"}};
}

Json ShapeOf(const Channel& channel) {
  Json json;
  json["id"] = channel.id.text;
  json["slug"] = channel.slug;
  json["title"] = channel.title;
  json["number"] = OrNull(channel.number);
  json["timezone"] = channel.time_zone;
  json["grid_block_minutes"] = channel.grid.block_minutes;
  json["block_start_offsets_minutes"] = channel.grid.offsets;
  json["programming_day_start"] = WallClock(channel.grid.day_start);
  json["kind"] = NameOf(channel.kind);
  json["group"] = OrNull(channel.group);
  json["logo"] = OrNull(channel.logo_path);
  json["is_active"] = channel.is_active;
  json["always_on"] = channel.always_on;
  json["linger_s"] = channel.linger_s;
  json["epg_horizon_days"] = channel.epg_horizon_days;
  json["playlog_horizon_minutes"] = channel.playlog_horizon_min;
  json["max_tail_trim_ms"] = channel.max_tail_trim.count();
  json["fillers"] = Json::array();
  for (const AssetId& id : channel.filler_pool) json["fillers"].push_back(id.text);
  json["station_card"] = OrNull(channel.station_card_path);
  json["program_format"] = Parsed(channel.program_format_json);
  json["version"] = channel.version;
  return json;
}

std::vector<Column> ChannelColumns() {
  return {{"NUMBER", "number"},
          {"SLUG", "slug"},
          {"TITLE", "title"},
          {"TIME ZONE", "timezone"},
          {"GRID", "grid_block_minutes"},
          {"DAY FROM", "programming_day_start"},
          {"ACTIVE", "is_active"},
          {"ALWAYS ON", "always_on"}};
}

Json ShapeOf(const Program& program, const Names& names) {
  Json json;
  json["id"] = program.id.text;
  json["channel"] = names.channel;
  json["name"] = program.name;
  json["kind"] = NameOf(program.kind);
  json["play_mode"] = Name(program.play_mode);
  json["on_end"] = NameOf(program.on_end);
  json["slot_units"] = program.slot_units;
  json["chain"] = Json::array();
  for (const ChainNode& node : program.chain) {
    Json step;
    step["role"] = NameOf(node.role);
    if (node.thing) step["thing"] = ShapeOf(*node.thing, names);
    if (node.selector) step["selector"] = ShapeOf(*node.selector);
    json["chain"].push_back(step);
  }
  if (!program.manual_order.empty()) {
    for (const AssetId& id : program.manual_order) json["manual_order"].push_back(id.text);
  }
  json["tags"] = program.tags;
  json["rating"] = OrNull(program.rating);
  return json;
}

std::vector<Column> ProgramColumns() {
  return {{"NAME", "name"},     {"KIND", "kind"},         {"PLAYS", "play_mode"},
          {"AT END", "on_end"}, {"BLOCKS", "slot_units"}, {"CHAIN", "chain"}};
}

Json ShapeOf(const GridRules& grid, const Zone& zone, const Names& names) {
  Json json;
  json["id"] = zone.id.text;
  json["name"] = zone.name;
  json["window"] = absl::StrCat(WallClockOf(grid, zone.start), "-", WallClockOf(grid, zone.end));
  json["start_minute"] = zone.start;
  json["end_minute"] = zone.end;
  json["entries"] = Json::array();
  for (const SchedulableRef& entry : zone.entries) json["entries"].push_back(ShapeOf(entry, names));
  json["when"] = ShapeOf(zone.when);
  json["enabled"] = zone.enabled;
  json["overrun"] = Name(zone.overrun);
  json["fit"] = zone.fit == Fit::kNext ? "next" : "stop";
  json["max_tail_trim_ms"] = zone.max_tail_trim ? Json(zone.max_tail_trim->count()) : Json(nullptr);
  return json;
}

std::vector<Column> ZoneColumns() {
  return {
      {"ZONE", "name"}, {"WINDOW", "window"}, {"ENABLED", "enabled"}, {"PLAYS", "plays"}, {"WHEN", "when"}};
}

Json ShapeOf(const GridRules& grid, const SchedulePlan& plan, const Names& names) {
  Json json;
  json["id"] = plan.id.text;
  json["channel"] = names.channel;
  json["name"] = plan.name;
  json["priority"] = plan.priority;
  json["when"] = ShapeOf(plan.when);
  json["is_active"] = plan.is_active;
  json["is_archived"] = plan.is_archived;
  json["zones"] = Json::array();
  for (const Zone& zone : plan.zones) json["zones"].push_back(ShapeOf(grid, zone, names));
  return json;
}

std::vector<Column> PlanColumns() {
  return {{"NAME", "name"},
          {"PRIORITY", "priority"},
          {"ACTIVE", "is_active"},
          {"WHEN", "when"},
          {"ZONES", "windows"}};
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
