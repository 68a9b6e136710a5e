#include "core/channel/viewer_server.h"

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <sys/socket.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/one_line.h"
#include "base/stage_log.h"
#include "base/step_log.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Socket = asio::generic::stream_protocol::socket;

// Chunks written with one call: a burst for a viewer that joins, a single one in steady state.
constexpr std::size_t kChunksPerWrite = 32;
constexpr std::chrono::seconds kAnswerLimit{10};

auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

std::string StatusLine(std::uint32_t http_minor, int status) {
  return absl::StrCat(
      "HTTP/1.", http_minor == 0 ? 0 : 1, " ", status, " ",
      std::string(boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(status))),
      "\r\n");
}

constexpr const char* kCommonFields =
    "Server: RetroVue\r\n"
    "Cache-Control: no-store\r\n"
    "Access-Control-Allow-Origin: *\r\n"
    "Connection: close\r\n";

// RFC 8259, 7.
std::string JsonText(const std::string& text) {
  std::string json = "\"";
  for (const char c : air::OneLine(text)) {
    if (c == '"' || c == '\\') json += '\\';
    if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&json, "\\u%04x", c);
    } else {
      json += c;
    }
  }
  return json + "\"";
}

}  // namespace

std::string StreamHeader(std::uint32_t http_minor) {
  return absl::StrCat(StatusLine(http_minor, 200), "Content-Type: video/mp2t\r\n", kCommonFields,
                      "Accept-Ranges: none\r\nX-Accel-Buffering: no\r\n\r\n");
}

std::string RefusalAnswer(std::uint32_t http_minor, bool head, AnswerCode code, const std::string& message,
                          std::optional<int> retry_after_s) {
  const std::string body = absl::StrCat("{\"status\":\"error\",\"code\":", JsonText(Name(code)),
                                        ",\"message\":", JsonText(message), "}\n");
  std::string answer =
      absl::StrCat(StatusLine(http_minor, StatusOf(code)), "Content-Type: application/json\r\n",
                   "Content-Length: ", body.size(), "\r\n", kCommonFields);
  if (retry_after_s) absl::StrAppend(&answer, "Retry-After: ", *retry_after_s, "\r\n");
  return absl::StrCat(answer, "\r\n", head ? "" : body);
}

// One viewer, for as long as its coroutine runs.
struct Viewing {
  Viewing(asio::io_context& loop, channel_link::Viewer r)
      : request(std::move(r)), socket(loop), news(loop), limit(loop) {}

  // Ends what is being waited for, and what comes after it.
  void End(const std::string& why) {
    if (end_reason.empty()) end_reason = why;
    error_code ignored;
    socket.cancel(ignored);
    news.cancel();
  }

  const channel_link::Viewer request;
  Socket socket;
  asio::steady_timer news;   // cancelled when there is something to write
  asio::steady_timer limit;  // of the present write
  std::string refusal;       // what to answer instead of the stream
  int refused_with = 0;
  int status = 0;  // what it has been answered
  std::uint64_t bytes = 0;
  std::string end_reason;  // not empty: it is to end
};

struct ViewerServer::Shared : std::enable_shared_from_this<Shared> {
  Shared(asio::io_context& l, TsFanout& f, Handlers h) : loop(l), fanout(f), handlers(std::move(h)) {}

  asio::awaitable<void> Serve(std::shared_ptr<Viewing> viewing);
  asio::awaitable<void> Stream(Viewing& viewing);
  template <typename Buffers>
  asio::awaitable<bool> Write(Viewing& viewing, const Buffers& buffers, std::chrono::seconds limit);
  void WatchForHangUp(std::shared_ptr<Viewing> viewing);

  asio::io_context& loop;
  TsFanout& fanout;
  Handlers handlers;
  std::set<std::shared_ptr<Viewing>> viewings;  // without those that only want the header
  bool is_over = false;
};

