// Stored evidence, and the as-run log it makes.
#pragma once

#include <string>
#include <vector>

#include "core/model/as_run.h"
#include "core/store/repository.h"

namespace retrovue {

class AsRun : public Repository {
 public:
  using Repository::Repository;

  // False, and nothing is written, if that session's evidence of that number is there. The end of a segment also gives its
  // playlog event its outcome.
  absl::StatusOr<bool> Add(const Evidence& evidence);

  // Up to which number a session's evidence is there without a gap, from the first one that is there on; 0 if there is none.
  // What may be acknowledged. `known`: a number this has answered before; what is before it is not read again.
  absl::StatusOr<std::int64_t> LastOf(const std::string& session_id, std::int64_t known = 0) const;

  // What began in [from, to), by start.
  absl::StatusOr<std::vector<AsRunRow>> Rows(const ChannelId& channel_id, Instant from, Instant to) const;
  // A session's evidence, by number.
  absl::StatusOr<std::vector<Evidence>> OfSession(const std::string& session_id) const;
};

}  // namespace retrovue
