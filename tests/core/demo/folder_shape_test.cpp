#include "core/demo/folder_shape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/ingest/catalogue_entry.h"
#include "core/model/text.h"
#include "core/schedule/playlog.h"
#include "core/schedule/resolve_day.h"

namespace retrovue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;

const CollectionId kCollection{"collection"};

// As ingest makes it of a file of that name and length.
Asset FileOf(const std::string& path, Millis duration) {
  FoundFile file;
  file.path = path;
  file.absolute = "/root/" + path;
  Asset asset = IndexedAsset(kCollection, file, {1, 1, ""}, ParseName(path, "root"));
  asset.id = {"id of " + path};
  MediaFacts facts;
  facts.duration = duration;
  facts.video_codec = "h264";
  TakeFacts(asset, facts);
  asset.state = AssetState::kReady;
  asset.approved_for_broadcast = true;
  return asset;
}

std::vector<std::string> NamesOf(const FolderShape& shape) {
  std::vector<std::string> names;
  for (const Program& program : shape.programs) names.push_back(program.name);
  return names;
}

// A day of the channel that is made of a shape.
struct Aired {
  explicit Aired(const FolderShape& shape, std::vector<Asset> assets) {
    channel.id = {"channel"};
    channel.slug = "channel";
    channel.title = "Channel";
    channel.time_zone = "UTC";
    channel.filler_pool = shape.fillers;
    std::vector<Program> programs = shape.programs;
    SchedulePlan plan;
    plan.id = {"plan"};
    plan.name = "Base";
    for (std::size_t i = 0; i < programs.size(); ++i) {
      programs[i].id = {absl::StrCat("program ", i)};
      EXPECT_TRUE(ValidateProgram(programs[i]).ok()) << ValidateProgram(programs[i]);
    }
    for (const ShapedZone& shaped : shape.zones) {
      Zone zone;
      zone.id = {shaped.name};
      zone.name = shaped.name;
      zone.start = shaped.start;
      zone.end = shaped.end;
      for (const std::size_t i : shaped.programs) {
        zone.entries.push_back({SchedulableKind::kProgram, programs[i].id.text, ""});
      }
      plan.zones.push_back(std::move(zone));
    }
    EXPECT_TRUE(ValidatePlan(channel.grid, plan).ok()) << ValidatePlan(channel.grid, plan);
    catalogue.emplace(std::move(assets), std::move(programs), std::vector<VirtualAsset>(),
                      std::vector<SyntheticAsset>());
    const Grid grid(channel.grid, absl::UTCTimeZone());
    const std::vector<SchedulePlan> plans = {plan};
    day = ResolveDay({channel, grid, plans, *catalogue, {}, std::nullopt, absl::CivilDay(2026, 3, 2), 1});
    EXPECT_TRUE(ValidateScheduleDay(day).ok());
    blocks = PlanBlocks(channel, grid, day, AvailRulesOf(channel, *catalogue, 1));
  }

  Millis Dark() const {
    Millis dark{0};
    for (const PlannedBlock& block : blocks) {
      for (const PlaylogEvent& event : block.events) {
        if (event.kind == PlaylogKind::kPad || event.kind == PlaylogKind::kStationCard)
          dark += event.end - event.start;
      }
    }
    return dark;
  }

  Channel channel;
  std::optional<CatalogueView> catalogue;
  ScheduleDay day;
  std::vector<PlannedBlock> blocks;
};

TEST(ShapeFolder, NothingIsMadeOfNothing) {
  EXPECT_THAT(ShapeFolder("Empty", kCollection, {}).programs, IsEmpty());
  EXPECT_THAT(ShapeFiles("Empty", {}).programs, IsEmpty());
}

