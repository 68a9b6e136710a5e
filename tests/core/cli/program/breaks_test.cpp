// Breaks by the command line alone: rules, an operator's cues, and the days that follow from them.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(BreaksCommand, RulesOfAChannelHoldForItsZonesAndProgramsUntilTheyHaveTheirOwn) {
  const TemporaryHome home;
  home.SeedChannel();
  EXPECT_EQ(home.Ok({"channel", "show", "one"})["channel"]["breaks"]["policy"], "post");
  const Json rules = home.Ok({"channel", "update", "one", "--breaks", "midroll", "--breaks-most", "3",
                              "--break-least-seconds", "60"})["channel"]["breaks"];
  EXPECT_EQ(rules["policy"], "midroll");
  EXPECT_EQ(rules["most"], 3);
  EXPECT_EQ(rules["least_break_ms"], 60'000);

  home.Ok({"plan", "add", "--channel", "one", "--name", "P"});
  home.Ok({"zone", "add", "--channel", "one", "--name", "Z", "--zone", "20:00-22:00", "--series", "show"});
  EXPECT_TRUE(home.Ok({"zone", "show", "--channel", "one", "Z"})["zone"]["breaks"].is_null());
  const Json own =
      home.Ok({"zone", "update", "--channel", "one", "Z", "--break-head-seconds", "30"})["zone"]["breaks"];
  EXPECT_EQ(own["head_ms"], 30'000);
  EXPECT_EQ(own["most"], 3) << "begun with those of the channel";
  EXPECT_TRUE(home.Ok({"zone", "update", "--channel", "one", "Z", "--breaks", "inherit"})["zone"]["breaks"]
                  .is_null());

  home.Ok({"program", "add", "--channel", "one", "--name", "Q", "--series", "show", "--breaks", "between"});
  EXPECT_EQ(home.Ok({"program", "show", "--channel", "one", "Q"})["program"]["breaks"]["policy"], "between");
  const Json refused = home.Refused(
      {"program", "update", "--channel", "one", "Q", "--breaks", "inherit", "--breaks-most", "2"});
  EXPECT_EQ(refused["code"], "BREAKS_WRONG");
  EXPECT_EQ(home.Ok({"program", "show", "--channel", "one", "Q"})["program"]["breaks"]["policy"], "between");
}

TEST(BreaksCommand, CuesOfAnOperatorAreWhereAProgrammeIsInterrupted) {
  const TemporaryHome home;
  home.SeedChannel();
  const std::string show = home.SeedAsset("Show", 22);
  const Json markers =
      home.Ok({"asset", "update", show, "--cue", "4:30", "--cue", "15:00.5"})["assets"][0]["markers"];
  ASSERT_EQ(markers.size(), 2u);
  EXPECT_EQ(markers[1]["kind"], "cue");
  EXPECT_EQ(markers[1]["start_ms"], 900'500);
  EXPECT_EQ(home.Refused({"asset", "update", show, "--cue", "22:00"})["code"], "CUE_WRONG");
  EXPECT_EQ(home.Refused({"asset", "update", show, "--cue", "soon"})["code"], "CUE_WRONG");

  home.Ok({"channel", "update", "one", "--breaks", "midroll"});
  home.Ok({"plan", "add", "--channel", "one", "--name", "P", "--zone", "00:00-24:00", "--asset", show});
  const std::string date =
      home.Ok({"schedule-day", "generate", "--channel", "one"})["schedule_days"][0]["date"];
  const Json item =
      home.Ok({"schedule-day", "show", "--channel", "one", "--date", date})["schedule_day"]["items"][0];
  EXPECT_EQ(item["breaks"][0]["at_ms"], 270'000);
  EXPECT_EQ(item["breaks"][1]["at_ms"], 900'500);
  EXPECT_EQ(item["breaks"][0]["fades"], false);
  EXPECT_THAT(std::string(item["why"]), HasSubstr("2 breaks, at 4:30 and 15:00.500"));

  std::vector<std::int64_t> places;
  const Json events =
      home.Ok({"playlog-event", "list", "--channel", "one", "--from", std::string(item["start"]), "--to",
               std::string(item["end"])})["playlog_events"];
  for (const Json& event : events)
    if (event["kind"] == "programme") places.push_back(event["asset_start_offset_ms"]);
  EXPECT_THAT(places, ElementsAre(0, 270'000, 900'500));

  EXPECT_EQ(home.Ok({"asset", "update", show, "--no-cues"})["assets"][0]["markers"].size(), 0u);
}

}  // namespace
}  // namespace retrovue::cli
