// Days, playlog and as-run in the database, on both of them.
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ResolvedStore : public StoreTest {
 protected:
  ResolvedStore() {
    network_.channel = AddChannel();
    for (int i = 1; i <= 6; ++i) network_.AddEpisode(HostileTexts()[4], i, Min(22));
    network_.AddSeries(HostileTexts()[4], PlayMode::kShuffle);
    network_.AddZone("06:00", "02:00", {Network::OfProgram(HostileTexts()[4])});
    network_.plans.back().name = HostileTexts()[5];
  }

  ScheduleDay Resolve(const char* date) {
    ScheduleDay day = network_.Resolve(date);
    AssignIds(day, nullptr, ids_);
    return day;
  }

  absl::Status Put(const std::vector<ScheduleDay>& days) {
    return Write([&](Transaction& t) { return t.schedule_days().Put(days); });
  }

  Network network_;
  std::uint64_t bits_ = 0;
  IdSource ids_{[this] { return now_; }, [this] { return ++bits_; }};
};
INSTANTIATE_TEST_SUITE_P(, ResolvedStore, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(ResolvedStore, KeepsADayAsItIs) {
  network_.seed = 0xfedc'ba98'7654'3210;
  network_.channel.breaks.policy = BreakPolicy::kMidroll;
  const ScheduleDay first = Resolve("2026-03-07");
  const ScheduleDay second = Resolve("2026-03-08");
  ASSERT_FALSE(first.items[3].cursors.empty());
  ASSERT_THAT(first.items[3].breaks, SizeIs(2));
  ASSERT_FALSE(first.items[3].main_asset.empty());
  ASSERT_OK(Put({first, second}));
  const auto read =
      Read([&](const Snapshot& s) { return s.schedule_days().Get(network_.channel.id, Date("2026-03-07")); });
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, first);
  EXPECT_THAT(*Read([&](const Snapshot& s) {
    return s.schedule_days().Span(network_.channel.id, Date("2026-03-01"), Date("2026-03-31"));
  }),
              ElementsAre(first, second));
  EXPECT_THAT(*Read([&](const Snapshot& s) {
    return s.schedule_days().Airing(network_.channel.id, second.start, second.start + Millis(1));
  }),
              ElementsAre(second));
  EXPECT_EQ(*Read([&](const Snapshot& s) { return s.schedule_days().FindItem(first.items[5].id); }),
            first.items[5]);
  const auto made = Read([&](const Snapshot& s) { return s.schedule_days().Made(network_.channel.id); });
  EXPECT_EQ((*made)->first, Date("2026-03-07"));
  EXPECT_EQ((*made)->last, Date("2026-03-08"));
  EXPECT_EQ(
      Read([&](const Snapshot& s) { return s.schedule_days().Get(network_.channel.id, Date("2026-03-09")); })
          .status()
          .code(),
      absl::StatusCode::kNotFound);
}

TEST_P(ResolvedStore, ReplacesADayWholeAndKeepsTheOldOne) {
  const ScheduleDay first = Resolve("2026-03-10");
  ASSERT_OK(Put({first}));
  ScheduleDay again = network_.Regenerate(first, first.start + Min(120), {}, std::nullopt);
  AssignIds(again, &first, ids_);
  ASSERT_OK(Put({again}));
  EXPECT_EQ(*Read([&](const Snapshot& s) { return s.schedule_days().Get(network_.channel.id, first.date); }),
            again);
  EXPECT_THAT(*Read([&](const Snapshot& s) {
    return s.schedule_days().Generations(network_.channel.id, first.date);
  }),
              ElementsAre(first, again));
  // The same step once more comes too late.
  ScheduleDay late = again;
  AssignIds(late, &first, ids_);
  EXPECT_EQ(Put({late}).code(), absl::StatusCode::kAborted);
}

