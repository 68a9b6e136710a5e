#include "net/tcp_listen.h"

#include "absl/strings/str_cat.h"
#include "net/host_port.h"

namespace air {

absl::Status ListenTcp(const std::string& address, boost::asio::ip::tcp::acceptor& acceptor) {
  using Tcp = boost::asio::ip::tcp;
  const absl::StatusOr<HostPort> where = ParseHostPort(address, PortRange::kAny);
  if (!where.ok()) return where.status();
  boost::system::error_code error;
  const auto found = Tcp::resolver(acceptor.get_executor())
                         .resolve(where->host, absl::StrCat(where->port), Tcp::resolver::passive, error);
  if (!error) {
    const Tcp::endpoint endpoint = *found.begin();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  }
  if (error) return absl::UnavailableError(absl::StrCat(address, ": ", error.message()));
  return absl::OkStatus();
}

}  // namespace air
