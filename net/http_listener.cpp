#include "net/http_listener.h"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <cerrno>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "net/tcp_listen.h"

namespace air {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPauseWithoutDescriptors(100);
// What a client still sends behind its request is read for so long: a connection closed over unread bytes
// is reset, and the client may lose its answer.
constexpr std::chrono::seconds kFarewell(1);
constexpr size_t kMostFarewellBytes = 1 << 20;

auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

absl::StatusOr<int> IntOption(int socket, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  if (getsockopt(socket, SOL_SOCKET, option, &value, &size) != 0)
    return absl::InvalidArgumentError(absl::StrCat("descriptor ", socket, ": ", std::strerror(errno)));
  return value;
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Bind(asio::io_context& loop,
                                                                 const std::string& address,
                                                                 HttpLimits limits) {
  std::unique_ptr<HttpListener> listener(new HttpListener(loop, limits));
  if (absl::Status s = ListenTcp(address, listener->acceptor_); !s.ok()) return s;
  error_code error;
  listener->endpoint_ = listener->acceptor_.local_endpoint(error);
  if (error) return absl::UnavailableError(absl::StrCat(address, ": ", error.message()));
  return listener;
}

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Adopt(asio::io_context& loop, UniqueFd listening,
                                                                  HttpLimits limits) {
  const absl::StatusOr<int> type = IntOption(listening.get(), SO_TYPE);
  const absl::StatusOr<int> listens = IntOption(listening.get(), SO_ACCEPTCONN);
  const absl::StatusOr<int> family = IntOption(listening.get(), SO_DOMAIN);
  for (const absl::StatusOr<int>& found : {type, listens, family})
    if (!found.ok()) return found.status();
  if (*type != SOCK_STREAM || *listens == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("descriptor ", listening.get(), " is no stream socket that listens"));
  }
  std::unique_ptr<HttpListener> listener(new HttpListener(loop, limits));
  listener->is_unix_ = *family == AF_UNIX;
  // Asio keeps the protocol for open() only: accept, read and write are the same calls for every stream socket.
  error_code error;
  listener->acceptor_.assign(*family == AF_INET6 ? Tcp::v6() : Tcp::v4(), listening.get(), error);
  if (error)
    return absl::InvalidArgumentError(absl::StrCat("descriptor ", listening.get(), ": ", error.message()));
  listening.Release();
  if (!listener->is_unix_) listener->endpoint_ = listener->acceptor_.local_endpoint(error);
  return listener;
}

void HttpListener::Start(Serve serve) {
  serve_ = std::move(serve);
  asio::co_spawn(loop_, AcceptForever(), asio::detached);
}

asio::awaitable<void> HttpListener::AcceptForever() {
  asio::steady_timer pause(loop_);
  while (acceptor_.is_open()) {
    error_code error;
    Tcp::socket socket = co_await acceptor_.async_accept(Into(error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors, most likely: that passes when clients leave.
      pause.expires_after(kPauseWithoutDescriptors);
      co_await pause.async_wait(Into(error));
      continue;
    }
    Tcp::endpoint peer;
    if (!is_unix_) peer = socket.remote_endpoint(error);
    if (error) continue;  // it has left again
    const auto known = peers_.find(peer.address());
    if (open_ >= limits_.connections || (known != peers_.end() && known->second >= limits_.of_one_peer)) {
      refused_.fetch_add(1, std::memory_order_relaxed);
      continue;  // closed by the destructor
    }
    ++open_;
    ++peers_[peer.address()];
    asio::co_spawn(loop_, ServeOne(Stream(std::move(socket)), peer.address()), asio::detached);
  }
}

asio::awaitable<void> HttpListener::ServeOne(Stream stream, asio::ip::address peer) {
  co_await ReadAndAnswer(stream);
  error_code ignored;
  stream.socket().close(ignored);
  --open_;
  if (const auto known = peers_.find(peer); --known->second == 0) peers_.erase(known);
}

asio::awaitable<void> HttpListener::ReadAndAnswer(Stream& stream) {
  error_code error;
  boost::beast::flat_buffer buffer;
  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(limits_.header_bytes));
  parser.body_limit(
      std::numeric_limits<std::uint64_t>::max());  // it is not read; Boost 1.74 takes none for 0
  stream.expires_after(limits_.request);
  co_await http::async_read_header(stream, buffer, parser, Into(error));
  if (error) co_return;
  co_await serve_(stream, parser.get());
  stream.socket().shutdown(Tcp::socket::shutdown_send, error);
  if (error) co_return;
  std::array<char, 4096> rest;
  stream.expires_after(kFarewell);
  for (size_t seen = 0; seen < kMostFarewellBytes && !error;)
    seen += co_await stream.async_read_some(asio::buffer(rest), Into(error));
}

}  // namespace air
