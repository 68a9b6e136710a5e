#include "core/ingest/names.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/ingest/name_text.h"

namespace retrovue {
namespace {

constexpr int kSure = 95;
constexpr int kQuiteSure = 90;
constexpr int kPlain = 85;
constexpr int kGuess = 80;

// Where a pattern stands in a text, and what its groups hold (up to 4).
struct Hit {
  std::string before;
  std::string after;
  std::array<std::string, 5> group;
};

std::optional<Hit> Find(const RE2& pattern, const std::string& text) {
  std::array<re2::StringPiece, 5> parts;
  const int groups = std::min(pattern.NumberOfCapturingGroups() + 1, static_cast<int>(parts.size()));
  if (!pattern.Match(text, 0, text.size(), RE2::UNANCHORED, parts.data(), groups)) return std::nullopt;
  Hit hit;
  const auto begin = static_cast<std::size_t>(parts[0].data() - text.data());
  hit.before = text.substr(0, begin);
  hit.after = text.substr(begin + parts[0].size());
  for (std::size_t i = 0; i < static_cast<std::size_t>(groups); ++i) hit.group[i] = std::string(parts[i]);
  return hit;
}

int NumberOf(const std::string& digits) {
  int number = 0;
  return absl::SimpleAtoi(digits, &number) ? number : 0;
}

// The last number in a text such as "-E06-E07".
std::optional<int> LastNumber(const std::string& text) {
  const std::size_t end = text.find_last_of("0123456789");
  if (end == std::string::npos) return std::nullopt;
  const std::size_t before = text.find_last_not_of("0123456789", end);
  const std::size_t begin = before == std::string::npos ? 0 : before + 1;
  return NumberOf(text.substr(begin, end + 1 - begin));
}

std::optional<absl::CivilDay> DateOf(const Hit& hit) {
  const int month = NumberOf(hit.group[2]), day = NumberOf(hit.group[3]);
  const absl::CivilDay date(NumberOf(hit.group[1]), month, day);
  if (date.month() != month || date.day() != day) return std::nullopt;  // 2019-02-30
  return date;
}

std::string IsoDate(absl::CivilDay date) {
  return absl::StrFormat("%04d-%02d-%02d", date.year(), date.month(), date.day());
}

// "Season 01", "S1", "Staffel 2", "Specials".
std::optional<int> SeasonOf(const std::string& folder) {
  static const RE2 numbered(
      R"((?i)^(?:season|series|staffel|saison|temporada|stagione|seizoen|s)[ ._-]*(\d{1,4})(?:$|[^a-z0-9].*$))");
  static const RE2 specials(R"((?i)^specials?$)");
  std::string number;
  if (RE2::FullMatch(folder, numbered, &number)) return NumberOf(number);
  if (RE2::FullMatch(folder, specials)) return 0;
  return std::nullopt;
}

// Takes "{tvdb-1}", "[tmdbid=1]" and a video's id at the end out of a name.
std::string TakeIds(std::string name, NameFacts& facts) {
  static const RE2 provider(R"((?i)[\[{(](tvdb|tmdb|imdb|anidb|tvmaze)(?:id)?[-=: ]((?:tt)?\d{1,12})[\]})])");
  static const RE2 youtube(R"(^(.*\S)[ _-]+\[([A-Za-z0-9_-]{11})\]$)");
  static const RE2 other(R"(^(.*\S)[ _-]+\[(\d{6,19})\]$)");
  while (const auto hit = Find(provider, name)) {
    facts.ids.emplace_back(absl::AsciiStrToLower(hit->group[1]), hit->group[2]);
    name = absl::StrCat(hit->before, hit->after);
  }
  std::string rest, id;
  if (RE2::FullMatch(name, youtube, &rest, &id) &&
      std::any_of(id.begin(), id.end(), [](char c) { return !absl::ascii_islower(c); })) {
    facts.ids.emplace_back("youtube", id);
    return rest;
  }
  return RE2::FullMatch(name, other, &rest, &id) ? rest : name;
}

// A show's name as its folder or the front of a file's name has it: "Show.Name.2005" gives "Show Name (2005)".
std::string SeriesOf(const std::string& text, NameFacts& facts) {
  std::string name = CleanTitle(StripGroup(text));
  static const RE2 bare(R"(^(.*\S) ((?:19|20)\d\d)$)");
  static const RE2 bracketed(R"(^(.*\S) [(\[]((?:19|20)\d\d)[)\]]$)");
  std::string rest, year;
  if (RE2::FullMatch(name, bracketed, &rest, &year) ||
      (IsSceneStyle(text) && RE2::FullMatch(name, bare, &rest, &year))) {
    facts.year = NumberOf(year);
    return absl::StrCat(CleanTitle(rest), " (", year, ")");
  }
  return name;
}

class Parser {
 public:
  Parser(absl::string_view path, absl::string_view root_name) {
    std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
    if (!parts.empty()) {
      stem_ = TakeIds(StemOf(parts.back()), facts_);
      parts.pop_back();
    }
    file_ = stem_;
    if (!parts.empty()) season_ = SeasonOf(parts.back());
    if (season_) parts.pop_back();
    // The folder a series would have: its own, or the root if the root holds the seasons.
    if (!parts.empty()) {
      folder_ = parts.back();
    } else if (season_) {
      folder_ = std::string(root_name);
    } else if ((season_ = SeasonOf(std::string(root_name)))) {
      folder_.clear();
    }
    root_ = std::string(root_name);
  }

