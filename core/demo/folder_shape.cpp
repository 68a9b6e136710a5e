#include "core/demo/folder_shape.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/ingest/catalogue_entry.h"

namespace retrovue {
namespace {

constexpr Millis kUnit = std::chrono::minutes(30);
constexpr int kHour = 2;  // units
constexpr int kDayUnits = 48;
constexpr std::size_t kFilmsOfAnEvening = 3;  // fewer would be on again and again
constexpr int kEveningFrom = 14 * 60;         // of a day that starts at 06:00: 20:00
constexpr int kEveningTo = 20 * 60;           // 02:00
constexpr int kDay = 24 * 60;

struct Series {
  std::string name;
  std::vector<Millis> durations;
  bool only_specials = true;
};

// What there is, sorted.
struct Stock {
  std::map<std::string, Series> series;  // by name in lower case
  std::vector<const Asset*> films, programmes, shorts, interstitials;
};

Stock TakeStock(const std::vector<Asset>& assets) {
  Stock stock;
  for (const Asset& asset : assets) {
    if (HasTag(asset, kTagInterstitial)) {
      stock.interstitials.push_back(&asset);
    } else if (HasTag(asset, kTagEpisode)) {
      Series& series = stock.series[absl::AsciiStrToLower(asset.editorial.series)];
      if (series.name.empty()) series.name = asset.editorial.series;
      series.durations.push_back(asset.duration);
      if (asset.editorial.season != 0) series.only_specials = false;
    } else if (HasTag(asset, kTagFilm)) {
      stock.films.push_back(&asset);
    } else if (HasTag(asset, kTagProgramme)) {
      stock.programmes.push_back(&asset);
    } else {
      stock.shorts.push_back(&asset);
    }
  }
  return stock;
}

bool IsShort(const Series& series) {
  std::vector<Millis> durations = series.durations;
  const auto middle = durations.begin() + static_cast<std::ptrdiff_t>(durations.size() / 2);
  std::nth_element(durations.begin(), middle, durations.end());
  return *middle < kShortestProgramme;
}

std::string Count(std::size_t n, const char* one, const char* many) {
  return absl::StrCat(n, " ", n == 1 ? one : many);
}

class Shaper {
 public:
  Shaper(const std::string& name, const CollectionId& collection_id, const std::vector<Asset>& assets)
      : name_(name), collection_id_(collection_id), stock_(TakeStock(assets)) {}

  FolderShape Shape() {
    const bool any_long = !stock_.films.empty() || !stock_.programmes.empty() ||
                          std::any_of(stock_.series.begin(), stock_.series.end(),
                                      [](const auto& entry) { return !IsShort(entry.second); });
    if (!any_long) {
      Clips();
    } else {
      Programmes();
    }
    return std::move(shape_);
  }

 private:
  // Blocks of clips; what a block leaves is filled with them, too.
  void Clips() {
    std::size_t clips = stock_.shorts.size();
    for (const auto& [key, series] : stock_.series) clips += series.durations.size();
    const bool only_interstitials = clips == 0;
    if (only_interstitials) clips = stock_.interstitials.size();
    if (clips == 0) return;
    Selector all;
    all.collection_id = collection_id_;
    all.specials = true;
    Program& block = Add(name_, ProgramKind::kBlock, PlayMode::kSequential, all);
    block.slot_units = kHour;
    shape_.zones.push_back({"All day", 0, kDay, {0}});
    for (const Asset* asset : stock_.shorts) shape_.fillers.push_back(asset->id);
    for (const Asset* asset : stock_.interstitials) shape_.fillers.push_back(asset->id);
    shape_.summary = absl::StrCat(Count(clips, "clip", "clips"), ", back to back in blocks of an hour");
  }

  void Programmes() {
    std::vector<std::string> words;
    std::size_t short_series = 0;
    for (const auto& [key, series] : stock_.series) {
      Selector episodes;
      episodes.series = series.name;
      episodes.collection_id = collection_id_;
      episodes.specials = series.only_specials;
      const bool is_short = IsShort(series);
      Program& program = Add(series.name, is_short ? ProgramKind::kBlock : ProgramKind::kSeries,
                             PlayMode::kSequential, episodes);
      if (is_short) program.slot_units = 1;
      if (is_short) ++short_series;
    }
    const std::size_t series = shape_.programs.size();
    if (series > 0) words.push_back(Count(series, "series", "series"));
    if (!stock_.programmes.empty()) {
      Add(name_, ProgramKind::kSeries, PlayMode::kSequential, Tagged(kTagProgramme));
      words.push_back(Count(stock_.programmes.size(), "programme", "programmes"));
    }
    const std::size_t others = shape_.programs.size();
    if (!stock_.films.empty()) {
      Add("Films", ProgramKind::kMovie, PlayMode::kShuffle, Tagged(kTagFilm));
      words.push_back(Count(stock_.films.size(), "film", "films"));
    }
    for (const auto* between : {&stock_.interstitials, &stock_.shorts}) {
      for (const Asset* asset : *between) shape_.fillers.push_back(asset->id);
    }
    if (!shape_.fillers.empty()) words.push_back(Count(shape_.fillers.size(), "filler", "fillers"));
    shape_.summary = absl::StrJoin(words, ", ");
    Zones(others);
  }

