// Days, playlog and guide over a store, on both databases.
#include "core/planning/planning.h"

#include <map>
#include <set>
#include <thread>

#include "core/schedule/grid.h"
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class PlanningTest : public StoreTest {
 protected:
  PlanningTest() : planning_(*store_, [this] { return now_; }) {}

  // A channel with a series of 22 minutes in the day, films at night, and fillers.
  void MakeNetwork(const std::string& time_zone) {
    const Collection collection = AddCollection();
    channel_ = AddChannel("retro");
    EXPECT_OK(Write([&](Transaction& t) -> absl::Status {
      const auto add = [&](const std::string& key, Millis duration) {
        Asset asset = AssetOf(collection, key, duration);
        if (key[0] == 'e') {
          asset.editorial.series = "Show";
          asset.editorial.season = 1;
          asset.editorial.episode = std::stoi(key.substr(1));
        }
        if (key[0] == 'f') asset.tags = {{"film", TagOrigin::kIngest}};
        EXPECT_OK(t.assets().Put(asset));
        return asset;
      };
      for (int i = 1; i <= 13; ++i) episodes_.push_back(add(absl::StrCat("e", i), Min(22)));
      for (int i = 1; i <= 5; ++i) add(absl::StrCat("film", i), Min(81 + i * 7));
      channel_.time_zone = time_zone;
      for (int i = 1; i <= 4; ++i)
        channel_.filler_pool.push_back(add(absl::StrCat("clip", i), Millis(31'000 * i)).id);
      channel_.station_card_path = "/card.png";
      EXPECT_OK(t.channels().Put(channel_));
      Program show;
      show.channel_id = channel_.id;
      show.name = "Show";
      show.chain = {{std::nullopt, Selector{"Show"}, ChainNode::Role::kBody}};
      EXPECT_OK(t.programs().Put(show));
      show_ = show.id;
      Program films;
      films.channel_id = channel_.id;
      films.name = "Films";
      films.play_mode = PlayMode::kShuffle;
      Selector with_tag;
      with_tag.tags = {"film"};
      films.chain = {{std::nullopt, with_tag, ChainNode::Role::kBody}};
      EXPECT_OK(t.programs().Put(films));
      plan_.channel_id = channel_.id;
      plan_.name = "Base";
      plan_.zones = {ZoneOf("day", 0, 960, show.id.text), ZoneOf("night", 960, 1380, films.id.text)};
      return t.plans().Put(plan_);
    }));
  }

  static Zone ZoneOf(const std::string& name, int start, int end, const std::string& program) {
    Zone zone;
    zone.name = name;
    zone.start = start;
    zone.end = end;
    zone.entries = {{SchedulableKind::kProgram, program, ""}};
    zone.overrun = Overrun::kLast;
    return zone;
  }

  std::vector<ScheduleDay> Days(absl::CivilDay first, absl::CivilDay last) {
    return *Read([&](const Snapshot& s) { return s.schedule_days().Span(channel_.id, first, last); });
  }
  absl::CivilDay Today() { return Grid(channel_.grid, *FindTimeZone(channel_.time_zone)).DayOf(now_); }

  Channel channel_;
  ProgramId show_;
  SchedulePlan plan_;
  std::vector<Asset> episodes_;
  Planning planning_;
};
INSTANTIATE_TEST_SUITE_P(, PlanningTest, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

// Thirty days, hour by hour where it matters: what the guide says, what the playlog has and what is fed are the rows of the days.
TEST_P(PlanningTest, TellsOneTruthOverThirtyDaysAndBothChangesOfTheClocks) {
  for (const auto& [zone, start] :
       std::vector<std::pair<const char*, const char*>>{{"America/New_York", "2026-02-20T12:00:00Z"},
                                                        {"America/New_York", "2026-10-10T12:00:00Z"},
                                                        {"Australia/Lord_Howe", "2026-03-20T12:00:00Z"},
                                                        {"Australia/Lord_Howe", "2026-09-20T12:00:00Z"}}) {
    SCOPED_TRACE(absl::StrCat(zone, " ", start));
    store_.reset();
    database_ = std::make_unique<TestDatabase>(GetParam());
    Open();
    now_ = At(start);
    Planning planning(*store_, [this] { return now_; });
    episodes_.clear();
    plan_ = {};
    MakeNetwork(zone);
    const Instant begin = now_;
    std::vector<PlannedBlock> fed;
    for (int step = 0; step < 30 * 8; ++step) {  // every three hours
      ASSERT_OK(planning.MakeDaysAhead(channel_.id).status());
      const auto blocks = planning.ExtendPlaylog(channel_.id);
      ASSERT_OK(blocks.status());
      for (const PlannedBlock& block : *blocks) {
        if (fed.empty() || block.start >= fed.back().end) fed.push_back(block);
      }
      now_ += Min(180);
    }
    const Instant end = fed.back().end;
    ASSERT_GE(end - begin, Min(30 * 24 * 60 - 180));
    const auto days =
        *Read([&](const Snapshot& s) { return s.schedule_days().Airing(channel_.id, begin, end); });
    const auto stored = *planning.Blocks(channel_.id, fed.front().start, end);
    EXPECT_EQ(stored, fed) << "what was fed is not what is stored";
    const auto guide = *planning.Guide(channel_.id, fed.front().start, end);

    std::map<std::string, ScheduleItem> items;
    for (const ScheduleDay& day : days) {
      for (const ScheduleItem& item : day.items) items[item.id.text] = item;
    }
    // Fed, event by event, against the items.
    Instant t = fed.front().start;
    std::map<std::string, Millis> aired;
    for (const PlannedBlock& block : fed) {
      ASSERT_EQ(block.start, t);
      for (const PlaylogEvent& event : block.events) {
        ASSERT_EQ(event.start, t);
        t = event.end;
        const ScheduleItem& item = items.at(event.schedule_item_id.text);
        ASSERT_GE(event.start, item.start);
        ASSERT_LE(event.end, item.end);
        if (event.kind != PlaylogKind::kProgramme) continue;
        aired[item.id.text] += event.end - event.start;
        ASSERT_EQ(event.asset_id, item.parts[0].asset_id);
        ASSERT_EQ(event.asset_start_offset, event.start - item.start);
      }
      ASSERT_EQ(block.end, t);
    }
    int whole = 0;
    for (const auto& [id, length] : aired) {
      const ScheduleItem& item = items.at(id);
      if (item.start < fed.front().start || item.end > end) continue;
      EXPECT_EQ(length, item.content) << item.title;
      ++whole;
    }
    EXPECT_GT(whole, 900);
    // The guide, entry by entry, against the items.
    Instant stop = guide.entries.front().start;
    std::set<std::string> ids;
    for (const GuideEntry& entry : guide.entries) {
      EXPECT_EQ(entry.start, stop);
      stop = entry.stop;
      EXPECT_TRUE(ids.insert(entry.id).second);
      const ScheduleItem& item = items.at(entry.schedule_item_id.text);
      EXPECT_EQ(entry.start, item.start);
      EXPECT_TRUE(item.kind != ItemKind::kContent || entry.title == item.title) << entry.title;
    }
    EXPECT_GE(stop, end);
    // And nothing of it is made twice.
    const std::int64_t rows = store_->rows_written();
    now_ = begin;
    EXPECT_THAT(*planning.MakeDaysAhead(channel_.id), IsEmpty());
    EXPECT_EQ(*planning.Blocks(channel_.id, fed.front().start, end), fed);
    EXPECT_EQ(planning.Guide(channel_.id, fed.front().start, end)->etag, guide.etag);
    EXPECT_EQ(store_->rows_written(), rows);
  }
}

TEST_P(PlanningTest, MakesTheDaysOfTheHorizonOnce) {
  MakeNetwork("America/New_York");
  const auto made = planning_.MakeDaysAhead(channel_.id);
  ASSERT_OK(made.status());
  EXPECT_THAT(*made, SizeIs(4));  // of today and the three to come
  EXPECT_EQ(Days(Today(), Today() + 10), *made);
  const std::int64_t rows = store_->rows_written();
  EXPECT_THAT(*planning_.MakeDaysAhead(channel_.id), IsEmpty());
  EXPECT_EQ(store_->rows_written(), rows);
  EXPECT_THAT(*planning_.MakeDaysUntil(channel_.id, Today() + 5), SizeIs(2));
  EXPECT_THAT(*planning_.PreviewDaysUntil(channel_.id, Today() + 7), SizeIs(2));
  EXPECT_THAT(Days(Today(), Today() + 10), SizeIs(6));
}

TEST_P(PlanningTest, GoesOnWithASeriesFromDayToDay) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysUntil(channel_.id, Today() + 6).status());
  int expected = 0;
  for (const ScheduleDay& day : Days(Today(), Today() + 6)) {
    for (const ScheduleItem& item : day.items) {
      if (item.series != "Show") continue;
      EXPECT_EQ(item.episode, expected % 13 + 1) << ToRfc3339(item.start);
      ++expected;
    }
  }
  EXPECT_GT(expected, 100);
}

TEST_P(PlanningTest, FillsADayWithoutAPlan) {
  channel_ = AddChannel("empty");
  channel_.station_card_path = "/card.png";
  ASSERT_OK(Write([&](Transaction& t) { return t.channels().Put(channel_); }));
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  const auto days = Days(Today(), Today());
  ASSERT_THAT(days, SizeIs(1));
  ASSERT_THAT(days[0].items, SizeIs(1));
  EXPECT_EQ(days[0].items[0].kind, ItemKind::kAvail);
  EXPECT_EQ(days[0].items[0].end - days[0].items[0].start, Min(24 * 60));
  const auto blocks = planning_.ExtendPlaylog(channel_.id);
  ASSERT_OK(blocks.status());
  ASSERT_THAT(*blocks, Not(IsEmpty()));
  EXPECT_EQ(blocks->front().events[0].kind, PlaylogKind::kStationCard);
  EXPECT_LE(blocks->front().start, now_);
  EXPECT_GE(blocks->back().end, now_ + Min(180));
  EXPECT_EQ(planning_.ItemAt(channel_.id, now_)->id, days[0].items[0].id);
  EXPECT_EQ(planning_.ItemAt(channel_.id, now_ - Min(5 * 24 * 60)).status().code(),
            absl::StatusCode::kNotFound);
}

TEST_P(PlanningTest, MakesUpForDaysOnWhichTheNetworkWasOff) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  const absl::CivilDay first = Today();
  now_ += Min(10 * 24 * 60);
  const auto made = planning_.MakeDaysAhead(channel_.id);
  ASSERT_OK(made.status());
  EXPECT_THAT(*made, SizeIs(10));
  EXPECT_THAT(Days(first, first + 30), SizeIs(14));
  now_ += Min(100 * 24 * 60);  // too long to make up for
  EXPECT_THAT(*planning_.MakeDaysAhead(channel_.id), SizeIs(4));
  const auto latest = Days(Today(), Today());
  ASSERT_THAT(latest, SizeIs(1));
  const auto before = Days(first + 13, first + 13);
  for (const ScheduleItem& item : latest[0].items) {
    if (item.series != "Show") continue;
    const auto& left = before[0].cursors_after.at({show_.text, 0, ""});
    EXPECT_EQ(item.episode, left.last->episode % 13 + 1) << "the series goes on where it stood";
    break;
  }
}

TEST_P(PlanningTest, MakesTheFirstDayBehindALongPauseAgainFromWhereTheSeriesStood) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  now_ += Min(100 * 24 * 60);
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  now_ -= Min(24 * 60);  // so that nothing of the first day behind the pause is locked
  const std::int64_t rows = store_->rows_written();
  const auto changes = planning_.Regenerate(channel_.id, Today() + 1);
  ASSERT_OK(changes.status());
  EXPECT_THAT(*changes, IsEmpty());
  EXPECT_EQ(store_->rows_written(), rows);
}

