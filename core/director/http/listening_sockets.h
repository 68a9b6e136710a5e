// The sockets a program was started with (sd_listen_fds(3)), and new ones.
//
// A guardian, or systemd, binds the addresses once and keeps them: clients that come while the director is restarted wait
// in the queue of the kernel and are served by the next one.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "net/http_listener.h"

namespace retrovue {

struct PassedSocket {
  std::string name;  // of LISTEN_FDNAMES: "http", "control"; "unknown" without names
  air::UniqueFd socket;
};

// Those handed over to this process, from descriptor 3 on; none if LISTEN_PID is another's. Takes the variables out of the
// environment, so that no child believes they are its own. Once, at the start of main.
// Errors: InvalidArgument: LISTEN_FDS is no number.
absl::StatusOr<std::vector<PassedSocket>> TakePassedSockets();

// Listens at "HOST:PORT", or "unix:PATH" (a name left behind by a dead process is replaced; others of this machine's users are kept
// out, mode 0600). Errors: InvalidArgument, Unavailable; neither names an option.
absl::StatusOr<std::unique_ptr<air::HttpListener>> ListenHttp(boost::asio::io_context& loop,
                                                              const std::string& address,
                                                              air::HttpLimits limits);

}  // namespace retrovue
