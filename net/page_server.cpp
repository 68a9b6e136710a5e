#include "net/page_server.h"

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "net/http_listener.h"

namespace air {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr HttpLimits kLimits{.connections = 32, .of_one_peer = 24, .request = std::chrono::seconds(5)};
constexpr std::chrono::seconds kAnswerLimit(5);

}  // namespace

struct PageServer::Impl {
  explicit Impl(Pages the_pages) : pages(std::move(the_pages)) {}

  asio::awaitable<void> Answer(HttpListener::Stream& stream, const HttpListener::Request& request) {
    const bool head = request.method() == http::verb::head;
    http::response<http::string_body> response(http::status::ok, request.version());
    response.set(http::field::server, "AIR");
    response.set(http::field::cache_control, "no-store");
    response.keep_alive(false);
    std::optional<HttpPage> page;
    if (!head && request.method() != http::verb::get) {
      page = HttpPage{.status = 405, .body = "only GET and HEAD are answered here\n"};
      response.set(http::field::allow, "GET, HEAD");
    } else {
      page = pages(std::string(request.target().substr(0, request.target().find('?'))));
      if (!page.has_value()) page = HttpPage{.status = 404, .body = "there is no such page\n"};
    }
    response.result(page->status);
    response.set(http::field::content_type, page->content_type);
    response.body() = std::move(page->body);
    response.prepare_payload();
    if (head) response.body().clear();  // Content-Length stays that of the page

    error_code error;
    http::response_serializer<http::string_body> serializer(response);
    stream.expires_after(kAnswerLimit);
    if (head) {
      co_await http::async_write_header(stream, serializer, asio::redirect_error(asio::use_awaitable, error));
    } else {
      co_await http::async_write(stream, serializer, asio::redirect_error(asio::use_awaitable, error));
    }
  }

  const Pages pages;
  asio::io_context loop{1};
  std::unique_ptr<HttpListener> listener;
  std::thread thread;
};

PageServer::PageServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<std::unique_ptr<PageServer>> PageServer::Bind(const std::string& address, Pages pages) {
  auto impl = std::make_unique<Impl>(std::move(pages));
  absl::StatusOr<std::unique_ptr<HttpListener>> listener = HttpListener::Bind(impl->loop, address, kLimits);
  if (!listener.ok()) return listener.status();
  impl->listener = *std::move(listener);
  return std::unique_ptr<PageServer>(new PageServer(std::move(impl)));
}

PageServer::~PageServer() {
  impl_->loop.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

void PageServer::Start() {
  Impl* impl = impl_.get();
  impl->listener->Start([impl](HttpListener::Stream& stream, const HttpListener::Request& request) {
    return impl->Answer(stream, request);
  });
  impl->thread = std::thread([impl] { impl->loop.run(); });
}

std::string PageServer::address() const {
  const asio::ip::tcp::endpoint endpoint = impl_->listener->endpoint();
  const std::string host = endpoint.address().to_string();
  return absl::StrCat(endpoint.address().is_v6() ? absl::StrCat("[", host, "]") : host, ":", endpoint.port());
}

uint64_t PageServer::refused() const { return impl_->listener->refused(); }

}  // namespace air