// New zone data on the machine: here the channel is in another zone all of a sudden, which the store itself would not
// take.
TEST_P(PlanningTest, FollowsNewZoneDataBehindTheLock) {
  for (const char* zone :
       {"America/Panama", "America/Caracas", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"}) {
    SCOPED_TRACE(zone);
    store_.reset();
    database_ = std::make_unique<TestDatabase>(GetParam());
    Open();
    now_ = At("2026-06-01T12:00:00Z");
    Planning planning(*store_, [this] { return now_; });
    episodes_.clear();
    plan_ = {};
    MakeNetwork("America/New_York");
    ASSERT_OK(planning.MakeDaysAhead(channel_.id).status());
    std::vector<PlannedBlock> fed = *planning.ExtendPlaylog(channel_.id);

    const Instant locked = fed.back().end;
    ASSERT_TRUE(Takes(absl::StrCat("UPDATE channels SET time_zone = '", zone, "'")));
    channel_.time_zone = zone;
    const Grid grid(channel_.grid, *FindTimeZone(channel_.time_zone));
    for (int step = 0; step < 4 * 8; ++step) {  // every three hours
      ASSERT_OK(planning.MakeDaysAhead(channel_.id).status());
      const auto blocks = planning.ExtendPlaylog(channel_.id);
      ASSERT_OK(blocks.status());
      for (const PlannedBlock& block : *blocks) {
        if (block.start < fed.back().end) continue;
        ASSERT_EQ(block.start, fed.back().end);
        fed.push_back(block);
      }
      now_ += Min(180);
    }
    // What was locked keeps its shape; behind it the zones have programmes again before two hours have passed.
    const auto on = std::find_if(fed.begin(), fed.end(), [&](const PlannedBlock& block) {
      return block.start >= locked && block.events[0].kind == PlaylogKind::kProgramme;
    });
    ASSERT_NE(on, fed.end());
    EXPECT_LE(on->start - locked, Min(120)) << ToRfc3339(on->start);
    const auto days = Days(Today() - 2, Today() + 2);
    ASSERT_GE(days.size(), 4u);
    for (std::size_t i = 1; i < days.size(); ++i) EXPECT_EQ(days[i].start, days[i - 1].carry_out_until);
    EXPECT_EQ(days.back().anchor, grid.Anchor(days.back().date));
    EXPECT_EQ(days.back().end, grid.Anchor(days.back().date + 1));
    EXPECT_THAT(days.back().items, Contains(testing::Field(&ScheduleItem::kind, ItemKind::kContent)));
  }
}

TEST_P(PlanningTest, RefusesAClockThatIsBeforeItsDays) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  now_ -= Min(3 * 24 * 60);
  const auto made = planning_.MakeDaysAhead(channel_.id);
  EXPECT_EQ(made.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(made.status().message()), HasSubstr("set the clock right"));
}