TEST_P(ResolvedStore, RefusesAGapInADayAndBetweenDays) {
  ScheduleDay first = Resolve("2026-03-10");
  const ScheduleDay second = Resolve("2026-03-11");
  ScheduleDay torn = first;
  torn.items.erase(torn.items.begin() + 4);
  EXPECT_EQ(Put({torn}).code(), absl::StatusCode::kFailedPrecondition);
  ASSERT_OK(Put({first, second}));

  ScheduleDay shorter = second;
  shorter.start = shorter.carry_in_until = second.items[1].start;
  shorter.items.erase(shorter.items.begin());
  for (std::size_t i = 0; i < shorter.items.size(); ++i) shorter.items[i].seq = static_cast<int>(i);
  shorter.generation = 2;
  shorter.supersedes = second.id;
  AssignIds(shorter, nullptr, ids_);
  ASSERT_OK(ValidateScheduleDay(shorter));
  const absl::Status refused = Put({shorter});
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("ends at"));
  EXPECT_EQ(*Read([&](const Snapshot& s) { return s.schedule_days().Get(network_.channel.id, second.date); }),
            second);
}

TEST_P(ResolvedStore, CannotBeMadeToHoldAGapByAnyStatement) {
  ASSERT_OK(Put({Resolve("2026-03-10"), Resolve("2026-03-11")}));
  EXPECT_FALSE(Takes("DELETE FROM schedule_parts") && Takes("DELETE FROM schedule_items WHERE seq = 3"));
  EXPECT_FALSE(Takes("DELETE FROM schedule_items WHERE seq = (SELECT MAX(seq) FROM schedule_items)"));
  EXPECT_FALSE(Takes("UPDATE schedule_items SET end_ms = end_ms - 1 WHERE seq = 3"));
  EXPECT_FALSE(Takes("UPDATE schedule_items SET start_ms = start_ms + 1 WHERE seq = 0"));
  EXPECT_FALSE(Takes("UPDATE schedule_days SET start_ms = start_ms + 1"));
  EXPECT_FALSE(Takes("UPDATE current_days SET start_ms = start_ms + 1"));
  EXPECT_FALSE(Takes("DELETE FROM current_days WHERE date = '2026-03-10'"));
  EXPECT_FALSE(Takes(
      "INSERT INTO current_days (channel_id, date, day_id, start_ms, carry_out_until_ms, last_seq, "
      "follows_date) SELECT channel_id, '2026-03-12', day_id, start_ms, carry_out_until_ms, last_seq, NULL "
      "FROM current_days WHERE date = '2026-03-11'"));
  EXPECT_TRUE(Takes("UPDATE schedule_items SET title = 'x' WHERE seq = 3"));
}

TEST_P(ResolvedStore, HoldsTheGridOfAChannelThatHasDays) {
  Channel channel = network_.channel;
  channel.grid = {15, {0, 15, 30, 45}, 360};
  ASSERT_OK(Write([&](Transaction& t) { return t.channels().Put(channel); }));
  channel.grid = {};
  ASSERT_OK(Write([&](Transaction& t) { return t.channels().Put(channel); }));
  ASSERT_OK(Put({Resolve("2026-03-10")}));
  channel.grid = {15, {0, 15, 30, 45}, 360};
  const absl::Status refused = Write([&](Transaction& t) { return t.channels().Put(channel); });
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("Add a new channel"));
  EXPECT_EQ(Write([&](Transaction& t) { return t.channels().Delete(channel.id); }).code(),
            absl::StatusCode::kFailedPrecondition);
}

TEST_P(ResolvedStore, DeletesNoAssetThatADayHas) {
  const Collection collection = AddCollection();
  Asset asset = AssetOf(collection, "film", Min(90));
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(asset); }));
  Network network;
  network.channel = network_.channel;
  network.assets = {asset};
  network.AddZone("06:00", "08:00", {Network::Thing(asset.id.text)});
  ScheduleDay day = network.Resolve("2026-03-10");
  AssignIds(day, nullptr, ids_);
  ASSERT_OK(Put({day}));
  const absl::Status refused = Write([&](Transaction& t) { return t.assets().Delete(asset.id); });
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("retire it instead"));
}

class BlocksOfADay : public ResolvedStore {
 protected:
  BlocksOfADay() {
    day_ = Resolve("2026-03-10");
    EXPECT_OK(Put({day_}));
    const CatalogueView catalogue(network_.assets, network_.programs, {}, {});
    blocks_ = PlanBlocks(network_.channel, network_.MakeGrid(), day_,
                         AvailRulesOf(network_.channel, catalogue, network_.seed));
  }
  absl::Status Add(PlannedBlock& block) {
    return Write([&](Transaction& t) { return t.playlog().Add(network_.channel.id, block); });
  }
  std::vector<PlannedBlock> Stored(Instant from, Instant to) {
    return *Read([&](const Snapshot& s) { return s.playlog().Blocks(network_.channel.id, from, to); });
  }

