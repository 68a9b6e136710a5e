#include "core/ingest/catalogue_entry.h"

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/model/text.h"

namespace retrovue {
namespace {

constexpr int kApproved = 80;
constexpr int kDamaged = 80;  // AIR steps over what is damaged
constexpr int kSoundOfUnknownKind = 60;
constexpr int kReplaced = 70;
constexpr Millis kAFrame{42};  // of 23.976 a second

constexpr const char* kBetweenProgrammes[] = {
    "ad",           "ads",           "adverts", "advertisements", "bumper", "bumpers",
    "commercial",   "commercials",   "filler",  "fillers",        "ident",  "idents",
    "interstitial", "interstitials", "promo",   "promos",         "psa",    "psas",
    "station id",   "station ids",   "trailer", "trailers"};
constexpr std::size_t kLongestTag = 60;

// The folders a file is in, as tags.
std::vector<std::string> FolderTags(const std::string& path) {
  std::vector<std::string> parts = absl::StrSplit(path, '/', absl::SkipEmpty());
  if (!parts.empty()) parts.pop_back();
  std::vector<std::string> tags;
  for (const std::string& part : parts) {
    const std::string tag = NormalTag(part);
    if (!tag.empty() && tag.size() <= kLongestTag) tags.push_back(tag);
  }
  return tags;
}

bool GoesBetweenProgrammes(const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [](const std::string& folder) {
    return std::any_of(std::begin(kBetweenProgrammes), std::end(kBetweenProgrammes),
                       [&](const char* name) { return folder == name; });
  });
}

const char* TypeOf(const Asset& asset) {
  const Editorial& editorial = asset.editorial;
  if (!editorial.series.empty() && (editorial.episode || editorial.air_date)) return kTagEpisode;
  if (asset.duration < kShortestProgramme) return kTagShort;
  if (asset.duration >= kShortestFilm) return kTagFilm;
  return editorial.year && editorial.series.empty() && asset.duration >= kShortestDatedFilm ? kTagFilm
                                                                                            : kTagProgramme;
}

// Those of other origins stay.
void SetIngestTags(Asset& asset) {
  std::vector<std::string> wanted = FolderTags(asset.canonical_key);
  if (GoesBetweenProgrammes(wanted)) wanted.push_back(kTagInterstitial);
  if (asset.duration > Millis(0)) wanted.push_back(TypeOf(asset));
  asset.tags.erase(std::remove_if(asset.tags.begin(), asset.tags.end(),
                                  [](const AssetTag& tag) { return tag.origin == TagOrigin::kIngest; }),
                   asset.tags.end());
  std::set<std::string> there;
  for (const AssetTag& tag : asset.tags) there.insert(tag.tag);
  std::sort(wanted.begin(), wanted.end());
  for (const std::string& tag : wanted) {
    if (there.insert(tag).second) asset.tags.push_back({tag, TagOrigin::kIngest});
  }
}

Editorial EditorialOf(const NameFacts& names) {
  Editorial editorial;
  editorial.title = names.title;
  editorial.series = names.series;
  editorial.season = names.season;
  editorial.episode = names.episode;
  editorial.part = names.part;
  editorial.year = names.year;
  editorial.air_date = names.air_date;
  return editorial;
}

// The length of a frame at "30000/1001".
Millis FrameOf(const std::string& rate) {
  const std::vector<std::string> parts = absl::StrSplit(rate, '/');
  int num = 0, den = 0;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[0], &num) || !absl::SimpleAtoi(parts[1], &den) ||
      num <= 0 || den <= 0) {
    return kAFrame;
  }
  return Millis(1000 * static_cast<std::int64_t>(den) / num + 1);
}

}  // namespace

bool HasTag(const Asset& asset, absl::string_view tag) {
  return std::any_of(asset.tags.begin(), asset.tags.end(),
                     [&](const AssetTag& has) { return has.tag == tag; });
}

