#include "supervisor/plan/rundown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace air {
namespace {

using ::testing::HasSubstr;

constexpr int32_t kChannel = 1;
constexpr UtcMs kEpoch(1'000'000'000);

// At 25 frames a second: a tick is 40 ms.
class RundownTest : public ::testing::Test {
 protected:
  static wire::BlockPlan Block(const std::string& id, int64_t start_ms, std::vector<int64_t> durations) {
    wire::BlockPlan plan;
    plan.set_block_id(id);
    plan.set_channel_id(kChannel);
    plan.set_start_utc_ms(kEpoch.value() + start_ms);
    int64_t end = plan.start_utc_ms();
    for (int64_t duration : durations) {
      wire::BlockSegment& segment = *plan.add_segments();
      segment.set_segment_index(plan.segments_size() - 1);
      segment.set_asset_uri("/" + id + std::to_string(plan.segments_size()));
      segment.set_segment_duration_ms(duration);
      end += duration;
    }
    plan.set_end_utc_ms(end);
    return plan;
  }
  static Rundown::Plan Stored(const std::vector<wire::BlockPlan>& blocks) {
    return {.blocks = StoredBlocks::Of(blocks)};
  }
  LiveInsert Live(const std::string& uri, int64_t start, std::optional<int64_t> end) {
    return {.segment = {.serial = rundown_.ReserveSegments(1),
                        .asset_uri = uri,
                        .start = Tick(start),
                        .end = Tick(end.value_or(0))},
            .open = !end.has_value()};
  }
  // "/a1[0,25)@0 b1": uri, ticks, units it is entered at, block.
  static std::string Told(const PlannedSegment& s) {
    const std::string end = s.end == Rundown::kNoEnd ? "..." : std::to_string(s.end.value());
    return s.asset_uri + "[" + std::to_string(s.start.value()) + "," + end + ")@" +
           std::to_string(s.skip_units) + " b" + std::to_string(s.block_serial);
  }
  std::vector<std::string> Told() const {
    std::vector<std::string> all;
    for (const PlannedSegment& segment : rundown_.segments()) all.push_back(Told(segment));
    return all;
  }
  using Lines = std::vector<std::string>;

  // A successor tells the same, serials included.
  void ExpectRecorded() {
    record::Session session;
    rundown_.Describe(session);
    Rundown other(time_, kEpoch);
    other.Restore(session, rundown_.waiting() > 0 ? *StoredBlocks::Parse(rundown_.stored()) : nullptr);
    record::Session again;
    other.Describe(again);
    EXPECT_EQ(session.DebugString(), again.DebugString());
    ASSERT_EQ(other.segments().size(), rundown_.segments().size());
    for (size_t i = 0; i < other.segments().size(); ++i) {
      EXPECT_EQ(Told(other.segments()[i]), Told(rundown_.segments()[i]));
      EXPECT_EQ(other.segments()[i].serial, rundown_.segments()[i].serial);
    }
  }
  void ExpectAppended(const wire::BlockPlan& block) {
    const absl::StatusOr<bool> appended = rundown_.Append(block, kChannel);
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_TRUE(*appended);
  }

  const HouseTime time_{HouseFormat{640, 360, {25, 1}, 48000, 2}};
  Rundown rundown_{time_, kEpoch};
};

TEST_F(RundownTest, PutsBlocksOneBehindTheOther) {
  ExpectAppended(Block("a", 0, {1000, 1000}));
  ExpectAppended(Block("b", 3000, {1000}));
  EXPECT_EQ(Told(), (Lines{"/a1[0,25)@0 b1", "/a2[25,50)@0 b1", "/b1[75,100)@0 b2"}));
  EXPECT_EQ(rundown_.End(), Tick(100));
  ExpectRecorded();
}

TEST_F(RundownTest, TakesABlockItHasForAccepted) {
  ExpectAppended(Block("a", 0, {1000}));
  ExpectAppended(Block("b", 1000, {1000}));
  for (const wire::BlockPlan& known : {Block("a", 0, {1000}), Block("b", 1000, {1000})}) {
    const absl::StatusOr<bool> again = rundown_.Append(known, kChannel);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_FALSE(*again);
  }
  EXPECT_EQ(rundown_.blocks().size(), 2u);
}

TEST_F(RundownTest, RefusesToChangeABlockItHas) {
  ExpectAppended(Block("a", 0, {1000}));
  const absl::Status changed = rundown_.Append(Block("a", 1000, {1000}), kChannel).status();
  EXPECT_TRUE(absl::IsInvalidArgument(changed));
  EXPECT_THAT(std::string(changed.message()), HasSubstr("immutable"));
  EXPECT_TRUE(absl::IsFailedPrecondition(rundown_.Append(Block("b", 999, {1000}), kChannel).status()));
}

TEST_F(RundownTest, ReplacesThePlanAtATick) {
  ExpectAppended(Block("a", 0, {1000, 2000}));
  ExpectAppended(Block("b", 3000, {1000}));
  const uint64_t first = rundown_.ReserveSegments(3);
  rundown_.ReplaceFrom(Tick(30), Stored({Block("old", 0, {1000}), Block("c", 1000, {600, 1400})}), first,
                       std::nullopt);
  EXPECT_EQ(Told(), (Lines{"/a1[0,25)@0 b1", "/a2[25,30)@0 b1", "/c1[30,40)@5 b3", "/c2[40,75)@0 b3"}));
  EXPECT_EQ(rundown_.FindBlock(1)->fence, Tick(30));
  EXPECT_EQ(rundown_.segments()[2].serial, first + 1) << "what was reserved for it";
  ExpectRecorded();
  ExpectAppended(Block("d", 3000, {1000}));
  ExpectRecorded();
}

TEST_F(RundownTest, EntersWhatWasPreparedWhereTheClockIs) {
  ExpectAppended(Block("a", 0, {5000}));
  const uint64_t first = rundown_.ReserveSegments(1);
  rundown_.ReplaceFrom(Tick(30), Stored({Block("c", 0, {4000})}), first, Tick(27));
  const PlannedSegment& entered = rundown_.segments().back();
  EXPECT_EQ(Told(entered), "/c1[30,100)@27 b2") << "its unit 0 is that of tick 27";
  EXPECT_EQ(entered.lock, Tick(27));
  ExpectRecorded();
  rundown_.Insert(Live("/live", 40, 50));
  EXPECT_EQ(Told(rundown_.segments().back()), "/c1[50,100)@50 b2");
  EXPECT_EQ(rundown_.segments().back().lock, std::nullopt);
  ExpectRecorded();
}

TEST_F(RundownTest, LocksNothingToWhatWasPreparedOfAnotherSegment) {
  rundown_.ReplaceFrom(Tick(30), Stored({Block("c", 0, {1160, 4000})}), rundown_.ReserveSegments(2),
                       Tick(27));
  EXPECT_EQ(Told(), (Lines{"/c2[30,129)@1 b1"}));
  EXPECT_EQ(rundown_.segments().back().lock, std::nullopt);
}

TEST_F(RundownTest, GoesOnWithThePlanBehindWhatWasLive) {
  ExpectAppended(Block("a", 0, {1000, 2000}));
  rundown_.Insert(Live("/live", 10, 35));
  EXPECT_EQ(Told(), (Lines{"/a1[0,10)@0 b1", "/live[10,35)@0 b1", "/a2[35,75)@10 b1"}));
  EXPECT_NE(rundown_.segments().back().serial, rundown_.blocks().front().segments[1].serial)
      << "entered in the middle, it is another segment";
  ExpectRecorded();
}

TEST_F(RundownTest, StaysLiveAcrossFencesUntilItsEndIsKnown) {
  ExpectAppended(Block("a", 0, {1000}));
  ExpectAppended(Block("b", 1000, {2000}));
  const LiveInsert live = Live("/live", 10, std::nullopt);
  const uint64_t serial = live.segment.serial;
  rundown_.Insert(live);
  EXPECT_EQ(Told(),
            (Lines{"/a1[0,10)@0 b1", "/live[10,25)@0 b1", "/live[25,75)@0 b2", "/live[75,...)@0 b0"}));
  EXPECT_EQ(rundown_.EndOf(serial), Rundown::kNoEnd);
  EXPECT_EQ(rundown_.End(), Rundown::kNoEnd);
  ExpectRecorded();
  ExpectAppended(Block("c", 4000, {1000}));
  rundown_.EndInsert(serial, Tick(60));
  EXPECT_EQ(Told(), (Lines{"/a1[0,10)@0 b1", "/live[10,25)@0 b1", "/live[25,60)@0 b2", "/b1[60,75)@35 b2",
                           "/c1[100,125)@0 b3"}));
  ExpectRecorded();
}

TEST_F(RundownTest, EndsWhatIsLiveWhereTheNextSwitchIs) {
  ExpectAppended(Block("a", 0, {4000}));
  rundown_.Insert(Live("/one", 10, std::nullopt));
  rundown_.Insert(Live("/two", 30, 50));
  EXPECT_EQ(Told(), (Lines{"/a1[0,10)@0 b1", "/one[10,30)@0 b1", "/two[30,50)@0 b1", "/a1[50,100)@50 b1"}));
  ExpectRecorded();
}

TEST_F(RundownTest, LetsANewPlanEndWhatIsLive) {
  rundown_.Insert(Live("/live", 0, std::nullopt));
  rundown_.ReplaceFrom(Tick(20), Stored({Block("c", 800, {1000})}), rundown_.ReserveSegments(1),
                       std::nullopt);
  EXPECT_EQ(Told(), (Lines{"/live[0,20)@0 b0", "/c1[20,45)@0 b1"}));
  ExpectRecorded();
}

TEST_F(RundownTest, ForgetsWhatIsOver) {
  for (int i = 0; i < 10; ++i) ExpectAppended(Block("b" + std::to_string(i), 1000 * i, {1000}));
  rundown_.Insert(Live("/live", 10, 20));
  rundown_.Forget(Tick(100));
  EXPECT_TRUE(rundown_.inserts().empty());
  EXPECT_EQ(rundown_.blocks().front().plan.block_id(), "b3");
  rundown_.Forget(Tick(10'000));
  EXPECT_EQ(rundown_.blocks().size(), 1u) << "the last one says where the next one may begin";
  ExpectRecorded();
}

TEST_F(RundownTest, KeepsTheSegmentBehindWhatWasLiveForAsLongAsItLasts) {
  ExpectAppended(Block("a", 0, {40'000, 1000}));
  rundown_.Insert(Live("/one", 10, 20));
  rundown_.Insert(Live("/two", 30, 40));
  const PlannedSegment behind = rundown_.segments().at(4);
  ASSERT_EQ(Told(behind), "/a1[40,1000)@40 b1");
  rundown_.Forget(Tick(999));
  EXPECT_EQ(rundown_.inserts().size(), 1u) << "behind the first one nothing is on the air any more";
  const PlannedSegment* still = rundown_.FindSegment(behind.serial);
  ASSERT_NE(still, nullptr) << "its decoder would be ended in the middle of it";
  EXPECT_EQ(Told(*still), Told(behind));
  EXPECT_EQ(rundown_.EndOf(behind.serial), Tick(1000));
  ExpectRecorded();
  rundown_.Forget(Tick(1001));
  EXPECT_TRUE(rundown_.inserts().empty());
}

TEST_F(RundownTest, LeavesNoTickWithTwoOwners) {
  uint64_t dice = 88172645463325252u;
  const auto roll = [&](uint64_t below) {
    dice ^= dice << 13, dice ^= dice >> 7, dice ^= dice << 17;
    return static_cast<int64_t>(dice % below);
  };
  int64_t end_ms = 0;
  for (int i = 0; i < 500; ++i) {
    const int64_t tick = roll(2000);
    if (i % 3 == 0) {
      ExpectAppended(Block("b" + std::to_string(i), end_ms, {roll(900) + 20, roll(30) + 1, roll(3000) + 1}));
      end_ms = *rundown_.last_end_utc_ms() - kEpoch.value();
    } else if (i % 3 == 1) {
      rundown_.Insert(Live("/x", tick, roll(2) == 0 ? std::optional(tick + 1 + roll(300)) : std::nullopt));
    } else if (i % 9 == 8) {
      rundown_.ReplaceFrom(Tick(tick), Stored({Block("p" + std::to_string(i), tick * 40, {roll(5000) + 40})}),
                           rundown_.ReserveSegments(1), std::nullopt);
      end_ms = *rundown_.last_end_utc_ms() - kEpoch.value();
    }
    Tick free(INT64_MIN);
    for (const PlannedSegment& segment : rundown_.segments()) {
      ASSERT_GE(segment.start, free);
      ASSERT_LT(segment.start, segment.end);
      free = segment.end;
    }
    ExpectRecorded();
  }
}

}  // namespace
}  // namespace air
