// What is refused: a clear message with the next step, and nothing written. And what --dry-run leaves alone.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

using testing::HasSubstr;

struct Bad {
  std::vector<std::string> arguments;
  const char* code;
  const char* says;
};

// Each on a network with channel "one", its plan "Everyday" (06:00-12:00 Show) and its plan "Empty".
const std::vector<Bad> kBad = {
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:10-14:00", "--series", "Show"},
     "ZONE_WRONG",
     "off the grid: 13:10 is between two starts of a block. Use 13:00 or 13:30"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "22:00-07:00", "--series", "Show"},
     "ZONE_WRONG",
     "write two zones, 22:00-06:00 and 06:00-07:00"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "11:00-13:00", "--series", "Show"},
     "PLAN_WRONG",
     "overlap"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:00", "--series", "Show"},
     "ZONE_WRONG",
     "write it like 22:00-02:00"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "25:00-26:00", "--series", "Show"},
     "ZONE_WRONG",
     "not a time of day"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:00-14:00"},
     "ZONE_EMPTY",
     "--series"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:00-14:00", "--program",
      "Nothing"},
     "PROGRAM_NOT_FOUND",
     "\"Show\""},
    {{"zone", "add", "--channel", "one", "--zone", "13:00-14:00", "--series", "Show"},
     "PLAN_MISSING",
     "--plan"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:00-14:00", "--series", "Show",
      "--season", "3-1"},
     "INVALID_ARGUMENT",
     "write it like 3 or 1-3"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:00-14:00", "--collection",
      "Nowhere"},
     "COLLECTION_NOT_FOUND",
     "Media"},
    {{"zone", "add", "--channel", "one", "--plan", "Everyday", "--zone", "13:00-14:00", "--series", "Show",
      "--days", "FUNDAY"},
     "DAYS_WRONG",
     "MON"},
    {{"plan", "add", "--channel", "one", "--name", "Two", "--zone", "06:00-12:00", "--zone", "11:00-13:00",
      "--series", "Show"},
     "PLAN_WRONG",
     "overlap"},
    {{"plan", "add", "--channel", "one", "--name", "everyday"}, "PLAN_EXISTS", "zone add"},
    {{"plan", "add", "--channel", "one", "--name", ""}, "NAME_EMPTY", "give it some letters"},
    {{"plan", "add", "--channel", "one", "--name", "   "}, "NAME_EMPTY", "give it some letters"},
    {{"plan", "add", "--channel", "one", "--name", "P", "--from", "2026-02-30"},
     "DATE_WRONG",
     "write it like 2026-12-01"},
    {{"plan", "add", "--channel", "one", "--name", "P", "--cron", "so often"}, "PLAN_WRONG", "cron"},
    {{"plan", "add", "--channel", "one", "--name", "P", "--priority", "-1"}, "INVALID_ARGUMENT", "0 to"},
    {{"plan", "add", "--channel", "one", "--name", "P", "--priority", "99999999999999999999"},
     "INVALID_ARGUMENT",
     "0 to"},
    {{"plan", "add", "--channel", "nowhere", "--name", "P"}, "CHANNEL_NOT_FOUND", "there is one"},
    {{"channel", "add", "two", "--timezone", "Mars/Olympus"}, "TIMEZONE_UNKNOWN", "America/New_York"},
    {{"channel", "add", "two", "--timezone", "../../etc/passwd"}, "TIMEZONE_UNKNOWN", "America/New_York"},
    {{"channel", "add", "Not A Slug"}, "SLUG_WRONG", "not-a-slug"},
    {{"channel", "add", ""}, "SLUG_WRONG", "channel-1"},
    {{"channel", "add", "one"}, "CHANNEL_EXISTS", "channel update one"},
    {{"channel", "add", "two", "--title", "a\nb"}, "INVALID_TEXT", "control characters"},
    {{"channel", "add", "two", "--title", "a\x1b[2Jb"}, "INVALID_TEXT", "control characters"},
    {{"channel", "add", "two", "--title", "\xff\xfe"}, "INVALID_TEXT", "UTF-8"},
    {{"channel", "add", "two", "--number", "0"}, "INVALID_ARGUMENT", "1 to"},
    {{"channel", "add", "two", "--number", "4294967297"}, "INVALID_ARGUMENT", "1 to"},
    {{"channel", "add", "two", "--grid", "20"}, "GRID_WRONG", "15, 30 or 60"},
    {{"channel", "add", "two", "--grid", "30", "--offsets", "5,40"}, "GRID_WRONG", "[5, 35]"},
    {{"channel", "add", "two", "--day-start", "6"}, "DAY_START_WRONG", "06:00"},
    {{"channel", "add", "two", "--format", "1280x720@31"}, "FORMAT_WRONG", "29.97"},
    {{"channel", "add", "two", "--format", "0x0@25"}, "FORMAT_WRONG", "1280x720@30"},
    {{"channel", "add", "two", "--format", "99999x99999@25"}, "FORMAT_WRONG", "1280x720@30"},
    {{"channel", "add", "two", "--format", "640x360@0"}, "FORMAT_WRONG", "29.97"},
    {{"channel", "add", "two", "--linger", "86401"}, "INVALID_ARGUMENT", "0 to 86400"},
    {{"channel", "add", "two", "--station-card", "/no/such/file.png"}, "FILE_NOT_FOUND", "give its path"},
    {{"channel", "update", "one", "--timezone", "Nowhere"}, "TIMEZONE_UNKNOWN", "America/New_York"},
    {{"channel", "update", "one", "--epg-days", "15"}, "INVALID_ARGUMENT", "2 to 14"},
    {{"channel", "update", "one", "--filler-tag", "none"}, "FILLERS_NOT_FOUND", "asset list"},
    {{"channel", "delete", "one"}, "CONFIRMATION_NEEDED", "--yes"},
    {{"program", "add", "--channel", "one", "--name", "New"}, "PROGRAM_EMPTY", "--series"},
    {{"program", "add", "--channel", "one", "--name", "Show", "--series", "Show"},
     "PROGRAM_EXISTS",
     "program update"},
    {{"program", "add", "--channel", "one", "--name", "New", "--asset", "nowhere"},
     "ASSET_NOT_FOUND",
     "asset list"},
    {{"program", "add", "--channel", "one", "--name", "New", "--series", "Show", "--play-mode", "sideways"},
     "INVALID_ARGUMENT",
     "sideways"},
    {{"program", "add", "--channel", "one", "--name", "New", "--series", "Show", "--play-mode", "manual"},
     "INVALID_ARGUMENT",
     "name the assets in their order, each with --asset"},
    {{"source", "add", "--name", "S", "/no/such/folder"}, "PATH_NOT_FOUND", "folder of media"},
    {{"source", "add", "--name", "", "/"}, "NAME_EMPTY", "give it some letters"},
    {{"source", "add", "--name", "Media", "/"}, "SOURCE_EXISTS", "source discover"},
    {{"source", "ingest", "Nowhere"}, "SOURCE_NOT_FOUND", "Media"},
    {{"source", "delete", "Media", "--yes"}, "SOURCE_IN_USE", ""},
    {{"collection", "ingest"}, "MISSING_ARGUMENT", "--all"},
    {{"collection", "update", "Media", "--path-mapping", "nothing"},
     "MAPPING_WRONG",
     "/remote/path=/local/path"},
    {{"asset", "resolve", "--approve"}, "MISSING_ARGUMENT", "--all"},
    {{"asset", "resolve", "nowhere", "--approve"}, "ASSET_NOT_FOUND", "asset list"},
    {{"asset", "retire", "nowhere"}, "ASSET_NOT_FOUND", "asset list"},
    {{"schedule-day", "generate", "--channel", "one", "--date", "2026-13-01"},
     "INVALID_ARGUMENT",
     "2026-03-08"},
    {{"schedule-day", "generate", "--channel", "one", "--date", "2025-01-01"}, "DATE_PAST", "2026-03-02"},
    {{"schedule-day", "generate", "--channel", "one", "--date", "2099-01-01"}, "DATE_TOO_FAR", "fewer"},
    {{"schedule-day", "show", "--channel", "one", "--date", "2026-03-02"},
     "DAY_NOT_FOUND",
     "schedule-day generate"},
    {{"schedule-day", "regenerate", "--channel", "one"}, "DAY_NOT_FOUND", ""},
    {{"channel", "now", "one"}, "SCHEDULE_GAP", "schedule-day generate"},
    {{"playlog-event", "list", "--channel", "one", "--from", "2026-03-03T00:00:00Z", "--to",
      "2026-03-02T00:00:00Z"},
     "SPAN_WRONG",
     "--to"},
    {{"playlog-event", "list", "--channel", "one", "--from", "yesterday"},
     "INVALID_ARGUMENT",
     "2026-03-08T20:00:00Z"},
    {{"playlog-event", "show", "nothing"}, "PLAYLOG_EVENT_NOT_FOUND", "playlog-event list"},
    {{"epg", "export"}, "MISSING_ARGUMENT", "--all"},
    {{"epg", "export", "--all", "--format", "html"}, "INVALID_ARGUMENT", "html"},
    {{"as-run", "show", "--channel", "nowhere"}, "CHANNEL_NOT_FOUND", "there is one"},
    {{"start", "--http", "127.0.0.1:99999"}, "ADDRESS_WRONG", "65535"},
    {{"start", "--http", "nonsense"}, "ADDRESS_WRONG", "HOST:PORT"},
    {{"start", "--control", "unix:"}, "ADDRESS_WRONG", "unix:PATH"},
    {{"demo", "--http", "127.0.0.1:99999", "/nowhere"}, "ADDRESS_WRONG", "65535"},
    {{"demo", "--timezone", "Nowhere", "/nowhere"}, "TIMEZONE_UNKNOWN", "America/New_York"},
    {{"demo", "--no-start", "--channel", "A", "--channel", "B", "/nowhere"},
     "DEMO_REFUSED",
     "2 channels are named, and there is 1"},
    {{"demo", "--no-start", "--channel", " ", "/nowhere"}, "NAME_EMPTY", "give it some letters"},
    {{"demo", "--no-start", "/nowhere"}, "DEMO_REFUSED", "it is not there"},
    {{"stop"}, "NOT_RUNNING", "retrovue start"},
};

