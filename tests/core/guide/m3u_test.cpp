#include "core/guide/m3u.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/core/guide/guides.h"

namespace retrovue {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string ListOf(const Channel& channel, M3uClient client = M3uClient::kAny) {
  return WriteM3u({&channel}, TestSite(), client);
}

std::vector<std::string> Lines(const std::string& list) { return absl::StrSplit(list, '\n'); }

// What Jellyfin does with a list (M3uParser.cs): its pattern for attributes, and the name behind the last comma, from which
// it takes a number and a space.
std::map<std::string, std::string> JellyfinAttributes(const std::string& line) {
  static const std::regex pattern(R"re(([a-zA-Z0-9\-_]+)="([^"]+)")re");
  std::map<std::string, std::string> attributes;
  for (std::sregex_iterator match(line.begin(), line.end(), pattern), end; match != end; ++match)
    attributes[(*match)[1]] = (*match)[2];
  return attributes;
}

std::string JellyfinName(const std::string& line) {
  std::string name = line.substr(line.rfind(',') + 1);
  const std::size_t space = name.find(' ');
  char* end = nullptr;
  const std::string word = name.substr(0, space);
  std::strtod(word.c_str(), &end);
  if (space != name.npos && end != word.c_str() && *end == '\0') name = name.substr(space + 1);
  return name;
}

TEST(M3u, HasTheAttributesOfEveryPlayer) {
  Channel channel = MakeChannel("retro", "Retro One", 5);
  channel.logo_path = "/logos/retro.png";
  channel.group = "Classics";
  EXPECT_EQ(
      ListOf(channel),
      "#EXTM3U url-tvg=\"http://tv.local:8080/guide.xml\" x-tvg-url=\"http://tv.local:8080/guide.xml\"\n"
      "#EXTINF:-1 tvg-id=\"retro.0a1b2c3d.air\" channel-id=\"retro.0a1b2c3d.air\" "
      "CUID=\"retro.0a1b2c3d.air\" "
      "tvg-chno=\"5\" channel-number=\"5\" tvg-name=\"Retro One\" "
      "tvg-logo=\"http://tv.local:8080/logo/retro.png\" group-title=\"Classics\" tvc-stream-vcodec=\"h264\" "
      "tvc-stream-acodec=\"aac\",Retro One\n"
      "http://tv.local:8080/channel/retro.ts\n");
}

TEST(M3u, LeavesOutAnAttributeWithoutAValue) {
  const std::string list = ListOf(MakeChannel("retro", "Retro One"));
  for (const char* key : {"tvg-chno", "channel-number", "tvg-logo", "group-title", "\"\""})
    EXPECT_THAT(list, Not(HasSubstr(key)));
}

TEST(M3u, TellsKodiTheTypeOfTheStream) {
  const Channel channel = MakeChannel("retro", "Retro One", 5);
  EXPECT_THAT(ListOf(channel), Not(HasSubstr("KODIPROP")));
  const std::vector<std::string> lines = Lines(ListOf(channel, M3uClient::kKodi));
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[2], "#KODIPROP:mimetype=video/mp2t");
  EXPECT_EQ(lines[3], "http://tv.local:8080/channel/retro.ts");
}

TEST(M3u, KnowsKodiByItsNameOrByBeingAsked) {
  EXPECT_EQ(M3uClientOf("Kodi/20.5 (X11; Linux x86_64) App_Bitness/64 Version/20.5", ""), M3uClient::kKodi);
  EXPECT_EQ(M3uClientOf("VLC/3.0.20", "client=kodi"), M3uClient::kKodi);
  EXPECT_EQ(M3uClientOf("VLC/3.0.20", "a=b&client=kodi&c"), M3uClient::kKodi);
  EXPECT_EQ(M3uClientOf("VLC/3.0.20", "client=kodiak"), M3uClient::kAny);
  EXPECT_EQ(M3uClientOf("", ""), M3uClient::kAny);
  EXPECT_EQ(M3uClientOf("NotKodi/1", ""), M3uClient::kAny);
}

TEST(M3u, KeepsTheWholeNameBehindTheLastComma) {
  EXPECT_EQ(JellyfinName(Lines(ListOf(MakeChannel("c", "Crime, Inc, Late")))[1]), "Crime Inc Late");
}

TEST(M3u, KeepsANameThatBeginsWithANumber) {
  // The space behind the number is one that does not break.
  for (const char* title :
       {"24 Hours", "5 USA", "3.5 Stars", "-1 Below", "1e3 Ways", "Infinity TV", "nan Bread"}) {
    std::string name = JellyfinName(Lines(ListOf(MakeChannel("c", title, 5)))[1]);
    const std::size_t space = name.find("\xC2\xA0");
    ASSERT_NE(space, name.npos) << title;
    EXPECT_EQ(name.replace(space, 2, " "), title);
  }
  EXPECT_EQ(JellyfinName(Lines(ListOf(MakeChannel("c", "10,000 BC")))[1]),
            "10\xC2\xA0"
            "000 BC");
  for (const char* title : {"3rd Rock", "Channel 5", "24"})
    EXPECT_TRUE(absl::EndsWith(Lines(ListOf(MakeChannel("c", title)))[1], absl::StrCat(",", title))) << title;
}

TEST(M3u, StaysAListWhateverTheNamesAre) {
  for (const HostileText& hostile : HostileTexts()) {
    SCOPED_TRACE(hostile.what);
    Channel channel = MakeChannel("hostile", hostile.text, 7);
    channel.group = hostile.text;
    const std::string list = ListOf(channel);
    const std::vector<std::string> lines = Lines(list);
    ASSERT_EQ(lines.size(), 4u);
    EXPECT_TRUE(absl::StartsWith(lines[1], "#EXTINF:-1 tvg-id="));
    EXPECT_EQ(lines[2], "http://tv.local:8080/channel/hostile.ts");
    const std::map<std::string, std::string> attributes = JellyfinAttributes(lines[1]);
    EXPECT_EQ(attributes.at("tvg-id"), "hostile.0a1b2c3d.air");
    EXPECT_EQ(attributes.at("tvc-stream-acodec"), "aac");
    EXPECT_EQ(attributes.at("tvg-chno"), "7");
    EXPECT_EQ(attributes.size(), hostile.clean.empty() ? 8u : 9u);
    if (hostile.clean.empty()) {
      EXPECT_EQ(attributes.at("tvg-name"), "hostile");
    }
    EXPECT_FALSE(JellyfinName(lines[1]).empty());
  }
}

TEST(M3u, OfNoChannelsIsAListStill) {
  EXPECT_TRUE(absl::StartsWith(WriteM3u({}, TestSite(), M3uClient::kKodi), "#EXTM3U "));
}

}  // namespace
}  // namespace retrovue
