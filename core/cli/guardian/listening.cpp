#include "core/cli/guardian/listening.h"

#include <fcntl.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "core/cli/frame/answer.h"
#include "net/host_port.h"
#include "net/tcp_listen.h"
#include "net/unix_listen.h"

namespace retrovue::cli {
namespace {

absl::Status Taken(const std::string& address, const std::string& option) {
  return Refuse("ADDRESS_TAKEN", absl::StrCat(option, " ", address,
                                              ": another program listens there: end it, or give another "
                                              "address with ",
                                              option));
}

absl::Status Unavailable(const std::string& address, const std::string& option, const std::string& why) {
  return Refuse("ADDRESS_UNAVAILABLE", absl::StrCat(option, " ", address, ": ", why,
                                                    ": give an address of this machine, and a port this "
                                                    "user may take"));
}

absl::StatusOr<ListeningSocket> ListenTcp(const std::string& address, const std::string& option) {
  using Tcp = boost::asio::ip::tcp;
  boost::asio::io_context loop;
  Tcp::acceptor acceptor(loop);
  if (const absl::Status status = air::ListenTcp(address, acceptor); !status.ok()) {
    if (absl::StrContains(status.message(), std::strerror(EADDRINUSE))) return Taken(address, option);
    std::string why(absl::StripPrefix(status.message(), absl::StrCat(address, ": ")));
    return Unavailable(address, option, why);
  }
  ListeningSocket socket;
  std::ostringstream text;
  text << acceptor.local_endpoint();
  socket.address = text.str();
  socket.fd = air::UniqueFd(fcntl(acceptor.native_handle(), F_DUPFD_CLOEXEC, 3));
  if (!socket.fd.valid()) return Unavailable(address, option, std::strerror(errno));
  return socket;
}

absl::StatusOr<ListeningSocket> ListenUnix(const std::string& path, const std::string& option) {
  const std::string text = absl::StrCat("unix:", path);
  absl::StatusOr<air::UniqueFd> fd = air::ListenUnix(path, 0600);  // operators of this user alone
  if (absl::IsAlreadyExists(fd.status())) return Taken(text, option);
  if (absl::IsFailedPrecondition(fd.status())) {
    return Refuse(
        "ADDRESS_TAKEN",
        absl::StrCat(option, " ", text, ": there is a file of that name: remove it, or give another path"));
  }
  if (!fd.ok()) return Unavailable(text, option, std::string(fd.status().message()));
  ListeningSocket socket;
  socket.address = text;
  socket.fd = *std::move(fd);
  return socket;
}

}  // namespace

absl::Status CheckAddress(const std::string& address, const std::string& option) {
  const std::string wrong = air::WrongAddress(address, air::PortRange::kAny);
  return wrong.empty() ? absl::OkStatus() : Refuse("ADDRESS_WRONG", absl::StrCat(option, ": ", wrong));
}

absl::StatusOr<ListeningSocket> ListenOn(const std::string& address, const std::string& option) {
  if (absl::Status wrong = CheckAddress(address, option); !wrong.ok()) return wrong;
  if (absl::StartsWith(address, "unix:")) return ListenUnix(address.substr(5), option);
  return ListenTcp(address, option);
}

}  // namespace retrovue::cli
