// Rules of the schedule that no worked example shows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/schedule/guide.h"
#include "tests/core/network.h"

namespace retrovue {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kDay = "2026-06-10";

// Adds a plan over those there are, with one zone.
Zone& AddPlanOver(Network& n, int priority, const char* from, const char* to, const char* asset) {
  n.plans.push_back(
      {{absl::StrCat("plan", priority)}, n.channel.id, absl::StrCat("Plan ", priority), priority});
  return n.AddZone(from, to, {Network::Thing(asset)});
}

TEST(ResolveDay, AHigherPlanReplacesTheLowerOneOnlyWhereItsZonesLie) {
  Network n;
  n.AddAsset("base", Min(60));
  n.AddAsset("special", Min(30));
  n.AddZone("20:00", "23:00", {Network::Thing("base")});
  AddPlanOver(n, 5, "21:30", "22:00", "special");
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), ElementsAre("20:00 base 21:00 +0:00", "21:00 avail 21:30",
                                                    "21:30 special 22:00 +0:00", "22:00 base 23:00 +0:00"));
}

TEST(ResolveDay, NothingOfALowerPlanRunsOverTheStartOfAHigherOne) {
  Network n;
  n.AddAsset("film", Min(150));
  n.AddAsset("special", Min(30));
  n.AddZone("20:00", "23:00", {Network::Thing("film")}).overrun = Overrun::kLast;
  AddPlanOver(n, 5, "22:00", "22:30", "special");
  EXPECT_THAT(n.Lines(n.Resolve(kDay)),
              ElementsAre("20:00 avail 22:00", "22:00 special 22:30 +0:00", "22:30 film 01:00 +0:00"));
}

TEST(ResolveDay, NorDoesItWhereTheHigherOneBeginsAtOrBehindTheEndOfTheZone) {
  for (const char* end : {"20:00", "19:30"}) {
    Network n;
    n.AddAsset("film", Min(150));
    n.AddAsset("show", Min(30));
    n.AddAsset("special", Min(60));
    n.AddZone("18:00", end, {Network::Thing("film"), Network::Thing("show")});
    AddPlanOver(n, 5, "20:00", "22:00", "special");
    const std::vector<std::string> lines = n.Lines(n.Resolve(kDay));
    EXPECT_THAT(lines, Contains("20:00 special 21:00 +0:00")) << end;
    EXPECT_THAT(lines, Contains("18:00 show 18:30 +0:00")) << end;
  }
  Network n;  // what ends before the higher one begins may run over
  n.AddAsset("film", Min(90));
  n.AddAsset("special", Min(60));
  n.AddZone("18:00", "19:00", {Network::Thing("film")});
  AddPlanOver(n, 5, "20:00", "22:00", "special");
  EXPECT_THAT(n.Lines(n.Resolve(kDay)), Contains("18:00 film 19:30 +0:00"));
}

TEST(ResolveDay, AZoneWhoseSeriesHasEndedIsNotSaidToHaveNothing) {
  Network n;
  n.AddEpisode("show", 1, Min(30));
  n.AddSeries("show").on_end = OnEnd::kStop;
  n.AddZone("20:00", "22:00", {Network::OfProgram("show")});
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(day), ElementsAre("20:00 show-1 20:30 +0:00", "20:30 avail 22:00"));
  EXPECT_TRUE(day.notices.empty());
  const auto avail = std::find_if(day.items.begin(), day.items.end(), [](const ScheduleItem& item) {
    return item.kind == ItemKind::kAvail && !item.zone_id.empty();
  });
  EXPECT_THAT(avail->why, HasSubstr("none of its entries has more to air"));
}