  NameFacts Parse() {
    static const RE2 part(R"((?i)(?:^|[ ._(\[-])(part|pt|cd|disc|disk|teil)[ ._-]?(\d{1,2})(?:$|[ ._)\]-]))");
    if (const auto hit = Find(part, stem_)) {
      facts_.part = NumberOf(hit->group[2]);
      part_is_title_ = hit->group[1].size() == 4 && absl::AsciiStrToLower(hit->group[1]) == "part";
      part_hit_ = hit;
    }
    if (!Numbered() && !Daily() && !Counted() && !Uploaded() && !Film()) Plain();
    if (facts_.title.empty()) facts_.title = FallbackTitle();
    return std::move(facts_);
  }

 private:
  // S02E05, 2x05, "Season 2 Episode 5".
  bool Numbered() {
    static const RE2 classic(
        R"((?i)(?:^|[^a-z0-9])s(\d{1,4})[ ._-]*e(\d{1,4})((?:[ ._]*-?[ ._]*e\d{1,4}|-\d{1,3})*)([a-d])?(?:$|[^a-z0-9]))");
    static const RE2 words(
        R"((?i)(?:^|[^a-z0-9])season[ ._-]*(\d{1,3})[ ._,-]*(?:episode|ep)[ ._-]*(\d{1,4})(?:$|[^a-z0-9]))");
    static const RE2 cross(
        R"((?i)(?:^|[^a-z0-9])(\d{1,2})x(\d{2,3})((?:-(?:\d{1,2}x)?\d{2,3})*)(?:$|[^a-z0-9]))");
    auto hit = Find(classic, stem_);
    const bool lettered = hit.has_value() && !hit->group[4].empty();
    if (!hit) hit = Find(words, stem_);
    if (!hit) hit = Find(cross, stem_);
    if (!hit) return false;
    facts_.season = NumberOf(hit->group[1]);
    facts_.episode = NumberOf(hit->group[2]);
    if (const auto last = LastNumber(hit->group[3]); last && *last > *facts_.episode) {
      facts_.last_episode = last;
    }
    if (lettered) facts_.part = absl::ascii_tolower(hit->group[4][0]) - 'a' + 1;
    Episode(hit->before, hit->after, kSure);
    return true;
  }