  // Films have the evening where there is enough else for the day.
  void Zones(std::size_t others) {
    std::vector<std::size_t> all(shape_.programs.size()), by_day(others);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
    for (std::size_t i = 0; i < by_day.size(); ++i) by_day[i] = i;
    if (others == 0 || stock_.films.size() < kFilmsOfAnEvening) {
      shape_.zones.push_back({"All day", 0, kDay, all});
      return;
    }
    shape_.zones.push_back({"Day", 0, kEveningFrom, by_day});
    shape_.zones.push_back({"Evening", kEveningFrom, kEveningTo, {others}});
    shape_.zones.push_back({"Night", kEveningTo, kDay, all});
  }

  Selector Tagged(const char* tag) const {
    Selector selector;
    selector.collection_id = collection_id_;
    selector.tags = {tag};
    return selector;
  }

  Program& Add(const std::string& wanted, ProgramKind kind, PlayMode mode, const Selector& selector) {
    Program program;
    program.name = wanted;
    for (int i = 2; !names_.insert(absl::AsciiStrToLower(program.name)).second; ++i) {
      program.name = absl::StrCat(wanted, " ", i);
    }
    program.kind = kind;
    program.play_mode = mode;
    program.chain.push_back({std::nullopt, selector});
    shape_.programs.push_back(std::move(program));
    return shape_.programs.back();
  }

  const std::string& name_;
  const CollectionId& collection_id_;
  Stock stock_;
  FolderShape shape_;
  std::set<std::string> names_;
};

}  // namespace

FolderShape ShapeFolder(const std::string& name, const CollectionId& collection_id,
                        const std::vector<Asset>& assets) {
  return Shaper(name, collection_id, assets).Shape();
}

FolderShape ShapeFiles(const std::string& name, const std::vector<Asset>& assets) {
  FolderShape shape;
  if (assets.empty()) return shape;
  Program loop;
  loop.name = name;
  loop.kind = ProgramKind::kBlock;
  loop.play_mode = PlayMode::kManual;
  Selector all;
  all.specials = true;
  loop.chain.push_back({std::nullopt, all});
  std::vector<Millis> durations;
  for (const Asset& asset : assets) {
    loop.manual_order.push_back(asset.id);
    durations.push_back(asset.duration);
    if (asset.duration < kShortestProgramme) shape.fillers.push_back(asset.id);
  }
  loop.slot_units = LoopUnits(durations);
  shape.programs.push_back(std::move(loop));
  shape.zones.push_back({"All day", 0, kDay, {0}});
  shape.summary = absl::StrCat(Count(assets.size(), "file", "files"), ", back to back");
  return shape;
}

int LoopUnits(const std::vector<Millis>& durations) {
  if (durations.empty() ||
      std::any_of(durations.begin(), durations.end(), [](Millis d) { return d <= Millis(0); })) {
    return kHour;
  }
  const Millis longest = *std::max_element(durations.begin(), durations.end());
  int best = kHour;
  double least = 2;
  for (int units = kHour; units <= kDayUnits; ++units) {
    const Millis slot = units * kUnit;
    if (slot < longest && units < kDayUnits) continue;
    // As many blocks as a day has, each filled while whole files fit.
    Millis filled{0}, there{0};
    std::size_t next = 0;
    for (int begun = 0; begun + units <= kDayUnits; begun += units) {
      there += slot;
      Millis block{0};
      while (block + durations[next] <= slot) {
        block += durations[next];
        next = (next + 1) % durations.size();
      }
      filled += block;
    }
    const double rest = 1 - static_cast<double>(filled.count()) / static_cast<double>(there.count());
    if (rest < least - 1e-9) {
      least = rest;
      best = units;
    }
    if (least <= 0.005) break;  // shorter blocks are better in a guide
  }
  return best;
}

}  // namespace retrovue
