// The picture a channel shows where it has nothing to air.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace retrovue {

// Where a channel's own card is, in the network's home.
std::string StationCardPath(const std::string& home, const std::string& slug);

// Writes it to `path` as a picture file (PPM), whole or not at all: the channel's title on a plain ground. Leaves one that is
// there as it is.
absl::Status WriteStationCard(const std::string& path, const std::string& title);

}  // namespace retrovue
