#include "supervisor/output/stream_listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "supervisor/output/stream_connector.h"

namespace air {
namespace {

constexpr int kBacklog = 4;

absl::Status Failed(uint16_t port) {
  return absl::UnavailableError(absl::StrCat("port: cannot listen on 127.0.0.1:", port, ": ",
                                             std::strerror(errno), "; give a free port"));
}

}  // namespace

absl::StatusOr<std::unique_ptr<StreamListener>> StreamListener::Listen(EventLoop& loop, uint16_t port,
                                                                       OnViewer on_viewer) {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return Failed(port);
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on,
             sizeof on);  // a viewer of before lingers in TIME_WAIT
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(socket.get(), kBacklog) != 0) {
    return Failed(port);
  }
  return std::unique_ptr<StreamListener>(
      new StreamListener(loop, port, std::move(socket), std::move(on_viewer)));
}

StreamListener::StreamListener(EventLoop& loop, uint16_t port, UniqueFd socket, OnViewer on_viewer)
    : port_(port),
      on_viewer_(std::move(on_viewer)),
      acceptor_(loop, std::move(socket), [this](UniqueFd viewer) { Take(std::move(viewer)); }) {}

void StreamListener::Take(UniqueFd viewer) {
  PrepareStreamSocket(viewer.get(), StreamEndpoint::Transport::kTcp);
  if (!on_viewer_(std::move(viewer)))
    Log().warn("a viewer on port {} is turned away: one is being served already", port_);
}

}  // namespace air
