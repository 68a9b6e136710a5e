// Listening on HOST:PORT, in one way for every server.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <string>

#include "absl/status/status.h"

namespace air {

// Opens, binds and listens at "HOST:PORT" (port 0: any free one). Clients that dial from here on wait.
// Errors: InvalidArgument: not an address. Unavailable: it cannot be bound. Neither names an option.
absl::Status ListenTcp(const std::string& address, boost::asio::ip::tcp::acceptor& acceptor);

}  // namespace air
