#include "core/channel/link_server.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <utility>

#include "base/stage_log.h"
#include "core/link/link_connection.h"

namespace retrovue {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

}  // namespace

struct LinkServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& l, air::UniqueFd socket, Handlers h)
      : loop(l), listener(l, socket.Release()), handlers(std::move(h)) {}

  void Wait() {
    listener.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (error) return;
      self->Accept();
      self->Wait();
    });
  }

  void Accept() {
    air::UniqueFd socket(accept4(listener.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!socket.valid()) return;
    ucred peer = {};
    socklen_t size = sizeof peer;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.uid != geteuid()) {
      air::Log().warn("link: user {} has dialed, and is sent away", peer.uid);
      return;
    }
    // What the one before has said last, and may have died behind, counts: a viewer's socket may be in it.
    if (director) director->ReadNow();
    if (director && director->is_open()) {
      air::Log().info("link: process {} is the director now", peer.pid);
      channel_link::ToDirector message;
      message.mutable_superseded();
      (void)director->Send(message.SerializeAsString());
    } else {
      air::Log().info("link: a director has come (pid {})", peer.pid);
    }
    director = std::make_unique<LinkConnection>(loop, std::move(socket), kMostQueuedBytes);
    director->Start(
        [this](const std::string& bytes, std::vector<air::UniqueFd> fds) {
          channel_link::ToManager message;
          if (message.ParseFromString(bytes)) return handlers.on_message(std::move(message), std::move(fds));
          air::Log().warn("link: {} bytes that are no message are ignored", bytes.size());
        },
        [this](const absl::Status& why) {
          air::Log().info("link: the director has gone ({}); the channel goes on",
                          std::string(why.message()));
          director.reset();
          handlers.on_director_gone();
        });
    handlers.on_director();
  }

  boost::asio::io_context& loop;
  stream_descriptor listener;
  const Handlers handlers;
  std::unique_ptr<LinkConnection> director;
};

LinkServer::LinkServer(boost::asio::io_context& loop, air::UniqueFd listener, Handlers handlers)
    : impl_(std::make_shared<Impl>(loop, std::move(listener), std::move(handlers))) {
  impl_->Wait();
}

LinkServer::~LinkServer() {
  error_code ignored;
  impl_->listener.close(ignored);
  impl_->director.reset();
}

bool LinkServer::has_director() const { return impl_->director != nullptr && impl_->director->is_open(); }

void LinkServer::Send(const channel_link::ToDirector& message) {
  if (has_director()) (void)impl_->director->Send(message.SerializeAsString());
}

}  // namespace retrovue
