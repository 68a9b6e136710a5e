#include "supervisor/output/stream_listener.h"

#include <netinet/in.h>
#include <sys/epoll.h>
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
  std::unique_ptr<StreamListener> listener(new StreamListener(port, std::move(on_viewer)));
  UniqueFd& socket = listener->socket_;
  socket.Reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
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
  StreamListener* self = listener.get();
  listener->readable_ = loop.OnIo(socket.get(), EPOLLIN, [self](uint32_t) { self->Accept(); });
  return listener;
}

void StreamListener::Accept() {
  while (true) {
    UniqueFd viewer(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!viewer.valid()) return;
    PrepareStreamSocket(viewer.get(), StreamEndpoint::Transport::kTcp);
    if (!on_viewer_(std::move(viewer)))
      Log().warn("a viewer on port {} is turned away: one is being served already", port_);
  }
}

}  // namespace air
