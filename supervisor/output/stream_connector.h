// StreamConnector: one viewer transport being connected, without ever blocking the loop.
#pragma once

#include <sys/socket.h>

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "supervisor/loop/event_loop.h"

namespace air {

struct StreamEndpoint {
  // AIR connects, or (kPort) a viewer has connected to AIR.
  enum class Transport { kUnix, kTcp, kPort } transport = Transport::kUnix;
  std::string address;  // socket path, or "host:port" on the loopback
  bool operator==(const StreamEndpoint&) const = default;
  std::string Name() const;  // "unix:PATH", "tcp:HOST:PORT"
};

// What every stream socket is set to: room for a reader's pause, nothing held back.
void PrepareStreamSocket(int fd, StreamEndpoint::Transport transport);

class StreamConnector {
 public:
  // A connected, non-blocking socket, or why not (in words for the operator).
  using OnDone = std::function<void(absl::StatusOr<UniqueFd>)>;

  // `on_done` is called once from the loop, never from inside this call, at the latest after `timeout_ns`.
  static std::unique_ptr<StreamConnector> Connect(EventLoop& loop, const StreamEndpoint& endpoint,
                                                  int64_t timeout_ns, OnDone on_done);
  // Gives up: `on_done` is called now. The connector may be gone afterwards.
  void Cancel() { Finish(absl::CancelledError("AIR is stopping")); }

 private:
  StreamConnector(EventLoop& loop, StreamEndpoint endpoint, OnDone on_done)
      : loop_(loop), endpoint_(std::move(endpoint)), on_done_(std::move(on_done)) {}
  absl::Status Resolve();
  void Try();
  void OnWritable();
  void Finish(absl::StatusOr<UniqueFd> result);

  EventLoop& loop_;
  StreamEndpoint endpoint_;
  OnDone on_done_;
  UniqueFd socket_;
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  EventSource retry_, writable_, deadline_;
};

}  // namespace air
