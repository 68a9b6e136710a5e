#include "core/guide/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/guide/clean_text.h"
#include "tests/core/guide/guides.h"

namespace retrovue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(CleanText, MakesOnePlainLineOfWhateverItIs) {
  for (const HostileText& hostile : HostileTexts()) {
    SCOPED_TRACE(hostile.what);
    EXPECT_EQ(CleanText(hostile.text), hostile.clean);
    EXPECT_EQ(CleanText(hostile.clean), hostile.clean) << "what is clean stays as it is";
  }
}

TEST(BaseUrl, IsTheHostOfTheRequest) {
  for (const char* host :
       {"tv.local:8080", "127.0.0.1", "127.0.0.1:80", "[::1]:8080", "[fe80::1]", "my_tv", "TV:1"})
    EXPECT_EQ(BaseUrlOf(host).value_or("refused"), std::string("http://") + host);
}

TEST(BaseUrl, RefusesWhatIsNoAddress) {
  for (const std::string& host :
       {std::string(""), std::string(":80"), std::string("tv\""), std::string("tv\r\nX: y"),
        std::string("tv:0"), std::string("tv:65536"), std::string("tv:"), std::string("tv:8o"),
        std::string("tv:+80"), std::string("user@tv"), std::string("tv/path"), std::string("::1"),
        std::string("[::1"), std::string("[]"), std::string("[tv]"), std::string("a<b"), std::string("a b"),
        std::string(254, 'a')})
    EXPECT_FALSE(BaseUrlOf(host).ok()) << host;
  EXPECT_THAT(std::string(BaseUrlOf("tv\n").status().message()), HasSubstr("\"tv\\n\", is no address"));
}

TEST(GuideId, IsDottedAndOfTheSlugAndTheNetworkAlone) {
  Channel channel = MakeChannel("late-show", "Late Show", 5);
  EXPECT_EQ(GuideIdOf(channel, TestSite()), "late-show.0a1b2c3d.air");
  channel.title = "Another";
  channel.number = 6;
  EXPECT_EQ(GuideIdOf(channel, {"http://elsewhere", "0a1b2c3d"}), "late-show.0a1b2c3d.air");
}

TEST(InstanceId, IsEightHexadecimalDigits) {
  EXPECT_EQ(InstanceIdOf(0x123456789abcdef0), "9abcdef0");
  EXPECT_EQ(InstanceIdOf(7), "00000007");
}

TEST(GuideOrder, IsByNumberThenByTitleAndLeavesOutWhatIsNotActive) {
  std::vector<Channel> channels = {MakeChannel("z", "zebra"), MakeChannel("ten", "Ten", 10),
                                   MakeChannel("a", "Ape"), MakeChannel("two", "Two", 2),
                                   MakeChannel("off", "Off", 1)};
  channels.back().is_active = false;
  std::vector<std::string> slugs;
  for (const Channel* channel : InGuideOrder(channels)) slugs.push_back(channel->slug);
  EXPECT_THAT(slugs, ElementsAre("two", "ten", "a", "z"));
}

}  // namespace
}  // namespace retrovue
