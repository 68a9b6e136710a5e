#include "client/metrics_page.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace air {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::asio::ip::tcp;

constexpr std::uint64_t kLargestPage = 4 << 20;

// Reads a quoted label value, its three escapes resolved, and takes it off the front of `text`.
std::optional<std::string> TakeQuoted(absl::string_view& text) {
  if (text.empty() || text.front() != '"') return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return value;
    }
    if (text[i] == '\\' && i + 1 < text.size()) {
      ++i;
      value += text[i] == 'n' ? '\n' : text[i];
    } else {
      value += text[i];
    }
  }
  return std::nullopt;
}

absl::string_view TakeSpaces(absl::string_view text) { return absl::StripLeadingAsciiWhitespace(text); }

// Reads `{a="1",b="2"}` off the front of `text`.
bool TakeLabels(absl::string_view& text, MetricsPage::Labels& labels) {
  text.remove_prefix(1);
  for (text = TakeSpaces(text); !text.empty() && text.front() != '}'; text = TakeSpaces(text)) {
    const std::size_t equals = text.find('=');
    if (equals == absl::string_view::npos) return false;
    const std::string name(absl::StripAsciiWhitespace(text.substr(0, equals)));
    text = TakeSpaces(text.substr(equals + 1));
    std::optional<std::string> value = TakeQuoted(text);
    if (!value) return false;
    labels[name] = *std::move(value);
    text = TakeSpaces(text);
    if (!text.empty() && text.front() == ',') text.remove_prefix(1);
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<MetricSample> ParseLine(absl::string_view line) {
  line = absl::StripAsciiWhitespace(line);
  if (line.empty() || line.front() == '#') return std::nullopt;
  MetricSample sample;
  const std::size_t name_end = line.find_first_of("{ \t");
  if (name_end == absl::string_view::npos) return std::nullopt;
  sample.name = std::string(line.substr(0, name_end));
  line.remove_prefix(name_end);
  if (line.front() == '{' && !TakeLabels(line, sample.labels)) return std::nullopt;
  // A time stamp may follow the value.
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.empty() || !absl::SimpleAtod(words[0], &sample.value)) return std::nullopt;
  return sample;
}

absl::Status Explain(const std::string& address, const boost::system::error_code& error) {
  if (error == beast::error::timeout) {
    return absl::DeadlineExceededError(absl::StrCat("http://", address, "/metrics does not answer in time"));
  }
  return absl::UnavailableError(absl::StrCat("http://", address, "/metrics: ", error.message()));
}

}  // namespace

MetricsPage MetricsPage::Parse(absl::string_view text) {
  MetricsPage page;
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (std::optional<MetricSample> sample = ParseLine(line)) page.samples_.push_back(*std::move(sample));
  }
  return page;
}

std::vector<MetricSample> MetricsPage::Named(absl::string_view name) const {
  std::vector<MetricSample> found;
  std::copy_if(samples_.begin(), samples_.end(), std::back_inserter(found),
               [&](const MetricSample& sample) { return sample.name == name; });
  return found;
}

std::optional<double> MetricsPage::Value(absl::string_view name, const Labels& labels) const {
  for (const MetricSample& sample : samples_) {
    if (sample.name != name) continue;
    const bool carries_all = std::all_of(labels.begin(), labels.end(), [&](const auto& wanted) {
      const auto found = sample.labels.find(wanted.first);
      return found != sample.labels.end() && found->second == wanted.second;
    });
    if (carries_all) return sample.value;
  }
  return std::nullopt;
}

std::optional<double> MetricsPage::Sum(absl::string_view name) const {
  std::optional<double> sum;
  for (const MetricSample& sample : samples_) {
    if (sample.name == name) sum = sum.value_or(0) + sample.value;
  }
  return sum;
}

std::string ChannelState(const MetricsPage& page) {
  for (const MetricSample& sample : page.Named("retrovue_playout_channel_state")) {
    const auto state = sample.labels.find("state");
    if (sample.value == 1 && state != sample.labels.end()) return state->second;
  }
  return "";
}

absl::StatusOr<MetricsPage> FetchMetricsPage(const std::string& address, std::chrono::milliseconds timeout) {
  const std::size_t colon = address.rfind(':');
  if (colon == std::string::npos) {
    return absl::InvalidArgumentError(absl::StrCat("'", address, "' is not HOST:PORT"));
  }
  boost::asio::io_context loop;
  boost::system::error_code error;
  const auto endpoints =
      tcp::resolver(loop).resolve(address.substr(0, colon), address.substr(colon + 1), error);
  if (error) return Explain(address, error);

  http::request<http::empty_body> request(http::verb::get, "/metrics", 11);
  request.set(http::field::host, address);
  request.keep_alive(false);
  beast::tcp_stream stream(loop);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kLargestPage);

  // Asynchronous only for the time limit: Beast's deadlines do not reach blocking calls.
  stream.expires_after(timeout);
  stream.async_connect(endpoints, [&](boost::system::error_code connect_error, const tcp::endpoint&) {
    if ((error = connect_error)) return;
    http::async_write(stream, request, [&](boost::system::error_code write_error, std::size_t) {
      if ((error = write_error)) return;
      http::async_read(stream, buffer, parser,
                       [&](boost::system::error_code read_error, std::size_t) { error = read_error; });
    });
  });
  loop.run();
  if (error) return Explain(address, error);
  if (parser.get().result() != http::status::ok) {
    return absl::FailedPreconditionError(
        absl::StrCat("http://", address, "/metrics answers ", parser.get().result_int()));
  }
  return MetricsPage::Parse(parser.get().body());
}

}  // namespace air
