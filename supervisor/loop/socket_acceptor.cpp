#include "supervisor/loop/socket_acceptor.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <utility>

namespace air {
namespace {

constexpr int kAtOnce = 16;  // then the loop has its other work first
constexpr int64_t kPauseNs = 100 * kNanosPerMs;

bool IsScarcity(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

}  // namespace

SocketAcceptor::SocketAcceptor(EventLoop& loop, UniqueFd socket, std::function<void(UniqueFd)> on_connection)
    : loop_(loop), socket_(std::move(socket)), on_connection_(std::move(on_connection)) {
  Watch();
}

void SocketAcceptor::Watch() {
  readable_ = loop_.OnIo(socket_.get(), EPOLLIN, [this](uint32_t) { Accept(); });
}

void SocketAcceptor::Accept() {
  for (int i = 0; i < kAtOnce; ++i) {
    UniqueFd connection(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (connection.valid()) {
      on_connection_(std::move(connection));
    } else if (IsScarcity(errno)) {
      readable_.Cancel();
      pause_ = loop_.After(kPauseNs, [this] { Watch(); });
      return;
    } else if (errno != ECONNABORTED && errno != EINTR) {
      return;
    }
  }
}

}  // namespace air