class BadInput : public testing::Test {
 protected:
  BadInput() {
    home_.SeedChannel();
    home_.Ok({"plan", "add", "--channel", "one", "--name", "Everyday", "--zone", "06:00-12:00", "--series",
              "Show"});
    home_.Ok({"plan", "add", "--channel", "one", "--name", "Empty"});
  }
  const TemporaryHome home_;
};

TEST_F(BadInput, IsRefusedInWordsWithTheNextStepAndWritesNothing) {
  const std::string before = home_.Dump();
  for (const Bad& bad : kBad) {
    const Json error = home_.Refused(bad.arguments);
    EXPECT_EQ(error.value("code", ""), bad.code) << absl::StrJoin(bad.arguments, " ") << "\n" << error.dump();
    EXPECT_THAT(error.value("message", ""), HasSubstr(bad.says)) << absl::StrJoin(bad.arguments, " ");
    EXPECT_EQ(home_.Dump(), before) << absl::StrJoin(bad.arguments, " ");
  }
}

TEST_F(BadInput, APlanWithoutZonesMakesNoDay) {
  home_.Ok({"plan", "delete", "--channel", "one", "Everyday", "--yes"});
  const std::string before = home_.Dump();
  const Json error = home_.Refused({"schedule-day", "generate", "--channel", "one"});
  EXPECT_EQ(error["code"], "PLAN_WITHOUT_ZONES");
  EXPECT_THAT(error["message"].get<std::string>(),
              HasSubstr("retrovue zone add --channel one --plan \"Empty\""));
  EXPECT_EQ(home_.Dump(), before);
}

