#include "core/director/http/http_service.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/write.hpp>
#include <chrono>
#include <exception>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "base/stage_log.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

constexpr std::chrono::seconds kPieceLimit(10);
constexpr std::size_t kPieceBytes = 64 * 1024;
constexpr absl::string_view kMethods = "GET, HEAD, OPTIONS";
auto Into(error_code& error) { return asio::redirect_error(asio::use_awaitable, error); }

std::string Text(const asio::ip::tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return absl::StrCat(endpoint.address().is_v6() ? absl::StrCat("[", host, "]") : host, ":", endpoint.port());
}

std::string FieldOf(const air::HttpListener::Request& request, http::field field) {
  const auto value = request[field];
  return std::string(value.data(), value.size());
}

Answer OptionsAnswer() {
  Answer answer;
  answer.status = 204;
  answer.headers = {{"Allow", std::string(kMethods)},
                    {"Access-Control-Allow-Methods", std::string(kMethods)}};
  return answer;
}

}  // namespace

HttpService::HttpService(HostRule hosts, Handlers handlers)
    : hosts_(std::move(hosts)), handlers_(std::move(handlers)) {}

void HttpService::Serve(std::unique_ptr<air::HttpListener> listener, Audience audience) {
  air::HttpListener* the = listeners_.emplace_back(std::move(listener)).get();
  const bool only_here = the->is_unix() || the->endpoint().address().is_loopback();
  const bool all_pages = audience == Audience::kOperators || only_here;
  the->Start([this, the, all_pages](Stream& stream, const air::HttpListener::Request& request) {
    return Respond(stream, request, *the, all_pages);
  });
}

std::uint64_t HttpService::refused() const {
  std::uint64_t refused = 0;
  for (const auto& listener : listeners_) refused += listener->refused();
  return refused;
}

asio::awaitable<void> HttpService::Respond(Stream& stream, const air::HttpListener::Request& request,
                                           const air::HttpListener& listener, bool all_pages) {
  const std::string method(request.method_string().data(), request.method_string().size());
  const std::string target(request.target().data(), request.target().size());
  const std::string host = FieldOf(request, http::field::host);
  const bool head = method == "HEAD";
  const std::variant<Route, Options, NoRoute> found = FindRoute(method, target);

  std::optional<Answer> answer;
  if (!hosts_.Accepts(host)) {
    answer = ErrorAnswer(AnswerCode::kMisdirected,
                         absl::StrCat("this network does not go by the name \"", air::OneLine(host, 100),
                                      "\"; use its address, or start it with --allow-host NAME"));
  } else if (const auto* none = std::get_if<NoRoute>(&found)) {
    answer = none->why == NoRoute::Why::kMethod
                 ? ErrorAnswer(AnswerCode::kMethodNotAllowed, "only GET and HEAD are answered here")
                 : ErrorAnswer(AnswerCode::kNotFound, "there is no such page; /channels lists the channels");
    if (answer->status == 405) answer->headers.emplace_back("Allow", std::string(kMethods));
  } else if (std::holds_alternative<Options>(found)) {
    answer = OptionsAnswer();
  } else {
    PageRequest page;
    page.route = std::get<Route>(found);
    page.target = target;
    page.head = head;
    page.http_minor = request.version() % 10;
    error_code ignored;
    if (!listener.is_unix()) page.client = Text(stream.socket().remote_endpoint(ignored));
    const std::string local =
        listener.is_unix() ? "localhost" : Text(stream.socket().local_endpoint(ignored));
    page.base_url = BaseUrl(host, local);
    page.user_agent = air::OneLine(FieldOf(request, http::field::user_agent), 200);
    page.if_none_match = FieldOf(request, http::field::if_none_match);
    page.takes_gzip = TakesGzip(FieldOf(request, http::field::accept_encoding));
    if (IsForOperators(page.route.kind) && !all_pages) {
      answer = ErrorAnswer(AnswerCode::kNotFound, "this page is on the control socket (--control)");
    } else {
      try {
        if (page.route.kind == RouteKind::kStream && !head) {
          answer = co_await handlers_.stream(page, stream);
          if (!answer.has_value()) co_return;
        } else {
          answer = co_await handlers_.page(page);
        }
      } catch (const std::exception& e) {
        air::Log().error("{} {}: {}", method, page.route.path, e.what());
        answer = ErrorAnswer(AnswerCode::kInternal,
                             "the network made a mistake over this request; its log says which");
      }
    }
  }
  ++answers_[answer->status];
  co_await Send(stream, *std::move(answer), request.version(), head);
}

asio::awaitable<void> HttpService::Send(Stream& stream, Answer answer, unsigned version, bool head) {
  http::response<http::empty_body> response(static_cast<http::status>(answer.status), version);
  response.set(http::field::server, "RetroVue");
  response.set(http::field::access_control_allow_origin, "*");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Referrer-Policy", "no-referrer");
  if (answer.Header("Cache-Control").empty()) response.set(http::field::cache_control, "no-store");
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  if (answer.status != 204 && answer.status != 304) {
    if (!answer.content_type.empty()) response.set(http::field::content_type, answer.content_type);
    if (!answer.endless) response.content_length(answer.body->size());
  }
  response.keep_alive(false);

  error_code error;
  http::response_serializer<http::empty_body> serializer(response);
  stream.expires_after(kPieceLimit);
  co_await http::async_write_header(stream, serializer, Into(error));
  if (head) co_return;
  const std::string& body = *answer.body;
  for (std::size_t at = 0; at < body.size() && !error;) {
    const std::size_t piece = std::min(kPieceBytes, body.size() - at);
    stream.expires_after(kPieceLimit);
    co_await asio::async_write(stream, asio::buffer(body.data() + at, piece), Into(error));
    at += piece;
  }
}

}  // namespace retrovue
