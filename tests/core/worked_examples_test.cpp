// The worked examples of docs/core/schedule.md, by their numbers. New York, day 06:00, grid 30, [0, 30] unless said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/core/network.h"

namespace retrovue {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kDay = "2026-06-10";

TEST(WorkedExample, N01TwoHalfHoursTakeTurnsAndLeaveNothing) {
  Network n;
  n.AddAsset("a", Min(30));
  n.AddAsset("b", Min(30));
  n.AddZone("06:00", "08:00", {Network::Thing("a"), Network::Thing("b")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), ElementsAre("06:00 a 06:30 +0:00", "06:30 b 07:00 +0:00",
                                                    "07:00 a 07:30 +0:00", "07:30 b 08:00 +0:00"));
}

TEST(WorkedExample, N02LongProgrammesTakeMoreBlocks) {
  Network n;
  n.AddAsset("a", Min(22));
  n.AddAsset("b", Min(44));
  n.AddAsset("c", Min(88));
  n.AddZone("06:00", "09:00", {Network::Thing("a"), Network::Thing("b"), Network::Thing("c")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)),
              ElementsAre("06:00 a 06:30 +8:00", "06:30 b 07:30 +16:00", "07:30 c 09:00 +2:00"));
}

TEST(WorkedExample, N03AFilmThatDoesNotFitAgainLeavesAnAvailAndTheNextZoneIsOnTime) {
  Network n;
  n.AddAsset("film", Min(90));
  n.AddAsset("show", Min(22));
  n.AddZone("20:00", "22:00", {Network::Thing("film")});
  n.AddZone("22:00", "23:00", {Network::Thing("show")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), ElementsAre("20:00 film 21:30 +0:00", "21:30 avail 22:00",
                                                    "22:00 show 22:30 +8:00", "22:30 show 23:00 +8:00"));
}

TEST(WorkedExample, N04ASecondTooMuchTakesAnotherBlockUnlessItMayBeTrimmed) {
  Network n;
  n.AddAsset("a", Millis(1'801'000));
  n.AddZone("07:00", "09:00", {Network::Thing("a")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), ElementsAre("07:00 a 08:00 +29:59", "08:00 a 09:00 +29:59"));
  n.channel.max_tail_trim = Millis(2000);
  n.carry_in.reset();
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(day), ElementsAre("07:00 a 07:30 +0:00", "07:30 a 08:00 +0:00", "08:00 a 08:30 +0:00",
                                        "08:30 a 09:00 +0:00"));
  EXPECT_EQ(day.items[1].parts.front().airs, Min(30));
}

Network FilmBeforeAZone(double film_minutes) {
  Network n;
  n.AddAsset("film", Min(film_minutes));
  n.AddAsset("show", Min(22));
  n.AddZone("20:00", "22:00", {Network::Thing("film")});
  n.AddZone("22:00", "23:00", {Network::Thing("show")});
  return n;
}

TEST(WorkedExample, N05TheFirstFilmRunsOverAndTheNextZoneStartsBehindItInTheGuideToo) {
  Network n = FilmBeforeAZone(150);
  ScheduleDay day = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(day), ElementsAre("20:00 film 22:30 +0:00", "22:30 show 23:00 +8:00"));
  const EpgGeneration guide = GuideOf(n.channel, {day});
  std::vector<std::string> shows;
  for (const GuideEntry& entry : guide.entries) {
    if (entry.title == "show") shows.push_back(n.MakeGrid().LocalClock(entry.start));
  }
  EXPECT_THAT(shows, ElementsAre("22:30"));
}

TEST(WorkedExample, N06AZoneMayBeConsumedWhole) {
  Network n = FilmBeforeAZone(190);
  n.AddZone("23:00", "00:00", {Network::Thing("show")});
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(day), ElementsAre("20:00 film 23:30 +20:00", "23:30 show 00:00 +8:00"));
  ASSERT_EQ(day.notices.size(), 1u);
  EXPECT_EQ(day.notices[0].kind, ScheduleNotice::Kind::kZoneConsumed);
  EXPECT_EQ(day.notices[0].zone_name, "22:00-23:00");
}

