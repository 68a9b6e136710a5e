// Stored sources and their collections.
#pragma once

#include <string>
#include <vector>

#include "core/model/catalogue.h"
#include "core/store/repository.h"

namespace retrovue {

class Sources : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<Source>> List() const;  // by name
  absl::StatusOr<Source> Get(const SourceId& id) const;
  // By id, external id or name. INVALID_ARGUMENT, with the candidates, if several have that name.
  absl::StatusOr<Source> Find(const std::string& handle) const;

  // Adds it (an empty id is given one), or changes what is stored under its id. Sets created_at and updated_at.
  absl::Status Put(Source& source);
  // With its collections. FAILED_PRECONDITION if one of them has assets.
  absl::Status Delete(const SourceId& id);
};

class Collections : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<Collection>> List() const;  // by name
  absl::StatusOr<std::vector<Collection>> OfSource(const SourceId& id) const;
  absl::StatusOr<Collection> Get(const CollectionId& id) const;
  absl::StatusOr<Collection> Find(const std::string& handle) const;  // as Sources::Find

  absl::Status Put(Collection& collection);
  // FAILED_PRECONDITION if it has assets.
  absl::Status Delete(const CollectionId& id);
};

}  // namespace retrovue
