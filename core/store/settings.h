// Settings of the network: a value a name.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "core/store/repository.h"

namespace retrovue {

class Settings : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::map<std::string, std::string>> All() const;
  absl::StatusOr<std::optional<std::string>> Get(const std::string& name) const;
  absl::Status Set(const std::string& name, const std::string& value);
  absl::Status Clear(const std::string& name);
};

}  // namespace retrovue
