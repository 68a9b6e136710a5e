// Channels, and what an operator wishes for them: programs, zones, plans.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/cli/nouns/break_options.h"
#include "core/cli/nouns/json_values.h"
#include "core/cli/nouns/shapes.h"

namespace retrovue::cli {
namespace {

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

}  // namespace

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
  json["breaks"] = ShapeOf(channel.breaks);
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
  json["breaks"] = ShapeOf(program.breaks);
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
  json["breaks"] = ShapeOf(zone.breaks);
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

}  // namespace retrovue::cli
