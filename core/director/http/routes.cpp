#include "core/director/http/routes.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "core/model/text.h"

namespace retrovue {
namespace {

struct Pattern {
  absl::string_view path;  // with at most one "{slug}"
  RouteKind kind;
};

constexpr Pattern kPatterns[] = {
    {"/channels", RouteKind::kChannels},       {"/channel/{slug}.ts", RouteKind::kStream},
    {"/logo/{slug}.png", RouteKind::kLogo},    {"/channels.m3u", RouteKind::kPlaylist},
    {"/playlist.m3u", RouteKind::kPlaylist},   {"/guide.xml", RouteKind::kGuide},
    {"/xmltv.xml", RouteKind::kGuide},         {"/guide.xml.gz", RouteKind::kGuideGz},
    {"/xmltv.xml.gz", RouteKind::kGuideGz},    {"/api/v1/channels", RouteKind::kApiChannels},
    {"/api/v1/guide", RouteKind::kApiGuide},   {"/api/v1/channels/{slug}/now", RouteKind::kApiNow},
    {"/api/v1/status", RouteKind::kApiStatus}, {"/metrics", RouteKind::kMetrics},
    {"/healthz", RouteKind::kHealthz},         {"/readyz", RouteKind::kReadyz},
};
constexpr absl::string_view kSlug = "{slug}";
constexpr size_t kLongestTarget = 2048;
constexpr size_t kMostParameters = 16;

// What is between the two halves of the pattern; empty for a pattern without a slug.
std::optional<std::string> Match(absl::string_view pattern, absl::string_view path) {
  const size_t hole = pattern.find(kSlug);
  if (hole == absl::string_view::npos) return pattern == path ? std::optional<std::string>("") : std::nullopt;
  if (!absl::ConsumePrefix(&path, pattern.substr(0, hole))) return std::nullopt;
  if (!absl::ConsumeSuffix(&path, pattern.substr(hole + kSlug.size()))) return std::nullopt;
  if (path.find('/') != absl::string_view::npos) return std::nullopt;
  return std::string(path);
}

// Percent-decoded (RFC 3986, 2.1); nothing if it is wrongly encoded.
std::optional<std::string> Decoded(absl::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !absl::ascii_isxdigit(text[i + 1]) || !absl::ascii_isxdigit(text[i + 2]))
        return std::nullopt;
      decoded += absl::HexStringToBytes(text.substr(i + 1, 2));
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

bool IsDangerous(absl::string_view encoded, absl::string_view decoded) {
  const auto slashes = [](absl::string_view text) { return std::count(text.begin(), text.end(), '/'); };
  if (slashes(encoded) != slashes(decoded)) return true;
  if (decoded.find('\\') != absl::string_view::npos) return true;
  if (std::any_of(decoded.begin(), decoded.end(), [](char c) { return absl::ascii_iscntrl(c); })) return true;
  for (const absl::string_view part : absl::StrSplit(decoded, '/'))
    if (part == ".." || part == ".") return true;
  return false;
}

std::map<std::string, std::string> QueryOf(absl::string_view text) {
  std::map<std::string, std::string> query;
  for (const absl::string_view pair : absl::StrSplit(text, '&', absl::SkipEmpty())) {
    const std::pair<absl::string_view, absl::string_view> halves =
        absl::StrSplit(pair, absl::MaxSplits('=', 1));
    const auto name = Decoded(halves.first, true);
    const auto value = Decoded(halves.second, true);
    if (name.has_value() && value.has_value()) query.emplace(*name, *value);
    if (query.size() >= kMostParameters) break;
  }
  return query;
}

std::optional<Route> RouteOf(absl::string_view target) {
  if (target.size() > kLongestTarget || !absl::StartsWith(target, "/")) return std::nullopt;
  const size_t question = target.find('?');
  const absl::string_view encoded = target.substr(0, question);
  const std::optional<std::string> path = Decoded(encoded, false);
  if (!path.has_value() || IsDangerous(encoded, *path)) return std::nullopt;

  Route route;
  route.path = *path;
  if (question != absl::string_view::npos) route.query = QueryOf(target.substr(question + 1));
  for (const Pattern& pattern : kPatterns) {
    const std::optional<std::string> slug = Match(pattern.path, *path);
    if (!slug.has_value()) continue;
    if (!slug->empty() && !ValidateSlug(*slug).ok()) return std::nullopt;
    if (slug->empty() && absl::StrContains(pattern.path, kSlug)) return std::nullopt;
    route.kind = pattern.kind;
    route.slug = *slug;
    return route;
  }
  if (absl::StartsWith(*path, "/api/") || absl::StartsWith(*path, "/channel/") ||
      absl::StartsWith(*path, "/logo/"))
    return std::nullopt;
  route.kind = RouteKind::kFile;
  return route;
}

}  // namespace

std::variant<Route, Options, NoRoute> FindRoute(absl::string_view method, absl::string_view target) {
  std::optional<Route> route = RouteOf(target);
  if (!route.has_value()) return NoRoute{NoRoute::Why::kNotFound};
  if (method == "OPTIONS") return Options{*std::move(route)};
  if (method != "GET" && method != "HEAD") return NoRoute{NoRoute::Why::kMethod};
  return *std::move(route);
}

}  // namespace retrovue