  ScheduleDay day_;
  std::vector<PlannedBlock> blocks_;
};
INSTANTIATE_TEST_SUITE_P(, BlocksOfADay, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(BlocksOfADay, AreKeptWithTheirEventsAndKeepTheirIds) {
  blocks_[2].events[0].fades_in = blocks_[2].events[1].cut_short = true;
  for (PlannedBlock& block : blocks_) ASSERT_OK(Add(block));
  EXPECT_EQ(Stored(day_.start, day_.end), blocks_);
  EXPECT_THAT(Stored(blocks_[3].start + Millis(1), blocks_[4].start), ElementsAre(blocks_[3]));
  PlannedBlock again = blocks_[3];
  for (PlaylogEvent& event : again.events) event.id = {};
  EXPECT_EQ(RowsOf([&](Transaction& t) { return t.playlog().Add(network_.channel.id, again); }), 0);
  EXPECT_EQ(again, blocks_[3]);
  again.block_id += "x";
  EXPECT_EQ(Add(again).code(), absl::StatusCode::kAlreadyExists);
}

TEST_P(BlocksOfADay, GoThroughTheirStates) {
  PlannedBlock& block = blocks_[0];
  ASSERT_OK(Add(block));
  ASSERT_OK(Add(blocks_[1]));
  const auto states = [&] {
    std::vector<PlaylogState> found;
    for (const PlaylogEvent& event :
         Read([&](const Snapshot& s) { return s.playlog().GetBlock(block.block_id); })->events) {
      found.push_back(event.state);
    }
    return found;
  };
  ASSERT_THAT(block.events, SizeIs(2));  // the show and what it leaves
  EXPECT_EQ(RowsOf([&](Transaction& t) { return t.playlog().MarkFed(block.block_id); }), 2);
  EXPECT_EQ(RowsOf([&](Transaction& t) { return t.playlog().MarkFed(block.block_id); }), 0);
  EXPECT_THAT(states(), ElementsAre(PlaylogState::kFed, PlaylogState::kFed));
  ASSERT_OK(Write(
      [&](Transaction& t) { return t.playlog().MarkOutcome(block.events[0].id, PlaylogState::kTruncated); }));
  EXPECT_THAT(states(), ElementsAre(PlaylogState::kTruncated, PlaylogState::kFed));
  ASSERT_OK(Write([&](Transaction& t) { return t.playlog().MarkFed(block.block_id); }));
  EXPECT_THAT(states(), ElementsAre(PlaylogState::kTruncated, PlaylogState::kFed));
  EXPECT_EQ(Write([&](Transaction& t) {
              return t.playlog().MarkOutcome(block.events[0].id, PlaylogState::kFed);
            }).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Write([&](Transaction& t) { return t.playlog().MarkFed("no such"); }).code(),
            absl::StatusCode::kNotFound);
  // What is fed stays, what is planned goes.
  int dropped = 0;
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    const auto gone =
        t.playlog().DropPlanned(network_.channel.id, {block.block_id, blocks_[1].block_id, "no such"});
    dropped = gone.value_or(-1);
    return gone.status();
  }));
  EXPECT_EQ(dropped, 1);
  EXPECT_THAT(Stored(day_.start, day_.end), SizeIs(1));
}

Evidence EvidenceOf(EvidenceKind kind, std::int64_t seq, const PlannedBlock& block,
                    const PlaylogEvent& event) {
  Evidence e;
  e.session_id = "session";
  e.seq = seq;
  e.channel_id = {"channel"};
  e.kind = kind;
  e.emitted_at = event.end;
  e.block_id = block.block_id;
  e.playlog_event_id = event.id.text;
  e.segment_index = event.segment_index;
  e.segment_uuid = absl::StrCat("uuid ", event.segment_index);
  e.segment_type = "content";
  e.asset_uri = event.path;
  e.actual_start = event.start + Millis(33);
  return e;
}

