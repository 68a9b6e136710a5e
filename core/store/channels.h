// Stored channels.
#pragma once

#include <string>
#include <vector>

#include "core/model/channel.h"
#include "core/store/repository.h"

namespace retrovue {

class Channels : public Repository {
 public:
  using Repository::Repository;

  absl::StatusOr<std::vector<Channel>> List() const;  // by number, those without one last, then by slug
  absl::StatusOr<Channel> Get(const ChannelId& id) const;
  // By slug, id, or number.
  absl::StatusOr<Channel> Find(const std::string& handle) const;

  // Adds it, or changes what is stored under its id. ABORTED if that has another version than `channel`; a change makes the
  // version one more. FAILED_PRECONDITION for another slug: a slug never changes.
  absl::Status Put(Channel& channel);
  // With its plans and programs. FAILED_PRECONDITION if it has days: set is_active to false instead.
  absl::Status Delete(const ChannelId& id);
};

}  // namespace retrovue
