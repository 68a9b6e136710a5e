// Starting a channel manager: what the director spawns.
//
// The director makes the manager's listening socket and hands it over as descriptor 3 (LISTEN_FDS, LISTEN_FDNAMES=link), so it can
// dial at once and needs no polling. The manager has a session of its own, its output goes to DIR/manager.log, and it does not
// end with the director.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retrovue {

struct ManagerLaunch {
  std::string program;              // path of channel-manager
  std::string channel_folder;       // absolute; made (0700) if need be
  std::int64_t clock_shift_ms = 0;  // the network's clock minus the machine's
  std::string log_level = "info";
};

struct ManagerProcess {
  pid_t pid = 0;
  air::UniqueFd pidfd;  // becomes readable when it has ended; then waitid(P_PIDFD) reaps it
};

// Errors: ALREADY_EXISTS: a manager lives in that folder: dial it. INVALID_ARGUMENT: the path is too long. NOT_FOUND: no such program.
// INTERNAL with the system's text.
absl::StatusOr<ManagerProcess> SpawnManager(const ManagerLaunch& launch);

// The manager that lives in this folder, by the lock it holds; 0: none does.
pid_t ManagerIn(const std::string& channel_folder);

}  // namespace retrovue
