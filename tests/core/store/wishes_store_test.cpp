// Channels, plans, programs and what else is wanted, in the database, on both of them.
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class WishesStore : public StoreTest {};
INSTANTIATE_TEST_SUITE_P(, WishesStore, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(WishesStore, KeepsChannelsWhateverTheirTextsAre) {
  int number = 0;
  for (const std::string& text : HostileTexts()) {
    Channel channel;
    channel.slug = absl::StrCat("channel-", ++number);
    channel.title = text.substr(0, 100);
    channel.time_zone = "Australia/Lord_Howe";
    channel.grid = {60, {5}, 365};
    channel.kind = ChannelKind::kSpecialty;
    channel.number = number;
    channel.logo_path = channel.group = channel.station_card_path = channel.program_format_json =
        channel.producer = text;
    channel.is_active = false;
    channel.always_on = true;
    channel.epg_horizon_days = 14;
    channel.playlog_horizon_min = 360;
    channel.linger_s = 7;
    channel.max_tail_trim = Millis(2000);
    channel.filler_pool = {{"b"}, {text}, {"a"}};
    channel.station_card_duration = Millis(9);
    channel.breaks = {BreakPolicy::kMidroll, 7, Millis(1001), Millis(1002), Millis(3), Millis(4)};
    channel.enrichers = {{text, 2}};
    ASSERT_OK(Write([&](Transaction& t) { return t.channels().Put(channel); }));
    const auto read = Read([&](const Snapshot& s) { return s.channels().Get(channel.id); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->title, channel.title);
    EXPECT_EQ(read->time_zone, channel.time_zone);
    EXPECT_EQ(read->grid, channel.grid);
    EXPECT_EQ(read->kind, ChannelKind::kSpecialty);
    EXPECT_EQ(read->number, number);
    EXPECT_EQ(read->logo_path, text);
    EXPECT_EQ(read->group, text);
    EXPECT_FALSE(read->is_active);
    EXPECT_TRUE(read->always_on);
    EXPECT_EQ(read->epg_horizon_days, 14);
    EXPECT_EQ(read->playlog_horizon_min, 360);
    EXPECT_EQ(read->linger_s, 7);
    EXPECT_EQ(read->max_tail_trim, Millis(2000));
    EXPECT_EQ(read->filler_pool, channel.filler_pool);
    EXPECT_EQ(read->station_card_path, text);
    EXPECT_EQ(read->station_card_duration, Millis(9));
    EXPECT_EQ(read->breaks, channel.breaks);
    EXPECT_EQ(read->program_format_json, text);
    EXPECT_EQ(read->enrichers[0].enricher_id, text);
    EXPECT_EQ(read->producer, text);
    EXPECT_EQ(read->version, 1);
    EXPECT_EQ(Read([&](const Snapshot& s) { return s.channels().Find(absl::StrCat(number)); })->id,
              channel.id);
    EXPECT_EQ(RowsOf([&](Transaction& t) { return t.channels().Put(channel); }), 0);
  }
}

TEST_P(WishesStore, RefusesAChangeOfAChannelThatWasChangedInBetween) {
  Channel mine = AddChannel();
  Channel theirs = mine;
  theirs.title = "Theirs";
  ASSERT_OK(Write([&](Transaction& t) { return t.channels().Put(theirs); }));
  EXPECT_EQ(theirs.version, 2);
  mine.title = "Mine";
  const absl::Status refused = Write([&](Transaction& t) { return t.channels().Put(mine); });
  EXPECT_EQ(refused.code(), absl::StatusCode::kAborted);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("read it again"));
  EXPECT_EQ(Read([&](const Snapshot& s) { return s.channels().Find("one"); })->title, "Theirs");
}

TEST_P(WishesStore, NeverChangesASlug) {
  Channel channel = AddChannel();
  channel.slug = "two";
  EXPECT_EQ(Write([&](Transaction& t) { return t.channels().Put(channel); }).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(WishesStore, RefusesTwoChannelsOfOneSlugOrNumber) {
  AddChannel();
  Channel second;
  second.slug = "one";
  second.title = "Another";
  second.time_zone = "UTC";
  EXPECT_EQ(Write([&](Transaction& t) { return t.channels().Put(second); }).code(),
            absl::StatusCode::kAlreadyExists);
}

TEST_P(WishesStore, KeepsPlansWithTheirZonesWhateverTheirTextsAre) {
  const Channel channel = AddChannel();
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "file");
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  for (const std::string& text : HostileTexts()) {
    SchedulePlan plan;
    plan.channel_id = channel.id;
    plan.name = "Plan " + text;
    plan.priority = 7;
    plan.when.first = OpenDate{std::nullopt, 12, 24};
    plan.when.last = OpenDate{std::nullopt, 1, 6};
    plan.when.weekdays.bits = 0x15;
    plan.when.only_on = {Date("2026-12-24"), Date("2027-01-01")};
    plan.when.cron = "* * 1-5 * *";
    plan.is_active = false;
    Zone late;
    late.name = text;
    late.start = 960;
    late.end = 1200;
    late.entries = {{SchedulableKind::kAsset, asset.id.text, text},
                    {SchedulableKind::kAsset, asset.id.text, ""}};
    late.overrun = Overrun::kLast;
    late.fit = Fit::kStop;
    late.max_tail_trim = Millis(1500);
    late.breaks = BreakRules{BreakPolicy::kBetween, 1};
    late.enabled = false;
    Zone early = late;
    early.name = text + " early";
    early.start = 0;
    early.end = 60;
    early.max_tail_trim.reset();
    early.breaks.reset();
    plan.zones = {late, early};
    ASSERT_OK(Write([&](Transaction& t) { return t.plans().Put(plan); }));
    const auto read = Read([&](const Snapshot& s) { return s.plans().Find(channel.id, "PLAN " + text); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->id, plan.id);
    EXPECT_EQ(read->name, plan.name);
    EXPECT_EQ(read->priority, 7);
    EXPECT_FALSE(read->is_active);
    EXPECT_EQ(read->when.first->month, 12);
    EXPECT_FALSE(read->when.first->year.has_value());
    EXPECT_EQ(read->when.weekdays.bits, 0x15);
    EXPECT_EQ(read->when.only_on, plan.when.only_on);
    EXPECT_EQ(read->when.cron, plan.when.cron);
    ASSERT_THAT(read->zones, SizeIs(2));
    EXPECT_EQ(read->zones[0].id, plan.zones[0].id);
    EXPECT_EQ(read->zones[0].plan_id, plan.id);
    EXPECT_EQ(read->zones[0].name, text);
    EXPECT_EQ(read->zones[0].entries, late.entries);
    EXPECT_EQ(read->zones[0].overrun, Overrun::kLast);
    EXPECT_EQ(read->zones[0].fit, Fit::kStop);
    EXPECT_EQ(read->zones[0].max_tail_trim, Millis(1500));
    EXPECT_EQ(read->zones[0].breaks, late.breaks);
    EXPECT_FALSE(read->zones[0].enabled);
    EXPECT_EQ(read->zones[1].start, 0);
    EXPECT_FALSE(read->zones[1].max_tail_trim.has_value());
    EXPECT_FALSE(read->zones[1].breaks.has_value());
    EXPECT_EQ(RowsOf([&](Transaction& t) { return t.plans().Put(plan); }), 0);
  }
}

TEST_P(WishesStore, TakesOutZonesThatAPlanHasNoMore) {
  const Channel channel = AddChannel();
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "file");
  SchedulePlan plan;
  plan.channel_id = channel.id;
  plan.name = "Base";
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    if (absl::Status put = t.assets().Put(asset); !put.ok()) return put;
    for (int i = 0; i < 3; ++i) {
      Zone zone;
      zone.name = absl::StrCat("zone ", i);
      zone.start = i * 60;
      zone.end = zone.start + 60;
      zone.entries = {{SchedulableKind::kAsset, asset.id.text, ""}};
      plan.zones.push_back(zone);
    }
    return t.plans().Put(plan);
  }));
  // The first goes, the second takes its name and time.
  plan.zones.erase(plan.zones.begin());
  plan.zones[0].name = "zone 0";
  plan.zones[0].start = 0;
  ASSERT_OK(Write([&](Transaction& t) { return t.plans().Put(plan); }));
  const auto read = Read([&](const Snapshot& s) { return s.plans().Get(plan.id); });
  ASSERT_THAT(read->zones, SizeIs(2));
  EXPECT_EQ(read->zones[0].id, plan.zones[0].id);
  EXPECT_EQ(read->zones[0].name, "zone 0");
}