TEST(ResolveDay, OfTwoPlansOfOnePriorityTheLowerIdWinsAndItIsSaid) {
  Network n;
  n.AddAsset("a", Min(60));
  n.AddAsset("b", Min(60));
  n.AddZone("20:00", "22:00", {Network::Thing("a")});
  AddPlanOver(n, 0, "21:00", "23:00", "b");
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_THAT(n.Lines(day), ElementsAre("20:00 a 21:00 +0:00", "21:00 a 22:00 +0:00", "22:00 b 23:00 +0:00"));
  ASSERT_EQ(day.notices.size(), 1u);
  EXPECT_EQ(day.notices[0].kind, ScheduleNotice::Kind::kPriorityTie);
}

TEST(ResolveDay, WhereTheNextEntryDoesNotFitAnotherOneIsTakenUnlessTheZoneStops) {
  for (const Fit fit : {Fit::kNext, Fit::kStop}) {
    Network n;
    n.AddAsset("film", Min(90));
    n.AddAsset("show", Min(30));
    Zone& zone =
        n.AddZone("20:00", "22:30", {Network::Thing("film"), Network::Thing("film"), Network::Thing("show")});
    zone.fit = fit;
    const std::vector<std::string> lines = n.Lines(n.Resolve(kDay));
    if (fit == Fit::kNext) {
      EXPECT_THAT(lines,
                  ElementsAre("20:00 film 21:30 +0:00", "21:30 show 22:00 +0:00", "22:00 show 22:30 +0:00"));
    } else {
      EXPECT_THAT(lines, ElementsAre("20:00 film 21:30 +0:00", "21:30 avail 22:30"));
    }
  }
}

TEST(ResolveDay, AnEpisodeThatDoesNotFitIsNotSkippedForAShorterOne) {
  Network n;
  n.AddEpisode("s", 1, Min(30));
  n.AddEpisode("s", 2, Min(60));
  n.AddEpisode("s", 3, Min(30));
  n.AddSeries("s");
  n.AddZone("20:00", "21:00", {Network::OfProgram("s")});
  EXPECT_THAT(n.Lines(n.Resolve("2026-06-10")), ElementsAre("20:00 s-1 20:30 +0:00", "20:30 avail 21:00"));
  EXPECT_THAT(n.Lines(n.Resolve("2026-06-11")), ElementsAre("20:00 s-2 21:00 +0:00"));
}

TEST(ResolveDay, EveryItemSaysWhyItIsThere) {
  Network n;
  n.AddEpisode("Cheers", 4, Min(22));
  n.AddEpisode("Cheers", 5, Min(22));
  n.AddSeries("Cheers");
  n.AddZone("20:00", "21:00", {Network::OfProgram("Cheers")}).name = "Prime";
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_EQ(day.items[0].why, "no zone covers this time");
  EXPECT_EQ(day.items[2].why,
            "zone \"Prime\" of plan \"Base\": entry 1 of 1, sequential program \"Cheers\"; S01E05: it "
            "follows S01E04; it "
            "fits");
}

TEST(ResolveDay, ADayWithoutAPlanIsOneAvailAndSaysSo) {
  Network n;
  n.plans.clear();
  const ScheduleDay day = n.Resolve(kDay);
  ASSERT_EQ(day.items.size(), 1u);
  EXPECT_EQ(day.items[0].end - day.items[0].start, Min(1440));
  ASSERT_EQ(day.notices.size(), 1u);
  EXPECT_EQ(day.notices[0].kind, ScheduleNotice::Kind::kNoPlan);
}

TEST(ResolveDay, SlotsWithDifferentLinksHaveDifferentCursors) {
  Network n;
  for (int i = 1; i <= 4; ++i) n.AddEpisode("s", i, Min(22));
  n.AddSeries("s");
  n.AddZone("08:00", "09:00", {Network::OfProgram("s")});
  n.AddZone("20:00", "20:30", {Network::OfProgram("s")});
  n.AddZone("21:00", "22:00", {{SchedulableKind::kProgram, "s", "late"}});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)),
              ElementsAre("08:00 s-1 08:30 +8:00", "08:30 s-2 09:00 +8:00", "20:00 s-3 20:30 +8:00",
                          "21:00 s-1 21:30 +8:00", "21:30 s-2 22:00 +8:00"));
}

