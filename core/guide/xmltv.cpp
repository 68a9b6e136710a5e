#include "core/guide/xmltv.h"

#include <pugixml.hpp>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/civil_time.h"
#include "core/guide/clean_text.h"
#include "core/guide/span_of_guide.h"

namespace retrovue {
namespace {

constexpr Millis kShortestFilm = minutes(40);  // a feature, as the Academy and the BFI count
constexpr const char* kOffAir = "Off air";

class Appender final : public pugi::xml_writer {
 public:
  explicit Appender(std::string& out) : out_(out) {}
  void write(const void* data, std::size_t size) override {
    out_.append(static_cast<const char*>(data), size);
  }

 private:
  std::string& out_;
};

// The element as it stands below <tv>.
void Append(std::string& out, const pugi::xml_node& element) {
  Appender appender(out);
  element.print(appender, "  ", pugi::format_indent, pugi::encoding_utf8, 1);
}

// An element with a text; none without.
pugi::xml_node AddText(pugi::xml_node parent, const char* name, absl::string_view text) {
  const std::string clean = CleanText(text);
  if (clean.empty()) return {};
  pugi::xml_node element = parent.append_child(name);
  element.text().set(clean.c_str());
  return element;
}

Instant WholeSecond(Instant t) { return std::chrono::floor<std::chrono::seconds>(t); }

absl::CivilSecond Utc(Instant t) {
  return absl::CivilSecond(1970, 1, 1) +
         std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

std::string DateText(absl::CivilDay day) {
  return absl::StrFormat("%04d%02d%02d", day.year(), day.month(), day.day());
}

std::string TimeText(Instant t) {
  const absl::CivilSecond s = Utc(t);
  return absl::StrFormat("%s%02d%02d%02d +0000", DateText(absl::CivilDay(s)), s.hour(), s.minute(),
                         s.second());
}

// A genre's flag in Jellyfin is a whole word: "Movie", "News". Several in one tag are parted.
void AddCategories(pugi::xml_node programme, const GuideEntry& entry, const Editorial* details) {
  std::vector<std::string> categories;
  if (!entry.series.empty()) {
    categories.push_back("Series");
  } else if (details != nullptr && details->year && entry.stop - entry.start >= kShortestFilm) {
    categories.push_back("Movie");
  }
  if (details != nullptr)
    for (const absl::string_view genre : absl::StrSplit(details->genre, absl::ByAnyChar(",;|/")))
      categories.push_back(CleanText(genre));
  std::set<std::string> seen;
  for (const std::string& category : categories)
    if (seen.insert(absl::AsciiStrToLower(category)).second) AddText(programme, "category", category);
}

void AddEpisodeNumber(pugi::xml_node programme, const char* system, const std::string& text) {
  pugi::xml_node number = AddText(programme, "episode-num", text);
  number.append_attribute("system") = system;
}

// Specials, and episodes without a season, have no number in xmltv_ns that players would not take for another one. The part of
// xmltv_ns stays empty: Kodi adds what stands there to the episode.
void AddEpisodeNumbers(pugi::xml_node programme, const GuideEntry& entry) {
  if (!entry.episode || *entry.episode < 0) return;
  const int season = entry.season.value_or(-1);
  if (season >= 1 && *entry.episode >= 1)
    AddEpisodeNumber(programme, "xmltv_ns", absl::StrCat(season - 1, ".", *entry.episode - 1, "."));
  AddEpisodeNumber(programme, "onscreen",
                   season >= 0 ? absl::StrFormat("S%02dE%02d", season, *entry.episode)
                               : absl::StrFormat("E%02d", *entry.episode));
}

// What it airs again: it was on before in this guide, or it is older than its day.
class Repeats {
 public:
  // Asked once for each entry, in their order.
  bool Has(const GuideEntry& entry, const Editorial* details) {
    const bool numbered = entry.season && entry.episode;
    const bool again = !seen_
                            .insert(numbered ? Key(entry.series, *entry.season, *entry.episode, "")
                                             : Key(entry.series, -1, -1, entry.title))
                            .second;
    if (again || details == nullptr) return again;
    const absl::CivilDay day(Utc(entry.start));
    if (details->air_date) return *details->air_date < day;
    return details->year && *details->year < day.year();
  }

 private:
  using Key = std::tuple<std::string, int, int, std::string>;
  std::set<Key> seen_;
};

// What stands behind "TV-", and the letters of the MPA, are systems of their own.
void AddRating(pugi::xml_node programme, absl::string_view rating) {
  const std::string clean = CleanText(rating);
  if (clean.empty()) return;
  const std::string upper = absl::AsciiStrToUpper(clean);
  pugi::xml_node element = programme.append_child("rating");
  if (absl::StartsWith(upper, "TV-")) {
    element.append_attribute("system") = "VCHIP";
  } else if (upper == "G" || upper == "PG" || upper == "PG-13" || upper == "R" || upper == "NC-17") {
    element.append_attribute("system") = "MPAA";
  } else if (absl::StartsWith(upper, "FSK")) {
    element.append_attribute("system") = "FSK";
  }
  AddText(element, "value", clean);
}

pugi::xml_node AddProgramme(pugi::xml_document& document, const std::string& id, Instant start,
                            Instant stop) {
  pugi::xml_node programme = document.append_child("programme");
  programme.append_attribute("start") = TimeText(start).c_str();
  programme.append_attribute("stop") = TimeText(stop).c_str();
  programme.append_attribute("channel") = id.c_str();
  return programme;
}

// In the order of the DTD.
void Describe(pugi::xml_node programme, const GuideEntry& entry, const Editorial* details,
              const Channel& channel, Repeats& repeats) {
  const std::string series = CleanText(entry.series);
  const std::string title = CleanText(entry.title);
  const std::string name = CleanText(channel.title);
  AddText(programme, "title",
          !series.empty()  ? series
          : !title.empty() ? title
          : !name.empty()  ? name
                           : channel.slug);
  if (!series.empty() && title != series) AddText(programme, "sub-title", title);
  if (details != nullptr) {
    AddText(programme, "desc", details->synopsis);
    if (details->air_date) {
      AddText(programme, "date", DateText(*details->air_date));
    } else if (details->year) {
      AddText(programme, "date", absl::StrFormat("%04d", *details->year));
    }
  }
  AddCategories(programme, entry, details);
  AddEpisodeNumbers(programme, entry);
  if (repeats.Has(entry, details)) {
    pugi::xml_node shown = programme.append_child("previously-shown");
    if (details != nullptr && details->air_date && *details->air_date < absl::CivilDay(Utc(entry.start)))
      shown.append_attribute("start") = DateText(*details->air_date).c_str();
  }
  if (details != nullptr) AddRating(programme, details->rating);
}

}  // namespace

std::string XmltvHead(const std::vector<const Channel*>& channels, const Site& site) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE tv SYSTEM \"xmltv.dtd\">\n";
  absl::StrAppend(&out, "<tv generator-info-name=\"RetroVue\">\n");
  for (const Channel* channel : channels) {
    pugi::xml_document document;
    pugi::xml_node element = document.append_child("channel");
    element.append_attribute("id") = GuideIdOf(*channel, site).c_str();
    const std::string title = CleanText(channel->title);
    const std::string& name = title.empty() ? channel->slug : title;
    // In this order Plex, Jellyfin and Kodi all find the number and the name.
    if (channel->number) {
      AddText(element, "display-name", absl::StrCat(*channel->number, " ", name));
      AddText(element, "display-name", absl::StrCat(*channel->number));
    }
    AddText(element, "display-name", name);
    if (!channel->logo_path.empty())
      element.append_child("icon").append_attribute("src") = LogoUrlOf(*channel, site).c_str();
    Append(out, element);
  }
  return out;
}

std::string XmltvProgrammes(const ChannelGuide& of, Instant from, Instant to, const Site& site,
                            const DetailsOf& details) {
  std::string out;
  const std::string id = GuideIdOf(*of.channel, site);
  const absl::Span<const GuideEntry> entries = EntriesOn(*of.guide, from, to);
  Repeats repeats;
  pugi::xml_document document;
  Instant end = WholeSecond(from);  // of what is written
  const auto off_air_until = [&](Instant start) {
    if (start <= end) return;
    AddText(AddProgramme(document, id, end, start), "title", kOffAir);
    Append(out, document.first_child());
    document.reset();
  };
  if (entries.empty()) off_air_until(WholeSecond(to));
  for (const GuideEntry& entry : entries) {
    Instant start = WholeSecond(entry.start);
    const Instant stop = WholeSecond(entry.stop);
    if (&entry == &entries.front()) end = std::min(end, start);  // on now: whole
    off_air_until(start);
    start = std::max(start, end);
    if (stop <= start) continue;
    Describe(AddProgramme(document, id, start, stop), entry, details ? details(entry) : nullptr, *of.channel,
             repeats);
    Append(out, document.first_child());
    document.reset();
    end = stop;
  }
  return out;
}

absl::string_view XmltvTail() { return "</tv>\n"; }

std::string WriteXmltv(const std::vector<ChannelGuide>& guides, Instant from, Instant to, const Site& site,
                       const DetailsOf& details) {
  std::vector<const Channel*> channels;
  channels.reserve(guides.size());
  for (const ChannelGuide& of : guides) channels.push_back(of.channel);
  std::string out = XmltvHead(channels, site);
  for (const ChannelGuide& of : guides) out += XmltvProgrammes(of, from, to, site, details);
  absl::StrAppend(&out, XmltvTail());
  return out;
}

}  // namespace retrovue
