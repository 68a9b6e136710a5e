// The contract of each noun's verbs: what they answer, and what is stored.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(SourceCommand, GoesFromAFolderToAnEnabledCollection) {
  const TemporaryHome home;
  const std::string media = home.folder() + "/media";
  std::filesystem::create_directory(media);
  EXPECT_EQ(home.Ok({"source", "list-types"})["source_types"][0]["type"], "filesystem");
  const Json added = home.Ok({"source", "add", "--name", "Films", "--discover", media});
  EXPECT_EQ(added["source"]["name"], "Films");
  EXPECT_EQ(added["source"]["collections"].size(), 1u);
  const std::string collection = added["source"]["collections"][0]["name"];
  EXPECT_EQ(added["next"], absl::StrCat("retrovue collection update \"", collection, "\" --sync-enable"));
  EXPECT_EQ(home.Ok({"source", "list"})["total"], 1);
  EXPECT_EQ(home.Ok({"source", "show", "Films"})["source"]["type"], "filesystem");
  EXPECT_EQ(home.Ok({"source", "update", "Films", "--name", "Movies"})["source"]["name"], "Movies");
  EXPECT_EQ(home.Ok({"source", "discover", "Movies"})["collections"][0]["new"], false);

  EXPECT_EQ(home.Refused({"collection", "ingest", collection})["code"], "COLLECTION_DISABLED");
  EXPECT_EQ(home.Ok({"collection", "update", collection, "--sync-enable"})["collection"]["sync_enabled"],
            true);
  EXPECT_EQ(home.Ok({"collection", "list"})["collections"][0]["assets"], 0);
  EXPECT_EQ(home.Ok({"collection", "show", collection})["collection"]["source"], "Movies");

  EXPECT_EQ(home.Refused({"source", "delete", "Movies"})["code"], "CONFIRMATION_NEEDED");
  home.Ok({"source", "delete", "Movies", "--yes"});
  EXPECT_EQ(home.Ok({"source", "list"})["total"], 0);
  EXPECT_EQ(home.Ok({"collection", "list"})["total"], 0);
}

TEST(CollectionCommand, IngestsAnEmptyFolderAndOneFullOfTextWithClearWords) {
  const TemporaryHome home;
  for (const char* name : {"empty", "text"}) std::filesystem::create_directory(home.folder() + "/" + name);
  std::ofstream(home.folder() + "/text/film.mkv") << "this is no film";
  home.Ok(
      {"source", "add", "--name", "M", "--sync-enable", home.folder() + "/empty", home.folder() + "/text"});
  const Ran ran = home.Run({"collection", "ingest", "--all", "--json"});
  EXPECT_EQ(ran.status, 2) << ran.out << ran.err;
  const Json json = Json::parse(ran.out);
  EXPECT_EQ(json["status"], "partial");
  EXPECT_EQ(json["ingest"].size(), 2u);
  EXPECT_EQ(home.Ok({"asset", "list", "--schedulable"})["total"], 0);
}

// One file that cannot be read must not keep a shelf of films off the air.
TEST(AssetCommand, ResolvesAllThatCanBeAndSaysWhatIsLeft) {
  const TemporaryHome home;
  const std::string media = home.folder() + "/media";
  std::filesystem::create_directory(media);
  std::ofstream(media + "/broken.mkv") << "this is no film";
  home.Ok({"source", "add", "--name", "M", "--sync-enable", media});
  home.Run({"collection", "ingest", "--all", "--json"});
  const std::string film = home.SeedAsset("Film", 90);
  home.Ok({"asset", "retire", film});
  const Json waiting = home.Ok({"asset", "attention"});
  ASSERT_EQ(waiting["total"], 1);
  EXPECT_THAT(std::string(waiting["next"]), HasSubstr("channel add"));

  const Ran ran = home.Run({"asset", "resolve", film, "--all", "--ready", "--approve", "--json"});
  EXPECT_EQ(ran.status, 2) << ran.out << ran.err;
  const Json json = Json::parse(ran.out);
  EXPECT_EQ(json["status"], "partial");
  ASSERT_EQ(json["assets"].size(), 1u);
  EXPECT_EQ(json["assets"][0]["title"], "Film");
  EXPECT_THAT(std::string(json["notices"][0]), HasSubstr("broken"));
  EXPECT_EQ(home.Ok({"asset", "list", "--schedulable"})["total"], 1);
  EXPECT_EQ(home.Ok({"asset", "attention"})["total"], 1);
  const std::string broken = waiting["assets"][0]["id"];
  EXPECT_EQ(home.Refused({"asset", "resolve", broken, "--ready"})["code"], "ASSET_NOT_PROBED");
}