TEST_P(WishesStore, RefusesAPlanThatNamesWhatIsNotThere) {
  const Channel channel = AddChannel();
  SchedulePlan plan;
  plan.channel_id = channel.id;
  plan.name = "Base";
  Zone zone;
  zone.name = "day";
  zone.entries = {{SchedulableKind::kProgram, "no-such", ""}};
  plan.zones = {zone};
  const absl::Status refused = Write([&](Transaction& t) { return t.plans().Put(plan); });
  EXPECT_EQ(refused.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("zone \"day\": there is no program no-such"));
  EXPECT_THAT(*Read([&](const Snapshot& s) { return s.plans().OfChannel(channel.id); }), IsEmpty());
}

TEST_P(WishesStore, KeepsProgramsWhateverTheirTextsAre) {
  const Channel channel = AddChannel();
  for (const std::string& text : HostileTexts()) {
    Program program;
    program.channel_id = channel.id;
    program.name = text;
    program.kind = ProgramKind::kBlock;
    program.play_mode = PlayMode::kManual;
    program.on_end = OnEnd::kStop;
    ChainNode intro;
    intro.role = ChainNode::Role::kIntro;
    intro.thing = SchedulableRef{SchedulableKind::kSyntheticAsset, text, text};
    ChainNode body;
    body.selector = Selector{text, 1, 3, {"a", text}, 1950, 1990, {text}, true};
    program.chain = {intro, body};
    program.slot_units = 3;
    program.manual_order = {{text}, {"b"}};
    program.tags = {text};
    program.rating = text;
    ASSERT_OK(Write([&](Transaction& t) { return t.programs().Put(program); }));
    const auto read = Read([&](const Snapshot& s) { return s.programs().Find(channel.id, text); });
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->id, program.id);
    EXPECT_EQ(read->kind, ProgramKind::kBlock);
    EXPECT_EQ(read->play_mode, PlayMode::kManual);
    EXPECT_EQ(read->on_end, OnEnd::kStop);
    ASSERT_THAT(read->chain, SizeIs(2));
    EXPECT_EQ(read->chain[0].role, ChainNode::Role::kIntro);
    EXPECT_EQ(read->chain[0].thing, intro.thing);
    EXPECT_FALSE(read->chain[0].selector.has_value());
    EXPECT_EQ(read->chain[1].selector->series, text);
    EXPECT_EQ(read->chain[1].selector->tags, body.selector->tags);
    EXPECT_EQ(read->chain[1].selector->last_year, 1990);
    EXPECT_EQ(read->chain[1].selector->collection_id.text, text);
    EXPECT_TRUE(read->chain[1].selector->specials);
    EXPECT_EQ(read->slot_units, 3);
    EXPECT_EQ(read->manual_order, program.manual_order);
    EXPECT_EQ(read->tags, program.tags);
    EXPECT_EQ(RowsOf([&](Transaction& t) { return t.programs().Put(program); }), 0);
  }
}

