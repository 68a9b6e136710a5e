#include "core/cli/guardian/page_fetch.h"

#include <utility>  // first: boost/asio 1.74 needs it and does not say so

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "net/host_port.h"

namespace retrovue::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using Stream = beast::basic_stream<asio::generic::stream_protocol>;

constexpr std::size_t kLargestPage = 1 << 20;

absl::StatusOr<Stream::endpoint_type> EndpointOf(asio::io_context& loop, const std::string& address) {
  if (absl::StartsWith(address, "unix:")) {
    const std::string path = address.substr(5);
    if (path.empty() || path.size() >= 108) return absl::InvalidArgumentError(address);
    return Stream::endpoint_type(asio::local::stream_protocol::endpoint(path));
  }
  const absl::StatusOr<air::HostPort> where = air::ParseHostPort(address, air::PortRange::kNotZero);
  if (!where.ok()) return where.status();
  boost::system::error_code error;
  const auto found = asio::ip::tcp::resolver(loop).resolve(where->host, absl::StrCat(where->port), error);
  if (error) return absl::UnavailableError(absl::StrCat(address, ": ", error.message()));
  return Stream::endpoint_type(found.begin()->endpoint());
}

}  // namespace

absl::StatusOr<std::string> FetchPage(const std::string& address, const std::string& path,
                                      std::chrono::milliseconds limit) {
  asio::io_context loop;
  const absl::StatusOr<Stream::endpoint_type> endpoint = EndpointOf(loop, address);
  if (!endpoint.ok()) return endpoint.status();

  http::request<http::empty_body> request(http::verb::get, path, 11);
  request.set(http::field::host, absl::StartsWith(address, "unix:") ? "localhost" : address);
  request.keep_alive(false);
  Stream stream(loop);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kLargestPage);

  // Asynchronous only for the time limit: Beast's deadlines do not reach blocking calls.
  boost::system::error_code error;
  stream.expires_after(limit);
  stream.async_connect(*endpoint, [&](boost::system::error_code connect_error) {
    if ((error = connect_error)) return;
    http::async_write(stream, request, [&](boost::system::error_code write_error, std::size_t) {
      if ((error = write_error)) return;
      http::async_read(stream, buffer, parser,
                       [&](boost::system::error_code read_error, std::size_t) { error = read_error; });
    });
  });
  loop.run();
  if (error) return absl::UnavailableError(absl::StrCat(address, ": ", error.message()));
  if (parser.get().result() != http::status::ok)
    return absl::FailedPreconditionError(
        absl::StrCat(address, " answers ", parser.get().result_int(), " to ", path));
  return parser.get().body();
}

}  // namespace retrovue::cli
