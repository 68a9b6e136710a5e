#include "core/schedule/catalogue_view.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"
#include "core/model/text.h"

namespace retrovue {
namespace {

std::uint64_t HashOf(const OrderKey& key) {
  return StableHash(
      0, absl::StrCat(key.series, "\n", key.season, "\n", key.episode, "\n", key.part, "\n", key.label));
}

// Parts of one story: one episode's number.
std::uint64_t StoryOf(OrderKey key) {
  if (key.episode >= 0) key.part = -1;
  return HashOf(key);
}

bool Takes(const Selector& selector, const Asset& asset) {
  const Editorial& editorial = asset.editorial;
  if (!selector.collection_id.empty() && asset.collection_id != selector.collection_id) return false;
  if (editorial.season == 0 && !selector.specials && selector.first_season != 0) return false;
  if (selector.first_season && editorial.season.value_or(-1) < *selector.first_season &&
      !(selector.specials && editorial.season == 0)) {
    return false;
  }
  if (selector.last_season && (!editorial.season || *editorial.season > *selector.last_season)) return false;
  if (selector.first_year && (!editorial.year || *editorial.year < *selector.first_year)) return false;
  if (selector.last_year && (!editorial.year || *editorial.year > *selector.last_year)) return false;
  return std::all_of(selector.tags.begin(), selector.tags.end(), [&](const std::string& tag) {
    const std::string wanted = NormalTag(tag);
    return std::any_of(asset.tags.begin(), asset.tags.end(),
                       [&](const AssetTag& has) { return has.tag == wanted; });
  });
}

template <typename Noun>
void Index(const std::vector<Noun>& nouns, absl::flat_hash_map<std::string, const Noun*>& by_id) {
  for (const Noun& noun : nouns) by_id.emplace(noun.id.text, &noun);
}

template <typename Value>
const Value* Find(const absl::flat_hash_map<std::string, const Value*>& by_id, const std::string& id) {
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : found->second;
}

}  // namespace

CatalogueView::CatalogueView(std::vector<Asset> assets, std::vector<Program> programs,
                             std::vector<VirtualAsset> virtual_assets,
                             std::vector<SyntheticAsset> synthetic_assets)
    : assets_(std::move(assets)),
      programs_(std::move(programs)),
      virtuals_(std::move(virtual_assets)),
      synthetics_(std::move(synthetic_assets)) {
  for (const Asset& asset : assets_) {
    if (!IsSchedulable(asset)) continue;
    OrderKey key = OrderKeyOf(asset);
    const std::uint64_t hash = HashOf(key);
    const std::uint64_t story = StoryOf(key);
    candidates_.push_back({&asset, std::move(key), hash, story});
  }
  std::sort(candidates_.begin(), candidates_.end(), [](const Candidate& a, const Candidate& b) {
    const auto order = a.key <=> b.key;
    return order != 0 ? order < 0 : a.asset->id < b.asset->id;
  });
  for (const Candidate& candidate : candidates_)
    candidate_by_id_.emplace(candidate.asset->id.text, &candidate);
  Index(programs_, program_by_id_);
  Index(virtuals_, virtual_by_id_);
  Index(synthetics_, synthetic_by_id_);
}

const Candidate* CatalogueView::FindSchedulable(const std::string& id) const {
  return Find(candidate_by_id_, id);
}
const Program* CatalogueView::FindProgram(const std::string& id) const { return Find(program_by_id_, id); }
const VirtualAsset* CatalogueView::FindVirtual(const std::string& id) const {
  return Find(virtual_by_id_, id);
}
const SyntheticAsset* CatalogueView::FindSynthetic(const std::string& id) const {
  return Find(synthetic_by_id_, id);
}

std::vector<const Candidate*> CatalogueView::Select(const Selector& selector, int* duplicates) const {
  auto first = candidates_.begin();
  auto last = candidates_.end();
  if (!selector.series.empty()) {
    const std::string series = absl::AsciiStrToLower(selector.series);
    first = std::lower_bound(first, last, series, [](const Candidate& candidate, const std::string& s) {
      return candidate.key.series < s;
    });
    last = std::upper_bound(first, last, series, [](const std::string& s, const Candidate& candidate) {
      return s < candidate.key.series;
    });
  }
  std::vector<const Candidate*> selected;
  for (auto candidate = first; candidate != last; ++candidate) {
    if (!Takes(selector, *candidate->asset)) continue;
    if (!selected.empty() && selected.back()->key == candidate->key) {
      if (duplicates != nullptr) ++*duplicates;
      continue;
    }
    selected.push_back(&*candidate);
  }
  return selected;
}

}  // namespace retrovue
