#include "supervisor/output/stream_connector.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "net/keep_alive.h"

namespace air {
namespace {

constexpr int64_t kRetryNs = 10 * kNanosPerMs;
// Small sends cost three quarters of the default buffer, and a reader may pause for 300 ms (300 KB at 8
// Mbit/s).
constexpr int kSendBufferBytes = 1 << 20;

}  // namespace

void PrepareStreamSocket(int fd, StreamEndpoint::Transport transport) {
  setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes, sizeof kSendBufferBytes);
  const int on = 1;
  if (transport == StreamEndpoint::Transport::kUnix) return;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  KeepAlive(fd);
}

std::unique_ptr<StreamConnector> StreamConnector::Connect(EventLoop& loop, const StreamEndpoint& endpoint,
                                                          int64_t timeout_ns, OnDone on_done) {
  std::unique_ptr<StreamConnector> c(new StreamConnector(loop, endpoint, std::move(on_done)));
  StreamConnector* self = c.get();
  c->deadline_ = loop.After(timeout_ns, [self] {
    self->Finish(
        absl::DeadlineExceededError(absl::StrCat(self->endpoint_.Name(), ": no process accepted in time")));
  });
  c->retry_ = loop.After(0, [self] {
    if (absl::Status s = self->Resolve(); !s.ok()) return self->Finish(s);
    self->Try();
  });
  return c;
}

std::string StreamEndpoint::Name() const {
  return absl::StrCat(transport == Transport::kUnix ? "unix:" : "tcp:", address);
}

absl::Status StreamConnector::Resolve() {
  if (endpoint_.transport == StreamEndpoint::Transport::kUnix) {
    auto& unix_address = reinterpret_cast<sockaddr_un&>(address_);
    if (endpoint_.address.empty() || endpoint_.address.size() >= sizeof unix_address.sun_path) {
      return absl::InvalidArgumentError(absl::StrCat("endpoint: \"", endpoint_.address,
                                                     "\" is no socket path of 1 to ",
                                                     sizeof unix_address.sun_path - 1, " bytes"));
    }
    unix_address.sun_family = AF_UNIX;
    std::memcpy(unix_address.sun_path, endpoint_.address.data(), endpoint_.address.size());
    address_size_ = sizeof(sockaddr_un);
    socket_.Reset(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  } else {
    const size_t colon = endpoint_.address.rfind(':');
    std::string host = colon == std::string::npos ? "" : endpoint_.address.substr(0, colon);
    if (host == "localhost") host = "127.0.0.1";
    auto& tcp_address = reinterpret_cast<sockaddr_in&>(address_);
    uint32_t port = 0;
    const bool good =
        colon != std::string::npos && inet_pton(AF_INET, host.c_str(), &tcp_address.sin_addr) == 1 &&
        absl::SimpleAtoi(endpoint_.address.substr(colon + 1), &port) && port > 0 && port < 65536;
    if (!good || (ntohl(tcp_address.sin_addr.s_addr) >> 24) != 127) {
      return absl::InvalidArgumentError(absl::StrCat("endpoint: \"", endpoint_.address.substr(0, 100),
                                                     "\" is no loopback address; give 127.0.0.1:PORT"));
    }
    tcp_address.sin_family = AF_INET;
    tcp_address.sin_port = htons(static_cast<uint16_t>(port));
    address_size_ = sizeof(sockaddr_in);
    socket_.Reset(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }
  if (!socket_.valid()) return absl::ResourceExhaustedError(absl::StrCat("socket: ", std::strerror(errno)));
  PrepareStreamSocket(socket_.get(), endpoint_.transport);
  return absl::OkStatus();
}

void StreamConnector::Try() {
  if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address_), address_size_) == 0)
    return Finish(std::move(socket_));
  if (errno == EAGAIN) {  // a UNIX listener with a full backlog
    retry_ = loop_.After(kRetryNs, [this] { Try(); });
  } else if (errno == EINPROGRESS) {
    writable_ = loop_.OnIo(socket_.get(), EPOLLOUT, [this](uint32_t) { OnWritable(); });
  } else {
    Finish(absl::UnavailableError(
        absl::StrCat(endpoint_.Name(), ": ", std::strerror(errno), "; is the viewer's end listening?")));
  }
}

void StreamConnector::OnWritable() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  writable_.Cancel();
  if (error == 0) return Finish(std::move(socket_));
  Finish(absl::UnavailableError(
      absl::StrCat(endpoint_.Name(), ": ", std::strerror(error), "; is the viewer's end listening?")));
}

void StreamConnector::Finish(absl::StatusOr<UniqueFd> result) {
  retry_.Cancel();
  writable_.Cancel();
  deadline_.Cancel();
  auto done = std::exchange(on_done_, nullptr);
  if (done) done(std::move(result));  // may destroy us
}

}  // namespace air