  // "Show - 2019-03-04 - Guest"; "2019-03-04" in a show's folder.
  bool Daily() {
    static const RE2 dated(R"((?:^|[^0-9])((?:19|20)\d\d)[-._ ](\d\d)[-._ ](\d\d)(?:$|[^0-9]))");
    const auto hit = Find(dated, stem_);
    const auto date = hit ? DateOf(*hit) : std::nullopt;
    if (!date) return false;
    facts_.air_date = date;
    const std::string before = CleanTitle(StripGroup(hit->before));
    const std::string after = CleanTitle(CutNoise(hit->after, IsSceneStyle(stem_)));
    if (before.empty() && folder_.empty()) {  // no show is named: a recording of that day
      facts_.title = after.empty() ? IsoDate(*date) : after;
      facts_.year = static_cast<int>(date->year());
      facts_.confidence = kPlain;
      return true;
    }
    facts_.series = SeriesOf(before.empty() ? folder_ : hit->before, facts_);
    facts_.year = static_cast<int>(date->year());
    facts_.title = after.empty() ? IsoDate(*date) : absl::StrCat(IsoDate(*date), " ", after);
    facts_.confidence = kQuiteSure;
    return true;
  }

  // Episodes that are counted without a season, or in a season's folder.
  bool Counted() {
    static const RE2 word(
        R"((?i)(?:^|[^a-z0-9])(?:episode|episodio|folge|ep)[ ._#-]*(\d{1,4})(?:$|[^a-z0-9]))");
    static const RE2 cjk(R"(第\s*(\d{1,4})\s*[話话集回])");
    static const RE2 dashed(
        R"(^(?:\[[^\]]*\]\s*)?(.*\S)\s+-\s+(\d{2,3})(?:v\d)?(?:$|\s*[\[(].*$|\s+-\s+.*$))");
    static const RE2 dashed_number(R"(\s-\s+(\d{2,3})(?:v\d)?)");
    static const RE2 letter(R"((?i)(?:^|[^a-z0-9])e(\d{1,4})(?:$|[^a-z0-9]))");
    static const RE2 leading(R"(^(\d{1,3})(?:$|[^0-9a-zA-Z]))");
    static const RE2 trailing(R"((?:^|[ ._-])(\d{1,3})$)");
    auto hit = Find(word, stem_);
    if (!hit) hit = Find(cjk, stem_);
    if (!hit && season_) hit = Find(letter, stem_);
    if (!hit && RE2::FullMatch(stem_, dashed)) hit = Find(dashed_number, stem_);
    if (!hit && season_) hit = Find(leading, stem_);
    if (!hit && season_) hit = Find(trailing, CleanTitle(CutNoise(stem_, IsSceneStyle(stem_))));
    if (!hit) return false;
    if (CleanTitle(hit->before).empty() && folder_.empty()) return false;  // "Episode 10" of nothing
    facts_.episode = NumberOf(hit->group[1]);
    // "203" in the folder "Season 2" is its third.
    if (season_ && *facts_.episode / 100 == *season_ && *facts_.episode >= 100) *facts_.episode %= 100;
    facts_.season = season_.value_or(1);
    Episode(hit->before, hit->after, season_ ? kQuiteSure : kGuess);
    return true;
  }

  // What yt-dlp makes: "Title - 20190304".
  bool Uploaded() {
    static const RE2 at_end(R"((?:^|[ ._-]+)((?:19|20)\d\d)(\d\d)(\d\d)$)");
    static const RE2 at_start(R"(^((?:19|20)\d\d)(\d\d)(\d\d)[ ._-]+)");
    auto hit = Find(at_end, stem_);
    if (!hit) hit = Find(at_start, stem_);
    const auto date = hit ? DateOf(*hit) : std::nullopt;
    if (!date) return false;
    facts_.air_date = date;
    facts_.year = static_cast<int>(date->year());
    facts_.title = CleanTitle(absl::StrCat(hit->before, hit->after));
    if (facts_.title.empty()) facts_.title = IsoDate(*date);
    facts_.confidence = kPlain;
    return true;
  }

