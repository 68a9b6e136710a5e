// What viewers see: GET /channel/1.ts is the stream, GET / a page that says where it is and how it goes.
//
// The rule: a viewer costs a queue in the fan-out and a connection here, and nothing else. One that stops
// reading for kStallLimit, or dawdles over its request, is disconnected.
#pragma once

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/ts_fanout.h"

namespace air {

class HttpServer {
 public:
  static constexpr std::chrono::seconds kRequestLimit{10};
  static constexpr std::chrono::seconds kStallLimit{30};
  static constexpr const char* kStreamPath = "/channel/1.ts";

  // Serves at "host:port" (port 0: any free one) on the loop's thread. `status` gives the text of the page.
  // Loop, fan-out and server end together.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Listen(boost::asio::io_context& loop,
                                                            const std::string& address, TsFanout& fanout,
                                                            std::function<std::string()> status);

  // Where the stream is, for people: "http://127.0.0.1:8080/channel/1.ts".
  std::string StreamUrl() const;

 private:
  using Tcp = boost::asio::ip::tcp;
  using Stream = boost::beast::tcp_stream;

  HttpServer(boost::asio::io_context& loop, TsFanout& fanout, std::function<std::string()> status);
  boost::asio::awaitable<void> AcceptForever();
  boost::asio::awaitable<void> Serve(Stream stream);
  boost::asio::awaitable<void> SendStream(Stream& stream, unsigned http_version, bool head_only);
  boost::asio::awaitable<void> SendPage(Stream& stream, unsigned http_version, unsigned status,
                                        bool head_only);

  boost::asio::io_context& loop_;
  TsFanout& fanout_;
  const std::function<std::string()> status_;
  Tcp::acceptor acceptor_;
};

}  // namespace air
