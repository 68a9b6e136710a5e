// A channel that goes as it should: started, fed, lingering, stopped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "tests/core/channel/life_fixture.h"

namespace retrovue {
namespace {

using testing::HasSubstr;

// ---- starting

TEST_F(ChannelLifeTest, IsIdleUntilSomebodyWatches) {
  Pass(10min);
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
  EXPECT_FALSE(life_.NextWake().has_value());
  EXPECT_EQ(Done(), "skipped 0, skipped 1, skipped 2, skipped 3, skipped 4, skipped 5");
}

TEST_F(ChannelLifeTest, TheFirstViewerStartsItStepByStep) {
  Viewers(1);
  EXPECT_EQ(Done(), "check /media/0.mkv");
  EXPECT_EQ(life_.phase(), channel_link::STARTING);
  life_.OnAssetChecked(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "spawn");
  life_.OnAirSpawned(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "ask");
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "follow") << "it may have a session";
  life_.OnFollowEnded(absl::NotFoundError("no session"), now());
  EXPECT_EQ(Done(), "attach");
  life_.OnSink(true, now());
  life_.OnAttached(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "start 0+1 at 50");
  life_.OnSessionStarted(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "fed 0, fed 1, follow, feed 2");
  EXPECT_EQ(life_.phase(), channel_link::ON_AIR);
  Fed("2");
  EXPECT_EQ(Done(), "fed 2") << "three wait";
  life_.OnEvent(Started("0"), now());
  EXPECT_EQ(Done(), "told, feed 3");
  Fed("3");
  EXPECT_EQ(Done(), "fed 3");
  EXPECT_EQ(shelf_.waiting_at_air(), ChannelLife::kBlocksWaiting);
}

TEST_F(ChannelLifeTest, WhereNothingWasLeftTheFirstCallAttachesTheSink) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  Done();
  life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/false);
  EXPECT_EQ(Done(), "attach to new air");
  EXPECT_FALSE(life_.has_answered());
  life_.OnAttached(absl::OkStatus(), now());
  EXPECT_TRUE(life_.has_answered());
  EXPECT_EQ(Done(), "start 0+1 at 50");
  life_.OnSessionStarted(absl::OkStatus(), now());
  EXPECT_EQ(life_.phase(), channel_link::ON_AIR);
}

TEST_F(ChannelLifeTest, AnAirThatIsNewAndNeverListensIsEndedAndStartedAgain) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/false);
  Done();
  life_.OnAttached(absl::DeadlineExceededError("nobody listens"), now());
  EXPECT_EQ(Done(), "terminate");
  life_.OnAirEnded("was killed by signal 9", now());
  EXPECT_EQ(Done(), "check /media/0.mkv") << "at once the first time";
}

TEST_F(ChannelLifeTest, AViewerThatLeavesWhileNewAirIsAttachedEndsIt) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/false);
  Done();
  life_.OnDemand(0, false, 0s, now());
  EXPECT_EQ(Done(), "terminate");
  life_.OnAttached(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "") << "too late";
}

TEST_F(ChannelLifeTest, ASessionThatMayBeOnTheAirIsAskedForWhateverItsPredecessorHasWritten) {
  GoOnAir();
  life_.OnAirEnded("was killed by signal 9", now());
  EXPECT_EQ(Done(), "spawn");
  life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/false);
  EXPECT_EQ(Done(), "ask");
}

// A manager's, whose predecessor had it on the air: it is no less on the air for having been begun by another manager.
TEST_F(ChannelLifeTest, ASessionThatWasTakenUpIsAskedForAgainWheneverItsSupervisorDies) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "check /media/0.mkv, spawn");
  life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/true);
  EXPECT_EQ(Done(), "ask");
  const auto dies_and_is_replaced = [&] {
    life_.OnAirEnded("was killed by signal 9", now());
    std::string done = Done();
    for (int i = 0; i < 100 && !absl::StrContains(done, "spawn"); ++i) {
      Pass(100ms);
      done = Done();
    }
    EXPECT_THAT(done, testing::HasSubstr("spawn"));
    life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/false);
    EXPECT_EQ(Done(), "ask");
  };
  dies_and_is_replaced();  // before it has answered
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "follow");
  dies_and_is_replaced();  // while it is being probed
  life_.OnReady(absl::OkStatus(), now());
  life_.OnEvent(Started("0"), now());
  ASSERT_EQ(life_.phase(), channel_link::ON_AIR);
  Done();
  dies_and_is_replaced();
}