  // "Title (1987)", "Title.1987.1080p".
  bool Film() {
    static const RE2 bracketed(R"([(\[]((?:19|20)\d\d)[)\]])");
    static const RE2 bare(R"(^(.*[^0-9])((?:19|20)\d\d)((?:[^0-9].*)?)$)");
    if (const auto hit = Find(bracketed, stem_); hit && !CleanTitle(StripGroup(hit->before)).empty()) {
      facts_.year = NumberOf(hit->group[1]);
      facts_.title = WithPart(CleanTitle(StripGroup(hit->before)));
    } else if (std::string before, year, after; IsSceneStyle(stem_) &&
                                                RE2::FullMatch(stem_, bare, &before, &year, &after) &&
                                                !CleanTitle(StripGroup(before)).empty()) {
      facts_.year = NumberOf(year);
      facts_.title = WithPart(CleanTitle(StripGroup(before)));
    } else if (const auto folder = Find(bracketed, folder_);
               folder && !season_ && !CleanTitle(folder->before).empty()) {
      NameFacts of_folder;  // a film in a folder of its own
      facts_.year = NumberOf(folder->group[1]);
      facts_.title = WithPart(CleanTitle(folder->before));
      TakeIds(folder_, facts_);
    } else {
      return false;
    }
    facts_.confidence = kQuiteSure;
    return true;
  }

  void Plain() {
    const std::string text = StripGroup(stem_);
    facts_.title = WithPart(CleanTitle(CutNoise(text, IsSceneStyle(text))));
    if (facts_.title.empty()) facts_.title = CleanTitle(text);
    if (season_ && !folder_.empty()) {  // an extra of a series
      facts_.series = SeriesOf(TakeIds(folder_, facts_), facts_);
      facts_.season = season_;
      facts_.confidence = kGuess;
      return;
    }
    facts_.confidence = kPlain;
  }

  void Episode(const std::string& before, const std::string& after, int confidence) {
    std::string name = SeriesOf(before, facts_);
    // The folder of a series with seasons is named with more care than its files.
    if ((season_ || name.empty()) && !folder_.empty()) name = SeriesOf(TakeIds(folder_, facts_), facts_);
    if (name.empty()) name = SeriesOf(root_, facts_);
    facts_.series = name;
    std::string title = CutNoise(after, IsSceneStyle(stem_));
    if (part_hit_) title = WithoutPart(title);
    facts_.title = CleanTitle(title);
    facts_.confidence = name.empty() ? kGuess : confidence;
  }

  // Of what is no episode the part is in the title, unless it is the disc's number.
  std::string WithPart(std::string title) const {
    if (!part_hit_) return title;
    title = CleanTitle(WithoutPart(title));
    if (title.empty()) title = CleanTitle(WithoutPart(stem_));
    return part_is_title_ ? absl::StrCat(title, " Part ", *facts_.part) : title;
  }

  static std::string WithoutPart(const std::string& text) {
    static const RE2 part(R"((?i)(?:^|[ ._(\[-]+)(?:part|pt|cd|disc|disk|teil)[ ._-]?\d{1,2}($|[ ._)\]-]))");
    std::string rest = text;
    RE2::Replace(&rest, part, "\\1");
    return rest;
  }

  std::string FallbackTitle() const {
    if (facts_.episode) return absl::StrCat("Episode ", *facts_.episode);
    return CleanTitle(file_).empty() ? (file_.empty() ? "Untitled" : file_) : CleanTitle(file_);
  }

  NameFacts facts_;
  std::string stem_, file_, folder_, root_;
  std::optional<int> season_;  // of the folder
  std::optional<Hit> part_hit_;
  bool part_is_title_ = false;
};

}  // namespace

std::string StemOf(absl::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash != absl::string_view::npos) path.remove_prefix(slash + 1);
  const std::size_t dot = path.rfind('.');
  if (dot == absl::string_view::npos || dot == 0) return std::string(path);
  const absl::string_view extension = path.substr(dot + 1);
  const bool is_one = !extension.empty() && extension.size() <= 5 &&
                      std::all_of(extension.begin(), extension.end(), absl::ascii_isalnum) &&
                      std::any_of(extension.begin(), extension.end(), absl::ascii_isalpha);
  return std::string(is_one ? path.substr(0, dot) : path);
}

NameFacts ParseName(absl::string_view path, absl::string_view root_name) {
  return Parser(path, root_name).Parse();
}

}  // namespace retrovue