TEST(WorkedExample, N07NeverToOverrunLeavesTheZoneDarkAndTheNextOneOnTime) {
  Network n = FilmBeforeAZone(150);
  n.plans[0].zones[0].overrun = Overrun::kNever;
  EXPECT_THAT(n.Lines(n.Resolve(kDay)),
              ElementsAre("20:00 avail 22:00", "22:00 show 22:30 +8:00", "22:30 show 23:00 +8:00"));
}

TEST(WorkedExample, N08TheLastOneMayRunOver) {
  Network n;
  n.AddAsset("film", Min(88));
  n.AddAsset("show", Min(22));
  n.AddZone("20:00", "22:00", {Network::Thing("film")}).overrun = Overrun::kLast;
  n.AddZone("22:00", "00:00", {Network::Thing("show")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), ElementsAre("20:00 film 21:30 +2:00", "21:30 film 23:00 +2:00",
                                                    "23:00 show 23:30 +8:00", "23:30 show 00:00 +8:00"));
}

TEST(WorkedExample, N09AndN10WhatIsCarriedInIsPlacedAndThenTheGridGoesOn) {
  for (const auto& [until, lines] : std::vector<std::pair<const char*, std::vector<std::string>>>{
           {"2026-06-10T06:45:00-04:00", {"07:00 show 07:30 +8:00", "07:30 show 08:00 +8:00"}},
           {"2026-06-10T06:20:00-04:00",
            {"06:30 show 07:00 +8:00", "07:00 show 07:30 +8:00", "07:30 show 08:00 +8:00"}}}) {
    Network n;
    n.AddAsset("show", Min(22));
    n.AddZone("06:00", "08:00", {Network::Thing("show")});
    n.carry_in = At(until);
    const ScheduleDay day = n.Resolve(kDay);
    EXPECT_EQ(n.Lines(day), lines);
    // Up to the first boundary the day has an avail, so that it touches the one before it.
    EXPECT_EQ(day.start, At(until));
    EXPECT_EQ(day.items[0].kind, ItemKind::kAvail);
    EXPECT_EQ(day.items[1].start, n.MakeGrid().Up(At(until)));
  }
}

TEST(WorkedExample, N11AFilmAcrossTheStartOfTheDayIsOneItemOfTheFirstDay) {
  Network n;
  n.AddAsset("film", Min(120));
  n.AddZone("05:00", "06:00", {Network::Thing("film")});
  const ScheduleDay first = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(first), ElementsAre("05:00 film 07:00 +0:00"));
  EXPECT_EQ(first.carry_out_until, At("2026-06-11T07:00:00-04:00"));
  const ScheduleDay second = n.Resolve("2026-06-11");
  EXPECT_EQ(second.carry_in_until, At("2026-06-11T07:00:00-04:00"));
  EXPECT_EQ(second.items.front().start, second.carry_in_until);
}

TEST(WorkedExample, N12AGridThatBeginsAtFivePast) {
  Network n;
  n.channel.grid = {30, {5, 35}, 365};
  n.AddAsset("film", Min(95));
  n.AddZone("06:05", "09:05", {Network::Thing("film")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), ElementsAre("06:05 film 08:05 +25:00", "08:05 avail 09:05"));
}

TEST(WorkedExample, N13AZoneAcrossMidnightIsInOneProgrammingDay) {
  Network n;
  n.AddAsset("show", Min(30));
  const Zone& zone = n.AddZone("22:00", "02:00", {Network::Thing("show")});
  EXPECT_EQ(zone.start, 960);
  EXPECT_EQ(zone.end, 1200);
  const std::vector<std::string> lines = n.Lines(n.Resolve(kDay));
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines.front(), "22:00 show 22:30 +0:00");
  EXPECT_EQ(lines.back(), "01:30 show 02:00 +0:00");
}