TEST_P(PlanningTest, ChangesNothingWhereNothingHasChanged) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  ASSERT_OK(planning_.ExtendPlaylog(channel_.id).status());
  const std::int64_t rows = store_->rows_written();
  const auto changes = planning_.Regenerate(channel_.id, Today());
  ASSERT_OK(changes.status());
  EXPECT_THAT(*changes, IsEmpty());
  EXPECT_EQ(store_->rows_written(), rows);
}

TEST_P(PlanningTest, MakesADayAgainFromTheLockOnAndThoseBehindItWithIt) {
  MakeNetwork("America/New_York");
  const Instant lock = At("2026-03-01T15:00:00Z");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  const auto before = Days(Today(), Today() + 3);
  const auto fed = *planning_.Blocks(channel_.id, now_, now_ + Min(600));
  const auto guide = *planning_.Guide(channel_.id, now_, now_ + Min(600));

  episodes_[5].state = AssetState::kRetired;
  episodes_[5].approved_for_broadcast = false;
  ASSERT_OK(Write([&](Transaction& t) { return t.assets().Put(episodes_[5]); }));
  const auto preview = planning_.PreviewRegenerate(channel_.id, Today());
  ASSERT_OK(preview.status());
  EXPECT_THAT(*preview, SizeIs(4));
  EXPECT_EQ(Days(Today(), Today() + 3), before);

  const auto changes = planning_.Regenerate(channel_.id, Today());
  ASSERT_OK(changes.status());
  ASSERT_THAT(*changes, SizeIs(4));
  const auto after = Days(Today(), Today() + 3);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ((*changes)[i].before, before[i]);
    EXPECT_EQ((*changes)[i].after, after[i]);
    EXPECT_EQ(after[i].generation, 2);
    EXPECT_EQ(after[i].supersedes, before[i].id);
    for (const ScheduleItem& item : after[i].items) {
      const auto was = std::find_if(before[i].items.begin(), before[i].items.end(),
                                    [&](const ScheduleItem& old) { return old.id == item.id; });
      if (item.start < lock) {
        ASSERT_NE(was, before[i].items.end());
        EXPECT_EQ(*was, item) << "behind the lock";
      }
      for (const ResolvedPart& part : item.parts) {
        EXPECT_TRUE(item.start < lock || part.asset_id != episodes_[5].id) << ToRfc3339(item.start);
      }
    }
  }
  // The playlog has become that of the new day, where nothing stands in the way.
  const auto now_fed = *planning_.Blocks(channel_.id, now_, now_ + Min(600));
  EXPECT_NE(now_fed, fed);
  for (std::size_t i = 0; i < now_fed.size(); ++i) {
    EXPECT_TRUE(now_fed[i].start >= lock || now_fed[i] == fed[i]) << now_fed[i].block_id;
    const auto item = planning_.ItemAt(channel_.id, now_fed[i].start);
    EXPECT_EQ(now_fed[i].events[0].schedule_item_id, item->id);
  }
  EXPECT_NE(planning_.Guide(channel_.id, now_, now_ + Min(600))->etag, guide.etag);
}

