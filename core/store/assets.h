// The stored catalogue.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/model/catalogue.h"
#include "core/store/repository.h"

namespace retrovue {

// What a scan has to know of an asset to see whether its file has changed.
struct AssetMark {
  AssetId id;
  std::string canonical_key;
  std::string canonical_uri;
  std::string fingerprint;
  std::int64_t size = 0;
  std::optional<Instant> last_modified;
  std::optional<Instant> missing_since;
  AssetState state = AssetState::kNew;
  bool deleted = false;
};

// Which assets are wanted. What is not set does not narrow it.
struct AssetFilter {
  std::optional<CollectionId> collection_id;
  std::optional<AssetState> state;
  std::optional<bool> approved;
  std::string series;             // without case
  std::string tag;                // as NormalTag makes it
  bool deleted = false;           // also those that are deleted
  bool schedulable_only = false;  // what the view schedulable_assets has
  std::int64_t limit = 0;         // 0: all
  std::int64_t offset = 0;
};

class Assets : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<Asset>> List(
      const AssetFilter& filter = {}) const;  // in the order they were found
  absl::StatusOr<std::int64_t> Count(const AssetFilter& filter = {}) const;
  absl::StatusOr<Asset> Get(const AssetId& id) const;
  // By id, canonical key or path.
  absl::StatusOr<Asset> Find(const std::string& handle) const;
  absl::StatusOr<std::vector<AssetMark>> Marks(const CollectionId& collection_id) const;

  // Adds it (an empty id is given one), or changes what is stored under its id, tags and markers with it. A change of state
  // that MayBecome does not allow is FAILED_PRECONDITION.
  absl::Status Put(Asset& asset);
  // FAILED_PRECONDITION if a published day, a playlog event or an as-run row has it: retire it instead.
  absl::Status Delete(const AssetId& id);

  absl::StatusOr<std::vector<ProviderRef>> ProviderRefs(const AssetId& id) const;
  absl::Status PutProviderRef(const ProviderRef& ref);
  // NOT_FOUND if none has it.
  absl::StatusOr<AssetId> FindByProvider(const CollectionId& collection_id, const std::string& provider,
                                         const std::string& provider_key) const;

  // What waits for an operator, oldest first.
  absl::StatusOr<std::vector<Review>> Reviews() const;
  absl::Status PutReview(const Review& review);
  absl::Status EndReview(const AssetId& id);  // OK also if there is none
};

}  // namespace retrovue
