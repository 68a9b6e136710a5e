// The runtime directory of a supervisor: sockets, the session record, the evidence of one channel.
//
// The rule: it is ours alone. What another user may have put there beforehand (in /tmp any user may) is
// refused: a directory of another owner, a symbolic link in place of the directory or of its lock.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace air {

// The name of a stage's socket in it must fit into a socket address (108 bytes) until the millionth stage.
inline constexpr size_t kLongestRuntimeDir = 80;  // bytes

// Makes `dir` if need be, closes it to other users (0700) and locks it: the descriptor of the lock, which holds our
// process id as text. Errors: InvalidArgument (the path is too long), PermissionDenied (it may be
// another's), AlreadyExists (another supervisor runs in it), Internal with the system's text.
absl::StatusOr<UniqueFd> OwnRuntimeDir(const std::string& dir);

// While the channel runs: when the directory or its lock is gone, both are made again, and `lock` is the new one. True:
// so it was. Errors: as above; `lock` is the old one then, and AlreadyExists means that another supervisor was quicker.
absl::StatusOr<bool> KeepRuntimeDir(const std::string& dir, UniqueFd& lock);

}  // namespace air
