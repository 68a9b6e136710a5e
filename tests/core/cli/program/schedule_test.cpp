// Days, playlog, guide and as-run, as the commands show them: one truth.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "core/store/as_run.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/playlog.h"
#include "tests/core/cli/program/program.h"

namespace retrovue::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

constexpr const char* kToday = "2026-03-02";

class Scheduled : public testing::Test {
 protected:
  Scheduled() {
    home_.SeedChannel();
    home_.Ok({"plan", "add", "--channel", "one", "--name", "Everyday", "--zone", "06:00-06:00", "--series",
              "Show"});
    made_ = home_.Ok({"schedule-day", "generate", "--channel", "one"});
  }

  const TemporaryHome home_;
  Json made_;
};

TEST_F(Scheduled, DaysReachAsFarAsTheGuideAndAreMadeOnce) {
  ASSERT_EQ(made_["total"], 4);
  EXPECT_EQ(made_["schedule_days"][0]["date"], kToday);
  EXPECT_EQ(made_["schedule_days"][3]["date"], "2026-03-05");
  EXPECT_EQ(home_.Ok({"schedule-day", "generate", "--channel", "one"})["total"], 0);
  EXPECT_EQ(home_.Ok({"schedule-day", "generate", "--channel", "one", "--days", "6"})["total"], 2);
  EXPECT_EQ(home_.Ok({"schedule-day", "list", "--channel", "one"})["total"], 6);
  EXPECT_EQ(home_.Ok({"schedule-day", "list", "--channel", "one", "--from", "2026-03-04", "--to",
                      "2026-03-05"})["total"],
            2);
  EXPECT_EQ(home_.Ok({"schedule-day", "validate", "--channel", "one"})["validation"]["valid"], true);
}

