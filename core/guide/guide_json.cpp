#include "core/guide/guide_json.h"

#include <cstdint>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/guide/clean_text.h"
#include "core/guide/span_of_guide.h"

namespace retrovue {
namespace {

using Json = nlohmann::ordered_json;

constexpr Millis kUsualSpan = std::chrono::hours(6);
constexpr std::int64_t kLastMs = 253'402'300'799'999;  // of the year 9999

Json JsonOf(const Channel& channel) {
  Json json;
  json["id"] = channel.id.text;
  json["slug"] = channel.slug;
  if (channel.number) json["number"] = *channel.number;
  const std::string name = CleanText(channel.title);
  json["name"] = name.empty() ? channel.slug : name;
  if (const std::string group = CleanText(channel.group); !group.empty()) json["group"] = group;
  if (!channel.logo_path.empty()) json["logo"] = absl::StrCat("logo/", channel.slug, ".png");
  return json;
}

Json WithStream(Json json) {
  json["stream"] = absl::StrCat("channel/", json["slug"].get<std::string>(), ".ts");
  return json;
}

Json JsonOf(const GuideEntry& entry, const DetailsOf& details) {
  Json json;
  json["id"] = entry.id;
  json["start_utc_ms"] = UtcMs(entry.start);
  json["stop_utc_ms"] = UtcMs(entry.stop);
  json["title"] = CleanText(entry.title);
  if (const std::string series = CleanText(entry.series); !series.empty()) json["series"] = series;
  if (entry.season) json["season"] = *entry.season;
  if (entry.episode) json["episode"] = *entry.episode;
  const Editorial* known = details ? details(entry) : nullptr;
  if (known == nullptr) return json;
  const auto add = [&](const char* name, const std::string& text) {
    if (std::string clean = CleanText(text); !clean.empty()) json[name] = std::move(clean);
  };
  add("synopsis", known->synopsis);
  add("genre", known->genre);
  add("rating", known->rating);
  if (known->year) json["year"] = *known->year;
  if (known->air_date) json["air_date"] = ToText(*known->air_date);
  return json;
}

// In one line. What is not CleanText (an id of another's making) is made UTF-8 all the same.
std::string Line(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::StatusOr<Instant> TimeOf(absl::string_view name, absl::string_view text) {
  std::int64_t ms = 0;
  if (!absl::SimpleAtoi(text, &ms) || ms < 0 || ms > kLastMs)
    return absl::InvalidArgumentError(absl::StrCat(name,
                                                   " is no time: give it in milliseconds of UTC, such as ",
                                                   name, "=1781092800000, or leave it out."));
  return FromUtcMs(ms);
}

}  // namespace

std::string GuideJson(const std::vector<ChannelGuide>& guides, Instant from, Instant to, Instant now,
                      const DetailsOf& details) {
  Json json;
  json["now_utc_ms"] = UtcMs(now);
  Json channels = Json::array();
  for (const ChannelGuide& of : guides) {
    Json channel = JsonOf(*of.channel);
    Json entries = Json::array();
    for (const GuideEntry& entry : EntriesOn(*of.guide, from, to)) entries.push_back(JsonOf(entry, details));
    channel["entries"] = std::move(entries);
    channels.push_back(std::move(channel));
  }
  json["channels"] = std::move(channels);
  return Line(json);
}

std::string ChannelsJson(const std::vector<const Channel*>& channels, Instant now) {
  Json json;
  json["now_utc_ms"] = UtcMs(now);
  Json list = Json::array();
  for (const Channel* channel : channels) list.push_back(WithStream(JsonOf(*channel)));
  json["channels"] = std::move(list);
  return Line(json);
}

std::string NowJson(const ChannelGuide& of, Instant now, const DetailsOf& details) {
  Json json;
  json["now_utc_ms"] = UtcMs(now);
  json["channel"] = WithStream(JsonOf(*of.channel));
  json["now"] = nullptr;
  json["next"] = nullptr;
  for (const GuideEntry& entry : of.guide->entries) {
    if (entry.start <= now && now < entry.stop) json["now"] = JsonOf(entry, details);
    if (entry.start > now) {
      json["next"] = JsonOf(entry, details);
      break;
    }
  }
  return Line(json);
}

absl::StatusOr<GuideSpan> GuideSpanOf(absl::string_view from, absl::string_view to, Instant now) {
  GuideSpan span{std::chrono::floor<std::chrono::duration<std::int64_t, std::ratio<1800>>>(now), {}};
  if (!from.empty()) {
    const absl::StatusOr<Instant> time = TimeOf("from", from);
    if (!time.ok()) return time.status();
    span.from = *time;
  }
  span.to = span.from + kUsualSpan;
  if (!to.empty()) {
    const absl::StatusOr<Instant> time = TimeOf("to", to);
    if (!time.ok()) return time.status();
    span.to = *time;
  }
  if (span.to <= span.from)
    return absl::InvalidArgumentError("to is not after from: ask for a span that has a length.");
  if (span.to - span.from > kLongestGuide)
    return absl::InvalidArgumentError("That is more than 14 days: ask for fewer at a time.");
  return span;
}

}  // namespace retrovue