TEST(ResolveDay, KnowsTheAssetOfAProgrammeAndNotOfItsIntroOrOfABlock) {
  Network n;
  n.AddAsset("intro", Min(1));
  n.AddAsset("episode", Min(22));
  for (const char* id : {"a", "b", "c"}) n.AddAsset(id, Min(id[0] == 'b' ? 12 : 8));
  const auto add = [&](const char* name, const std::vector<std::string>& assets) {
    Program& program = n.programs.emplace_back();
    program.id = {name};
    program.name = name;
    for (const std::string& asset : assets) program.chain.push_back({Network::Thing(asset), std::nullopt});
  };
  add("one", {"intro", "episode"});
  add("three", {"a", "b", "c"});
  n.AddZone("08:00", "09:00", {Network::OfProgram("one"), Network::OfProgram("three")});
  const ScheduleDay day = n.Resolve(kDay);
  EXPECT_TRUE(day.items[0].main_asset.empty()) << "an avail";
  EXPECT_EQ(day.items[1].main_asset.text, "episode");
  EXPECT_TRUE(day.items[2].main_asset.empty());
}

TEST(ResolveDay, ABlockIsFilledWithWholeClipsInOrderBackToBack) {
  Network n;
  for (int i = 1; i <= 12; ++i) n.AddAsset(absl::StrCat("clip ", i), Min(4));
  Program block;
  block.id = {"clips"};
  block.name = "Clips";
  block.kind = ProgramKind::kBlock;
  block.slot_units = 1;
  block.chain.push_back({std::nullopt, Selector{}});
  n.programs.push_back(block);
  n.AddZone("20:00", "21:00", {Network::OfProgram("clips")});
  const ScheduleDay day = n.Resolve(kDay);
  ASSERT_EQ(day.items.size(), 4u);
  EXPECT_EQ(day.items[1].parts.size(), 7u);
  EXPECT_EQ(day.items[1].content, Min(28));
  EXPECT_EQ(day.items[1].title, "Clips");
  EXPECT_EQ(day.items[2].parts.front().asset_id.text, "clip 8");
  EXPECT_EQ(day.items[2].parts.back().asset_id.text, "clip 2");
}

TEST(ResolveDay, AProgrammeWithIntroIsOneAiringAndHasTheTitleOfItsBody) {
  Network n;
  n.AddAsset("ident", Min(1));
  n.AddEpisode("s", 1, Min(22));
  Program& program = n.AddSeries("s");
  program.chain.insert(program.chain.begin(),
                       {Network::Thing("ident"), std::nullopt, ChainNode::Role::kIntro});
  n.AddZone("20:00", "20:30", {Network::OfProgram("s")});
  ScheduleDay day = n.Resolve(kDay);
  ASSERT_EQ(day.items[1].parts.size(), 2u);
  EXPECT_EQ(day.items[1].title, "s-1");
  n.assets[1].state = AssetState::kRetired;
  day = n.Resolve("2026-06-11");
  EXPECT_EQ(day.items[1].kind, ItemKind::kAvail) << "an intro alone is no programme";
}

TEST(Progression, AtTheEndASeriesWrapsWaitsStopsOrDraws) {
  const auto days_of = [](OnEnd on_end) {
    Network n;
    for (int i = 1; i <= 2; ++i) n.AddEpisode("s", i, Min(30));
    n.AddSeries("s").on_end = on_end;
    n.AddZone("20:00", "21:30", {Network::OfProgram("s")});
    std::vector<std::string> lines = n.Lines(n.Resolve("2026-06-10"));
    n.AddEpisode("s", 3, Min(30));
    for (std::string& line : n.Lines(n.Resolve("2026-06-11"))) lines.push_back(std::move(line));
    return lines;
  };
  EXPECT_THAT(days_of(OnEnd::kWait),
              ElementsAre("20:00 s-1 20:30 +0:00", "20:30 s-2 21:00 +0:00", "21:00 avail 21:30",
                          "20:00 s-3 20:30 +0:00", "20:30 avail 21:30"));
  EXPECT_THAT(days_of(OnEnd::kStop), ElementsAre("20:00 s-1 20:30 +0:00", "20:30 s-2 21:00 +0:00",
                                                 "21:00 avail 21:30", "20:00 avail 21:30"));
  EXPECT_EQ(days_of(OnEnd::kWrap)[2], "21:00 s-1 21:30 +0:00");
  const std::vector<std::string> drawn = days_of(OnEnd::kRandom);
  EXPECT_EQ(drawn.size(), 6u);
  EXPECT_EQ(drawn[3], "20:00 s-3 20:30 +0:00") << "an episode that comes is next";
}