TEST(WorkedExample, N14FilmsOnAGridOfQuarters) {
  Network n;
  n.channel.grid = {15, {0, 15, 30, 45}, 360};
  n.AddAsset("a", Min(95));
  n.AddAsset("b", Min(101));
  n.AddZone("20:00", "00:00", {Network::Thing("a"), Network::Thing("b")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)),
              ElementsAre("20:00 a 21:45 +10:00", "21:45 b 23:30 +4:00", "23:30 avail 00:00"));
}

void ExpectDay(const Network& n, const char* date, Instant anchor, double hours, std::size_t blocks) {
  const Grid grid = n.MakeGrid();
  EXPECT_EQ(grid.Anchor(Date(date)), anchor) << date;
  EXPECT_EQ(grid.Anchor(Date(date) + 1) - anchor, Min(hours * 60)) << date;
  EXPECT_EQ(grid.Blocks(Date(date)).size(), blocks) << date;
}

TEST(WorkedExample, N15TheDayInSpringHas23Hours) {
  Network n;
  ExpectDay(n, "2026-03-07", FromUtcMs(1772881200000), 23, 46);
  EXPECT_EQ(n.MakeGrid().Anchor(Date("2026-03-08")), At("2026-03-08T10:00:00Z"));
}

TEST(WorkedExample, N16TheDayInAutumnHas25Hours) {
  Network n;
  ExpectDay(n, "2026-10-31", FromUtcMs(1793440800000), 25, 50);
  EXPECT_EQ(n.MakeGrid().Anchor(Date("2026-11-01")), At("2026-11-01T11:00:00Z"));
}

TEST(WorkedExample, N17AZoneInTheHourThatIsSkippedHasNoTime) {
  Network n;
  n.AddAsset("show", Min(30));
  n.AddZone("00:00", "02:00", {Network::Thing("show")});
  n.AddZone("02:00", "03:00", {Network::Thing("show")});
  n.AddZone("03:00", "06:00", {Network::Thing("show")});
  const ScheduleDay day = n.Resolve("2026-03-07");
  ASSERT_EQ(day.notices.size(), 1u);
  EXPECT_EQ(day.notices[0].kind, ScheduleNotice::Kind::kZoneHasNoTime);
  EXPECT_EQ(day.notices[0].zone_name, "02:00-03:00");
  Instant end_of_first;
  Instant start_of_third;
  for (const ScheduleItem& item : day.items) {
    if (item.zone_name == "00:00-02:00") end_of_first = item.end;
    if (item.zone_name == "03:00-06:00" && start_of_third == Instant()) start_of_third = item.start;
  }
  EXPECT_EQ(end_of_first, At("2026-03-08T07:00:00Z"));
  EXPECT_EQ(start_of_third, At("2026-03-08T07:00:00Z"));
}

TEST(WorkedExample, N18AFilmAcrossTheSkippedHourIsAsLongAsEver) {
  Network n;
  n.AddAsset("film", Min(88));
  n.AddZone("00:00", "06:00", {Network::Thing("film")});
  EXPECT_THAT(n.Lines(n.Resolve("2026-03-07")),
              ElementsAre("00:00 film 01:30 +2:00", "01:30 film 04:00 +2:00", "04:00 film 05:30 +2:00",
                          "05:30 avail 06:00"));
}