Evidence EndOf(std::int64_t seq, const PlannedBlock& block, const PlaylogEvent& event,
               const std::string& status) {
  Evidence e = EvidenceOf(EvidenceKind::kSegmentEnd, seq, block, event);
  e.actual_end = event.end + Millis(33);
  e.frames = 1800;
  e.fallback_frames = 3;
  e.pad = {{"LATE", 2}, {HostileTexts()[3], 1}};
  e.status = status;
  e.reason = HostileTexts()[4];
  e.detail = HostileTexts()[5];
  return e;
}

TEST_P(BlocksOfADay, AreJoinedToWhatWasOnTheAir) {
  PlannedBlock& block = blocks_[0];
  ASSERT_OK(Add(block));
  const Evidence start = EvidenceOf(EvidenceKind::kSegmentStart, 1, block, block.events[0]);
  const Evidence end = EndOf(2, block, block.events[0], "TRUNCATED");
  const Evidence next = EvidenceOf(EvidenceKind::kSegmentStart, 3, block, block.events[1]);
  for (const Evidence& e : {start, end, next}) {
    EXPECT_GT(RowsOf([&](Transaction& t) { return t.as_run().Add(e).status(); }), 0);
    EXPECT_EQ(RowsOf([&](Transaction& t) { return t.as_run().Add(e).status(); }), 0)
        << "evidence " << e.seq << " twice";
  }
  EXPECT_THAT(*Read([](const Snapshot& s) { return s.as_run().OfSession("session"); }),
              ElementsAre(start, end, next));
  const auto rows =
      *Read([&](const Snapshot& s) { return s.as_run().Rows({"channel"}, block.start, block.end); });
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_EQ(rows[0].playlog_event_id, block.events[0].id.text);
  EXPECT_EQ(rows[0].planned_start, block.events[0].start);
  EXPECT_EQ(rows[0].planned_end, block.events[0].end);
  EXPECT_EQ(rows[0].actual_start, block.events[0].start + Millis(33));
  EXPECT_EQ(rows[0].actual_end, block.events[0].end + Millis(33));
  EXPECT_EQ(rows[0].frames, 1800);
  EXPECT_EQ(rows[0].fallback_frames, 3);
  EXPECT_EQ(rows[0].pad, end.pad);
  EXPECT_EQ(rows[0].status, "TRUNCATED");
  EXPECT_EQ(rows[0].reason, HostileTexts()[4]);
  EXPECT_EQ(rows[0].title, day_.items[0].title);
  EXPECT_EQ(rows[1].status, "ON_AIR");
  EXPECT_FALSE(rows[1].actual_end.has_value());
  EXPECT_EQ(Read([&](const Snapshot& s) { return s.playlog().GetEvent(block.events[0].id); })->state,
            PlaylogState::kTruncated);
}

TEST_P(BlocksOfADay, MayBeUnknownToTheEvidence) {
  const Evidence end = EndOf(9, blocks_[0], blocks_[0].events[0], "AIRED");
  Evidence unplanned = end;
  unplanned.playlog_event_id = "an event that is no more";
  ASSERT_OK(Write([&](Transaction& t) { return t.as_run().Add(unplanned).status(); }));
  const auto rows = *Read(
      [&](const Snapshot& s) { return s.as_run().Rows({"channel"}, blocks_[0].start, blocks_[0].end); });
  ASSERT_THAT(rows, SizeIs(1));
  EXPECT_EQ(rows[0].status, "AIRED");
  EXPECT_FALSE(rows[0].planned_start.has_value());
}

TEST_P(ResolvedStore, AcknowledgesEvidenceUpToTheFirstGap) {
  const auto add = [&](std::int64_t seq) {
    Evidence e;
    e.session_id = "s";
    e.seq = seq;
    e.emitted_at = now_;
    return RowsOf([&](Transaction& t) { return t.as_run().Add(e).status(); });
  };
  const auto last = [&] { return *Read([](const Snapshot& s) { return s.as_run().LastOf("s"); }); };
  EXPECT_EQ(last(), 0);
  add(1);
  add(2);
  EXPECT_EQ(last(), 2);
  add(4);
  EXPECT_EQ(last(), 2);
  add(3);
  EXPECT_EQ(last(), 4);
  add(6);
  for (const std::int64_t known : {0, 2, 4})
    EXPECT_EQ(*Read([&](const Snapshot& s) { return s.as_run().LastOf("s", known); }), 4) << known;
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.as_run().LastOf("another"); }), 0);
}

}  // namespace
}  // namespace retrovue