TEST_F(Scheduled, ADayHasTheFixedShape) {
  const Json day = home_.Ok({"schedule-day", "show", "--channel", "one", "--date", kToday})["schedule_day"];
  EXPECT_EQ(day["channel"], "one");
  EXPECT_EQ(day["date"], kToday);
  EXPECT_EQ(day["generation"], 1);
  EXPECT_EQ(day["start"], "2026-03-02T06:00:00-05:00");
  EXPECT_EQ(day["end_utc_ms"].get<std::int64_t>() - day["start_utc_ms"].get<std::int64_t>(), 24 * 3'600'000);
  ASSERT_EQ(day["items"].size(), 48u);
  const Json& item = day["items"][1];
  for (const char* key : {"id", "seq", "start_utc_ms", "end_utc_ms", "content_ms", "kind", "zone", "asset_id",
                          "title", "series", "season", "episode", "why"})
    EXPECT_TRUE(item.contains(key)) << key;
  EXPECT_EQ(item["kind"], "content");
  EXPECT_EQ(item["seq"], 1);
  EXPECT_EQ(item["series"], "Show");
  EXPECT_EQ(item["episode"], 2);
  EXPECT_EQ(item["content_ms"], 30 * 60'000);
  EXPECT_EQ(item["start"], "2026-03-02T06:30:00-05:00");
}

TEST_F(Scheduled, GuideAndPlaylogSayWhatTheDaySays) {
  const Json day = home_.Ok({"schedule-day", "show", "--channel", "one", "--date", kToday})["schedule_day"];
  const std::string from = "2026-03-02T06:00:00-05:00";
  const std::string to = "2026-03-03T06:00:00-05:00";
  const Json guide = home_.Ok({"epg", "show", "--channel", "one", "--from", from, "--to", to})["epg"];
  const Json playlog =
      home_.Ok({"playlog-event", "list", "--channel", "one", "--from", from, "--to", to})["playlog_events"];
  ASSERT_EQ(guide.size(), day["items"].size());
  ASSERT_EQ(playlog.size(), day["items"].size());
  for (std::size_t i = 0; i < guide.size(); ++i) {
    const Json& item = day["items"][i];
    EXPECT_EQ(guide[i]["start_utc_ms"], item["start_utc_ms"]);
    EXPECT_EQ(guide[i]["end_utc_ms"], item["end_utc_ms"]);
    EXPECT_EQ(guide[i]["schedule_item_id"], item["id"]);
    EXPECT_EQ(playlog[i]["start_utc_ms"], item["start_utc_ms"]);
    EXPECT_EQ(playlog[i]["schedule_item_id"], item["id"]);
    EXPECT_EQ(playlog[i]["asset_id"], item["asset_id"]);
  }
  for (const char* key : {"id", "schedule_item_id", "block_id", "segment_index", "kind", "asset_id", "path",
                          "start_utc_ms", "end_utc_ms", "asset_start_offset_ms", "state"})
    EXPECT_TRUE(playlog[0].contains(key)) << key;
  EXPECT_EQ(playlog[0]["state"], "planned");
  // What was made once stays: the same ids.
  EXPECT_EQ(
      home_.Ok({"playlog-event", "list", "--channel", "one", "--from", from, "--to", to})["playlog_events"],
      playlog);
  EXPECT_EQ(
      home_.Ok({"playlog-event", "show", playlog[0]["id"].get<std::string>()})["playlog_event"]["block_id"],
      playlog[0]["block_id"]);
}

TEST_F(Scheduled, SaysWhatIsOnAndWhy) {
  const Json now = home_.Ok({"channel", "now", "one"})["now"];
  EXPECT_EQ(now["now"]["start"], "2026-03-02T12:00:00-05:00");
  EXPECT_EQ(now["next"]["start"], "2026-03-02T12:30:00-05:00");
  const Json why = home_.Ok({"schedule-day", "why", now["next"]["id"].get<std::string>()})["schedule_item"];
  EXPECT_THAT(why["why"].get<std::string>(), HasSubstr("S01E0"));
  EXPECT_EQ(home_.Ok({"schedule-day", "why", "--channel", "one", "--at",
                      "2026-03-02T17:40:00Z"})["schedule_item"]["id"],
            now["next"]["id"]);
  EXPECT_EQ(home_.Ok({"channel", "preview", "one", "--hours", "2"})["total"], 5);
}

TEST_F(Scheduled, ADayMadeAgainKeepsWhatThePlaylogHas) {
  const Json before =
      home_.Ok({"schedule-day", "show", "--channel", "one", "--date", kToday})["schedule_day"]["items"];
  EXPECT_EQ(home_.Ok({"schedule-day", "regenerate", "--channel", "one"})["total"], 0);
  home_.SeedAsset("Film", 60);
  home_.Ok(
      {"zone", "update", "--channel", "one", "Show", "--collection", "Media", "--play-mode", "sequential"});
  const Json changed = home_.Ok({"schedule-day", "regenerate", "--channel", "one"});
  EXPECT_GE(changed["total"].get<int>(), 1);
  const Json day = home_.Ok({"schedule-day", "show", "--channel", "one", "--date", kToday})["schedule_day"];
  EXPECT_EQ(day["generation"], 2);
  // 12:07 and three hours of playlog: the lock is 15:30, item 19 begins there.
  for (std::size_t i = 0; i < 19; ++i) EXPECT_EQ(day["items"][i]["id"], before[i]["id"]) << i;
}

TEST_F(Scheduled, SaysWhichDaysHaveARetiredAssetAndWhatTakesItOff) {
  const auto starts = [&](const std::string& asset) {
    std::vector<std::string> found;
    const Json days = home_.Ok({"schedule-day", "list", "--channel", "one"})["schedule_days"];
    for (const Json& made : days) {
      const Json day = home_.Ok({"schedule-day", "show", "--channel", "one", "--date",
                                 made["date"].get<std::string>()})["schedule_day"];
      for (const Json& item : day["items"]) {
        if (item["asset_id"] == asset) found.push_back(item["start"]);
      }
    }
    return found;
  };
  const std::string id = home_.Ok(
      {"schedule-day", "show", "--channel", "one", "--date", kToday})["schedule_day"]["items"][0]["asset_id"];
  ASSERT_GT(starts(id).size(), 20u);
  const std::string command = "retrovue schedule-day regenerate --channel one --date 2026-03-02";
  for (const char* manner : {"--dry-run", "--json"}) {
    const Json retired = home_.Ok({"asset", "retire", id, manner});
    ASSERT_EQ(retired["notices"].size(), 1u) << manner;
    EXPECT_THAT(retired["notices"][0].get<std::string>(),
                testing::AllOf(
                    HasSubstr("channel one still has it on days that are made, 2026-03-02 to 2026-03-05: " +
                              command + " takes it off"),
                    HasSubstr("what the playlog has already stays, until 2026-03-02T1")));
    EXPECT_EQ(retired["next"], command);
  }
  home_.Ok({"schedule-day", "regenerate", "--channel", "one", "--date", "2026-03-02"});
  // 12:07 and three hours of playlog: the lock is 15:30.
  for (const std::string& start : starts(id)) EXPECT_LT(start, "2026-03-02T15:30") << start;
  const Json again = home_.Ok({"asset", "retire", id});
  ASSERT_EQ(again["notices"].size(), 1u);
  EXPECT_THAT(again["notices"][0].get<std::string>(),
              StartsWith("channel one: what the playlog has already stays"));
  EXPECT_FALSE(again.contains("next"));
  EXPECT_FALSE(home_.Ok({"asset", "retire", home_.SeedAsset("Film", 90)}).contains("notices"));
}

TEST_F(Scheduled, TheGuideIsExportedAsXmltvAndAsJson) {
  const std::vector<std::string> span = {"--from", "2026-03-02T17:00:00Z", "--to", "2026-03-02T20:00:00Z"};
  std::vector<std::string> arguments = {"epg", "export", "--all", "--format", "xmltv"};
  arguments.insert(arguments.end(), span.begin(), span.end());
  const Ran xmltv = home_.Run(arguments);
  EXPECT_EQ(xmltv.status, 0);
  EXPECT_THAT(xmltv.out, StartsWith("<?xml"));
  EXPECT_THAT(xmltv.out, HasSubstr("<title"));
  arguments[4] = "json";
  EXPECT_EQ(home_.Ok(arguments)["epg"].size(), 6u);
  const Ran json = home_.Run(arguments);
  EXPECT_EQ(Json::parse(json.out)["status"], "ok");
  EXPECT_EQ(home_.Ok({"epg", "validate", "--channel", "one"})["validation"]["valid"], true);
}

TEST_F(Scheduled, TheDoctorNamesWhatIsGoneAndWhatWillBeMissedSoon) {
  const auto codes = [&] {
    const Json json = Json::parse(home_.Run({"doctor", "--json"}).out, nullptr, /*allow_exceptions=*/false);
    std::vector<std::string> all;
    for (const Json& finding : json["doctor"]["findings"]) all.push_back(finding["code"]);
    return all;
  };
  EXPECT_THAT(codes(), testing::AllOf(testing::Contains("PATH_UNREADABLE"),  // of the collection
                                      testing::Not(testing::Contains("ASSET_MISSING"))));
  home_.Ok({"playlog-event", "list", "--channel", "one", "--from", kNow, "--to", "2026-03-02T19:00:00Z"});
  home_.Seed([&](Transaction& transaction) {
    Asset asset = transaction.assets().List()->front();
    asset.missing_since = FromUtcMs(1'772'000'000'000);
    ASSERT_TRUE(transaction.assets().Put(asset).ok());
  });
  EXPECT_THAT(codes(), testing::IsSupersetOf({"PATH_UNREADABLE", "ASSET_MISSING", "ASSETS_MISSING"}));
}

TEST_F(Scheduled, AsRunPutsTheTruthBesideThePlan) {
  const Json event = home_.Ok({"playlog-event", "list", "--channel", "one", "--from", "2026-03-02T17:00:00Z",
                               "--to", "2026-03-02T17:30:00Z"})["playlog_events"][0];
  home_.Seed([&](Transaction& transaction) {
    Evidence end{.session_id = "s", .seq = 1, .channel_id = transaction.channels().Find("one")->id};
    end.kind = EvidenceKind::kSegmentStart;
    end.block_id = event["block_id"].get<std::string>();
    end.playlog_event_id = event["id"].get<std::string>();
    end.segment_uuid = "u";
    end.segment_type = "content";
    end.actual_start = FromUtcMs(event["start_utc_ms"].get<std::int64_t>() + 400);
    ASSERT_TRUE(transaction.as_run().Add(end).ok());
    end.seq = 2;
    end.kind = EvidenceKind::kSegmentEnd;
    end.actual_end = FromUtcMs(event["end_utc_ms"].get<std::int64_t>());
    end.frames = 53'988;
    end.fallback_frames = 12;
    end.pad = {{"LATE", 8}, {"EOF", 3}};
    end.status = "TRUNCATED";
    end.reason = "FENCE_TERMINATION";
    ASSERT_TRUE(transaction.as_run().Add(end).ok());
  });
  const Json rows = home_.Ok({"as-run", "show", "--channel", "one", "--date", kToday})["as_run"];
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0]["playlog_event_id"], event["id"]);
  EXPECT_EQ(rows[0]["planned_start_utc_ms"], event["start_utc_ms"]);
  EXPECT_EQ(rows[0]["actual_start_utc_ms"], event["start_utc_ms"].get<std::int64_t>() + 400);
  EXPECT_EQ(rows[0]["actual_end_utc_ms"], event["end_utc_ms"]);
  EXPECT_EQ(rows[0]["frames"], 53'988);
  EXPECT_EQ(rows[0]["status"], "TRUNCATED");
  EXPECT_EQ(rows[0]["reason"], "FENCE_TERMINATION");
  EXPECT_EQ(rows[0]["pad_frames"], Json::parse(R"({"EOF": 3, "LATE": 8, "UNSAID": 1})"));
  EXPECT_THAT(home_.Run({"as-run", "show", "--channel", "one", "--date", kToday}).out,
              HasSubstr("3 EOF + 8 LATE + 1 UNSAID"));
  // With what was planned and not aired.
  home_.Ok({"playlog-event", "list", "--channel", "one", "--from", "2026-03-02T17:30:00Z", "--to",
            "2026-03-02T18:00:00Z"});
  const Json all = home_.Ok({"as-run", "show", "--channel", "one", "--planned"})["as_run"];
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1]["status"], "NOT_AIRED");
  EXPECT_EQ(all[1]["actual_start_utc_ms"], nullptr);
}

}  // namespace
}  // namespace retrovue::cli
