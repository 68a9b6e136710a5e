// One page of a server beside us, over TCP or a unix socket.
#pragma once

#include <chrono>
#include <string>

#include "absl/status/statusor.h"

namespace retrovue::cli {

// GETs `path` from "HOST:PORT" or "unix:PATH". Blocks for at most `limit`. The page is at most 1 MiB.
// Errors: Unavailable: nothing answers there, or too late. FailedPrecondition: it answers something else than 200.
absl::StatusOr<std::string> FetchPage(const std::string& address, const std::string& path,
                                      std::chrono::milliseconds limit);

}  // namespace retrovue::cli
