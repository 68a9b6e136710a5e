// How long a file plays.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "core/plan_loop.h"

namespace air {

// Opens `path` and measures it, from its first picture to the end of its last one; a file without moving
// pictures is measured by its sound, and a still picture plays for ten seconds. The duration is rounded down
// to a millisecond: a segment that is longer than its asset would end in pad. INVALID_ARGUMENT with the
// reason if it cannot be played.
absl::StatusOr<Asset> ProbeAsset(const std::string& path);

}  // namespace air