TEST(ShapeFolder, ClipsAreBlocksFilledInOrderBackToBack) {
  std::vector<Asset> clips;
  for (const int n : {10, 2, 1}) clips.push_back(FileOf(absl::StrCat("Clip ", n, ".mp4"), seconds(100 + n)));
  const FolderShape shape = ShapeFolder("Clips", kCollection, clips);
  ASSERT_THAT(NamesOf(shape), ElementsAre("Clips"));
  EXPECT_EQ(shape.programs[0].kind, ProgramKind::kBlock);
  EXPECT_EQ(shape.fillers.size(), 3u);
  EXPECT_EQ(shape.summary, "3 clips, back to back in blocks of an hour");

  const Aired aired(shape, clips);
  ASSERT_EQ(aired.day.items.size(), 24u);
  const auto& parts = aired.day.items[0].parts;
  ASSERT_GT(parts.size(), 30u);
  EXPECT_EQ(parts[0].asset_id.text, "id of Clip 1.mp4");
  EXPECT_EQ(parts[1].asset_id.text, "id of Clip 2.mp4");
  EXPECT_EQ(parts[2].asset_id.text, "id of Clip 10.mp4");
  EXPECT_EQ(parts[3].asset_id.text, "id of Clip 1.mp4");
  EXPECT_LT(aired.Dark(), seconds(48)) << "at most what is too short for a clip at the end of a block";
}

TEST(ShapeFolder, ClipsThatFillABlockToTheMillisecondLeaveNothingDark) {
  std::vector<Asset> clips;
  for (int n = 1; n <= 3; ++n) clips.push_back(FileOf(absl::StrCat("clip-", n, ".mp4"), seconds(10)));
  const Aired aired(ShapeFolder("Clips", kCollection, clips), clips);
  EXPECT_EQ(aired.Dark(), Millis(0));
  EXPECT_EQ(aired.day.items[0].parts.size(), 360u);
}

TEST(ShapeFolder, ASeriesIsInOrderOnTheGridWithTheShortOnesBetween) {
  std::vector<Asset> assets;
  for (int n = 1; n <= 4; ++n) {
    assets.push_back(FileOf(absl::StrCat("Show/Season 1/Show - S01E0", n, ".mkv"), minutes(22)));
  }
  assets.push_back(FileOf("Bumpers/a.mp4", seconds(15)));
  assets.push_back(FileOf("Trailer.mp4", seconds(150)));
  const FolderShape shape = ShapeFolder("TV", kCollection, assets);
  ASSERT_THAT(NamesOf(shape), ElementsAre("Show"));
  EXPECT_EQ(shape.programs[0].kind, ProgramKind::kSeries);
  EXPECT_EQ(shape.programs[0].play_mode, PlayMode::kSequential);
  EXPECT_EQ(shape.fillers.size(), 2u);
  EXPECT_EQ(shape.summary, "1 series, 2 fillers");

  const Aired aired(shape, assets);
  ASSERT_EQ(aired.day.items.size(), 48u);
  for (int i = 0; i < 8; ++i) EXPECT_EQ(aired.day.items[static_cast<std::size_t>(i)].episode, i % 4 + 1);
  EXPECT_LE(aired.Dark(), 48 * seconds(2));
}

