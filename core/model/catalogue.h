// The catalogue: where media comes from and what there is.
//
//   Source -> Collection -> DiscoveredItem (an importer's answer, never stored) -> Asset
//
// The rule: an asset is scheduled only if it is ready, approved, not deleted, and of a known length. The planner, the filler
// pick and the guide decide by IsSchedulable, or by the SQL view schedulable_assets, which says the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/model/id.h"
#include "core/model/time.h"

namespace retrovue {

struct Source;
struct Collection;
struct Asset;
using SourceId = Id<Source>;
using CollectionId = Id<Collection>;
using AssetId = Id<Asset>;

// A configured place media comes from. Owns its collections.
struct Source {
  SourceId id;
  std::string type;  // the importer's name, "filesystem"
  std::string name;
  std::string external_id;  // "<type>-<something>", unique
  std::string config_json;  // may hold secrets: never shown as it is
  Instant created_at;
  Instant updated_at;
};

// The operator's view of a path prefix: what the source calls `remote` is `local` on this machine.
struct PathMapping {
  std::string remote;
  std::string local;
};

struct EnricherUse {
  std::string enricher_id;
  int priority = 0;  // low first
};

// A part of a source, and the unit of ingest.
struct Collection {
  CollectionId id;
  SourceId source_id;
  std::string external_id;  // unique in its source
  std::string name;
  bool sync_enabled = false;  // the operator wants it
  bool ingestible = false;    // the importer says it can be read now
  std::vector<EnricherUse> enrichers;
  std::vector<PathMapping> path_mappings;
};

// The folder, or the file, a collection is on this machine: its external id with the longest path mapping that holds applied.
std::string RootOf(const Collection& collection);

// What an importer found. Never stored.
struct DiscoveredItem {
  std::string path_uri;
  std::string provider_key;
  std::vector<std::string> raw_labels;
  std::int64_t size = 0;
  std::optional<Instant> last_modified;
  std::optional<std::string> hash;
  std::string editorial_json;
  std::string probed_json;
  std::string sidecar_json;
  std::string source_payload_json;
};

enum class AssetState { kNew, kEnriching, kReady, kRetired };
const char* Name(AssetState state);

// True if an asset may go from one state to the other. Every change of state asks this.
bool MayBecome(AssetState from, AssetState to);

enum class TagOrigin { kIngest, kOperator, kEnricher };

struct AssetTag {
  std::string tag;  // as NormalTag makes it
  TagOrigin origin = TagOrigin::kIngest;
};

// Kinds of markers: a chapter, a span of black or of silence, and where an operator wants a break.
inline constexpr char kChapterMarker[] = "chapter";
inline constexpr char kBlackMarker[] = "black";
inline constexpr char kSilenceMarker[] = "silence";
inline constexpr char kCueMarker[] = "cue";

// A span of the asset that means something.
struct AssetMarker {
  std::string kind;
  Millis start{0};
  Millis end{0};  // at most the asset's duration
};

// What guide and planner know of an asset.
struct Editorial {
  std::string title;
  std::string series;         // empty: not of a series
  std::optional<int> season;  // 0: specials
  std::optional<int> episode;
  std::optional<int> part;  // of an episode in several parts, from 1
  std::optional<int> year;
  std::optional<absl::CivilDay> air_date;
  std::string synopsis;
  std::string rating;
  std::string genre;
};

// A playable thing of the catalogue.
struct Asset {
  AssetId id;
  CollectionId collection_id;
  std::string canonical_key;  // unique in its collection
  std::string source_uri;     // as the source gave it
  std::string canonical_uri;  // the local path AIR opens
  std::int64_t size = 0;
  std::optional<Instant> last_modified;
  std::string
      fingerprint;  // of the bytes, as the importer makes it; the same file elsewhere has the same one
  std::optional<Instant> missing_since;  // set: the last whole scan did not find it
  Millis duration{0};
  std::string container;
  std::string video_codec;
  std::string audio_codec;
  AssetState state = AssetState::kNew;
  bool approved_for_broadcast = false;
  bool operator_verified = false;
  std::optional<Instant> deleted_at;  // set: deleted
  Editorial editorial;
  std::vector<AssetTag> tags;
  std::vector<AssetMarker> markers;
  Instant discovered_at;
};

// A name another system has for an asset. Written by importers only.
struct ProviderRef {
  AssetId asset_id;
  std::string provider;  // "plex", "jellyfin", "tvdb", "tmdb", "imdb"
  std::string provider_key;
  std::string raw_payload_json;
};

// Why an operator should look at an asset. One open entry an asset.
struct Review {
  AssetId asset_id;
  std::string reason;  // a sentence, with the next step
  int confidence = 0;  // 0 to 100
  Instant since;

  friend bool operator==(const Review&, const Review&) = default;
};

bool IsSchedulable(const Asset& asset);

// Each answers OK or INVALID_ARGUMENT with what is wrong and the next step.
absl::Status ValidateSource(const Source& source);
absl::Status ValidateCollection(const Collection& collection);
absl::Status ValidateAsset(const Asset& asset);

// FAILED_PRECONDITION, with the next step, if the asset may not change so.
absl::Status ValidateStateChange(const Asset& asset, AssetState to);

// FAILED_PRECONDITION, with the next step, if the whole collection may not be ingested now.
absl::Status ValidateWholeIngest(const Collection& collection);

}  // namespace retrovue