TEST_P(PlanningTest, KeepsWhatIsFedAlsoBehindTheLock) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  const auto blocks = *planning_.Blocks(channel_.id, now_, now_ + Min(8 * 60));
  for (const PlannedBlock& block : blocks) {
    ASSERT_OK(Write([&](Transaction& t) { return t.playlog().MarkFed(block.block_id); }));
  }
  for (int i = 3; i < 12; ++i) {
    episodes_[static_cast<std::size_t>(i)].state = AssetState::kRetired;
    episodes_[static_cast<std::size_t>(i)].approved_for_broadcast = false;
  }
  ASSERT_OK(Write([&](Transaction& t) -> absl::Status {
    for (Asset& asset : episodes_) {
      if (absl::Status put = t.assets().Put(asset); !put.ok()) return put;
    }
    return absl::OkStatus();
  }));
  ASSERT_OK(planning_.Regenerate(channel_.id, Today()).status());
  const auto after = *planning_.Blocks(channel_.id, now_, now_ + Min(8 * 60));
  ASSERT_EQ(after.size(), blocks.size());
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    EXPECT_EQ(after[i].block_id, blocks[i].block_id);
    EXPECT_EQ(after[i].events[0].schedule_item_id, planning_.ItemAt(channel_.id, after[i].start)->id);
  }
}

