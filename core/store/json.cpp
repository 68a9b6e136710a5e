#include "core/store/json.h"

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "core/store/enum_names.h"
#include "core/store/sql.h"
#include "core/store/text_codec.h"

namespace retrovue::json {
namespace {

using Json = nlohmann::ordered_json;

struct BadJson {
  std::string why;
};

Json TextOf(const std::string& text) { return EncodeText(text); }

std::string ToText(const Json& json) {
  std::optional<std::string> text = DecodeText(json.get_ref<const std::string&>());
  if (!text) throw BadJson{"a text that was not encoded"};
  return *std::move(text);
}

template <typename T>
Json OptionalOf(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T>
std::optional<T> ToOptional(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<T>();
}

// Reads with `f`; whatever goes wrong is DATA_LOSS.
template <typename F>
void Parse(const std::string& text, const F& f) {
  std::string why;
  try {
    f(Json::parse(text));
    return;
  } catch (const nlohmann::json::exception& e) {
    why = e.what();
  } catch (const BadJson& e) {
    why = e.why;
  }
  throw StoreError{
      absl::DataLossError(absl::StrCat("the database holds JSON that this program has not written (", why,
                                       "): restore it from a backup, or correct it by hand"))};
}

template <typename T, typename F>
std::string WriteList(const std::vector<T>& list, const F& one) {
  Json json = Json::array();
  for (const T& element : list) json.push_back(one(element));
  return json.dump();
}

template <typename T, typename F>
void ReadList(const std::string& text, std::vector<T>& list, const F& one) {
  list.clear();
  Parse(text, [&](const Json& json) {
    for (const Json& element : json) list.push_back(one(element));
  });
}

absl::CivilDay ToDate(const Json& json) {
  const absl::StatusOr<absl::CivilDay> date = ParseDate(json.get<std::string>());
  if (!date.ok()) throw BadJson{std::string(date.status().message())};
  return *date;
}

Json OpenDateOf(const std::optional<OpenDate>& date) {
  if (!date) return nullptr;
  return {{"year", OptionalOf(date->year)}, {"month", date->month}, {"day", date->day}};
}

std::optional<OpenDate> ToOpenDate(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return OpenDate{ToOptional<int>(json.at("year")), json.at("month").get<int>(), json.at("day").get<int>()};
}

Json RefOf(const SchedulableRef& ref) {
  return {{"kind", Name(ref.kind)}, {"id", TextOf(ref.id)}, {"link", TextOf(ref.link)}};
}

template <typename Enum>
Enum ToEnum(const Json& json) {
  const std::optional<Enum> value = EnumOf<Enum>(json.get<std::string>());
  if (!value) throw BadJson{absl::StrCat("no such word: ", json.dump())};
  return *value;
}

SchedulableRef ToRef(const Json& json) {
  return {ToEnum<SchedulableKind>(json.at("kind")), ToText(json.at("id")), ToText(json.at("link"))};
}

Json SelectorOf(const Selector& s) {
  Json tags = Json::array();
  for (const std::string& tag : s.tags) tags.push_back(TextOf(tag));
  return {{"series", TextOf(s.series)},
          {"first_season", OptionalOf(s.first_season)},
          {"last_season", OptionalOf(s.last_season)},
          {"tags", tags},
          {"first_year", OptionalOf(s.first_year)},
          {"last_year", OptionalOf(s.last_year)},
          {"collection_id", TextOf(s.collection_id.text)},
          {"specials", s.specials}};
}

Selector ToSelector(const Json& json) {
  Selector s;
  s.series = ToText(json.at("series"));
  s.first_season = ToOptional<int>(json.at("first_season"));
  s.last_season = ToOptional<int>(json.at("last_season"));
  for (const Json& tag : json.at("tags")) s.tags.push_back(ToText(tag));
  s.first_year = ToOptional<int>(json.at("first_year"));
  s.last_year = ToOptional<int>(json.at("last_year"));
  s.collection_id.text = ToText(json.at("collection_id"));
  s.specials = json.at("specials").get<bool>();
  return s;
}

// Hashes and seeds are whole numbers of 64 bits, which JSON for Modern C++ keeps to the last bit.
Json CursorOf(const Cursor& cursor) {
  Json last = nullptr;
  if (cursor.last) {
    last = {{"series", TextOf(cursor.last->series)},
            {"season", cursor.last->season},
            {"episode", cursor.last->episode},
            {"part", cursor.last->part},
            {"label", TextOf(cursor.last->label)}};
  }
  return {{"last", last},          {"cycle", cursor.cycle},  {"seed", cursor.seed},
          {"draws", cursor.draws}, {"ended", cursor.ended},  {"position", cursor.position},
          {"bag", cursor.bag},     {"recent", cursor.recent}};
}

Cursor ToCursor(const Json& json) {
  Cursor cursor;
  if (const Json& last = json.at("last"); !last.is_null()) {
    cursor.last =
        OrderKey{ToText(last.at("series")), last.at("season").get<int>(), last.at("episode").get<int>(),
                 last.at("part").get<int>(), ToText(last.at("label"))};
  }
  json.at("cycle").get_to(cursor.cycle);
  json.at("seed").get_to(cursor.seed);
  json.at("draws").get_to(cursor.draws);
  json.at("ended").get_to(cursor.ended);
  json.at("position").get_to(cursor.position);
  json.at("bag").get_to(cursor.bag);
  json.at("recent").get_to(cursor.recent);
  return cursor;
}

Json NameOf(const CursorName& name) {
  return {{"program_id", TextOf(name.program_id)}, {"node", name.node}, {"link", TextOf(name.link)}};
}

CursorName ToName(const Json& json) {
  return {ToText(json.at("program_id")), json.at("node").get<int>(), ToText(json.at("link"))};
}

}  // namespace

std::string Write(const std::vector<EnricherUse>& enrichers) {
  return WriteList(enrichers, [](const EnricherUse& e) {
    return Json{{"enricher_id", TextOf(e.enricher_id)}, {"priority", e.priority}};
  });
}

void Read(const std::string& text, std::vector<EnricherUse>& enrichers) {
  ReadList(text, enrichers, [](const Json& json) {
    return EnricherUse{ToText(json.at("enricher_id")), json.at("priority").get<int>()};
  });
}

std::string Write(const std::vector<PathMapping>& mappings) {
  return WriteList(mappings, [](const PathMapping& m) {
    return Json{{"remote", TextOf(m.remote)}, {"local", TextOf(m.local)}};
  });
}

void Read(const std::string& text, std::vector<PathMapping>& mappings) {
  ReadList(text, mappings, [](const Json& json) {
    return PathMapping{ToText(json.at("remote")), ToText(json.at("local"))};
  });
}

std::string Write(const std::vector<int>& numbers) { return Json(numbers).dump(); }

void Read(const std::string& text, std::vector<int>& numbers) {
  ReadList(text, numbers, [](const Json& json) { return json.get<int>(); });
}

std::string Write(const std::vector<std::string>& texts) { return WriteList(texts, TextOf); }

void Read(const std::string& text, std::vector<std::string>& texts) { ReadList(text, texts, ToText); }

std::string Write(const DateRule& rule) {
  Json only_on = Json::array();
  for (const absl::CivilDay date : rule.only_on) only_on.push_back(retrovue::ToText(date));
  return Json{{"first", OpenDateOf(rule.first)},
              {"last", OpenDateOf(rule.last)},
              {"weekdays", rule.weekdays.bits},
              {"only_on", only_on},
              {"cron", TextOf(rule.cron)}}
      .dump();
}

void Read(const std::string& text, DateRule& rule) {
  Parse(text, [&](const Json& json) {
    rule.first = ToOpenDate(json.at("first"));
    rule.last = ToOpenDate(json.at("last"));
    json.at("weekdays").get_to(rule.weekdays.bits);
    rule.only_on.clear();
    for (const Json& date : json.at("only_on")) rule.only_on.push_back(ToDate(date));
    rule.cron = ToText(json.at("cron"));
  });
}

std::string Write(const std::vector<ChainNode>& chain) {
  return WriteList(chain, [](const ChainNode& node) {
    return Json{{"role", NameOfEnum(node.role)},
                {"thing", node.thing ? RefOf(*node.thing) : Json(nullptr)},
                {"selector", node.selector ? SelectorOf(*node.selector) : Json(nullptr)}};
  });
}

void Read(const std::string& text, std::vector<ChainNode>& chain) {
  ReadList(text, chain, [](const Json& json) {
    ChainNode node;
    node.role = ToEnum<ChainNode::Role>(json.at("role"));
    if (!json.at("thing").is_null()) node.thing = ToRef(json.at("thing"));
    if (!json.at("selector").is_null()) node.selector = ToSelector(json.at("selector"));
    return node;
  });
}

std::string Write(const Cursor& cursor) { return CursorOf(cursor).dump(); }

void Read(const std::string& text, Cursor& cursor) {
  Parse(text, [&](const Json& json) { cursor = ToCursor(json); });
}

std::string Write(const Cursors& cursors) {
  Json json = Json::array();
  for (const auto& [name, cursor] : cursors)
    json.push_back(Json{{"name", NameOf(name)}, {"cursor", CursorOf(cursor)}});
  return json.dump();
}

void Read(const std::string& text, Cursors& cursors) {
  cursors.clear();
  Parse(text, [&](const Json& json) {
    for (const Json& element : json) cursors[ToName(element.at("name"))] = ToCursor(element.at("cursor"));
  });
}

std::string Write(const std::vector<CursorStep>& steps, Cursors& running) {
  return WriteList(steps, [&](const CursorStep& step) {
    const auto left = running.find(step.name);
    const bool as_left = left != running.end() && left->second == step.before;
    Json json = {{"name", NameOf(step.name)}, {"before", as_left ? Json(nullptr) : CursorOf(step.before)}};
    const std::vector<std::uint64_t>& was = step.before.bag;
    const std::vector<std::uint64_t>& is = step.after.bag;
    if (std::is_sorted(was.begin(), was.end()) && std::is_sorted(is.begin(), is.end()) &&
        std::includes(is.begin(), is.end(), was.begin(), was.end())) {
      Cursor rest = step.after;
      rest.bag.clear();
      std::set_difference(is.begin(), is.end(), was.begin(), was.end(), std::back_inserter(rest.bag));
      json["after"] = CursorOf(rest);
      json["bag"] = "grown";
    } else {
      json["after"] = CursorOf(step.after);
      json["bag"] = "whole";
    }
    running[step.name] = step.after;
    return json;
  });
}

void Read(const std::string& text, std::vector<CursorStep>& steps, Cursors& running) {
  ReadList(text, steps, [&](const Json& json) {
    CursorStep step;
    step.name = ToName(json.at("name"));
    step.before = json.at("before").is_null() ? running[step.name] : ToCursor(json.at("before"));
    step.after = ToCursor(json.at("after"));
    if (json.at("bag").get_ref<const std::string&>() == "grown") {
      std::vector<std::uint64_t> bag;
      std::merge(step.before.bag.begin(), step.before.bag.end(), step.after.bag.begin(), step.after.bag.end(),
                 std::back_inserter(bag));
      step.after.bag = std::move(bag);
    }
    running[step.name] = step.after;
    return step;
  });
}

std::string Write(const std::vector<ScheduleNotice>& notices) {
  return WriteList(notices, [](const ScheduleNotice& notice) {
    return Json{
        {"kind", NameOfEnum(notice.kind)}, {"zone", TextOf(notice.zone_name)}, {"text", TextOf(notice.text)}};
  });
}

void Read(const std::string& text, std::vector<ScheduleNotice>& notices) {
  ReadList(text, notices, [](const Json& json) {
    return ScheduleNotice{ToEnum<ScheduleNotice::Kind>(json.at("kind")), ToText(json.at("zone")),
                          ToText(json.at("text"))};
  });
}

std::string Write(const std::vector<Break>& breaks) {
  return WriteList(breaks, [](const Break& one) {
    return Json{{"at", one.at.count()}, {"length", one.length.count()}, {"fades", one.fades}};
  });
}

std::string Write(const BreakRules& rules) {
  return Json{{"policy", NameOfEnum(rules.policy)},
              {"most", rules.most},
              {"least_break", rules.least_break.count()},
              {"least_act", rules.least_act.count()},
              {"head", rules.head.count()},
              {"tail", rules.tail.count()}}
      .dump();
}

std::string Write(const std::optional<BreakRules>& rules) { return rules ? Write(*rules) : ""; }

std::string Write(const PadFrames& pad) {
  Json json = Json::object();
  for (const auto& [cause, frames] : pad) json[EncodeText(cause)] = frames;
  return json.dump();
}

void Read(const std::string& text, std::vector<Break>& breaks) {
  ReadList(text, breaks, [](const Json& json) {
    return Break{Millis(json.at("at").get<std::int64_t>()), Millis(json.at("length").get<std::int64_t>()),
                 json.at("fades").get<bool>()};
  });
}

void Read(const std::string& text, BreakRules& rules) {
  if (text.empty()) return;
  Parse(text, [&](const Json& json) {
    const std::optional<BreakPolicy> policy = EnumOf<BreakPolicy>(json.at("policy").get<std::string>());
    if (!policy) throw BadJson{"a policy of breaks that is none"};
    const auto length = [&](const char* name) { return Millis(json.at(name).get<std::int64_t>()); };
    rules = {
        *policy,       json.at("most").get<int>(), length("least_break"), length("least_act"), length("head"),
        length("tail")};
  });
}

void Read(const std::string& text, std::optional<BreakRules>& rules) {
  rules.reset();
  if (!text.empty()) Read(text, rules.emplace());
}

void Read(const std::string& text, PadFrames& pad) {
  pad.clear();
  Parse(text, [&](const Json& json) {
    for (const auto& [cause, frames] : json.items()) pad[ToText(cause)] = frames.get<std::int64_t>();
  });
}

}  // namespace retrovue::json
