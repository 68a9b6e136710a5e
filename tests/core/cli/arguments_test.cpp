#include "core/cli/frame/arguments.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "core/cli/frame/answer.h"

namespace retrovue::cli {
namespace {

using testing::HasSubstr;

// A day from 06:00, grid 30.
const GridRules kGrid;

TEST(ParseZone, IsOnTheWallClock) {
  const auto zone = ParseZone(kGrid, "22:00-02:00");
  ASSERT_TRUE(zone.ok()) << zone.status();
  EXPECT_EQ(zone->window.start, 960);
  EXPECT_EQ(zone->window.end, 1200);
  EXPECT_EQ(zone->name, "");
}

TEST(ParseZone, MayNameWhatPlaysInIt) {
  const auto zone = ParseZone(kGrid, "20:00 - 23:00=Late = Later");
  ASSERT_TRUE(zone.ok()) << zone.status();
  EXPECT_EQ(zone->window.start, 840);
  EXPECT_EQ(zone->name, "Late = Later");
}

TEST(ParseZone, TheWholeDayHasTwoSpellings) {
  for (const char* text : {"00:00-24:00", "06:00-06:00"}) {
    const auto zone = ParseZone(kGrid, text);
    ASSERT_TRUE(zone.ok()) << text << zone.status();
    EXPECT_EQ(zone->window.start, 0);
    EXPECT_EQ(zone->window.end, 1440);
  }
}

TEST(ParseZone, RefusesWhatIsNoWindow) {
  for (const char* text :
       {"", "-", "22:00", "22-23", "22:00-", "22:00-23:00-24:00", "22:10-23:00", "22:00-07:00", "a-b"}) {
    const auto zone = ParseZone(kGrid, text);
    EXPECT_EQ(CodeOf(zone.status()), "ZONE_WRONG") << text;
  }
}

TEST(ParseRange, TakesOneNumberOrTwo) {
  EXPECT_EQ(ParseRange("3", "--season", 99)->first, 3);
  EXPECT_EQ(ParseRange("3", "--season", 99)->last, 3);
  EXPECT_EQ(ParseRange("1-3", "--season", 99)->last, 3);
  for (const char* text : {"", "-", "-3", "3-", "3-1", "1-100", "a", "1-2-3", "99999999999999999999"})
    EXPECT_FALSE(ParseRange(text, "--season", 99).ok()) << text;
}

TEST(CheckName, WantsLettersAndAnEnd) {
  EXPECT_TRUE(CheckName("Films", "the name").ok());
  EXPECT_EQ(CodeOf(CheckName(" \t", "the name")), "NAME_EMPTY");
  EXPECT_EQ(CodeOf(CheckName(std::string(121, 'a'), "the name")), "NAME_TOO_LONG");
  EXPECT_TRUE(CheckName(std::string(120, 'a'), "the name").ok());
}

// What is parsed of `arguments` by what `add` adds; its error in words.
template <typename Add>
std::string ErrorOf(Add add, std::vector<std::string> arguments) {
  CLI::App app;
  add(app);
  std::reverse(arguments.begin(), arguments.end());
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return error.what();
  }
  return "";
}

TEST(AddNumber, KeepsWithinItsRange) {
  std::optional<int> number;
  const auto add = [&](CLI::App& app) { AddNumber(app, "--number", number, 1, 99, "of it"); };
  EXPECT_EQ(ErrorOf(add, {"--number", "99"}), "");
  EXPECT_EQ(number, 99);
  for (const char* text : {"0", "100", "-1", "1.5", "x", "99999999999999999999", "0x10", ""})
    EXPECT_THAT(ErrorOf(add, {"--number", text}), HasSubstr("from 1 to 99")) << text;
}

TEST(AddSwitch, SaysYesOrNoOrNothing) {
  std::optional<bool> on;
  const auto add = [&](CLI::App& app) { AddSwitch(app, "always-on", on, "runs"); };
  EXPECT_EQ(ErrorOf(add, {}), "");
  EXPECT_EQ(on, std::nullopt);
  EXPECT_EQ(ErrorOf(add, {"--always-on"}), "");
  EXPECT_EQ(on, true);
  EXPECT_EQ(ErrorOf(add, {"--no-always-on"}), "");
  EXPECT_EQ(on, false);
}

TEST(AddTime, TakesRfc3339Alone) {
  std::optional<Instant> time;
  const auto add = [&](CLI::App& app) { AddTime(app, "--at", time, "when"); };
  EXPECT_EQ(ErrorOf(add, {"--at", "2026-03-08T20:00:00-05:00"}), "");
  EXPECT_EQ(ToRfc3339(*time), "2026-03-09T01:00:00Z");
  EXPECT_THAT(ErrorOf(add, {"--at", "tomorrow"}), HasSubstr("write it like"));
}

}  // namespace
}  // namespace retrovue::cli