TEST(AssetCommand, ShowsResolvesTagsAndRetires) {
  const TemporaryHome home;
  const std::string id = home.SeedAsset("Film", 90);
  const Json asset = home.Ok({"asset", "show", id})["asset"];
  EXPECT_EQ(asset["title"], "Film");
  EXPECT_EQ(asset["duration_ms"], 90 * 60'000);
  EXPECT_EQ(asset["schedulable"], true);
  EXPECT_EQ(home.Ok({"asset", "list"})["total"], 1);
  EXPECT_EQ(home.Ok({"asset", "attention"})["total"], 0);

  EXPECT_THAT(home.Ok({"asset", "update", id, "--tags", "Noir,  Black  and White"})["assets"][0]["tags"],
              ElementsAre("noir", "black and white"));
  EXPECT_THAT(
      home.Ok({"asset", "update", id, "--remove-tag", "noir", "--add-tag", "old"})["assets"][0]["tags"],
      ElementsAre("black and white", "old"));
  EXPECT_EQ(home.Ok({"asset", "list", "--tag", "OLD"})["total"], 1);
  EXPECT_EQ(home.Ok({"asset", "list", "--tag", "noir"})["total"], 0);

  const Json retired = home.Ok({"asset", "retire", id})["assets"][0];
  EXPECT_EQ(retired["state"], "retired");
  EXPECT_EQ(retired["approved_for_broadcast"], false);
  EXPECT_EQ(home.Refused({"asset", "resolve", id, "--approve"})["code"], "ASSET_NOT_READY");
  const Json back = home.Ok({"asset", "resolve", id, "--ready", "--approve"})["assets"][0];
  EXPECT_EQ(back["schedulable"], true);
  EXPECT_EQ(back["operator_verified"], true);
}

TEST(ChannelCommand, AddsShowsChangesAndDeletes) {
  const TemporaryHome home;
  const Json channel =
      home.Ok({"channel", "add", "late-show", "--title", "The Late Show", "--timezone", "Europe/London",
               "--grid", "30", "--day-start", "06:05", "--format", "1280x720@29.97"})["channel"];
  EXPECT_EQ(channel["slug"], "late-show");
  EXPECT_EQ(channel["number"], 1);
  EXPECT_THAT(channel["block_start_offsets_minutes"], ElementsAre(5, 35));
  EXPECT_EQ(channel["programming_day_start"], "06:05");
  EXPECT_EQ(channel["program_format"]["video"]["frame_rate"], "30000/1001");
  EXPECT_EQ(home.Ok({"channel", "add", "two"})["channel"]["number"], 2);
  EXPECT_EQ(home.Ok({"channel", "list"})["total"], 2);
  EXPECT_EQ(home.Ok({"channel", "show", "1"})["channel"]["slug"], "late-show");
  const Json changed = home.Ok({"channel", "update", "late-show", "--always-on", "--linger", "5"})["channel"];
  EXPECT_EQ(changed["always_on"], true);
  EXPECT_EQ(changed["linger_s"], 5);
  EXPECT_EQ(changed["version"], 2);
  EXPECT_EQ(home.Ok({"channel", "update", "late-show", "--no-always-on"})["channel"]["always_on"], false);
  home.Ok({"channel", "delete", "two", "--yes"});
  EXPECT_EQ(home.Ok({"channel", "list"})["total"], 1);
}

TEST(ChannelCommand, SaysWhatKeepsAChannelFromAiring) {
  const TemporaryHome home;
  home.SeedChannel();
  EXPECT_EQ(home.Refused({"channel", "validate", "one"})["validation"]["findings"][0]["code"], "NO_PLAN");
  home.Ok({"plan", "add", "--channel", "one", "--name", "Empty"});
  const Json empty = home.Refused({"channel", "validate", "one"});
  EXPECT_EQ(empty["code"], "VALIDATION_FAILED");
  EXPECT_EQ(empty["validation"]["findings"][0]["code"], "PLAN_WITHOUT_ZONES");
  home.Ok({"zone", "add", "--channel", "one", "--zone", "06:00-06:00", "--series", "Show"});
  EXPECT_EQ(home.Ok({"channel", "validate", "one"})["validation"]["valid"], true);
  // Nothing to fill with is a warning.
  EXPECT_EQ(home.Refused({"channel", "validate", "one", "--strict"})["code"], "VALIDATION_FAILED");
}

TEST(PlanCommand, IsMadeWithItsZonesInOneStep) {
  const TemporaryHome home;
  home.SeedChannel();
  home.SeedAsset("Film", 90);
  home.Ok(
      {"program", "add", "--channel", "one", "--name", "Films", "--kind", "movie", "--collection", "Media"});
  const Json plan =
      home.Ok({"plan", "add", "--channel", "one", "--name", "Everyday", "--zone", "06:00-20:00", "--zone",
               "20:00-23:00=Films", "--zone", "23:00-06:00", "--series", "Show"})["plan"];
  ASSERT_EQ(plan["zones"].size(), 3u);
  EXPECT_EQ(plan["zones"][0]["window"], "06:00-20:00");
  EXPECT_EQ(plan["zones"][1]["entries"][0]["name"], "Films");
  // Both other zones play one program, so that the series goes on from one to the next.
  EXPECT_EQ(plan["zones"][0]["entries"][0]["id"], plan["zones"][2]["entries"][0]["id"]);
  EXPECT_EQ(home.Ok({"program", "list", "--channel", "one"})["total"], 2);
  EXPECT_EQ(home.Ok({"plan", "list", "--channel", "one"})["plans"][0]["windows"].size(), 3u);
  EXPECT_EQ(home.Ok({"plan", "update", "--channel", "one", "everyday", "--priority", "5", "--days",
                     "MON-FRI"})["plan"]["when"]["days"],
            "MON,TUE,WED,THU,FRI");
  EXPECT_EQ(home.Ok({"plan", "show", "--channel", "one", "Everyday"})["plan"]["priority"], 5);
  home.Ok({"plan", "delete", "--channel", "one", "Everyday", "--yes"});
  EXPECT_EQ(home.Ok({"plan", "list", "--channel", "one"})["total"], 0);
}

TEST(ZoneCommand, AddsChangesAndDeletes) {
  const TemporaryHome home;
  home.SeedChannel();
  home.Ok({"plan", "add", "--channel", "one", "--name", "Everyday"});
  const Json zone =
      home.Ok({"zone", "add", "--channel", "one", "--plan", "Everyday", "--name", "Night", "--zone",
               "22:00-02:00", "--series", "show", "--season", "1-3", "--overrun", "never"})["zone"];
  EXPECT_EQ(zone["window"], "22:00-02:00");
  EXPECT_EQ(zone["start_minute"], 960);
  EXPECT_EQ(zone["end_minute"], 1200);
  EXPECT_EQ(zone["overrun"], "never");
  EXPECT_EQ(zone["entries"][0]["kind"], "program");
  EXPECT_EQ(home.Ok({"zone", "list", "--channel", "one"})["zones"][0]["plays"].size(), 1u);
  const Json changed = home.Ok(
      {"zone", "update", "--channel", "one", "night", "--zone", "22:30-02:00", "--no-enabled"})["zone"];
  EXPECT_EQ(changed["window"], "22:30-02:00");
  EXPECT_EQ(changed["enabled"], false);
  EXPECT_EQ(changed["id"], zone["id"]);
  EXPECT_EQ(home.Ok({"zone", "show", "--channel", "one", "Night"})["zone"]["id"], zone["id"]);
  home.Ok({"zone", "delete", "--channel", "one", "Night", "--yes"});
  EXPECT_EQ(home.Ok({"zone", "list", "--channel", "one"})["total"], 0);
}

TEST(ProgramCommand, AddsChangesAndDeletes) {
  const TemporaryHome home;
  home.SeedChannel();
  const Json program = home.Ok({"program", "add", "--channel", "one", "--name", "Show", "--series", "Show",
                                "--tag", "a", "--tag", "B", "--on-end", "wait"})["program"];
  EXPECT_EQ(program["kind"], "series");
  EXPECT_EQ(program["on_end"], "wait");
  EXPECT_EQ(program["chain"][0]["selector"]["series"], "Show");
  EXPECT_THAT(program["chain"][0]["selector"]["tags"], ElementsAre("a", "b"));
  const Json changed = home.Ok({"program", "update", "--channel", "one", "Show", "--play-mode", "shuffle",
                                "--series", "Show"})["program"];
  EXPECT_EQ(changed["play_mode"], "shuffle");
  EXPECT_FALSE(changed["chain"][0]["selector"].contains("tags"));
  home.Ok({"plan", "add", "--channel", "one", "--name", "P", "--zone", "06:00-12:00=Show"});
  EXPECT_EQ(home.Refused({"program", "delete", "--channel", "one", "Show", "--yes"})["code"],
            "PROGRAM_IN_USE");
  home.Ok({"plan", "delete", "--channel", "one", "P", "--yes"});
  home.Ok({"program", "delete", "--channel", "one", "Show", "--yes"});
  EXPECT_EQ(home.Ok({"program", "list", "--channel", "one"})["total"], 0);
}

TEST(DbCommand, MakesTheDatabaseAndSaysWhatIsInIt) {
  const TemporaryHome home;
  home.Ok({"db", "migrate"});
  home.SeedAsset("Film", 90);
  const Json database = home.Ok({"db", "status"})["database"];
  EXPECT_EQ(database["counts"]["assets"], 1);
  EXPECT_EQ(database["url"], home.database_url());
}

TEST(DoctorCommand, NamesWhatIsMissing) {
  const TemporaryHome home;
  const Ran ran = home.Run({"doctor", "--json"});
  const Json json = Json::parse(ran.out, nullptr, false);
  std::vector<std::string> codes;
  for (const Json& finding : json["doctor"]["findings"]) codes.push_back(finding["code"]);
  EXPECT_THAT(codes, testing::IsSupersetOf({"NO_SOURCE", "NO_CHANNEL"}));
}

}  // namespace
}  // namespace retrovue::cli
