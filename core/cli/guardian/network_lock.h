// One network on one home: whose lock this is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retrovue::cli {

// What the lock file says of the network that runs.
struct RunningNetwork {
  pid_t guardian = 0;
  std::string http;  // addresses; empty: not bound yet
  std::string control;
  pid_t director = 0;  // 0: not started yet
};

// Takes the lock file `path` (flock), and writes our process id into it; the folder it is in exists. It is free when the
// descriptor is closed, however we end.
// Errors: ALREADY_RUNNING, naming the process that has it; HOME_UNUSABLE.
absl::StatusOr<air::UniqueFd> TakeNetworkLock(const std::string& path);

// Writes into the lock file what is to be read there. `lock`: as TakeNetworkLock gives it.
absl::Status Announce(const air::UniqueFd& lock, const RunningNetwork& network);

// The network whose lock file `path` is; nothing if it is free, or is not there.
std::optional<RunningNetwork> NetworkOf(const std::string& path);

// A program director that lives on although the guardian that is written down in `path` has been killed; nothing if there is
// none. It holds the addresses, so that another network cannot have them.
std::optional<pid_t> OrphanOf(const std::string& path);

// Makes a folder that is closed to other users, and those it is in. Errors: HOME_UNUSABLE.
absl::Status MakePrivateFolder(const std::string& path);

}  // namespace retrovue::cli