TEST(WorkedExample, N19TheZoneOfTheRepeatedHourLastsTwoHours) {
  Network n;
  n.AddAsset("show", Min(30));
  n.AddAsset("film", Min(88));
  n.AddZone("00:00", "01:00", {Network::Thing("show")});
  n.AddZone("01:00", "02:00", {Network::Thing("show")});
  n.AddZone("02:00", "06:00", {Network::Thing("film")});
  const ScheduleDay day = n.Resolve("2026-10-31");
  std::vector<std::string> second;
  std::vector<std::string> third;
  for (const ScheduleItem& item : day.items) {
    if (item.zone_name == "01:00-02:00") second.push_back(ToRfc3339(item.start));
    if (item.zone_name == "02:00-06:00") {
      third.push_back(
          absl::StrCat(ToRfc3339(item.start), " ", Name(item.kind), " ", ToText(item.end - item.start)));
    }
  }
  EXPECT_THAT(second, ElementsAre("2026-11-01T05:00:00Z", "2026-11-01T05:30:00Z", "2026-11-01T06:00:00Z",
                                  "2026-11-01T06:30:00Z"));
  EXPECT_THAT(third,
              ElementsAre("2026-11-01T07:00:00Z content 1:30:00", "2026-11-01T08:30:00Z content 1:30:00",
                          "2026-11-01T10:00:00Z avail 1:00:00"));
}

TEST(WorkedExample, N20London) {
  Network n;
  n.channel.time_zone = "Europe/London";
  ExpectDay(n, "2026-03-28", FromUtcMs(1774677600000), 23, 46);
}

TEST(WorkedExample, N21Kathmandu) {
  Network n;
  n.channel.time_zone = "Asia/Kathmandu";
  n.channel.grid = {60, {0}, 360};
  ExpectDay(n, "2026-06-10", At("2026-06-10T00:15:00Z"), 24, 24);
}

TEST(WorkedExample, N22LordHoweInAutumnHasABlockOf90Minutes) {
  Network n;
  n.channel.time_zone = "Australia/Lord_Howe";
  n.channel.grid = {60, {0}, 360};
  const Instant anchor = At("2026-04-04T06:00:00+11:00");
  ExpectDay(n, "2026-04-04", anchor, 24.5, 24);
  n.AddAsset("show", Min(44));
  n.AddZone("01:00", "02:00", {Network::Thing("show")});
  EXPECT_THAT(n.Lines(n.Resolve("2026-04-04")), ElementsAre("01:00 show 02:00 +46:00"));
}

TEST(WorkedExample, N23LordHoweInSpringGoesFromOneToThree) {
  Network n;
  n.channel.time_zone = "Australia/Lord_Howe";
  n.channel.grid = {60, {0}, 360};
  ExpectDay(n, "2026-10-03", At("2026-10-03T06:00:00+10:30"), 23.5, 23);
  const Grid grid = n.MakeGrid();
  const Instant one = At("2026-10-04T01:00:00+10:30");
  EXPECT_EQ(grid.Slot(one, Millis(1)) - one, Min(90));
  EXPECT_EQ(grid.LocalClock(grid.Slot(one, Millis(1))), "03:00");
}

TEST(WorkedExample, N24ADayThatStartsInTheSkippedHourStartsWhenTheClocksChange) {
  Network n;
  n.channel.grid.day_start = 120;
  ExpectDay(n, "2026-03-08", At("2026-03-08T07:00:00Z"), 23, 46);
  ExpectDay(n, "2026-03-07", At("2026-03-07T07:00:00Z"), 24, 48);
}

TEST(WorkedExample, N25ADayThatStartsInTheRepeatedHourStartsAtItsFirstOccurrence) {
  Network n;
  n.channel.grid.day_start = 60;
  ExpectDay(n, "2026-11-01", At("2026-11-01T05:00:00Z"), 25, 50);
}

// Six episodes, two slots on weekdays.
struct SixEpisodes : Network {
  SixEpisodes() {
    for (int i = 1; i <= 6; ++i) AddEpisode("s", i, Min(22));
    AddSeries("s");
    AddZone("08:00", "09:00", {OfProgram("s")}).when.weekdays = *ParseWeekdays("MON-FRI");
  }
  std::vector<int> Episodes(const ScheduleDay& day) const {
    std::vector<int> episodes;
    for (const ScheduleItem& item : day.items) {
      if (item.episode) episodes.push_back(*item.episode);
    }
    return episodes;
  }
};