TEST_P(PlanningTest, RefusesToMakeAgainWhatIsOnTheAir) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  const absl::CivilDay today = Today();
  now_ += Min(2 * 24 * 60);
  EXPECT_EQ(planning_.Regenerate(channel_.id, today).status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(planning_.Regenerate(channel_.id, today + 30).status().code(), absl::StatusCode::kNotFound);
}

TEST_P(PlanningTest, BeginsASeriesWhereTheOperatorSays) {
  MakeNetwork("America/New_York");
  Cursor cursor;
  cursor.last = OrderKeyOf(episodes_[8]);
  ASSERT_OK(Write([&](Transaction& t) {
    return t.cursor_marks().Put({channel_.id, Today() + 1, {show_.text, 0, ""}, cursor});
  }));
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  EXPECT_EQ(Days(Today(), Today())[0].items[0].episode, 1);
  for (const ScheduleItem& item : Days(Today() + 1, Today() + 1)[0].items) {
    if (item.series != "Show") continue;
    EXPECT_EQ(item.episode, 10);
    break;
  }
}

TEST_P(PlanningTest, KeepsABlockThatIsStoredWhenTheFillersChange) {
  MakeNetwork("America/New_York");
  ASSERT_OK(planning_.MakeDaysAhead(channel_.id).status());
  const auto blocks = *planning_.ExtendPlaylog(channel_.id);
  channel_.filler_pool.pop_back();
  ASSERT_OK(Write([&](Transaction& t) { return t.channels().Put(channel_); }));
  EXPECT_EQ(*planning_.ExtendPlaylog(channel_.id), blocks);
  now_ += Min(60);
  const auto later = *planning_.ExtendPlaylog(channel_.id);
  EXPECT_EQ(later.front(), blocks[2]);
  for (const PlaylogEvent& event : later.back().events) EXPECT_NE(event.path, "/media/clip4.mkv");
}

TEST_P(PlanningTest, MakesADayOnceWhenTwoProcessesWantIt) {
  MakeNetwork("America/New_York");
  const auto other_store = OpenAnother();
  Planning other(*other_store, [this] { return now_; });
  std::size_t made[2] = {0, 0};
  std::thread second([&] {
    const auto days = other.MakeDaysAhead(channel_.id);
    EXPECT_OK(days.status());
    EXPECT_OK(other.ExtendPlaylog(channel_.id).status());
    made[1] = days->size();
  });
  const auto days = planning_.MakeDaysAhead(channel_.id);
  EXPECT_OK(days.status());
  EXPECT_OK(planning_.ExtendPlaylog(channel_.id).status());
  made[0] = days->size();
  second.join();
  EXPECT_EQ(made[0] + made[1], 4u);
  EXPECT_EQ(*planning_.ExtendPlaylog(channel_.id), *other.ExtendPlaylog(channel_.id));
  EXPECT_THAT(*Read([&](const Snapshot& s) { return s.schedule_days().Generations(channel_.id, Today()); }),
              SizeIs(1));
}

}  // namespace
}  // namespace retrovue
