// Where airings are interrupted: PlaceBreaks, what resolves it, and what plays then.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/breaks.h"
#include "tests/core/network.h"

namespace retrovue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kDay = "2026-06-10";

BreakRules Midroll(int most = 0) {
  BreakRules rules;
  rules.policy = BreakPolicy::kMidroll;
  rules.most = most;
  return rules;
}

std::vector<Millis> Minutes(const std::vector<double>& minutes) {
  std::vector<Millis> times;
  for (const double m : minutes) times.push_back(Min(m));
  return times;
}

std::vector<Millis> PlacesOf(const std::vector<Break>& breaks) {
  std::vector<Millis> places;
  for (const Break& one : breaks) places.push_back(one.at);
  return places;
}

TEST(PlaceBreaks, InterruptsNothingUnlessItIsTold) {
  EXPECT_THAT(PlaceBreaks({}, Min(30), Min(22), {{}, {}, Minutes({7, 14})}), IsEmpty());
  EXPECT_THAT(PlaceBreaks(Midroll(), Min(30), Min(30), {{}, {}, Minutes({7, 14})}), IsEmpty()) << "no time";
}

TEST(PlaceBreaks, TakesAsManyAsTheSlotIsLong) {
  EXPECT_THAT(PlaceBreaks(Midroll(), Min(15), Min(12), {}), SizeIs(1));
  EXPECT_THAT(PlaceBreaks(Midroll(), Min(30), Min(22), {}), SizeIs(2));
  EXPECT_THAT(PlaceBreaks(Midroll(), Min(60), Min(44), {}), SizeIs(5));
  EXPECT_THAT(PlaceBreaks(Midroll(), Min(120), Min(90), {}), SizeIs(11));
}

TEST(PlaceBreaks, CutsHardWhereAScenesEndsAndFadesWhereNothingDoes) {
  const std::vector<Break> at_chapters =
      PlaceBreaks(Midroll(), Min(30), Min(22), {{}, {}, Minutes({6, 8, 15})});
  EXPECT_THAT(at_chapters, ElementsAre(Break{Min(8), Min(4), false}, Break{Min(15), Min(4), false}));
  const std::vector<Break> even = PlaceBreaks(Midroll(1), Min(30), Min(22), {});
  EXPECT_THAT(even, ElementsAre(Break{Min(11), Min(8), true}));
}

TEST(PlaceBreaks, OfManyScenesTakesThoseThatMakeTheActsMostEven) {
  EXPECT_EQ(
      PlacesOf(PlaceBreaks(Midroll(3), Min(60), Min(44), {{}, {}, Minutes({4, 10, 12, 20, 23, 31, 34, 40})})),
      Minutes({12, 23, 34}));
}

TEST(PlaceBreaks, FewerScenesAreFewerBreaks) {
  const std::vector<Break> breaks = PlaceBreaks(Midroll(3), Min(30), Min(22), {{}, {}, Minutes({10})});
  EXPECT_THAT(breaks, ElementsAre(Break{Min(10), Min(8), false}));
}

TEST(PlaceBreaks, KeepsHeadTailAndActs) {
  BreakRules rules = Midroll(2);
  EXPECT_EQ(PlacesOf(PlaceBreaks(rules, Min(30), Min(22), {{}, {}, Minutes({2.9, 12, 15.9, 19.5})})),
            Minutes({12}));
  rules.least_act = Min(3);
  EXPECT_EQ(PlacesOf(PlaceBreaks(rules, Min(30), Min(22), {{}, {}, Minutes({2.9, 12, 15.9, 19.5})})),
            Minutes({12, 15.9}));
  rules = Midroll(5);
  rules.least_act = Min(7);
  EXPECT_THAT(PlaceBreaks(rules, Min(30), Min(22), {}), SizeIs(2)) << "acts of 7:20";
}

TEST(PlaceBreaks, AnOperatorsCuesBindNoGuardAndAreTheOnlyPlaces) {
  EXPECT_EQ(PlacesOf(PlaceBreaks(Midroll(), Min(30), Min(22), {{}, Minutes({1, 2}), Minutes({7, 15})})),
            Minutes({1, 2}));
}