TEST_P(WishesStore, RefusesAProgramThatLeadsBackToItself) {
  const Channel channel = AddChannel();
  const auto with = [&](const std::string& name, const std::string& inner) {
    Program program;
    program.channel_id = channel.id;
    program.name = name;
    ChainNode node;
    if (inner.empty()) {
      node.selector = Selector{};
    } else {
      node.thing = SchedulableRef{SchedulableKind::kProgram, inner, ""};
    }
    program.chain = {node};
    return program;
  };
  Program inner = with("inner", "");
  ASSERT_OK(Write([&](Transaction& t) { return t.programs().Put(inner); }));
  Program outer = with("outer", inner.id.text);
  ASSERT_OK(Write([&](Transaction& t) { return t.programs().Put(outer); }));
  inner.chain[0] = {SchedulableRef{SchedulableKind::kProgram, outer.id.text, ""}, std::nullopt};
  EXPECT_EQ(Write([&](Transaction& t) { return t.programs().Put(inner); }).code(),
            absl::StatusCode::kInvalidArgument);
  const absl::Status used = Write([&](Transaction& t) { return t.programs().Delete(inner.id); });
  EXPECT_EQ(used.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(used.message()), HasSubstr("program \"outer\""));
}

TEST_P(WishesStore, KeepsVirtualAndSyntheticAssets) {
  for (const std::string& text : HostileTexts()) {
    VirtualAsset chain{{}, text, {{"a"}, {text}}};
    SyntheticAsset slate{{}, text, text, "/" + text, Millis(5000)};
    ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
      if (absl::Status put = t.virtual_assets().Put(chain); !put.ok()) return put;
      return t.synthetic_assets().Put(slate);
    }));
    EXPECT_EQ(Read([&](const Snapshot& s) { return s.virtual_assets().Find(text); })->sequence,
              chain.sequence);
    const auto read = Read([&](const Snapshot& s) { return s.synthetic_assets().Find(text); });
    EXPECT_EQ(read->recipe_json, text);
    EXPECT_EQ(read->rendering_path, "/" + text);
    EXPECT_EQ(read->duration, Millis(5000));
  }
  const auto all = Read([](const Snapshot& s) { return s.virtual_assets().List(); });
  ASSERT_THAT(*all, SizeIs(HostileTexts().size()));
  EXPECT_OK(Write([&](Transaction& t) { return t.virtual_assets().Delete(all->front().id); }));
}

