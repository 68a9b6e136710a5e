// ControlListener: the sockets of the control interface. They are bound before a session is taken up, so that
// an address that is taken ends the start while nothing has been touched; connections are taken on the event
// loop from Start() on, and given to gRPC.
//
// The rules: control connections never use up the descriptors that keep the channel on the air, and one peer never
// those of the others. There are so many of them at a time, and so many of one peer; one more is closed at once, and
// counted. A peer is a process at a UNIX socket, and an address at TCP (of IPv6 a network of 64 bits): a control plane that
// must get through while another program of its machine misbehaves uses the UNIX socket.
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
struct ControlLimits {
  size_t connections;  // at a time
  size_t of_one_peer;
};
// What leaves enough of `descriptors` to the channel, and half of that to other peers.
ControlLimits ControlLimitsFor(uint64_t descriptors);

// Event loop only.
class ControlListener {
 public:
  // Gets a connected, non-blocking socket, to close.
  using OnConnection = std::function<void(UniqueFd)>;

  // `addresses`: "HOST:PORT", "unix:PATH", or "fd:N". fd:N is a UNIX socket that listens already, passed by the parent
  // process; it is closed with this object. The name of a UNIX socket on which no process listens any more is taken
  // over. Errors: Unavailable, naming the address that is taken or wrong.
  static absl::StatusOr<std::unique_ptr<ControlListener>> Bind(const std::vector<std::string>& addresses,
                                                               ControlLimits limits);
  // Removes the names of its UNIX sockets.
  ~ControlListener();
  void Start(EventLoop& loop, OnConnection on_connection);
  // No further connection.
  void Stop();
  // Once in a while: the name of a UNIX socket that is gone is made again.
  void KeepNames();

  size_t open();  // connections that have not ended
  uint64_t refused() const {
    return refused_;
  }  // connections closed because there were too many, in all or of a peer

 private:
  // gRPC closes a connection without a word. Its descriptor names the same socket as long as it is open.
  struct Connection {
    int fd;
    ino_t socket;
    std::string peer;
  };
  struct Listening {
    UniqueFd bound;    // until Start()
    std::string path;  // of a UNIX socket
    bool is_passed = false;
    std::unique_ptr<SocketAcceptor> acceptor;
  };
  explicit ControlListener(ControlLimits limits) : limits_(limits) {}
  std::unique_ptr<SocketAcceptor> AcceptorOf(UniqueFd socket);
  void Take(UniqueFd socket);

  const ControlLimits limits_;
  std::vector<Listening> listening_;
  EventLoop* loop_ = nullptr;  // nullptr: not started, or stopped
  OnConnection on_connection_;
  std::vector<Connection> connections_;
  uint64_t refused_ = 0;
};

}  // namespace air