TEST(PlaceBreaks, BetweenIsAtTheSeamsAlone) {
  BreakRules rules = Midroll();
  rules.policy = BreakPolicy::kBetween;
  const std::vector<Break> cartoons =
      PlaceBreaks(rules, Min(30), Min(21), {Minutes({7, 14}), {}, Minutes({3, 10})});
  EXPECT_THAT(cartoons,
              ElementsAre(Break{Min(7), Millis(270'000), false}, Break{Min(14), Millis(270'000), false}));
  EXPECT_THAT(PlaceBreaks(rules, Min(30), Min(22), {{}, {}, Minutes({7, 14})}), IsEmpty());
}

TEST(PlaceBreaks, ManyThousandPlacesAreNoTrouble) {
  BreakPoints points;
  for (int i = 1; i < 50'000; ++i) points.scenes.push_back(Millis(100 * i));
  EXPECT_THAT(PlaceBreaks(Midroll(), Min(100), Millis(5'000'000), points), SizeIs(9));
}

TEST(BreakPoints, AreCountedFromTheStartOfTheAiring) {
  Asset a = ReadyAsset("a", Min(10)), b = ReadyAsset("b", Min(20));
  a.markers = {
      {kChapterMarker, Min(0), Min(4)}, {kChapterMarker, Min(4), Min(10)}, {"sponsor", Min(5), Min(6)}};
  b.markers = {{kChapterMarker, Min(0), Min(3)},
               {kCueMarker, Min(3), Min(3)},
               {kBlackMarker, Min(8), Min(9)},
               {kSilenceMarker, Min(18), Min(20)}};
  const CatalogueView catalogue({a, b}, {}, {}, {});
  // The second one is cut before the silence.
  const BreakPoints points = BreakPointsOf(
      {{{"a"}, "", "/a", Min(10)}, {{"b"}, "", "/b", Min(18)}, {{}, "bars", "/c", Min(1)}}, catalogue);
  EXPECT_EQ(points.seams, Minutes({10, 28}));
  EXPECT_EQ(points.cues, Minutes({13}));
  EXPECT_EQ(points.scenes, Minutes({4, 10, 18.5})) << "the chapter that begins the second one too";
}

Network ThreeRules() {
  Network n;
  n.AddAsset("show", Min(22));
  n.AddEpisode("s", 1, Min(22));
  n.AddSeries("s");
  n.AddZone("20:00", "20:30", {Network::Thing("show")});
  n.AddZone("21:00", "21:30", {Network::Thing("show")}).breaks = Midroll(1);
  n.AddZone("22:00", "22:30", {Network::OfProgram("s")}).breaks = Midroll(1);
  n.channel.breaks = Midroll(3);
  return n;
}

std::vector<std::size_t> CountsOf(const ScheduleDay& day) {
  std::vector<std::size_t> counts;
  for (const ScheduleItem& item : day.items)
    if (item.kind == ItemKind::kContent) counts.push_back(item.breaks.size());
  return counts;
}

TEST(ResolvedBreaks, AreThoseOfTheProgramElseOfTheZoneElseOfTheChannel) {
  Network n = ThreeRules();
  EXPECT_THAT(CountsOf(n.Resolve(kDay)), ElementsAre(3, 1, 1));
  n.programs[0].breaks = Midroll(2);
  const ScheduleDay day = n.Resolve("2026-06-11");
  EXPECT_THAT(CountsOf(day), ElementsAre(3, 1, 2));
  EXPECT_THAT(day.items[1].why, HasSubstr("3 breaks, at 5:30, 11:00 and 16:30"));
}

TEST(ResolvedBreaks, StayWhereTheyAreBeforeTheLockWhateverTheRulesAre) {
  Network n = ThreeRules();
  const ScheduleDay day = n.Resolve(kDay);
  n.channel.breaks = {};
  const ScheduleDay again = n.Regenerate(day, At("2026-06-10T20:10:00-04:00"), {}, std::nullopt);
  EXPECT_EQ(again.items[1], day.items[1]);
  n.plans[0].zones[1].breaks = BreakRules();
  EXPECT_THAT(CountsOf(n.Regenerate(day, At("2026-06-10T20:10:00-04:00"), {}, std::nullopt)),
              ElementsAre(3, 0, 1));
}

TEST(PlayedBreaks, TheProgrammeGoesOnWhereItWasInterruptedAndFadesOnlyThere) {
  Network n = ThreeRules();
  n.AddAsset("clip", Min(1));
  n.channel.filler_pool = {{"clip"}};
  n.assets[0].markers = {{kChapterMarker, Min(11), Min(22)}};
  const ScheduleDay day = n.Resolve(kDay);
  const CatalogueView catalogue(n.assets, n.programs, {}, {});
  const auto events_of = [&](int hour) {
    std::vector<PlaylogEvent> events;
    for (const PlannedBlock& block :
         PlanBlocks(n.channel, n.MakeGrid(), day, AvailRulesOf(n.channel, catalogue, 1))) {
      if (block.start != At("2026-06-10T20:00:00-04:00") + Min(60 * (hour - 20))) continue;
      for (const PlaylogEvent& event : block.events)
        if (event.kind == PlaylogKind::kProgramme) events.push_back(event);
    }
    return events;
  };
  const std::vector<PlaylogEvent> hard = events_of(21), soft = events_of(22);
  ASSERT_THAT(hard, SizeIs(2));
  ASSERT_THAT(soft, SizeIs(2));
  for (const std::vector<PlaylogEvent>* events : {&hard, &soft}) {
    EXPECT_EQ((*events)[0].end - (*events)[0].start, Min(11));
    EXPECT_EQ((*events)[1].asset_start_offset, Min(11));
    EXPECT_EQ((*events)[1].start - (*events)[0].end, Min(8));
    EXPECT_FALSE((*events)[0].fades_in);
    EXPECT_FALSE((*events)[1].cut_short);
  }
  EXPECT_FALSE(hard[0].cut_short || hard[1].fades_in);
  EXPECT_TRUE(soft[0].cut_short && soft[1].fades_in);
}

TEST(PlayedBreaks, AGuideHasOneEntryForAProgrammeThatIsInterrupted) {
  Network n = ThreeRules();
  int shows = 0;
  for (const GuideEntry& entry : GuideOf(n.channel, {n.Resolve(kDay)}).entries)
    shows += entry.title == "show" ? 1 : 0;
  EXPECT_EQ(shows, 2);
}

TEST(BreakRules, AreRefusedWithTheRangeThatIsGood) {
  EXPECT_TRUE(ValidateBreakRules({}).ok());
  EXPECT_TRUE(ValidateBreakRules(Midroll(40)).ok());
  for (const auto& spoil : std::vector<std::function<void(BreakRules&)>>{
           [](BreakRules& r) { r.most = 41; }, [](BreakRules& r) { r.most = -1; },
           [](BreakRules& r) { r.least_break = Millis(0); }, [](BreakRules& r) { r.least_act = Min(300); },
           [](BreakRules& r) { r.head = Millis(-1); }, [](BreakRules& r) { r.tail = Min(181); }}) {
    BreakRules rules;
    spoil(rules);
    EXPECT_EQ(ValidateBreakRules(rules).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(Length, IsReadAsItIsWritten) {
  for (const Millis length : {Millis(0), Millis(440'000), Millis(3'723'250), Millis(95'500), Millis(100)})
    EXPECT_EQ(*ParseLength(ToText(length)), length);
  EXPECT_EQ(*ParseLength("95.5"), Millis(95'500));
  EXPECT_EQ(*ParseLength("7:05.25"), Millis(425'250));
  for (const char* bad :
       {"", ":", "7:60", "7:5x", "-1", "1:2:3:4", "7.", "7.1234", "1:002", "999999", "7:05,5"})
    EXPECT_FALSE(ParseLength(bad).ok()) << bad;
}

}  // namespace
}  // namespace retrovue