TEST_P(WishesStore, KeepsCursorMarksToTheLastBit) {
  const Channel channel = AddChannel();
  for (const std::string& text : HostileTexts()) {
    CursorMark mark{channel.id, Date("2026-03-08"), {text, 2, text}, {}};
    mark.cursor.last = OrderKey{text, 1, 2, 3, text};
    mark.cursor.cycle = 4;
    mark.cursor.seed = 0xffff'ffff'ffff'ffff;
    mark.cursor.draws = 0x8000'0000'0000'0001;
    mark.cursor.ended = true;
    mark.cursor.position = 5;
    mark.cursor.bag = {1, 0x7fff'ffff'ffff'ffff, 0xffff'ffff'ffff'fffe};
    mark.cursor.recent = {9, 8};
    ASSERT_OK(Write([&](Transaction& t) { return t.cursor_marks().Put(mark); }));
    EXPECT_THAT(*Read([&](const Snapshot& s) { return s.cursor_marks().OfChannel(channel.id); }),
                ElementsAre(mark));
    ASSERT_OK(Write([&](Transaction& t) { return t.cursor_marks().Delete(mark); }));
  }
}

TEST_P(WishesStore, KeepsSettings) {
  for (const std::string& text : HostileTexts()) {
    EXPECT_EQ(RowsOf([&](Transaction& t) { return t.settings().Set(text, text); }), 1);
    EXPECT_EQ(RowsOf([&](Transaction& t) { return t.settings().Set(text, text); }), 0);
    EXPECT_EQ(*Read([&](const Snapshot& s) { return s.settings().Get(text); }), text);
  }
  EXPECT_THAT(*Read([](const Snapshot& s) { return s.settings().All(); }), SizeIs(HostileTexts().size()));
  EXPECT_OK(Write([&](Transaction& t) { return t.settings().Clear("plain"); }));
  EXPECT_FALSE(Read([&](const Snapshot& s) { return s.settings().Get("plain"); })->has_value());
}

}  // namespace
}  // namespace retrovue
