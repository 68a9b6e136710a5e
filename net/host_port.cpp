#include "net/host_port.h"

#include <sys/un.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr absl::string_view kUnix = "unix:";
constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

absl::StatusOr<HostPort> ParseHostPort(const std::string& text, PortRange range) {
  const size_t colon = text.rfind(':');
  HostPort parsed;
  if (colon != std::string::npos) parsed.host = text.substr(0, colon);
  if (parsed.host.size() > 2 && parsed.host.front() == '[' && parsed.host.back() == ']')
    parsed.host = parsed.host.substr(1, parsed.host.size() - 2);
  else if (parsed.host.find_first_of(":[]") != std::string::npos)
    parsed.host.clear();  // an IPv6 address without brackets: which colon is the last is a guess
  if (parsed.host.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "' is not HOST:PORT; an IPv6 address stands in brackets"));
  }
  const std::string digits = text.substr(colon + 1);
  const int lowest = range == PortRange::kAny ? 0 : 1;
  int port = 0;
  const bool is_number = !digits.empty() && std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit) &&
                         absl::SimpleAtoi(digits, &port);
  if (!is_number || port < lowest || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("'", text, "': the port must be a number from ", lowest, " to 65535"));
  }
  parsed.port = static_cast<uint16_t>(port);
  return parsed;
}

std::string WrongHostPort(const std::string& text, PortRange range) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(text, range);
  return parsed.ok() ? std::string() : std::string(parsed.status().message());
}

std::string WrongUnixAddress(const std::string& text) {
  if (!absl::StartsWith(text, kUnix) || text.size() == kUnix.size())
    return absl::StrCat("'", text, "' is not unix:PATH");
  const size_t bytes = text.size() - kUnix.size();
  if (bytes <= kLongestPath) return "";
  return absl::StrCat("'", text, "': the path of a socket has 1 to ", kLongestPath,
                      " bytes, and this one has ", bytes, ": give a shorter one");
}

std::string WrongAddress(const std::string& text, PortRange range) {
  return absl::StartsWith(text, kUnix) ? WrongUnixAddress(text) : WrongHostPort(text, range);
}

}  // namespace air
