// From what is known of a file to what the catalogue has of it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/ingest/fingerprint.h"
#include "core/ingest/folder_scan.h"
#include "core/ingest/media_facts.h"
#include "core/ingest/names.h"
#include "core/model/catalogue.h"

namespace retrovue {

// What is shorter is a clip, or a filler.
inline constexpr Millis kShortestProgramme = std::chrono::minutes(12);
// What is as long, and of no series, is a film; with a year in its name kShortestDatedFilm will do.
inline constexpr Millis kShortestFilm = std::chrono::minutes(45);
inline constexpr Millis kShortestDatedFilm = std::chrono::minutes(30);
// How long a still picture is, which has no end of its own.
inline constexpr Millis kStillDuration = std::chrono::seconds(10);

// Tags of origin ingest: one of these four says what an asset is by its length and name; a folder says that what is in it
// goes between programmes ("Commercials", "Bumpers").
inline constexpr const char* kTagEpisode = "episode";
inline constexpr const char* kTagFilm = "film";
inline constexpr const char* kTagProgramme = "programme";
inline constexpr const char* kTagShort = "short";
inline constexpr const char* kTagInterstitial = "interstitial";

bool HasTag(const Asset& asset, absl::string_view tag);

// What is to be done with an asset that was looked at.
struct Verdict {
  bool approve = false;
  int confidence = 0;  // 0 to 100. From 80 on it is approved, below it is new and waits for an operator
  std::string reason;  // why it is to be reviewed
};

// An asset as it is indexed: enriching, not looked at yet.
Asset IndexedAsset(const CollectionId& collection_id, const FoundFile& file, const Fingerprint& fingerprint,
                   const NameFacts& names);

// Where the file is now. What its name says is taken over unless an operator has seen to it.
void Relocate(Asset& asset, const FoundFile& file, const Fingerprint& fingerprint, const NameFacts& names);

// What the probe says: duration, codecs, chapters as markers, tags. The state is not changed.
void TakeFacts(Asset& asset, const MediaFacts& facts);

// A file that is there for the first time, or again.
Verdict JudgeNew(const NameFacts& names, FileKind kind, const MediaFacts& facts);

// A file that was replaced: approved as it was, and without a reason, if it is as long as it was, to a frame.
Verdict JudgeReplaced(const Asset& before, const MediaFacts& facts);

// The states on the way, the last one is `to`; what MayBecome allows. Empty if it is there.
std::vector<AssetState> WayTo(AssetState from, AssetState to);

}  // namespace retrovue
