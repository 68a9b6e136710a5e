// Guides to write: channels and entries in a line each.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/guide/site.h"
#include "tests/core/network.h"

namespace retrovue {

inline const Site& TestSite() {
  static const Site site{"http://tv.local:8080", "0a1b2c3d"};
  return site;
}

inline Channel MakeChannel(const std::string& slug, const std::string& title,
                           std::optional<int> number = std::nullopt) {
  Channel channel;
  channel.id = {slug + "-id"};
  channel.slug = slug;
  channel.title = title;
  channel.time_zone = "America/New_York";
  channel.number = number;
  return channel;
}

inline GuideEntry Entry(const char* start, const char* stop, const std::string& title,
                        const std::string& series = "", std::optional<int> season = std::nullopt,
                        std::optional<int> episode = std::nullopt) {
  return {std::string(start) + "/" + title, {title}, At(start), At(stop), title, series, season, episode};
}

inline EpgGeneration GuideWith(const Channel& channel, std::vector<GuideEntry> entries) {
  return {channel.id, std::move(entries), "etag"};
}

// Titles as strangers write them, and what becomes of them.
struct HostileText {
  const char* what;
  std::string text;
  std::string clean;
};

inline const std::vector<HostileText>& HostileTexts() {
  static const std::vector<HostileText> texts = {
      {"quotes and angle brackets", R"(<b>"Fish" & 'chips'</b> ]]>)", R"(<b>"Fish" & 'chips'</b> ]]>)"},
      {"line feeds", "one\r\n#EXTINF:-1,two\nthree", "one #EXTINF:-1,two three"},
      {"white space of all kinds", "\t a\xC2\xA0\xE2\x80\xA8\xE3\x80\x80 b \v", "a b"},
      {"control characters", std::string("a\0b\x01\x1B[31mc\x7F\xC2\x9B", 13), "ab[31mc"},
      {"not characters",
       "a\xEF\xBF\xBE\xEF\xB7\x90\xF0\x9F\xBF\xBF"
       "b",
       "ab"},
      {"text turned around", "abc\xE2\x80\xAEgpj.exe\xE2\x80\xAC\xE2\x81\xA6", "abcgpj.exe"},
      {"bytes of Latin-1", "caf\xE9 cr\xE8me", "caf\xEF\xBF\xBD cr\xEF\xBF\xBDme"},
      {"an overlong slash",
       "a\xC0\xAF"
       "b",
       "a\xEF\xBF\xBD\xEF\xBF\xBD"
       "b"},
      {"a surrogate",
       "a\xED\xA0\x80"
       "b",
       "a\xEF\xBF\xBD"
       "b"},
      {"more than Unicode has",
       "a\xF4\x90\x80\x80"
       "b",
       "a\xEF\xBF\xBD"
       "b"},
      {"cut within a character", "snow \xE2\x98", "snow \xEF\xBF\xBD"},
      {"emoji of several characters", "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",
       "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80"},
      {"nothing to see", " \r\n\x02\xE2\x80\xAE ", ""},
  };
  return texts;
}

}  // namespace retrovue