TEST_F(ChannelLifeTest, JoinsWhereTheClockIsWhenTheSinkIsThere) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  life_.OnAirSpawned(absl::OkStatus(), now());
  life_.OnReady(absl::OkStatus(), now());
  life_.OnFollowEnded(absl::NotFoundError("no session"), now());
  Done();
  clock_ = 55s;  // over the fence meanwhile
  life_.OnAttached(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "start 1+2 at 105");
}

TEST_F(ChannelLifeTest, LaterViewersStartNothing) {
  GoOnAir();
  Viewers(2);
  Viewers(50);
  Pass(20s);
  EXPECT_EQ(Done(), "");
  EXPECT_EQ(life_.air_starts(), 1u);
}

TEST_F(ChannelLifeTest, AMissingFileIsSaidAndNothingStarted) {
  Viewers(1);
  Done();
  life_.OnAssetChecked(absl::NotFoundError("/media/0.mkv: no such file"), now());
  EXPECT_EQ(Done(), "refuse 500 ASSET_MISSING");
  Viewers(0);
  EXPECT_EQ(Done(), "");
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
  EXPECT_THAT(life_.last_error(), HasSubstr("/media/0.mkv"));
}

TEST_F(ChannelLifeTest, AMountThatDoesNotAnswerIsLeftToAir) {
  Viewers(1);
  Done();
  Pass(2s);
  EXPECT_EQ(Done(), "spawn");
  life_.OnAssetChecked(absl::NotFoundError("too late"), now());
  EXPECT_EQ(Done(), "");
}

TEST_F(ChannelLifeTest, PlannedPadNeedsNoFile) {
  BlockShelf shelf;
  shelf.Put(Blocks({Block("a", 0, 100, ""), Block("b", 100, 200)}));
  ChannelLife life(shelf);
  life.OnDemand(1, false, 30s, now());
  ASSERT_EQ(life.TakeActions().size(), 1u);
}

TEST_F(ChannelLifeTest, AGapIsSaidAndNothingStarted) {
  clock_ = 20min;
  Viewers(1);
  EXPECT_EQ(Done(), "refuse 503 SCHEDULE_GAP");
  Viewers(0);
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
}

TEST_F(ChannelLifeTest, BlocksThatComeLateAreStartedWithAtOnce) {
  clock_ = 20min;
  AlwaysOn(true);
  EXPECT_EQ(life_.phase(), channel_link::WAITING);
  Pass(3s);
  Done();
  shelf_.Put(Blocks({Block("x", 1200, 1300), Block("y", 1300, 1400)}));
  life_.OnBlocks(now());
  EXPECT_EQ(Done(), "check /media/film.mkv");
}

TEST_F(ChannelLifeTest, AChannelThatIsAlwaysOnNeedsNoViewer) {
  AlwaysOn(true);
  EXPECT_EQ(Done(), "check /media/0.mkv");
  EXPECT_EQ(life_.phase(), channel_link::STARTING);
}

TEST_F(ChannelLifeTest, AViewerThatLeavesBeforeAirIsStartedStartsNothing) {
  Viewers(1);
  Done();
  Viewers(0);
  life_.OnAssetChecked(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "");
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
}

TEST_F(ChannelLifeTest, AProbeHoldsTheChannelForTheNextRequest) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  life_.OnAirSpawned(absl::OkStatus(), now());
  Done();
  Viewers(0);
  EXPECT_EQ(Done(), "") << "it lingers";
  Viewers(1);
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "follow");
}

// ---- lingering and stopping

