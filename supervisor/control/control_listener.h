// ControlListener: the sockets of the control interface. They are bound before a session is taken up, so that
// an address that is taken ends the start while nothing has been touched; connections are taken on the event
// loop from Start() on, and given to gRPC.
//
// The rule: control connections never use up the descriptors that keep the channel on the air. There are at
// most `most` of them at a time; one more is closed at once, and counted.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "supervisor/loop/socket_acceptor.h"

namespace air {

// Raises the limit of open files to the hard limit. How many there may be.
uint64_t RaiseDescriptorLimit();
// How many control connections leave enough of `descriptors` to the channel.
size_t MostControlConnections(uint64_t descriptors);

// Event loop only.
class ControlListener {
 public:
  // Gets a connected, non-blocking socket, to close.
  using OnConnection = std::function<void(UniqueFd)>;

  // `addresses`: "HOST:PORT", "unix:PATH", or "fd:N". fd:N is a UNIX socket that listens already, passed by the parent
  // process; it is closed with this object. The name of a UNIX socket on which no process listens any more is taken
  // over. Errors: Unavailable, naming the address that is taken or wrong.
  static absl::StatusOr<std::unique_ptr<ControlListener>> Bind(const std::vector<std::string>& addresses,
                                                               size_t most);
  // Removes the names of its UNIX sockets.
  ~ControlListener();
  void Start(EventLoop& loop, OnConnection on_connection);
  // No further connection.
  void Stop() { acceptors_.clear(); }

  size_t open();                                 // connections that have not ended
  uint64_t refused() const { return refused_; }  // connections closed because there were too many

 private:
  // gRPC closes a connection without a word. Its descriptor names the same socket as long as it is open.
  struct Connection {
    int fd;
    ino_t socket;
  };
  ControlListener() = default;
  void Take(UniqueFd socket);

  size_t most_ = 0;
  std::vector<UniqueFd> bound_;  // until Start()
  std::vector<std::string> paths_;
  std::vector<std::unique_ptr<SocketAcceptor>> acceptors_;
  OnConnection on_connection_;
  std::vector<Connection> connections_;
  uint64_t refused_ = 0;
};

}  // namespace air