// One programme in a channel that breaks it.
Network Broken(Millis length, int breaks) {
  Network n;
  n.AddAsset("show", length);
  n.AddZone("20:00", "21:00", {Network::Thing("show")});
  n.channel.breaks.policy = BreakPolicy::kMidroll;
  n.channel.breaks.most = breaks;
  return n;
}

// What is on in the slot that begins at 20:00, programme ("show") and not ("-"), in milliseconds.
std::vector<std::string> ActsAndBreaks(const Network& n, const ScheduleDay& day) {
  const CatalogueView catalogue(n.assets, {}, {}, {});
  std::vector<std::pair<bool, Millis>> stretches;
  for (const PlannedBlock& block :
       PlanBlocks(n.channel, n.MakeGrid(), day, AvailRulesOf(n.channel, catalogue, 1))) {
    for (const PlaylogEvent& event : block.events) {
      if (event.schedule_item_id != day.items[1].id) continue;
      const bool is_show = event.kind == PlaylogKind::kProgramme;
      if (stretches.empty() || stretches.back().first != is_show) stretches.emplace_back(is_show, Millis(0));
      stretches.back().second += event.end - event.start;
    }
  }
  std::vector<std::string> texts;
  for (const auto& [is_show, length] : stretches)
    texts.push_back(absl::StrCat(is_show ? "show " : "- ", length.count()));
  return texts;
}

std::vector<std::string> ActsAndBreaks(Network n) {
  ScheduleDay day = n.Resolve(kDay);
  for (ScheduleItem& item : day.items) item.id = {absl::StrCat("item", item.seq)};
  return ActsAndBreaks(n, day);
}

TEST(WorkedExample, N26ThreeBreaksInHalfAnHour) {
  EXPECT_THAT(ActsAndBreaks(Broken(Min(22), 3)),
              ElementsAre("show 330000", "- 160000", "show 330000", "- 160000", "show 330000", "- 160000",
                          "show 330000"));
}

TEST(WorkedExample, N27FiveBreaksInAnHourAlsoWhereOneLiesOverTheBoundaryOfABlock) {
  EXPECT_THAT(ActsAndBreaks(Broken(Min(44), 5)),
              ElementsAre("show 440000", "- 192000", "show 440000", "- 192000", "show 440000", "- 192000",
                          "show 440000", "- 192000", "show 440000", "- 192000", "show 440000"));
  EXPECT_EQ(ActsAndBreaks(Broken(Min(44), 0)), ActsAndBreaks(Broken(Min(44), 5))) << "as long as its slot is";
}

