#include "core/guide/m3u.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "core/guide/clean_text.h"

namespace retrovue {
namespace {

constexpr const char* kNoBreakSpace = "\xC2\xA0";

// ` key="value"`. Nothing at all without a value: Jellyfin's pattern takes at least one character, and would go on to the
// next quote. Nor does any player know an escape for a quote.
void Attribute(std::string& line, absl::string_view key, absl::string_view value) {
  if (value.empty()) return;
  absl::StrAppend(&line, " ", key, "=\"", absl::StrReplaceAll(value, {{"\"", "'"}}), "\"");
}

// Whether .NET's double.TryParse may take the word for a number.
bool LooksLikeANumber(absl::string_view word) {
  const bool digits = std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; }) &&
                      word.find_first_not_of("0123456789.+-eE()$'") == word.npos;
  const absl::string_view bare = word.substr(std::min(word.find_first_not_of("+-"), word.size()));
  return digits || absl::EqualsIgnoreCase(bare, "infinity") || absl::EqualsIgnoreCase(bare, "nan");
}

// The name as it stands behind the line's last comma: without one of its own; and where it begins with a number and a
// space, as "24 Hours" does, Jellyfin would take the number for the channel's and off the name, so that the space is one
// that does not break.
std::string DisplayName(const Channel& channel) {
  std::string name = CleanText(absl::StrReplaceAll(channel.title, {{",", " "}}));
  if (name.empty()) return channel.slug;
  const std::size_t space = name.find(' ');
  if (space != name.npos && LooksLikeANumber(absl::string_view(name).substr(0, space)))
    name.replace(space, 1, kNoBreakSpace);
  return name;
}

}  // namespace

M3uClient M3uClientOf(absl::string_view user_agent, absl::string_view query) {
  for (const absl::string_view parameter : absl::StrSplit(query, '&'))
    if (parameter == "client=kodi") return M3uClient::kKodi;
  return absl::StartsWith(user_agent, "Kodi") ? M3uClient::kKodi : M3uClient::kAny;
}

std::string WriteM3u(const std::vector<const Channel*>& channels, const Site& site, M3uClient client) {
  std::string list = "#EXTM3U";
  const std::string guide = absl::StrCat(site.base_url, "/guide.xml");
  Attribute(list, "url-tvg", guide);
  Attribute(list, "x-tvg-url", guide);
  list.push_back('\n');
  for (const Channel* channel : channels) {
    const std::string id = GuideIdOf(*channel, site);
    const std::string name = CleanText(channel->title);
    // Jellyfin takes neither 0 nor a negative one.
    const bool numbered = channel->number.value_or(0) > 0;
    const std::string number = numbered ? absl::StrCat(*channel->number) : "";
    absl::StrAppend(&list, "#EXTINF:-1");
    Attribute(list, "tvg-id", id);
    Attribute(list, "channel-id", id);
    Attribute(list, "CUID", id);
    Attribute(list, "tvg-chno", number);
    Attribute(list, "channel-number", number);
    Attribute(list, "tvg-name", name.empty() ? channel->slug : name);
    if (!channel->logo_path.empty()) Attribute(list, "tvg-logo", LogoUrlOf(*channel, site));
    Attribute(list, "group-title", CleanText(channel->group));
    Attribute(list, "tvc-stream-vcodec", "h264");
    Attribute(list, "tvc-stream-acodec", "aac");
    absl::StrAppend(&list, ",", DisplayName(*channel), "\n");
    // In lower case, or Kodi does not know it.
    if (client == M3uClient::kKodi) absl::StrAppend(&list, "#KODIPROP:mimetype=video/mp2t\n");
    absl::StrAppend(&list, StreamUrlOf(*channel, site), "\n");
  }
  return list;
}

}  // namespace retrovue