TEST(Progression, PartsOfOneStoryStayTogetherInAShuffleAndWhatIsNewJoinsTheRest) {
  Network n;
  for (int i = 1; i <= 6; ++i) n.AddEpisode("s", i, Min(30));
  for (int part = 1; part <= 2; ++part) {
    Asset& asset = n.AddAsset(absl::StrCat("story-", part), Min(30));
    asset.editorial.series = "s";
    asset.editorial.season = 1;
    asset.editorial.episode = 9;
    asset.editorial.part = part;
  }
  n.AddSeries("s", PlayMode::kShuffle);
  n.AddZone("20:00", "22:00", {Network::OfProgram("s")});
  std::vector<std::string> aired;
  for (absl::CivilDay date = Date("2026-01-01"); aired.size() < 800; ++date) {
    if (aired.size() == 4) n.AddEpisode("s", 7, Min(30));
    for (const ScheduleItem& item : n.Resolve(date).items) {
      if (item.kind == ItemKind::kContent) aired.push_back(item.parts.front().asset_id.text);
    }
  }
  EXPECT_EQ((std::set<std::string>(aired.begin(), aired.begin() + 9)).size(), 9u)
      << "the new one is in the first bag";
  for (std::size_t i = 0; i + 1 < aired.size(); ++i)
    EXPECT_EQ(aired[i] == "story-1", aired[i + 1] == "story-2") << i;
}

TEST(Progression, RandomDoesNotRepeatTheLastFive) {
  Network n;
  for (int i = 1; i <= 10; ++i) n.AddEpisode("s", i, Min(30));
  n.AddSeries("s", PlayMode::kRandom);
  n.AddZone("06:00", "06:00", {Network::OfProgram("s")});
  std::vector<std::string> aired;
  for (absl::CivilDay date = Date("2026-01-01"); aired.size() < 960; ++date) {
    for (const ScheduleItem& item : n.Resolve(date).items) aired.push_back(item.parts.front().asset_id.text);
  }
  for (std::size_t i = 5; i < aired.size(); ++i) {
    ASSERT_EQ((std::set<std::string>(aired.begin() + i - 5, aired.begin() + i + 1)).size(), 6u) << i;
  }
  EXPECT_EQ((std::set<std::string>(aired.begin(), aired.end())).size(), 10u);
}

TEST(Progression, ManualIsTheOperatorsOrder) {
  Network n;
  for (int i = 1; i <= 4; ++i) n.AddEpisode("s", i, Min(30));
  n.assets[1].approved_for_broadcast = false;
  n.AddSeries("s", PlayMode::kManual).manual_order = {{"s-3"}, {"s-2"}, {"s-1"}};
  n.AddZone("20:00", "21:30", {Network::OfProgram("s")});
  EXPECT_THAT(n.Lines(n.Resolve(kDay)),
              ElementsAre("20:00 s-3 20:30 +0:00", "20:30 s-1 21:00 +0:00", "21:00 s-3 21:30 +0:00"));
}