TEST_F(BadInput, ADryRunWritesNothingAndSaysWhatItWouldDo) {
  const std::string asset = home_.SeedAsset("Film", 90);
  const std::vector<std::vector<std::string>> commands = {
      {"source", "add", "--name", "S", "--discover", home_.folder()},
      {"source", "update", "Media", "--name", "Other"},
      {"collection", "update", "Media", "--sync-disable"},
      {"asset", "update", asset, "--tags", "a"},
      {"asset", "retire", asset},
      {"asset", "resolve", asset, "--ready", "--approve"},
      {"channel", "add", "two"},
      {"channel", "update", "one", "--always-on"},
      {"channel", "delete", "one"},
      {"plan", "add", "--channel", "one", "--name", "P", "--zone", "12:00-13:00", "--series", "Show"},
      {"plan", "update", "--channel", "one", "Everyday", "--priority", "3"},
      {"plan", "delete", "--channel", "one", "Empty"},
      {"zone", "add", "--channel", "one", "--plan", "Empty", "--zone", "12:00-13:00", "--series", "Show"},
      {"zone", "update", "--channel", "one", "--plan", "Everyday", "Show", "--zone", "06:00-07:00"},
      {"zone", "delete", "--channel", "one", "--plan", "Everyday", "Show"},
      {"program", "add", "--channel", "one", "--name", "P", "--series", "Show"},
      {"program", "update", "--channel", "one", "Show", "--name", "Q"},
      {"schedule-day", "generate", "--channel", "one"},
  };
  const std::string before = home_.Dump();
  for (std::vector<std::string> command : commands) {
    command.push_back("--dry-run");
    EXPECT_EQ(home_.Ok(command)["dry_run"], true) << absl::StrJoin(command, " ");
    EXPECT_EQ(home_.Dump(), before) << absl::StrJoin(command, " ");
  }
}

TEST(DryRun, MakesNoDatabase) {
  const TemporaryHome home;
  home.Ok({"channel", "add", "one", "--dry-run"});
  EXPECT_FALSE(std::filesystem::exists(home.folder() + "/retrovue.db"));
}

}  // namespace
}  // namespace retrovue::cli
