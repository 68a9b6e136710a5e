#include "core/director/http/host_rule.h"

#include <arpa/inet.h>

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

constexpr absl::string_view kOwnSuffixes[] = {".localhost", ".local", ".lan", ".home.arpa", ".internal"};

bool IsAddress(int family, const std::string& text) {
  unsigned char bytes[16];
  return inet_pton(family, text.c_str(), bytes) == 1;
}

// The host of "host:port" in lower case; nothing unless host and port are made of what they may be (RFC 3986, 3.2.2).
std::optional<std::string> NameOf(absl::string_view host) {
  std::string text = absl::AsciiStrToLower(host);
  if (!text.empty() && text.front() == '[') {
    const size_t end = text.find(']');
    if (end == std::string::npos) return std::nullopt;
    const std::string port = text.substr(end + 1);
    text = text.substr(0, end + 1);
    if (!port.empty() && (port[0] != ':' || !std::all_of(port.begin() + 1, port.end(), absl::ascii_isdigit)))
      return std::nullopt;
    return IsAddress(AF_INET6, text.substr(1, text.size() - 2)) ? std::optional(text) : std::nullopt;
  }
  if (const size_t colon = text.find(':'); colon != std::string::npos) {
    if (!std::all_of(text.begin() + colon + 1, text.end(), absl::ascii_isdigit)) return std::nullopt;
    text.resize(colon);
  }
  if (!text.empty() && text.back() == '.') text.pop_back();
  const auto allowed = [](char c) { return absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_'; };
  if (text.empty() || !std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;
  return text;
}

}  // namespace

HostRule::HostRule(std::vector<std::string> names) : names_(std::move(names)) {
  for (std::string& name : names_) absl::AsciiStrToLower(&name);
}

bool HostRule::Accepts(absl::string_view host) const {
  if (host.empty()) return true;
  const std::optional<std::string> name = NameOf(host);
  if (!name.has_value()) return false;
  if (name->front() == '[' || IsAddress(AF_INET, *name)) return true;
  if (!absl::StrContains(*name, '.')) return true;
  for (const absl::string_view suffix : kOwnSuffixes)
    if (absl::EndsWith(*name, suffix)) return true;
  return std::find(names_.begin(), names_.end(), *name) != names_.end();
}

std::string BaseUrl(absl::string_view host, absl::string_view local) {
  return absl::StrCat("http://", host.empty() ? local : host);
}

}  // namespace retrovue
