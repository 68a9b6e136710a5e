// The sockets that stages listen on, as names in the runtime folder.
#pragma once

#include <string>

namespace air {

inline constexpr char kDecoderSocketPrefix[] = "stage-decoder-";

// Removes the names behind which no process listens any more. How many of those that begin with `prefix`
// still have one. A folder that cannot be read has none.
int RemoveDeadStageSockets(const std::string& folder, const std::string& prefix = "stage-");

}  // namespace air
