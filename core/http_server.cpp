#include "core/http_server.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "net/tcp_listen.h"

namespace air {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

// Chunks written with one call: a burst for a viewer that joins, a single one in steady state.
constexpr std::size_t kChunksPerWrite = 32;

auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

template <typename Message>
void SetCommonFields(Message& message) {
  message.set(http::field::server, "AIR channel-manager");
  message.set(http::field::access_control_allow_origin, "*");
  message.set(http::field::cache_control, "no-store");
  message.keep_alive(false);
}

std::string EscapeHtml(const std::string& text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}});
}

std::string OverviewPage(const std::string& url, const std::string& status) {
  return absl::StrCat(
      "<!doctype html><meta charset=utf-8><meta http-equiv=refresh content=2><title>AIR</title>\n"
      "<h1>AIR, channel 1</h1>\n<p><a href=\"",
      HttpServer::kStreamPath, "\">", EscapeHtml(url), "</a></p>\n<p>", EscapeHtml(status), "</p>\n");
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Listen(asio::io_context& loop,
                                                               const std::string& address, TsFanout& fanout,
                                                               std::function<std::string()> status) {
  std::unique_ptr<HttpServer> server(new HttpServer(loop, fanout, std::move(status)));
  if (absl::Status s = ListenTcp(address, server->acceptor_); !s.ok()) {
    return absl::Status(s.code(), absl::StrCat("cannot serve viewers at ", std::string(s.message()),
                                               ". Another address can be chosen with --http HOST:PORT."));
  }
  asio::co_spawn(loop, server->AcceptForever(), asio::detached);
  return server;
}

HttpServer::HttpServer(asio::io_context& loop, TsFanout& fanout, std::function<std::string()> status)
    : loop_(loop), fanout_(fanout), status_(std::move(status)), acceptor_(loop) {}

std::string HttpServer::StreamUrl() const {
  const Tcp::endpoint endpoint = acceptor_.local_endpoint();
  const std::string host = endpoint.address().to_string();
  return absl::StrCat("http://", endpoint.address().is_v6() ? absl::StrCat("[", host, "]") : host, ":",
                      endpoint.port(), kStreamPath);
}

asio::awaitable<void> HttpServer::AcceptForever() {
  asio::steady_timer pause(loop_);
  while (acceptor_.is_open()) {
    error_code error;
    Tcp::socket socket = co_await acceptor_.async_accept(Into(error));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {
      // Out of descriptors, most likely: that passes when viewers leave.
      pause.expires_after(std::chrono::milliseconds(100));
      co_await pause.async_wait(Into(error));
      continue;
    }
    asio::co_spawn(loop_, Serve(Stream(std::move(socket))), asio::detached);
  }
}

asio::awaitable<void> HttpServer::Serve(Stream stream) {
  error_code error;
  boost::beast::flat_buffer buffer;
  http::request<http::empty_body> request;
  stream.expires_after(kRequestLimit);
  co_await http::async_read(stream, buffer, request, Into(error));
  if (error) co_return;

  const std::string target(request.target().substr(0, request.target().find('?')));
  const bool head_only = request.method() == http::verb::head;
  const unsigned version = request.version();
  if (!head_only && request.method() != http::verb::get) {
    co_await SendPage(stream, version, 405, false);
  } else if (target == kStreamPath) {
    co_await SendStream(stream, version, head_only);
  } else {
    co_await SendPage(stream, version, target == "/" ? 200 : 404, head_only);
  }
  stream.socket().shutdown(Tcp::socket::shutdown_send, error);
}

asio::awaitable<void> HttpServer::SendPage(Stream& stream, unsigned version, unsigned status,
                                           bool head_only) {
  http::response<http::string_body> response(static_cast<http::status>(status), version);
  SetCommonFields(response);
  response.set(http::field::content_type, "text/html; charset=utf-8");
  if (status == 405) response.set(http::field::allow, "GET, HEAD");
  const std::string url = StreamUrl();
  response.body() = status == 200 ? OverviewPage(url, status_())
                                  : absl::StrCat(std::string(response.reason()), ". The stream is at ",
                                                 EscapeHtml(url), "\n");
  response.prepare_payload();
  if (head_only) response.body().clear();

  error_code error;
  http::response_serializer<http::string_body> serializer(response);
  stream.expires_after(kRequestLimit);
  if (head_only) {
    co_await http::async_write_header(stream, serializer, Into(error));
  } else {
    co_await http::async_write(stream, serializer, Into(error));
  }
}

asio::awaitable<void> HttpServer::SendStream(Stream& stream, unsigned version, bool head_only) {
  // A stream has no length: the end of the connection is its end.
  http::response<http::empty_body> response(http::status::ok, version);
  SetCommonFields(response);
  response.set(http::field::content_type, "video/MP2T");
  http::response_serializer<http::empty_body> serializer(response);
  error_code error;
  stream.expires_after(kRequestLimit);
  co_await http::async_write_header(stream, serializer, Into(error));
  if (error || head_only) co_return;

  stream.socket().set_option(Tcp::no_delay(true), error);
  asio::steady_timer news(loop_);
  const std::shared_ptr<TsFanout::Viewer> viewer = fanout_.Join();
  viewer->on_data = [&news] { news.cancel(); };
  for (;;) {
    const std::vector<TsFanout::Chunk> chunks = viewer->Take(kChunksPerWrite);
    if (chunks.empty()) {
      news.expires_at(asio::steady_timer::time_point::max());
      co_await news.async_wait(Into(error));
      continue;
    }
    std::vector<asio::const_buffer> buffers;
    for (const TsFanout::Chunk& chunk : chunks) buffers.push_back(asio::buffer(*chunk));
    stream.expires_after(kStallLimit);
    co_await asio::async_write(stream, buffers, Into(error));
    if (error) co_return;
  }
}

}  // namespace air
