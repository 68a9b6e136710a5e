// SocketAcceptor: takes connections from a listening socket on the event loop, a few at a time. Out of
// descriptors (EMFILE, ENFILE) or memory it looks away for a moment: the socket stays readable, and the loop
// would do nothing but try.
#pragma once

#include <functional>

#include "base/unique_fd.h"
#include "supervisor/loop/event_loop.h"

namespace air {

class SocketAcceptor {
 public:
  // `socket` listens and is non-blocking; it is closed with the acceptor. `on_connection` gets connected,
  // non-blocking sockets, on the event loop; it must not destroy the acceptor.
  SocketAcceptor(EventLoop& loop, UniqueFd socket, std::function<void(UniqueFd)> on_connection);
  int fd() const { return socket_.get(); }

 private:
  void Watch();
  void Accept();

  EventLoop& loop_;
  const UniqueFd socket_;
  const std::function<void(UniqueFd)> on_connection_;
  EventSource readable_, pause_;
};

}  // namespace air
