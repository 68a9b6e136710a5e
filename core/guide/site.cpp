#include "core/guide/site.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

constexpr std::size_t kLongestHostName = 253;  // RFC 1035

bool IsHostName(absl::string_view name) {
  return !name.empty() && name.size() <= kLongestHostName &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '.' || c == '_';
         });
}

bool IsIpv6InBrackets(absl::string_view name) {
  if (name.size() < 4 || name.front() != '[' || name.back() != ']') return false;
  name = name.substr(1, name.size() - 2);
  return std::count(name.begin(), name.end(), ':') >= 2 && std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isxdigit(static_cast<unsigned char>(c)) || c == ':' || c == '.';
         });
}

bool IsPort(absl::string_view port) {
  int number = 0;
  return !port.empty() && port.size() <= 5 &&
         std::all_of(port.begin(), port.end(),
                     [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }) &&
         absl::SimpleAtoi(port, &number) && number >= 1 && number <= 65535;
}

}  // namespace

absl::StatusOr<std::string> BaseUrlOf(absl::string_view host) {
  absl::string_view name = host;
  const std::size_t colon = host.rfind(':');
  const std::size_t bracket = host.rfind(']');
  bool good = true;
  if (colon != host.npos && (bracket == host.npos || colon > bracket)) {
    name = host.substr(0, colon);
    good = IsPort(host.substr(colon + 1));
  }
  if (!good || !(IsHostName(name) || IsIpv6InBrackets(name)))
    return absl::InvalidArgumentError(
        absl::StrCat("The Host of the request, \"", absl::CHexEscape(host.substr(0, 80)),
                     "\", is no address. Ask with one, such as tv.local:8080."));
  return absl::StrCat("http://", host);
}

std::string InstanceIdOf(std::uint64_t random) {
  return absl::StrCat(absl::Hex(static_cast<std::uint32_t>(random), absl::kZeroPad8));
}

std::string GuideIdOf(const Channel& channel, const Site& site) {
  return absl::StrCat(channel.slug, ".", site.instance_id, ".air");
}

std::string StreamUrlOf(const Channel& channel, const Site& site) {
  return absl::StrCat(site.base_url, "/channel/", channel.slug, ".ts");
}

std::string LogoUrlOf(const Channel& channel, const Site& site) {
  return absl::StrCat(site.base_url, "/logo/", channel.slug, ".png");
}

std::vector<const Channel*> InGuideOrder(const std::vector<Channel>& channels) {
  std::vector<const Channel*> order;
  for (const Channel& channel : channels)
    if (channel.is_active) order.push_back(&channel);
  const auto key = [](const Channel* channel) {
    return std::tuple(channel->number.value_or(std::numeric_limits<int>::max()),
                      absl::AsciiStrToLower(channel->title), absl::string_view(channel->slug));
  };
  std::sort(order.begin(), order.end(), [&](const Channel* a, const Channel* b) { return key(a) < key(b); });
  return order;
}

}  // namespace retrovue
