#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/model/answer_code.h"
#include "core/model/playlog.h"
#include "core/model/stable_hash.h"
#include "core/model/text.h"
#include "tests/core/network.h"

namespace retrovue {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Message(const absl::Status& status) { return std::string(status.message()); }

TEST(Ids, AreVersionSevenAndSortInTheOrderTheyWereMade) {
  std::int64_t now = 1'700'000'000'000;
  std::uint64_t bits = 0;
  IdSource ids([&] { return FromUtcMs(now); }, [&] { return bits = Spread(bits); });
  std::string last;
  for (int i = 0; i < 20'000; ++i) {
    if (i == 15'000) now -= 5000;  // the clock goes back
    if (i % 9000 == 8999) ++now;
    const std::string id = ids.Next();
    ASSERT_TRUE(IsUuidV7(id)) << id;
    ASSERT_GT(id, last);
    last = id;
  }
  EXPECT_EQ(IdSource([] { return FromUtcMs(0x017f22e279b0); }, [] { return 0; }).Next().substr(0, 15),
            "017f22e2-79b0-7");
  EXPECT_FALSE(IsUuidV7("017f22e2-79b0-4cc3-98c4-dc0c0c07398f"));
}

TEST(AnswerCodes, AreUpperSnakeEachOnceAndRefuse) {
  std::set<std::string> names;
  constexpr int kLast = static_cast<int>(AnswerCode::kStartsLimited);
  for (int i = 0; i <= kLast; ++i) {
    const auto code = static_cast<AnswerCode>(i);
    const std::string name = Name(code);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_"), std::string::npos) << name;
    EXPECT_GE(StatusOf(code), 400) << name;
    EXPECT_LT(StatusOf(code), 600) << name;
  }
  EXPECT_STREQ(Name(AnswerCode::kScheduleGap), "SCHEDULE_GAP");
  EXPECT_EQ(StatusOf(AnswerCode::kScheduleGap), 503);
  EXPECT_EQ(StatusOf(AnswerCode::kAssetMissing), 500);
  EXPECT_EQ(StatusOf(AnswerCode::kChannelNotFound), 404);
}

TEST(Time, IsReadAndWrittenAsRfc3339) {
  EXPECT_EQ(UtcMs(At("2026-03-08T05:00:00-05:00")), 1772964000000);
  EXPECT_EQ(ToRfc3339(FromUtcMs(1772964000000)), "2026-03-08T10:00:00Z");
  EXPECT_EQ(ToRfc3339(FromUtcMs(1772964000250)), "2026-03-08T10:00:00.250Z");
  EXPECT_THAT(Message(ParseRfc3339("8 o'clock").status()), HasSubstr("write it like 2026-03-08T20:00:00Z"));
  EXPECT_THAT(Message(ParseDate("2026-02-30").status()), HasSubstr("write it like 2026-03-08"));
  EXPECT_THAT(Message(ParseWallClock("24:10").status()), HasSubstr("write it like 06:00"));
}

TEST(Time, AZoneThatDoesNotExistIsRefusedWithWhatToWrite) {
  EXPECT_TRUE(FindTimeZone("Australia/Lord_Howe").ok());
  for (const char* name : {"Mars/Olympus", "", "libc:localtime", "../etc/passwd", "/etc/passwd"}) {
    EXPECT_THAT(Message(FindTimeZone(name).status()), HasSubstr("America/New_York")) << name;
  }
}

TEST(Text, SlugsTagsAndOrder) {
  EXPECT_EQ(SlugOf("The Late Show: Dick's Best!"), "the-late-show-dicks-best");
  EXPECT_TRUE(ValidateSlug("retro-1").ok());
  EXPECT_THAT(Message(ValidateSlug("Retro TV")), HasSubstr("\"retro-tv\""));
  EXPECT_FALSE(ValidateSlug("-a").ok());
  EXPECT_FALSE(ValidateSlug(std::string(65, 'a')).ok());
  EXPECT_EQ(NormalTag("  Science \t Fiction "), "science fiction");
  EXPECT_LT(NaturalOrder("Clip 2"), NaturalOrder("clip 10"));
}

TEST(GridRules, RefusalsNameTheGridToUse) {
  EXPECT_TRUE(ValidateGrid({30, {5, 35}, 365}).ok());
  EXPECT_TRUE(ValidateGrid({60, {5}, 5}).ok());
  EXPECT_THAT(Message(ValidateGrid({20, {0, 20, 40}, 0})), HasSubstr("use 15, 30 or 60"));
  EXPECT_THAT(Message(ValidateGrid({30, {5}, 365})), HasSubstr("use [5, 35]"));
  EXPECT_THAT(Message(ValidateGrid({30, {0, 15}, 360})), HasSubstr("use [0, 30]"));
  EXPECT_THAT(Message(ValidateGrid({30, {0, 30}, 370})), HasSubstr("such as 06:00"));
}

TEST(Zones, AWindowOffTheGridOrOverTheStartOfTheDayIsRefusedWithTheOnesToWrite) {
  const GridRules grid;
  EXPECT_EQ(WindowOf(grid, "06:00", "06:00")->end, 1440);
  EXPECT_EQ(WindowOf(grid, "22:00", "24:00")->end, 1080);
  EXPECT_THAT(Message(WindowOf(grid, "20:10", "21:00").status()), HasSubstr("Use 20:00 or 20:30"));
  EXPECT_THAT(Message(WindowOf(grid, "22:00", "07:00").status()), HasSubstr("22:00-06:00 and 06:00-07:00"));
}

TEST(Zones, ThatOverlapOnADayAreRefusedByName) {
  Network n;
  n.AddZone("20:00", "22:00", {Network::Thing("a")}).name = "Prime";
  n.AddZone("21:00", "23:00", {Network::Thing("a")}).name = "Late";
  EXPECT_THAT(Message(ValidatePlan(n.channel.grid, n.plans[0])),
              HasSubstr("\"Prime\" (20:00-22:00) and \"Late\" (21:00-23:00) overlap"));
  n.plans[0].zones[0].when.weekdays = *ParseWeekdays("MON-FRI");
  n.plans[0].zones[1].when.weekdays = *ParseWeekdays("sat,SUN");
  EXPECT_TRUE(ValidatePlan(n.channel.grid, n.plans[0]).ok());
  n.plans[0].zones[0].entries.clear();
  EXPECT_THAT(Message(ValidatePlan(n.channel.grid, n.plans[0])), HasSubstr("add a program or an asset"));
}

TEST(DateRules, HoldOnTheDaysTheyName) {
  DateRule winter;
  winter.first = {std::nullopt, 12, 1};
  winter.last = {std::nullopt, 2, 15};
  EXPECT_TRUE(Holds(winter, Date("2026-01-10")));
  EXPECT_TRUE(Holds(winter, Date("2026-12-01")));
  EXPECT_FALSE(Holds(winter, Date("2026-06-01")));
  DateRule cron;
  cron.cron = "0 0 13 * FRI";  // as cron has it: one of the two is enough
  EXPECT_TRUE(Holds(cron, Date("2026-05-13")));
  EXPECT_TRUE(Holds(cron, Date("2026-05-15")));
  EXPECT_FALSE(Holds(cron, Date("2026-05-14")));
  cron.cron = "* * * JAN-MAR 1-5";
  EXPECT_TRUE(Holds(cron, Date("2026-03-06")));
  EXPECT_FALSE(Holds(cron, Date("2026-03-07")));
  EXPECT_FALSE(Holds(cron, Date("2026-04-06")));
  cron.cron = "every day";
  EXPECT_THAT(Message(ValidateDateRule(cron)), HasSubstr("\"* * * * MON-FRI\""));
  EXPECT_EQ(ParseWeekdays("FRI-MON")->bits, 0b1110001);
}

TEST(Assets, GoThroughTheirStatesAndNoOtherWay) {
  using S = AssetState;
  const std::set<std::pair<S, S>> allowed = {{S::kNew, S::kEnriching},     {S::kNew, S::kRetired},
                                             {S::kEnriching, S::kReady},   {S::kEnriching, S::kNew},
                                             {S::kEnriching, S::kRetired}, {S::kReady, S::kEnriching},
                                             {S::kReady, S::kRetired},     {S::kRetired, S::kNew}};
  for (const S from : {S::kNew, S::kEnriching, S::kReady, S::kRetired}) {
    for (const S to : {S::kNew, S::kEnriching, S::kReady, S::kRetired}) {
      EXPECT_EQ(MayBecome(from, to), allowed.count({from, to}) == 1) << Name(from) << " " << Name(to);
    }
  }
}

TEST(Assets, AreSchedulableOnlyReadyApprovedAndNotDeleted) {
  Network n;
  Asset asset = n.AddAsset("a", Min(1));
  EXPECT_TRUE(IsSchedulable(asset));
  EXPECT_TRUE(ValidateAsset(asset).ok());
  Asset other = asset;
  other.deleted_at = At("2026-01-01T00:00:00Z");
  EXPECT_FALSE(IsSchedulable(other));
  other = asset;
  other.state = AssetState::kEnriching;
  EXPECT_FALSE(IsSchedulable(other));
  EXPECT_THAT(Message(ValidateAsset(other)), HasSubstr("approve it when it is ready"));
  other = asset;
  other.duration = Millis(0);
  EXPECT_THAT(Message(ValidateAsset(other)), HasSubstr("Probe the file again"));
  other = asset;
  other.markers.push_back({"chapter", Millis(0), Min(2)});
  EXPECT_THAT(Message(ValidateAsset(other)), HasSubstr("not inside its 1:00"));
}

TEST(Programs, MayNotContainThemselves) {
  Network n;
  for (const char* name : {"a", "b"}) n.AddSeries(name);
  n.programs[0].chain.push_back({Network::OfProgram("b"), std::nullopt});
  const auto find = [&](const std::string& id) { return &n.programs[id == "a" ? 0 : 1]; };
  EXPECT_TRUE(ValidateNoCycle(n.programs[0], find).ok());
  n.programs[1].chain.push_back({Network::OfProgram("a"), std::nullopt});
  EXPECT_THAT(Message(ValidateNoCycle(n.programs[0], find)), HasSubstr("\"a\" -> \"b\" -> \"a\""));
}

TEST(ScheduleDays, WithAGapOrAnOverlapAreNotStored) {
  Network n;
  n.AddAsset("a", Min(30));
  n.AddZone("06:00", "06:00", {Network::Thing("a")});
  const ScheduleDay good = n.Resolve("2026-06-10");
  EXPECT_TRUE(ValidateScheduleDay(good).ok());
  ScheduleDay bad = good;
  bad.items[5].start += Min(1);
  EXPECT_THAT(Message(ValidateScheduleDay(bad)), HasSubstr("gap before item 5"));
  bad = good;
  bad.items[5].start -= Min(1);
  EXPECT_THAT(Message(ValidateScheduleDay(bad)), HasSubstr("item 5 (2026-06-10T12:29:00Z) overlaps"));
  bad = good;
  bad.items.pop_back();
  EXPECT_FALSE(ValidateScheduleDay(bad).ok());
  bad = good;
  bad.items[3].parts[0].airs -= Millis(1);
  EXPECT_THAT(Message(ValidateScheduleDay(bad)), HasSubstr("parts of item 3"));
}

}  // namespace
}  // namespace retrovue
