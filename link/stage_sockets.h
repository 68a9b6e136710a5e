// The sockets that stages listen on, as names in the runtime folder.
#pragma once

#include <set>
#include <string>

#include "base/master_clock.h"

namespace air {

inline constexpr char kDecoderSocketPrefix[] = "stage-decoder-";

// Removes the names behind which no process listens any more. How many of those that begin with `prefix`
// still have one. A folder that cannot be read has none.
int RemoveDeadStageSockets(const std::string& folder, const std::string& prefix = "stage-");

// Tells the stages that listen in the folder to end, but for those whose ids are in `spared`, and waits until they
// have, at most until `deadline`. How many were told, and how many had not ended by then.
struct StagesStopped {
  int told = 0, left = 0;
};
StagesStopped StopStages(const std::string& folder, const std::set<std::string>& spared, MasterClock& clock,
                         Nanos deadline);

}  // namespace air
