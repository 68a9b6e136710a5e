// What a stranger sends to the port of the network's pages, up to the page it is for: Beast's parser with the listener's limits, the
// route, the Host rule, what is answered to its headers. The sockets are left out.
//
// The rule: what is found is a page that there is, under a name that leads nowhere else; what is said back is one line a header.
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>

#include "core/director/http/answer.h"
#include "core/director/http/host_rule.h"
#include "core/director/http/routes.h"
#include "core/model/text.h"
#include "tests/fuzz/fuzz_input.h"

namespace retrovue {
namespace {

namespace http = boost::beast::http;
using air::Require;
using Request = http::request<http::empty_body>;

bool IsOneLine(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  return true;
}

void CheckRoute(const Route& route) {
  Require(!route.path.empty() && route.path.front() == '/' && IsOneLine(route.path));
  Require((route.path + "/").find("/../") == std::string::npos && route.path.find('\\') == std::string::npos);
  const bool of_a_channel =
      route.kind == RouteKind::kStream || route.kind == RouteKind::kLogo || route.kind == RouteKind::kApiNow;
  Require(route.slug.empty() != of_a_channel);
  Require(!of_a_channel || ValidateSlug(route.slug).ok());
}

void CheckAnswers(const Request& request) {
  const std::string host(request[http::field::host]);
  if (HostRule({"tv.example.org"}).Accepts(host)) {
    const std::string base = BaseUrl(host, "127.0.0.1:8080");
    Require(base.starts_with("http://") && IsOneLine(base));
  }
  (void)TakesGzip(std::string(request[http::field::accept_encoding]));
  const Answer answer = WithEtag(TextAnswer("text/plain", "page"), "\"4f1c\"",
                                 std::string(request[http::field::if_none_match]));
  Require(answer.status == (answer.body->empty() ? 304u : 200u));
}

void Run(const std::string& bytes) {
  http::request_parser<http::empty_body> parser;
  parser.header_limit(8192);
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());
  boost::system::error_code error;
  size_t taken = 0;
  while (!parser.is_header_done() && !error && taken < bytes.size()) {
    const size_t more = parser.put(boost::asio::buffer(bytes.data() + taken, bytes.size() - taken), error);
    taken += more;
    if (more == 0) break;
  }
  Require(taken <= bytes.size());
  if (error || !parser.is_header_done()) return;
  const Request& request = parser.get();
  const auto found = FindRoute(std::string(request.method_string()), std::string(request.target()));
  if (const auto* route = std::get_if<Route>(&found)) CheckRoute(*route);
  if (const auto* options = std::get_if<Options>(&found)) CheckRoute(options->route);
  CheckAnswers(request);
}

}  // namespace
}  // namespace retrovue

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  retrovue::Run(air::FuzzInput(data, size).TakeRest());
  return 0;
}
