// The folder of a running network: sockets, locks and records of its processes. It is found by the home alone, so that a director
// that starts again finds what the one before left.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retrovue {

// Room for "/channel/<name>" in kLongestChannelFolder (core/link/channel_link.h).
inline constexpr std::size_t kLongestRunFolder = 40;  // bytes

// HOME/run, or, where that is too long for the names of sockets, "retrovue-<of the home>" in $XDG_RUNTIME_DIR or in /tmp. Pure.
std::string RunFolderOf(const std::string& home, const std::function<std::string(const char*)>& environment);

// Makes it if need be, closes it to other users (0700), and locks it: one director a home.
// Errors: PERMISSION_DENIED: it is another user's, or a symbolic link. ALREADY_EXISTS: another director runs. INTERNAL with the system's
// text.
absl::StatusOr<air::UniqueFd> TakeRunFolder(const std::string& folder);

}  // namespace retrovue
