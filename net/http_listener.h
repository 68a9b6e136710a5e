// HttpListener: takes HTTP requests on one TCP address, and keeps strangers within limits.
//
// The rule: a client costs one descriptor and one small buffer, and for a bounded time. A connection beyond
// the limits is closed at once. One whose request header is not complete in time, is too large or is no HTTP
// is closed without an answer. A request body is never read. Out of descriptors, the listener waits a moment
// instead of spinning.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace air {

struct HttpLimits {
  size_t connections = 64;           // open at a time, from everywhere
  size_t of_one_peer = 32;           // open at a time, from one address
  size_t header_bytes = 8192;        // of a request
  std::chrono::seconds request{10};  // from the connection to the end of the request header
};

class HttpListener {
 public:
  using Stream = boost::beast::tcp_stream;
  using Request = boost::beast::http::request<boost::beast::http::empty_body>;
  // Answers one request, and sets the deadlines of what it writes. The connection is closed when it returns. A Serve
  // that hands the socket to another process takes it out of the stream first (release_socket): the listener does not
  // touch it then.
  using Serve = std::function<boost::asio::awaitable<void>(Stream&, const Request&)>;

  // Binds "HOST:PORT" (port 0: any free one); clients that dial from here on wait until Start().
  // Errors: InvalidArgument: not an address. Unavailable: it cannot be bound. Neither names an option.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Bind(boost::asio::io_context& loop,
                                                            const std::string& address, HttpLimits limits);
  // The same for a socket that listens already: TCP, or a UNIX socket, whose clients count as one peer.
  // Errors: InvalidArgument: no stream socket, or it does not listen.
  static absl::StatusOr<std::unique_ptr<HttpListener>> Adopt(boost::asio::io_context& loop,
                                                             UniqueFd listening, HttpLimits limits);
  // Once. All runs on the loop's thread. Loop and listener end together.
  void Start(Serve serve);

  // With the port in use; of a UNIX socket: 0.0.0.0:0.
  boost::asio::ip::tcp::endpoint endpoint() const { return endpoint_; }
  bool is_unix() const { return is_unix_; }
  // Connections closed because there were too many. Any thread.
  uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

 private:
  using Tcp = boost::asio::ip::tcp;
  using Peers = std::map<boost::asio::ip::address, size_t>;

  HttpListener(boost::asio::io_context& loop, HttpLimits limits)
      : loop_(loop), limits_(limits), acceptor_(loop) {}
  boost::asio::awaitable<void> AcceptForever();
  boost::asio::awaitable<void> ServeOne(Stream stream, boost::asio::ip::address peer);
  boost::asio::awaitable<void> ReadAndAnswer(Stream& stream);

  boost::asio::io_context& loop_;
  const HttpLimits limits_;
  Tcp::acceptor acceptor_;
  Tcp::endpoint endpoint_;
  bool is_unix_ = false;
  Serve serve_;
  size_t open_ = 0;
  Peers peers_;  // connections by address
  std::atomic<uint64_t> refused_{0};
};

}  // namespace air
