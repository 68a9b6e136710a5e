// The manager's end of the link: listens in its folder, and serves the newest director. One thread, the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "protos/channel_link.pb.h"

namespace retrovue {

class LinkServer {
 public:
  static constexpr std::size_t kMostQueuedBytes = 8 << 20;

  struct Handlers {
    std::function<void()> on_director;  // one has dialed, and is in charge; it awaits a Hello
    std::function<void(channel_link::ToManager message, std::vector<air::UniqueFd> fds)> on_message;
    std::function<void()> on_director_gone;
  };

  // Serves on `listener`, a listening SOCK_SEQPACKET socket. Another user who dials is sent away.
  LinkServer(boost::asio::io_context& loop, air::UniqueFd listener, Handlers handlers);
  ~LinkServer();
  LinkServer(const LinkServer&) = delete;
  LinkServer& operator=(const LinkServer&) = delete;

  bool has_director() const;
  // To the director in charge; without one it is dropped.
  void Send(const channel_link::ToDirector& message);

 private:
  struct Impl;  // outlives us while a wait of the loop's is on
  std::shared_ptr<Impl> impl_;
};

}  // namespace retrovue
