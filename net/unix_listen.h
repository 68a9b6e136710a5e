// Listening on a UNIX socket, in one way for every server.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace air {

// Opens, binds and listens at `path` (SOCK_STREAM, non-blocking, closed at exec). The name of a socket on which no process listens
// any more is what a dead one has left, and is replaced; nothing else is. `mode`: who may dial, less the umask; `backlog` as listen(2).
// Errors: InvalidArgument: no path a socket can have. AlreadyExists: another process listens there. FailedPrecondition: a file that is no
// socket is there. Unavailable with the system's text. None of them names an option.
absl::StatusOr<UniqueFd> ListenUnix(const std::string& path, mode_t mode = 0777, int backlog = SOMAXCONN);

}  // namespace air
