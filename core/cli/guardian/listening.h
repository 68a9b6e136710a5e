// The sockets that viewers and operators come in by. The guardian holds them for as long as the network runs: while the
// director is away, who dials waits.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace retrovue::cli {

struct ListeningSocket {
  air::UniqueFd fd;     // not inherited by programs that are run
  std::string address;  // "127.0.0.1:8080" with the port in use, or "unix:PATH"
};

// ADDRESS_WRONG for what is neither "HOST:PORT" nor "unix:PATH". Pure. `option` is named in errors, "--http".
absl::Status CheckAddress(const std::string& address, const std::string& option);

// Binds "HOST:PORT" (port 0: any free one) or "unix:PATH" and listens. A socket file on which no process listens any
// more is taken over.
// Errors: ADDRESS_WRONG; ADDRESS_TAKEN and ADDRESS_UNAVAILABLE, with what to do.
absl::StatusOr<ListeningSocket> ListenOn(const std::string& address, const std::string& option);

}  // namespace retrovue::cli