TEST(PlanBlocks, CutsAFilmAtTheGridAndGoesOnInItsFile) {
  Network n;
  n.AddAsset("film", Min(70));
  n.AddZone("06:00", "07:30", {Network::Thing("film")});
  const ScheduleDay day = n.Resolve(kDay);
  const std::vector<PlannedBlock> blocks = PlanBlocks(n.channel, n.MakeGrid(), day, {});
  ASSERT_EQ(blocks.size(), 48u);
  for (int i = 0; i < 3; ++i) {
    const PlaylogEvent& event = blocks[static_cast<std::size_t>(i)].events.front();
    EXPECT_EQ(event.path, "/media/film.mkv");
    EXPECT_EQ(event.asset_start_offset, Min(30 * i));
    EXPECT_EQ(event.end - event.start, Min(i == 2 ? 10 : 30));
  }
  EXPECT_EQ(blocks[2].events.back().kind, PlaylogKind::kPad);
  EXPECT_EQ(blocks[2].broadcast_day_anchor, day.anchor);
}

TEST(PlanBlocks, FillsWithThePoolInRotationAndCutsTheLastClipShort) {
  Network n;
  n.AddAsset("show", Min(22));
  for (const char* clip : {"a", "b", "c"}) {
    n.AddAsset(clip, Min(1.5));
    n.channel.filler_pool.push_back({clip});
  }
  n.AddZone("06:00", "07:00", {Network::Thing("show")});
  const CatalogueView catalogue(n.assets, {}, {}, {});
  const auto blocks =
      PlanBlocks(n.channel, n.MakeGrid(), n.Resolve(kDay), AvailRulesOf(n.channel, catalogue, 3));
  std::vector<std::string> clips;
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_EQ(blocks[i].events.size(), 7u);
    EXPECT_TRUE(blocks[i].events.back().cut_short);
    EXPECT_EQ(blocks[i].events.back().end - blocks[i].events.back().start, Min(0.5));
    for (std::size_t e = 1; e < 7; ++e) clips.push_back(blocks[i].events[e].asset_id.text);
  }
  for (std::size_t i = 3; i < clips.size(); ++i) EXPECT_EQ(clips[i], clips[i - 3]) << i;
  EXPECT_EQ((std::set<std::string>(clips.begin(), clips.end())).size(), 3u);
}

TEST(PlanBlocks, ABlockHasAnotherIdIfAnythingInItIsAnother) {
  Network n;
  n.AddAsset("a", Min(30));
  n.AddAsset("b", Min(30));
  n.AddZone("06:00", "07:00", {Network::Thing("a"), Network::Thing("b")});
  const ScheduleDay day = n.Resolve(kDay);
  ScheduleDay other = day;
  other.items[1].parts[0].path = "/media/c.mkv";
  const auto blocks = PlanBlocks(n.channel, n.MakeGrid(), day, {});
  const auto others = PlanBlocks(n.channel, n.MakeGrid(), other, {});
  EXPECT_EQ(blocks[0].block_id, others[0].block_id);
  EXPECT_NE(blocks[1].block_id, others[1].block_id);
}

TEST(Guide, FoldsAnAvailOfUpToABlockIntoTheEntryBefore) {
  Network n;
  n.AddAsset("a", Min(60));
  n.AddZone("06:00", "07:30", {Network::Thing("a")});
  n.AddZone("07:30", "09:00", {Network::Thing("a")});
  ScheduleDay day = n.Resolve(kDay);
  std::uint64_t bits = 0;
  IdSource ids([] { return FromUtcMs(1); }, [&] { return ++bits; });
  AssignIds(day, nullptr, ids);
  const EpgGeneration guide = GuideOf(n.channel, {day});
  ASSERT_EQ(guide.entries.size(), 3u);
  EXPECT_EQ(guide.entries[0].stop - guide.entries[0].start, Min(90));
  EXPECT_EQ(guide.entries[2].title, "Channel continues");
  EXPECT_NE(guide.entries[0].id, guide.entries[1].id);
  ScheduleDay again = day;
  AssignIds(again, &day, ids);
  EXPECT_EQ(GuideOf(n.channel, {again}).etag, guide.etag);
  again.items[0].title = "another";
  EXPECT_NE(GuideOf(n.channel, {again}).etag, guide.etag);
}

}  // namespace
}  // namespace retrovue
