// StreamListener: the loopback TCP port on which a channel serves its stream to the viewer that connects. One sink is
// one connection: a second viewer is turned away, with a line in the log, until the first has left.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "supervisor/loop/event_loop.h"
#include "supervisor/loop/socket_acceptor.h"

namespace air {

class StreamListener {
 public:
  // A connected, non-blocking socket. Returns false to turn the viewer away.
  using OnViewer = std::function<bool(UniqueFd socket)>;

  // Listens on 127.0.0.1:`port`. Errors: Unavailable naming the port that is taken.
  static absl::StatusOr<std::unique_ptr<StreamListener>> Listen(EventLoop& loop, uint16_t port,
                                                                OnViewer on_viewer);
  uint16_t port() const { return port_; }
  int fd() const { return acceptor_.fd(); }

 private:
  StreamListener(EventLoop& loop, uint16_t port, UniqueFd socket, OnViewer on_viewer);
  void Take(UniqueFd viewer);

  const uint16_t port_;
  const OnViewer on_viewer_;
  SocketAcceptor acceptor_;
};

}  // namespace air