Asset IndexedAsset(const CollectionId& collection_id, const FoundFile& file, const Fingerprint& fingerprint,
                   const NameFacts& names) {
  Asset asset;
  asset.collection_id = collection_id;
  asset.state = AssetState::kEnriching;
  Relocate(asset, file, fingerprint, names);
  return asset;
}

void Relocate(Asset& asset, const FoundFile& file, const Fingerprint& fingerprint, const NameFacts& names) {
  asset.canonical_key = file.path;
  asset.source_uri = file.absolute;
  asset.canonical_uri = file.absolute;
  asset.size = fingerprint.size;
  asset.last_modified = FromUtcMs(fingerprint.mtime_ns / 1'000'000);
  asset.fingerprint = ToText(fingerprint);
  if (!asset.operator_verified) {
    Editorial editorial = EditorialOf(names);
    editorial.synopsis = asset.editorial.synopsis;
    editorial.rating = asset.editorial.rating;
    editorial.genre = asset.editorial.genre;
    asset.editorial = std::move(editorial);
  }
  SetIngestTags(asset);
}

void TakeFacts(Asset& asset, const MediaFacts& facts) {
  asset.duration = facts.duration > Millis(0) || !facts.still ? facts.duration : kStillDuration;
  asset.container = facts.container;
  asset.video_codec = facts.video_codec;
  asset.audio_codec = facts.audio_codec;
  // Chapters are the file's; what an operator has marked stays, as far as the file still is as long.
  asset.markers.erase(std::remove_if(asset.markers.begin(), asset.markers.end(),
                                     [&](const AssetMarker& marker) {
                                       return marker.kind == kChapterMarker || marker.end > asset.duration;
                                     }),
                      asset.markers.end());
  for (const MediaChapter& chapter : facts.chapters) {
    asset.markers.push_back({kChapterMarker, chapter.start, std::min(chapter.end, asset.duration)});
  }
  SetIngestTags(asset);
}

Verdict JudgeNew(const NameFacts& names, FileKind kind, const MediaFacts& facts) {
  Verdict verdict;
  verdict.confidence = names.confidence;
  if (facts.damaged) verdict.confidence = std::min(verdict.confidence, kDamaged);
  if (kind == FileKind::kUnknown && facts.video_codec.empty() && !facts.still) {
    verdict.confidence = std::min(verdict.confidence, kSoundOfUnknownKind);
    verdict.reason =
        "its name does not say that it is media, and there is sound in it alone: listen to it first";
  }
  verdict.approve = verdict.confidence >= kApproved;
  if (!verdict.approve && verdict.reason.empty()) {
    verdict.reason = "what its name means is not sure: look at its title and series, and approve it";
  }
  return verdict;
}

Verdict JudgeReplaced(const Asset& before, const MediaFacts& facts) {
  const Millis change =
      facts.duration > before.duration ? facts.duration - before.duration : before.duration - facts.duration;
  if (change <= FrameOf(facts.frame_rate)) return {before.approved_for_broadcast, kApproved, ""};
  return {false, kReplaced,
          absl::StrCat("its file was replaced: it was ", ToText(before.duration), " long and is ",
                       ToText(facts.duration), " now. Watch it, and approve it again")};
}

std::vector<AssetState> WayTo(AssetState from, AssetState to) {
  constexpr AssetState kStates[] = {AssetState::kNew, AssetState::kEnriching, AssetState::kReady,
                                    AssetState::kRetired};
  if (from == to) return {};
  // Four states: the shortest way has three steps at most.
  for (std::size_t most = 1; most <= 3; ++most) {
    std::vector<std::vector<AssetState>> ways = {{}};
    for (std::size_t step = 1; step <= most; ++step) {
      std::vector<std::vector<AssetState>> longer;
      for (const auto& way : ways) {
        for (const AssetState next : kStates) {
          if (!MayBecome(way.empty() ? from : way.back(), next)) continue;
          longer.push_back(way);
          longer.back().push_back(next);
        }
      }
      ways = std::move(longer);
    }
    for (const auto& way : ways) {
      if (way.back() == to) return way;
    }
  }
  return {};
}

}  // namespace retrovue