TEST(ShapeFolder, SeveralSeriesTakeTurnsAndFilmsHaveTheEvening) {
  std::vector<Asset> assets;
  for (int n = 1; n <= 3; ++n) {
    assets.push_back(FileOf(absl::StrCat("A - S01E0", n, ".mkv"), minutes(22)));
    assets.push_back(FileOf(absl::StrCat("B - S01E0", n, ".mkv"), minutes(44)));
    assets.push_back(FileOf(absl::StrCat("Film ", n, " (199", n, ").mkv"), minutes(90 + n)));
    assets.push_back(FileOf(absl::StrCat("Lecture ", n, ".mkv"), minutes(25)));
  }
  const FolderShape shape = ShapeFolder("Mixed", kCollection, assets);
  EXPECT_THAT(NamesOf(shape), ElementsAre("A", "B", "Mixed", "Films"));
  ASSERT_EQ(shape.zones.size(), 3u);
  EXPECT_EQ(shape.zones[1].name, "Evening");
  EXPECT_THAT(shape.zones[0].programs, ElementsAre(0, 1, 2));
  EXPECT_THAT(shape.zones[1].programs, ElementsAre(3));
  EXPECT_THAT(shape.zones[2].programs, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(shape.programs[3].play_mode, PlayMode::kShuffle);

  const Aired aired(shape, assets);
  EXPECT_EQ(aired.day.items[0].series, "A");
  EXPECT_EQ(aired.day.items[1].series, "B");
  EXPECT_EQ(aired.day.items[2].title, "Lecture 1");
  std::set<std::string> films;
  for (const ScheduleItem& item : aired.day.items) {
    if (item.zone_name == "Evening") films.insert(item.title);
  }
  EXPECT_EQ(films.size(), 3u) << "each once before one comes again";
}

TEST(ShapeFolder, OneFilmTakesItsTurn) {
  const std::vector<Asset> assets = {FileOf("A - S01E01.mkv", minutes(22)),
                                     FileOf("Film (1999).mkv", minutes(95))};
  const FolderShape shape = ShapeFolder("Mixed", kCollection, assets);
  ASSERT_EQ(shape.zones.size(), 1u);
  EXPECT_THAT(shape.zones[0].programs, ElementsAre(0, 1));
}

TEST(ShapeFolder, ShortEpisodesShareAnHalfHour) {
  std::vector<Asset> assets = {FileOf("Film.mkv", minutes(95))};
  for (int n = 1; n <= 8; ++n) assets.push_back(FileOf(absl::StrCat("Toons S01E0", n, ".mp4"), minutes(7)));
  const FolderShape shape = ShapeFolder("Mixed", kCollection, assets);
  ASSERT_THAT(NamesOf(shape), ElementsAre("Toons", "Films"));
  EXPECT_EQ(shape.programs[0].kind, ProgramKind::kBlock);
  EXPECT_EQ(shape.programs[0].slot_units, 1);
  const Aired aired(shape, assets);
  EXPECT_EQ(aired.day.items[0].parts.size(), 4u);
}

TEST(ShapeFolder, ProgramsOfOneNameGetAnother) {
  std::vector<Asset> assets = {FileOf("Films - S01E01.mkv", minutes(22)), FileOf("x.mkv", minutes(95)),
                               FileOf("y.mkv", minutes(20))};
  EXPECT_THAT(NamesOf(ShapeFolder("Films", kCollection, assets)), ElementsAre("Films", "Films 2", "Films 3"));
}

TEST(ShapeFolder, AFolderOfSpecialsAloneShowsThem) {
  const std::vector<Asset> assets = {FileOf("Show/Specials/S00E01.mkv", minutes(22))};
  const Aired aired(ShapeFolder("Show", kCollection, assets), assets);
  EXPECT_EQ(aired.day.items[0].kind, ItemKind::kContent);
}

TEST(ShapeFiles, AreBackToBackInTheirOrder) {
  const std::vector<Asset> files = {FileOf("z.mkv", minutes(40)), FileOf("a.mp4", minutes(5)),
                                    FileOf("m.mkv", minutes(15))};
  const FolderShape shape = ShapeFiles("z", files);
  const Aired aired(shape, files);
  const auto& parts = aired.day.items[0].parts;
  ASSERT_GE(parts.size(), 3u);
  EXPECT_EQ(parts[0].asset_id.text, "id of z.mkv");
  EXPECT_EQ(parts[1].asset_id.text, "id of a.mp4");
  EXPECT_EQ(parts[2].asset_id.text, "id of m.mkv");
  EXPECT_EQ(shape.programs[0].slot_units, 2) << "an hour, exactly";
  EXPECT_EQ(aired.Dark(), Millis(0));
}

TEST(LoopUnits, LeaveAsLittleAsCanBe) {
  EXPECT_EQ(LoopUnits({minutes(100)}), 10);  // five hours are three of it
  EXPECT_EQ(LoopUnits({seconds(10)}), 2);
  EXPECT_EQ(LoopUnits({minutes(95)}), 19);
  EXPECT_EQ(LoopUnits({minutes(90)}), 3);
  EXPECT_EQ(LoopUnits({}), 2);
  EXPECT_EQ(LoopUnits({std::chrono::hours(30)}), 48) << "what is longer than a day takes what it needs";
}

}  // namespace
}  // namespace retrovue
