#include "core/guide/site.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/guide/clean_text.h"
#include "tests/core/guide/guides.h"

namespace retrovue {
namespace {

using ::testing::ElementsAre;

TEST(CleanText, MakesOnePlainLineOfWhateverItIs) {
  for (const HostileText& hostile : HostileTexts()) {
    SCOPED_TRACE(hostile.what);
    EXPECT_EQ(CleanText(hostile.text), hostile.clean);
    EXPECT_EQ(CleanText(hostile.clean), hostile.clean) << "what is clean stays as it is";
  }
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