TEST(WorkedExample, N28TheRestOfTheDivisionGoesToTheFirstBreaks) {
  Network n = Broken(Millis(1'300'000), 3);
  const ScheduleDay day = n.Resolve(kDay);
  ASSERT_EQ(day.items[1].breaks.size(), 3u);
  EXPECT_EQ(day.items[1].breaks[0].length, Millis(166'667));
  EXPECT_EQ(day.items[1].breaks[1].length, Millis(166'667));
  EXPECT_EQ(day.items[1].breaks[2].length, Millis(166'666));
}

TEST(WorkedExample, N29WhatIsTooShortForABreakFollowsTheProgramme) {
  Network n = Broken(Millis(1'770'000), 3);
  n.channel.breaks.least_break = Min(1);
  EXPECT_THAT(ActsAndBreaks(n), ElementsAre("show 1770000", "- 30000"));
}

TEST(WorkedExample, N30ASeriesGoesOnFromDayToDayAndAGenerationBeginsWhereItBegan) {
  SixEpisodes n;
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-08")), ElementsAre(1, 2));
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-09")), ElementsAre(3, 4));
  const Cursors before = n.cursors;
  const std::optional<Instant> carried_in = n.carry_in;
  const ScheduleDay wednesday = n.Resolve("2026-06-10");
  EXPECT_THAT(n.Episodes(wednesday), ElementsAre(5, 6));
  const ScheduleDay again = n.Regenerate(wednesday, wednesday.start, before, carried_in);
  EXPECT_THAT(n.Episodes(again), ElementsAre(5, 6));
  EXPECT_EQ(again.generation, 2);
  EXPECT_EQ(again.cursors_after, wednesday.cursors_after);
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-11")), ElementsAre(1, 2));
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-13")), IsEmpty()) << "a Saturday";
}

TEST(WorkedExample, N31AnEpisodeThatComesBeforeTheWrapIsNext) {
  SixEpisodes n;
  for (const char* date : {"2026-06-08", "2026-06-09", "2026-06-10"}) n.Resolve(date);
  n.AddEpisode("s", 7, Min(22));
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-11")), ElementsAre(7, 1));
}

TEST(WorkedExample, N31ADayThatWasMadeBeforeItCameStaysAndItFollowsInTheNextCycle) {
  SixEpisodes n;
  for (const char* date : {"2026-06-08", "2026-06-09", "2026-06-10"}) n.Resolve(date);
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-11")), ElementsAre(1, 2));
  n.AddEpisode("s", 7, Min(22));
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-12")), ElementsAre(3, 4));
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-15")), ElementsAre(5, 6));
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-16")), ElementsAre(7, 1));
}

TEST(WorkedExample, N32ARetiredEpisodeIsPassedOverAndNoneIsRepeated) {
  SixEpisodes n;
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-08")), ElementsAre(1, 2));
  n.assets[3].approved_for_broadcast = false;
  n.assets[3].state = AssetState::kRetired;
  EXPECT_THAT(n.Episodes(n.Resolve("2026-06-09")), ElementsAre(3, 5));
}

TEST(WorkedExample, N33ALongEpisodeMovesTheCursorByOne) {
  Network n;
  for (int i = 1; i <= 9; ++i) n.AddEpisode("s", i, Min(44));
  n.AddSeries("s");
  n.AddZone("20:00", "22:00", {Network::OfProgram("s")});
  EXPECT_THAT(n.Lines(n.Resolve("2026-06-10")),
              ElementsAre("20:00 s-1 21:00 +16:00", "21:00 s-2 22:00 +16:00"));
  EXPECT_THAT(n.Lines(n.Resolve("2026-06-11")),
              ElementsAre("20:00 s-3 21:00 +16:00", "21:00 s-4 22:00 +16:00"));
}

std::vector<std::string> Shuffled(std::uint64_t seed, int size, int airings) {
  Network n;
  n.seed = seed;
  for (int i = 1; i <= size; ++i) n.AddEpisode("s", i, Min(22));
  n.AddSeries("s", PlayMode::kShuffle);
  n.AddZone("06:00", "06:00", {Network::OfProgram("s")});
  std::vector<std::string> aired;
  for (absl::CivilDay date = Date("2026-01-01"); static_cast<int>(aired.size()) < airings; ++date) {
    for (const ScheduleItem& item : n.Resolve(date).items) aired.push_back(item.parts.front().asset_id.text);
  }
  aired.resize(static_cast<std::size_t>(airings));
  return aired;
}

TEST(WorkedExample, N35AShuffleHoldsEachOncePerBagAndNoTwoNeighboursAreEqual) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const std::vector<std::string> aired = Shuffled(seed, 3, 1002);
    for (std::size_t i = 0; i < aired.size(); i += 3) {
      ASSERT_EQ((std::set<std::string>(aired.begin() + i, aired.begin() + i + 3).size()), 3u)
          << seed << " at " << i;
    }
    for (std::size_t i = 1; i < aired.size(); ++i) ASSERT_NE(aired[i - 1], aired[i]) << seed << " at " << i;
    EXPECT_EQ(aired, Shuffled(seed, 3, 1002));
  }
  EXPECT_NE(Shuffled(1, 3, 300), Shuffled(2, 3, 300));
}

TEST(WorkedExample, N38AZoneOfRetiredAssetsIsFilledAndWithoutFillersItIsTheStationCard) {
  Network n;
  n.AddAsset("gone", Min(30)).state = AssetState::kRetired;
  n.AddAsset("clip", Min(4));
  n.channel.filler_pool = {{"clip"}};
  n.channel.station_card_path = "/media/card.png";
  n.AddZone("03:00", "06:00", {Network::Thing("gone")});
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(day), ElementsAre("03:00 avail 06:00"));
  ASSERT_EQ(day.notices.size(), 1u);
  EXPECT_EQ(day.notices[0].kind, ScheduleNotice::Kind::kNothingToSchedule);
  const CatalogueView catalogue(n.assets, {}, {}, {});
  const auto kinds_after = [&](const Channel& channel) {
    std::set<PlaylogKind> kinds;
    for (const PlannedBlock& block :
         PlanBlocks(channel, n.MakeGrid(), day, AvailRulesOf(channel, catalogue, 1))) {
      if (block.start < day.items.back().start) continue;
      for (const PlaylogEvent& event : block.events) kinds.insert(event.kind);
    }
    return kinds;
  };
  EXPECT_THAT(kinds_after(n.channel), ElementsAre(PlaylogKind::kFiller));
  n.channel.filler_pool.clear();
  EXPECT_THAT(kinds_after(n.channel), ElementsAre(PlaylogKind::kStationCard));
}

TEST(WorkedExample, N39TheLockIsTheEndOfTheBlockThatThePlaylogReachesInto) {
  Network n;
  for (int i = 1; i <= 60; ++i) n.AddEpisode("s", i, Min(22));
  n.AddEpisode("other", 1, Min(22));
  n.AddSeries("s");
  n.AddSeries("other");
  n.AddZone("06:00", "06:00", {Network::OfProgram("s")});
  const Instant lock = LockOf(n.MakeGrid(), At("2026-06-10T12:07:00-04:00"), Min(180));
  EXPECT_EQ(lock, At("2026-06-10T15:30:00-04:00"));
  const ScheduleDay day = n.Resolve(kDay);
  n.plans[0].zones[0].entries = {Network::OfProgram("other")};
  const ScheduleDay again = n.Regenerate(day, lock, {}, std::nullopt);
  ASSERT_EQ(again.items.size(), day.items.size());
  for (std::size_t i = 0; i < day.items.size(); ++i) {
    if (day.items[i].start < lock) {
      EXPECT_EQ(again.items[i], day.items[i]) << i;
    } else {
      EXPECT_EQ(again.items[i].series, "other") << i;
    }
  }
}

TEST(WorkedExample, N40TheGuideHasTheResolvedStartAndWhatIsBeforeBelongsToTheEntryBefore) {
  Network n;
  n.AddAsset("film", Min(80));
  n.AddAsset("show", Min(22));
  n.AddZone("19:00", "20:00", {Network::Thing("film")});
  n.AddZone("20:00", "21:30", {Network::Thing("show")});
  const EpgGeneration guide = GuideOf(n.channel, {n.Resolve(kDay)});
  const Grid grid = n.MakeGrid();
  std::vector<std::string> lines;
  for (const GuideEntry& entry : guide.entries) {
    lines.push_back(
        absl::StrCat(grid.LocalClock(entry.start), "-", grid.LocalClock(entry.stop), " ", entry.title));
  }
  EXPECT_THAT(lines, ElementsAre("06:00-19:00 Channel continues", "19:00-20:30 film", "20:30-21:00 show",
                                 "21:00-21:30 show", "21:30-06:00 Channel continues"));
}

}  // namespace
}  // namespace retrovue