TEST_F(ChannelLifeTest, LingersBehindTheLastViewerThenStopsInOrder) {
  GoOnAir();
  Viewers(0);
  EXPECT_EQ(life_.phase(), channel_link::LINGERING);
  Pass(29'900ms);
  EXPECT_EQ(Done(), "");
  Pass(100ms);
  EXPECT_EQ(Done(), "stop");
  EXPECT_EQ(life_.phase(), channel_link::STOPPING);
  life_.OnSessionStopped(now());
  EXPECT_EQ(Done(), "terminate");
  life_.OnAirEnded("exited with status 0", now());
  EXPECT_EQ(Done(), "");
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
  EXPECT_EQ(shelf_.at_air(), 0);
}

TEST_F(ChannelLifeTest, SaysWhenItsLingeringIsOver) {
  GoOnAir();
  Viewers(0);
  flows_ = false;
  EXPECT_EQ(life_.NextWake(), ChannelLife::kSilence) << "a watch on the stream comes before";
  clock_ = 20s;
  life_.OnBytes(now());
  EXPECT_EQ(life_.NextWake(), 30s);
}

TEST_F(ChannelLifeTest, AViewerThatComesBackInTimeKeepsIt) {
  GoOnAir();
  Viewers(0);
  Pass(20s);
  Viewers(1);
  Pass(1min);
  EXPECT_THAT(Done(), testing::Not(HasSubstr("stop")));
  EXPECT_EQ(life_.phase(), channel_link::ON_AIR);
}

TEST_F(ChannelLifeTest, WithoutLingeringItStopsAtOnce) {
  GoOnAir();
  life_.OnDemand(0, false, 0s, now());
  EXPECT_EQ(Done(), "stop");
}

TEST_F(ChannelLifeTest, AViewerThatComesWhileItStopsStartsItAnew) {
  GoOnAir();
  life_.OnDemand(0, false, 0s, now());
  Done();
  Viewers(1);
  EXPECT_EQ(Done(), "");
  life_.OnSessionStopped(now());
  life_.OnAirEnded("exited with status 0", now());
  EXPECT_EQ(Done(), "terminate, check /media/0.mkv");
}

TEST_F(ChannelLifeTest, ASessionThatDoesNotStopIsEndedWithItsProcess) {
  GoOnAir();
  life_.OnDemand(0, false, 0s, now());
  Done();
  flows_ = false;
  Pass(6s);
  EXPECT_EQ(Done(), "terminate");
}

TEST_F(ChannelLifeTest, OtherMediaRootsReplaceTheSupervisorAndLeaveTheSessionOnTheAir) {
  GoOnAir();
  life_.OnRootsChanged();
  Pass(1s);
  EXPECT_EQ(Done(), "kill");
  life_.OnAirEnded("was killed by signal 9 (Killed)", now());
  EXPECT_EQ(Done(), "spawn");
  life_.OnAirSpawned(absl::OkStatus(), now());
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_THAT(Done(), HasSubstr("follow"));
  Pass(5s);
  EXPECT_THAT(Done(), testing::Not(HasSubstr("kill"))) << "once";
}

TEST_F(ChannelLifeTest, OtherMediaRootsOfAnIdleChannelStartNothing) {
  life_.OnRootsChanged();
  Pass(2s);
  EXPECT_EQ(Done(), "");
}

TEST_F(ChannelLifeTest, AlwaysOnOutlastsItsViewers) {
  always_on_ = true;
  GoOnAir();
  Viewers(0);
  Pass(5min);
  EXPECT_EQ(life_.phase(), channel_link::ON_AIR);
  EXPECT_THAT(Done(), testing::Not(HasSubstr("stop")));
  AlwaysOn(false);
  EXPECT_EQ(life_.phase(), channel_link::LINGERING);
}

TEST_F(ChannelLifeTest, QuitsAtOnceWhenItIsIdle) {
  life_.OnStopRequested("enough", now());
  EXPECT_EQ(Done(), "quit");
  life_.OnTime(now());
  EXPECT_EQ(Done(), "") << "once";
}

TEST_F(ChannelLifeTest, QuitsInOrderWhenItIsOnTheAir) {
  GoOnAir();
  life_.OnStopRequested("enough", now());
  EXPECT_EQ(Done(), "refuse 503 CHANNEL_STOPPED, stop");
  life_.OnSessionStopped(now());
  life_.OnAirEnded("exited with status 0", now());
  EXPECT_EQ(Done(), "terminate, quit");
}

TEST_F(ChannelLifeTest, StartsNothingMoreOnceItIsToQuit) {
  life_.OnStopRequested("enough", now());
  Done();
  Viewers(1);
  EXPECT_EQ(Done(), "");
}

// ---- feeding

TEST_F(ChannelLifeTest, EachStartMakesRoomForOneMore) {
  GoOnAir();
  clock_ = 50s;
  life_.OnEvent(Completed("0"), now());
  life_.OnEvent(Started("1"), now());
  EXPECT_EQ(Done(), "told, told, feed 4");
  EXPECT_EQ(shelf_.on_air(), "1");
}

TEST_F(ChannelLifeTest, AFullQueueWaitsForTheNextStart) {
  GoOnAir();
  life_.OnEvent(Started("1"), now());
  Done();
  Fed("4", FeedResult::kQueueFull);
  Pass(20s);
  EXPECT_EQ(Done(), "");
  life_.OnEvent(Started("2"), now());
  EXPECT_EQ(Done(), "told, feed 4");
}

TEST_F(ChannelLifeTest, ARefusedBlockIsLeftOutAndTold) {
  GoOnAir();
  life_.OnEvent(Started("1"), now());
  Done();
  Fed("4", FeedResult::kRefused);
  // The hole it leaves is a hole until it is near.
  EXPECT_EQ(Done(), "refused 4");
  EXPECT_THAT(life_.last_error(), HasSubstr("block 4"));
}

TEST_F(ChannelLifeTest, ACallThatDidNotGetThroughIsMadeAgain) {
  GoOnAir();
  life_.OnEvent(Started("1"), now());
  Done();
  Fed("4", FeedResult::kUnreachable);
  EXPECT_EQ(Done(), "");
  Pass(1s);
  EXPECT_EQ(Done(), "feed 4");
}

TEST_F(ChannelLifeTest, OneCallAtATime) {
  GoOnAir();
  life_.OnEvent(Started("1"), now());
  life_.OnEvent(Started("2"), now());
  EXPECT_EQ(Done(), "told, feed 4, told");
  Fed("4");
  EXPECT_EQ(Done(), "fed 4, feed 5");
}

TEST_F(ChannelLifeTest, FeedsWhatComesWhenThereWasNothingToFeed) {
  BlockShelf shelf;
  shelf.Put(Blocks({Block("a", 0, 100, ""), Block("b", 100, 200, "")}));
  ChannelLife life(shelf);
  life.OnDemand(1, false, 30s, now());
  life.OnAirSpawned(absl::OkStatus(), now());
  life.OnReady(absl::OkStatus(), now());
  life.OnFollowEnded(absl::NotFoundError("no session"), now());
  life.OnAttached(absl::OkStatus(), now());
  life.OnSessionStarted(absl::OkStatus(), now());
  life.TakeActions();
  shelf.Put(Blocks({Block("c", 200, 300)}));
  life.OnBlocks(now());
  const auto actions = life.TakeActions();
  ASSERT_EQ(actions.size(), 1u);
  EXPECT_EQ(std::visit(Words(), actions[0]), "feed c");
}

TEST_F(ChannelLifeTest, CountsBlocksThatWereFedLate) {
  GoOnAir();
  life_.OnEvent(Started("1"), now());
  Fed("4");
  EXPECT_EQ(life_.blocks_late(), 0u);
  clock_ = 445s;  // five seconds before block 5
  life_.OnEvent(Started("4"), now());
  Fed("5");
  EXPECT_EQ(life_.blocks_late(), 1u);
}

}  // namespace
}  // namespace retrovue
