#include "core/guide/guide_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/core/guide/guides.h"

namespace retrovue {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

constexpr const char* kNow = "2026-06-10T18:40:00Z";

TEST(GuideJson, HasTheShapeThePageReads) {
  Channel channel = MakeChannel("retro", "Retro One", 5);
  channel.group = "Classics";
  channel.logo_path = "/logos/retro.png";
  const Channel bare = MakeChannel("bare", "Bare");
  const EpgGeneration guide =
      GuideWith(channel, {Entry("2026-06-10T17:00:00Z", "2026-06-10T18:00:00Z", "over"),
                          Entry("2026-06-10T18:00:00Z", "2026-06-10T19:00:00Z", "Pilot", "Show", 1, 4),
                          Entry("2026-06-10T19:00:00Z", "2026-06-10T20:00:00Z", "later")});
  const EpgGeneration none = GuideWith(bare, {});
  EXPECT_EQ(Json::parse(GuideJson({{&channel, &guide}, {&bare, &none}}, At("2026-06-10T18:30:00Z"),
                                  At("2026-06-10T19:00:00Z"), At(kNow))),
            Json::parse(R"({"now_utc_ms": 1781116800000, "channels": [
              {"id": "retro-id", "slug": "retro", "number": 5, "name": "Retro One", "group": "Classics",
               "logo": "logo/retro.png",
               "entries": [{"id": "2026-06-10T18:00:00Z/Pilot", "start_utc_ms": 1781114400000,
                            "stop_utc_ms": 1781118000000, "title": "Pilot", "series": "Show", "season": 1,
                            "episode": 4}]},
              {"id": "bare-id", "slug": "bare", "name": "Bare", "entries": []}]})"));
}

TEST(GuideJson, SaysWhatTheCatalogueKnows) {
  const Channel channel = MakeChannel("retro", "Retro One", 5);
  const EpgGeneration guide =
      GuideWith(channel, {Entry("2026-06-10T18:00:00Z", "2026-06-10T19:00:00Z", "a"),
                          Entry("2026-06-10T19:00:00Z", "2026-06-10T20:00:00Z", "b")});
  Editorial known;
  known.synopsis = "A door\nthat was never locked.";
  known.genre = "Drama, Mystery";
  known.rating = "TV-PG";
  known.year = 1987;
  known.air_date = absl::CivilDay(1987, 3, 4);
  const DetailsOf details = [&](const GuideEntry& entry) { return entry.title == "a" ? &known : nullptr; };
  const Json json = Json::parse(GuideJson({{&channel, &guide}}, At("2026-06-10T18:30:00Z"),
                                          At("2026-06-10T20:00:00Z"), At(kNow), details));
  const Json& a = json["channels"][0]["entries"][0];
  EXPECT_EQ(a["synopsis"], "A door that was never locked.");
  EXPECT_EQ(a["genre"], "Drama, Mystery");
  EXPECT_EQ(a["rating"], "TV-PG");
  EXPECT_EQ(a["year"], 1987);
  EXPECT_EQ(a["air_date"], "1987-03-04");
  EXPECT_FALSE(json["channels"][0]["entries"][1].contains("synopsis"));
  EXPECT_EQ(Json::parse(NowJson({&channel, &guide}, At(kNow), details))["now"]["rating"], "TV-PG");
}

TEST(GuideJson, OfNowIsWhatIsOnAndWhatComesNext) {
  const Channel channel = MakeChannel("retro", "Retro One", 5);
  const EpgGeneration guide =
      GuideWith(channel, {Entry("2026-06-10T18:00:00Z", "2026-06-10T19:00:00Z", "a"),
                          Entry("2026-06-10T19:00:00Z", "2026-06-10T20:00:00Z", "b")});
  const auto at = [&](const char* now) {
    const Json json = Json::parse(NowJson({&channel, &guide}, At(now)));
    const auto title = [](const Json& entry) {
      return entry.is_null() ? "-" : entry["title"].get<std::string>();
    };
    return title(json["now"]) + title(json["next"]);
  };
  EXPECT_EQ(at("2026-06-10T17:59:59.999Z"), "-a");
  EXPECT_EQ(at("2026-06-10T18:00:00Z"), "ab");
  EXPECT_EQ(at("2026-06-10T18:59:59.999Z"), "ab");
  EXPECT_EQ(at("2026-06-10T19:00:00Z"), "b-");
  EXPECT_EQ(at("2026-06-10T20:00:00Z"), "--");
  EXPECT_EQ(Json::parse(NowJson({&channel, &guide}, At(kNow)))["channel"]["stream"], "channel/retro.ts");
}

TEST(GuideJson, OfChannelsSaysWhereTheyPlay) {
  const Channel channel = MakeChannel("retro", "Retro One", 5);
  EXPECT_EQ(Json::parse(ChannelsJson({&channel}, At(kNow))),
            Json::parse(R"({"now_utc_ms": 1781116800000, "channels": [
              {"id": "retro-id", "slug": "retro", "number": 5, "name": "Retro One", "stream": "channel/retro.ts"}]})"));
}

TEST(GuideJson, IsJsonWhateverTheTextsAre) {
  for (const HostileText& hostile : HostileTexts()) {
    SCOPED_TRACE(hostile.what);
    const Channel channel = MakeChannel("retro", hostile.text, 5);
    EpgGeneration guide = GuideWith(
        channel, {Entry("2026-06-10T18:00:00Z", "2026-06-10T19:00:00Z", hostile.text, hostile.text)});
    guide.entries[0].id = hostile.text;
    const std::string text = GuideJson({{&channel, &guide}}, At(kNow), At("2026-06-10T18:50:00Z"), At(kNow));
    const Json json = Json::parse(text);
    EXPECT_EQ(json["channels"][0]["name"], hostile.clean.empty() ? "retro" : hostile.clean);
    EXPECT_EQ(json["channels"][0]["entries"][0]["title"], hostile.clean);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1);
  }
}

TEST(GuideSpan, IsTheNextSixHoursUnlessAskedFor) {
  const Instant now = At(kNow);
  EXPECT_EQ(GuideSpanOf("", "", now)->from, At("2026-06-10T18:30:00Z"));
  EXPECT_EQ(GuideSpanOf("", "", now)->to, At("2026-06-11T00:30:00Z"));
  EXPECT_EQ(GuideSpanOf("1000", "", now)->to, FromUtcMs(1000 + 6 * 3'600'000));
  EXPECT_EQ(GuideSpanOf("1000", "2000", now)->to, FromUtcMs(2000));
  EXPECT_EQ(GuideSpanOf("0", "1209600000", now)->to, FromUtcMs(1'209'600'000));
}

TEST(GuideSpan, RefusesWhatIsNone) {
  const Instant now = At(kNow);
  EXPECT_THAT(std::string(GuideSpanOf("yesterday", "", now).status().message()),
              HasSubstr("from is no time"));
  EXPECT_THAT(std::string(GuideSpanOf("0", "12x", now).status().message()), HasSubstr("to is no time"));
  EXPECT_THAT(std::string(GuideSpanOf("2000", "2000", now).status().message()),
              HasSubstr("to is not after from"));
  EXPECT_THAT(std::string(GuideSpanOf("0", "1209600001", now).status().message()),
              HasSubstr("more than 14 days"));
  for (const char* time : {"-1", "9223372036854775807", "99999999999999999999", "1e3", "0x10"})
    EXPECT_FALSE(GuideSpanOf(time, "", now).ok()) << time;
}

}  // namespace
}  // namespace retrovue