// A viewer that goes while nothing has been written to it is noticed by what can be read: the end.
void ViewerServer::Shared::WatchForHangUp(std::shared_ptr<Viewing> viewing) {
  viewing->socket.async_wait(Socket::wait_read, [self = shared_from_this(), viewing](error_code error) {
    if (error || viewing->status != 0) return;
    char scratch[512];
    const ssize_t count = recv(viewing->socket.native_handle(), scratch, sizeof scratch, MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return viewing->End("closed");
    self->WatchForHangUp(viewing);  // what it says is of no interest
  });
}

// False when it took too long, or could not be.
template <typename Buffers>
asio::awaitable<bool> ViewerServer::Shared::Write(Viewing& viewing, const Buffers& buffers,
                                                  std::chrono::seconds limit) {
  bool in_time = true;
  viewing.limit.expires_after(limit);
  viewing.limit.async_wait([&in_time, &viewing](error_code error) {
    if (error) return;
    in_time = false;
    viewing.End("stalled");
  });
  error_code error;
  co_await asio::async_write(viewing.socket, buffers, Into(error));
  // The handler refers to what stands here: it must have run, or never run.
  viewing.limit.cancel();
  co_await asio::post(loop, asio::use_awaitable);
  if (!error) co_return in_time;
  if (viewing.end_reason.empty()) viewing.end_reason = "closed";
  co_return false;
}

asio::awaitable<void> ViewerServer::Shared::Stream(Viewing& viewing) {
  error_code error;
  const std::shared_ptr<TsFanout::Viewer> place = fanout.Join();
  place->on_data = [&viewing] { viewing.news.cancel(); };
  while (viewing.end_reason.empty()) {
    const std::vector<TsFanout::Chunk> chunks = place->Take(kChunksPerWrite);
    if (chunks.empty()) {
      viewing.news.expires_at(asio::steady_timer::time_point::max());
      co_await viewing.news.async_wait(Into(error));
      continue;
    }
    std::vector<asio::const_buffer> buffers;
    std::string header;
    if (viewing.status == 0) {
      air::NoteStep("first bytes written to the viewer");
      viewing.status = 200;
      header = StreamHeader(viewing.request.http_minor());
      buffers.push_back(asio::buffer(header));
    }
    std::size_t bytes = 0;
    for (const TsFanout::Chunk& chunk : chunks) {
      buffers.push_back(asio::buffer(*chunk));
      bytes += chunk->size();
    }
    if (!co_await Write(viewing, buffers, kStallLimit)) break;
    viewing.bytes += bytes;
  }
}

asio::awaitable<void> ViewerServer::Shared::Serve(std::shared_ptr<Viewing> viewing) {
  const auto self = shared_from_this();
  const channel_link::Viewer& request = viewing->request;
  if (request.head()) {
    viewing->status = 200;
    const std::string header = StreamHeader(request.http_minor());
    co_await Write(*viewing, asio::buffer(header), kAnswerLimit);
  } else {
    co_await Stream(*viewing);
    if (viewing->status == 0 && !viewing->refusal.empty()) {
      co_await Write(*viewing, asio::buffer(viewing->refusal), kAnswerLimit);
      viewing->status = viewing->refused_with;
    }
  }
  error_code ignored;
  viewing->socket.shutdown(Socket::shutdown_both, ignored);
  viewing->socket.close(ignored);
  viewings.erase(viewing);
  if (is_over) co_return;
  channel_link::ViewerLeft left;
  left.set_key(request.key());
  left.set_bytes(viewing->bytes);
  left.set_reason(viewing->end_reason.empty() ? "answered" : viewing->end_reason);
  left.set_status(static_cast<std::uint32_t>(viewing->status));
  if (!request.head()) {
    air::Log().info("viewer {} has left after {} bytes: {}", request.client(), left.bytes(), left.reason());
    handlers.on_count();
  }
  handlers.on_left(left);
}

ViewerServer::ViewerServer(asio::io_context& loop, TsFanout& fanout, Handlers handlers)
    : shared_(std::make_shared<Shared>(loop, fanout, std::move(handlers))) {}

ViewerServer::~ViewerServer() {
  shared_->is_over = true;
  EndAll();
}

void ViewerServer::Add(const channel_link::Viewer& viewer, air::UniqueFd socket) {
  sockaddr_storage name = {};
  socklen_t size = sizeof name;
  auto viewing = std::make_shared<Viewing>(shared_->loop, viewer);
  error_code error;
  if (getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) return;
  viewing->socket.assign({name.ss_family, SOCK_STREAM}, socket.get(), error);
  if (error) return;
  socket.Release();
  viewing->socket.non_blocking(true, error);
  if (name.ss_family != AF_UNIX) viewing->socket.set_option(asio::ip::tcp::no_delay(true), error);
  if (!viewer.head()) {
    shared_->viewings.insert(viewing);
    shared_->WatchForHangUp(viewing);
    air::NoteStep("viewer joined");
    air::Log().info("viewer {} joins ({} in all)", viewer.client(), count());
  }
  asio::co_spawn(
      shared_->loop, [shared = shared_, viewing] { return shared->Serve(viewing); }, asio::detached);
  if (!viewer.head()) shared_->handlers.on_count();
}

int ViewerServer::count() const { return static_cast<int>(shared_->viewings.size()); }

void ViewerServer::RefuseWaiting(AnswerCode code, const std::string& message,
                                 std::optional<int> retry_after_s) {
  for (const auto& viewing : shared_->viewings) {
    if (viewing->status != 0 || !viewing->refusal.empty()) continue;
    viewing->refusal = RefusalAnswer(viewing->request.http_minor(), false, code, message, retry_after_s);
    viewing->refused_with = StatusOf(code);
    viewing->End(absl::StrCat("refused: ", message));
  }
}

void ViewerServer::EndAll() {
  for (const auto& viewing : shared_->viewings) viewing->End("channel stopped");
}

}  // namespace retrovue
