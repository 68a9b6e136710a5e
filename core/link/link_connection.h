// One end of a channel link: messages of any length, with descriptors, over a SOCK_SEQPACKET socket on an Asio loop.
//
// A message is cut into packets that fit the socket; the first byte of a packet says whether more follow, and descriptors come with the
// last one. What is received is bounded (kMostMessageBytes), what waits to be sent too (`most_queued`). One thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/unique_fd.h"

namespace retrovue {

inline constexpr std::size_t kMostMessageBytes = 8 << 20;
inline constexpr std::size_t kMostMessageDescriptors = 8;

class LinkConnection {
 public:
  // `on_message`: a whole message, and what came with it. `on_closed`: once, last: FAILED_PRECONDITION (the peer is gone),
  // INVALID_ARGUMENT (what it sent is no message), RESOURCE_EXHAUSTED (it does not read). Neither is called after Close() or destruction;
  // either may destroy the connection.
  using OnMessage = std::function<void(std::string bytes, std::vector<air::UniqueFd> fds)>;
  using OnClosed = std::function<void(const absl::Status&)>;

  LinkConnection(boost::asio::io_context& loop, air::UniqueFd socket, std::size_t most_queued);
  ~LinkConnection();
  LinkConnection(const LinkConnection&) = delete;
  LinkConnection& operator=(const LinkConnection&) = delete;

  void Start(OnMessage on_message, OnClosed on_closed);

  // Queues a message, in order. INVALID_ARGUMENT: too long. FAILED_PRECONDITION: closed. RESOURCE_EXHAUSTED: too much waits; on_closed
  // follows.
  absl::Status Send(const std::string& bytes, std::vector<air::UniqueFd> fds = {});
  // Takes what has come, without waiting for the loop's turn.
  void ReadNow();
  void Close();
  bool is_open() const;
  // Whether all that was sent has gone to the kernel.
  bool is_flushed() const;

 private:
  struct Impl;  // outlives us while a wait of the loop's is on
  std::shared_ptr<Impl> impl_;
};

}  // namespace retrovue
