// One network on one home: whose lock this is.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retrovue::cli {

// Takes the lock file `path` (flock), and writes our process id into it; the folder it is in exists. It is free when the
// descriptor is closed, however we end.
// Errors: ALREADY_RUNNING, naming the process that has it; HOME_UNUSABLE.
absl::StatusOr<air::UniqueFd> TakeNetworkLock(const std::string& path);

// The process that holds the lock file `path`; nothing if it is free, or is not there.
std::optional<pid_t> HolderOf(const std::string& path);

// Makes a folder that is closed to other users, and those it is in. Errors: HOME_UNUSABLE.
absl::Status MakePrivateFolder(const std::string& path);

}  // namespace retrovue::cli
