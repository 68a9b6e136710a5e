// The life of a channel on a clock of the test's. A test says what happens, and reads what the channel does about it as words.
#include "core/channel/channel_life.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/core/channel/test_blocks.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Words {
  std::string operator()(const CheckAsset& a) const { return absl::StrCat("check ", a.path); }
  std::string operator()(const SpawnAir&) const { return "spawn"; }
  std::string operator()(const AskReady&) const { return "ask"; }
  std::string operator()(const FollowEvents&) const { return "follow"; }
  std::string operator()(const AttachSink& a) const { return a.to_new_air ? "attach to new air" : "attach"; }
  std::string operator()(const StartSession& a) const {
    return absl::StrCat("start ", a.first.block_id(), "+", a.second.block_id(), " at ", UtcMs(a.join) / 1000);
  }
  std::string operator()(const FeedBlock& a) const { return absl::StrCat("feed ", a.block.block_id()); }
  std::string operator()(const StopSession&) const { return "stop"; }
  std::string operator()(const TerminateAir&) const { return "terminate"; }
  std::string operator()(const KillAir&) const { return "kill"; }
  std::string operator()(const RefuseViewers& a) const {
    return absl::StrCat("refuse ", a.http_status, " ", a.code);
  }
  std::string operator()(const TellBlockNews& a) const {
    if (!a.news.fed_block_id().empty()) return absl::StrCat("fed ", a.news.fed_block_id());
    if (!a.news.skipped_block_id().empty()) return absl::StrCat("skipped ", a.news.skipped_block_id());
    if (a.news.has_refused()) return absl::StrCat("refused ", a.news.refused().block_id());
    return "told";
  }
  std::string operator()(const Quit&) const { return "quit"; }
};

playout::BlockEvent Started(const std::string& id, std::int64_t end_s = 1'000'000) {
  playout::BlockEvent event;
  event.mutable_block_started()->set_block_id(id);
  event.mutable_block_started()->set_block_end_utc_ms(end_s * 1000);
  return event;
}
playout::BlockEvent Completed(const std::string& id) {
  playout::BlockEvent event;
  event.mutable_block_completed()->set_block_id(id);
  return event;
}
playout::BlockEvent Ended(const std::string& reason) {
  playout::BlockEvent event;
  event.mutable_session_ended()->set_reason(reason);
  return event;
}

// Twelve blocks of 100 s, "0" to "11", from second 0 on; it is second 50.
class ChannelLifeTest : public testing::Test {
 protected:
  ChannelLifeTest() {
    std::vector<playout::BlockPlan> plans;
    for (int i = 0; i < 12; ++i) {
      plans.push_back(Block(absl::StrCat(i), i * 100, i * 100 + 100, absl::StrCat("/media/", i, ".mkv")));
    }
    shelf_.Put(Blocks(plans));
  }

  Moment now() const { return {clock_, FromUtcMs(50'000) + clock_}; }
  // What has been decided since it was asked last.
  std::string Done() {
    std::vector<std::string> words;
    for (const LifeAction& action : life_.TakeActions()) words.push_back(std::visit(Words(), action));
    return absl::StrJoin(words, ", ");
  }
  // Lets time pass in steps of at most 100 ms, as timers would.
  void Pass(Millis time) {
    for (const Millis end = clock_ + time; clock_ < end;) {
      clock_ = std::min(end, clock_ + 100ms);
      if (flows_) life_.OnBytes(now());
      life_.OnTime(now());
    }
  }
  void Viewers(int count) { life_.OnDemand(count, always_on_, 30s, now()); }
  void AlwaysOn(bool on) {
    always_on_ = on;
    life_.OnDemand(0, on, 30s, now());
  }
  void Fed(const std::string& id, FeedResult result = FeedResult::kTaken) {
    life_.OnFed(id, result, "no", now());
  }

  // A first viewer, and all that follows until the channel is on the air with its queue full.
  void GoOnAir() {
    Viewers(1);
    life_.OnAssetChecked(absl::OkStatus(), now());
    life_.OnAirSpawned(absl::OkStatus(), now());
    life_.OnReady(absl::OkStatus(), now());
    life_.OnFollowEnded(absl::NotFoundError("no session"), now());
    life_.OnSink(true, now());
    life_.OnAttached(absl::OkStatus(), now());
    life_.OnSessionStarted(absl::OkStatus(), now());
    life_.OnEvent(Started("0"), now());
    Fed("2");
    Fed("3");
    flows_ = true;
    life_.OnBytes(now());
    ASSERT_EQ(life_.phase(), channel_link::ON_AIR);
    Done();
  }

  BlockShelf shelf_;
  ChannelLife life_{shelf_};
  Millis clock_{0};
  bool always_on_ = false;
  bool flows_ = false;  // the stream
};

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

TEST_F(ChannelLifeTest, ASessionThatMayBeOnTheAirIsAskedForWhateverItsFolderSays) {
  GoOnAir();
  life_.OnAirEnded("was killed by signal 9", now());
  EXPECT_EQ(Done(), "spawn");
  life_.OnAirSpawned(absl::OkStatus(), now(), /*may_have_session=*/false);
  EXPECT_EQ(Done(), "ask");
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
  EXPECT_EQ(Done(), "refuse 500 asset_missing");
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
  EXPECT_EQ(Done(), "refuse 503 schedule_gap");
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
  EXPECT_EQ(Done(), "refuse 503 channel_stopped, stop");
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

// ---- failing and recovering

TEST_F(ChannelLifeTest, ASupervisorThatDiesIsReplacedAtOnceAndTakesTheSessionUp) {
  GoOnAir();
  life_.OnAirEnded("was killed by signal 9 (Killed)", now());
  EXPECT_EQ(Done(), "spawn") << "no look at files, no pause";
  EXPECT_EQ(life_.last_error(), "air-supervisor was killed by signal 9 (Killed)");
  life_.OnAirSpawned(absl::OkStatus(), now());
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "ask, follow");
  life_.OnEvent(Started("0"), now());
  EXPECT_EQ(Done(), "told") << "no new sink, no new session, and the queue is full";
  EXPECT_EQ(life_.phase(), channel_link::ON_AIR);
  EXPECT_EQ(life_.adoptions(), 1u);
  life_.OnEvent(Started("1"), now());
  EXPECT_EQ(Done(), "told, feed 4");
}

TEST_F(ChannelLifeTest, TheLineMayBreakBeforeTheProcessIsSeenToBeGone) {
  GoOnAir();
  life_.OnFollowEnded(absl::UnavailableError("connection reset"), now());
  EXPECT_EQ(Done(), "ask");
  life_.OnAirEnded("was killed by signal 9 (Killed)", now());
  EXPECT_EQ(Done(), "spawn");
}

TEST_F(ChannelLifeTest, ALineThatBreaksAloneIsMadeAgain) {
  GoOnAir();
  life_.OnFollowEnded(absl::UnavailableError("connection reset"), now());
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "ask, follow");
  life_.OnEvent(Started("0"), now());
  EXPECT_EQ(life_.adoptions(), 0u) << "it is the same supervisor";
  EXPECT_EQ(life_.phase(), channel_link::ON_AIR);
}

TEST_F(ChannelLifeTest, ASupervisorThatHangsIsKilledAndReplaced) {
  GoOnAir();
  life_.OnFollowEnded(absl::UnavailableError("keepalive"), now());
  Done();
  life_.OnReady(absl::DeadlineExceededError("it does not answer"), now());
  EXPECT_EQ(Done(), "kill") << "its stages stay";
  EXPECT_EQ(life_.phase(), channel_link::WAITING);
  life_.OnAirEnded("was killed by signal 9 (Killed)", now());
  EXPECT_EQ(Done(), "spawn");
  EXPECT_EQ(life_.last_error(), "it does not answer");
}

TEST_F(ChannelLifeTest, ASupervisorThatAnswersAndTellsNothingIsReplaced) {
  GoOnAir();
  std::string all;
  for (int i = 0; i < 10 && !absl::StrContains(all, "kill"); ++i) {
    life_.OnFollowEnded(absl::UnimplementedError("no events here"), now());
    life_.OnReady(absl::OkStatus(), now());
    absl::StrAppend(&all, Done(), ", ");
  }
  EXPECT_EQ(all, "ask, follow, ask, follow, ask, follow, ask, follow, kill, ");
}

TEST_F(ChannelLifeTest, ASessionThatDiedWithItsStagesIsBegunAnew) {
  GoOnAir();
  clock_ = 10s;
  life_.OnAirEnded("was killed by signal 9 (Killed)", now());
  life_.OnAirSpawned(absl::OkStatus(), now());
  life_.OnReady(absl::OkStatus(), now());
  life_.OnSink(false, now());
  Done();
  life_.OnFollowEnded(absl::NotFoundError("no session"), now());
  EXPECT_EQ(Done(), "attach");
  life_.OnAttached(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "start 0+1 at 60");
}

TEST_F(ChannelLifeTest, ASessionThatEndsByItselfIsBegunAnew) {
  GoOnAir();
  life_.OnEvent(Ended("error"), now());
  life_.OnFollowEnded(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "told, terminate");
  EXPECT_EQ(life_.last_error(), "the session has ended: error");
  life_.OnAirEnded("exited with status 0", now());
  EXPECT_EQ(Done(), "spawn");
}

TEST_F(ChannelLifeTest, ASessionThatAirHasLostIsBegunAnew) {
  GoOnAir();
  life_.OnEvent(Started("1"), now());
  Done();
  Fed("4", FeedResult::kNoSession);
  EXPECT_EQ(Done(), "terminate");
  EXPECT_EQ(shelf_.at_air(), 0);
}

TEST_F(ChannelLifeTest, AStreamThatFallsSilentIsBegunAnew) {
  GoOnAir();
  flows_ = false;
  Pass(14'900ms);
  EXPECT_EQ(Done(), "");
  Pass(100ms);
  EXPECT_EQ(Done(), "terminate");
  EXPECT_THAT(life_.last_error(), HasSubstr("sent nothing for 15 s"));
}

TEST_F(ChannelLifeTest, ASinkThatIsLostIsAttachedAgain) {
  GoOnAir();
  life_.OnSink(false, now());
  Pass(500ms);
  EXPECT_EQ(Done(), "attach");
  life_.OnAttached(absl::UnavailableError("not now"), now());
  Pass(500ms);
  EXPECT_EQ(Done(), "attach");
  life_.OnSink(true, now());
  life_.OnAttached(absl::OkStatus(), now());
  Pass(5s);
  EXPECT_EQ(Done(), "");
}

TEST_F(ChannelLifeTest, WaitsLongerEachTimeItFailsInARow) {
  AlwaysOn(true);
  life_.OnAssetChecked(absl::OkStatus(), now());
  Done();
  std::vector<Millis> pauses;
  for (int i = 0; i < 8; ++i) {
    const Millis failed = clock_;
    life_.OnAirSpawned(absl::OkStatus(), now());
    life_.OnAirEnded("exited with status 1", now());
    for (;;) {
      const std::string done = Done();
      if (absl::StrContains(done, "check")) life_.OnAssetChecked(absl::OkStatus(), now());
      if (absl::StrContains(done, "spawn")) break;
      if (!absl::StrContains(done, "check")) Pass(100ms);
    }
    pauses.push_back(clock_ - failed);
  }
  EXPECT_EQ(pauses, (std::vector<Millis>{0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s}));
}

TEST_F(ChannelLifeTest, ViewersAreToldWhenItDoesNotComeOnTheAir) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  std::string all;
  while (!absl::StrContains(all, "refuse") && clock_ < 60s) {
    const std::string done = Done();
    absl::StrAppend(&all, done, ";");
    if (absl::StrContains(done, "check")) life_.OnAssetChecked(absl::OkStatus(), now());
    if (absl::StrContains(done, "spawn")) {
      life_.OnAirSpawned(absl::OkStatus(), now());
      life_.OnAirEnded("exited with status 1", now());
    }
    Pass(100ms);
  }
  EXPECT_THAT(all, HasSubstr("refuse 503 playout_failed"));
  EXPECT_LE(clock_, ChannelLife::kViewerPatience + 200ms);
  Viewers(0);
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
}

TEST_F(ChannelLifeTest, ThoseWhoWatchAreNotRefusedForAMissingFile) {
  GoOnAir();
  life_.OnEvent(Ended("error"), now());
  life_.OnFollowEnded(absl::OkStatus(), now());
  life_.OnAirEnded("exited with status 0", now());
  EXPECT_EQ(Done(), "told, terminate, spawn") << "without a look at the file";
}

TEST_F(ChannelLifeTest, AProgramThatCannotBeStartedIsTriedAgain) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  Done();
  life_.OnAirSpawned(absl::NotFoundError("cannot start air-supervisor"), now());
  EXPECT_EQ(life_.last_error(), "cannot start air-supervisor");
  EXPECT_EQ(Done(), "check /media/0.mkv");
}

TEST_F(ChannelLifeTest, ASessionThatIsRefusedEndsTheProcess) {
  Viewers(1);
  life_.OnAssetChecked(absl::OkStatus(), now());
  life_.OnAirSpawned(absl::OkStatus(), now());
  life_.OnReady(absl::OkStatus(), now());
  life_.OnFollowEnded(absl::NotFoundError("no session"), now());
  life_.OnAttached(absl::OkStatus(), now());
  Done();
  life_.OnSessionStarted(absl::FailedPreconditionError("program_format_json: video.width: 0"), now());
  EXPECT_EQ(Done(), "terminate");
  EXPECT_THAT(life_.last_error(), HasSubstr("video.width"));
}

TEST_F(ChannelLifeTest, WhatFailsWhileNobodyWatchesIsLeftAtThat) {
  GoOnAir();
  Viewers(0);
  Pass(29s);
  life_.OnEvent(Ended("error"), now());
  life_.OnFollowEnded(absl::OkStatus(), now());
  Done();
  Pass(2s);
  life_.OnAirEnded("exited with status 0", now());
  EXPECT_EQ(Done(), "");
  EXPECT_EQ(life_.phase(), channel_link::IDLE);
}

// ---- a manager that comes to an AIR that runs

class FoundAir : public ChannelLifeTest {
 protected:
  FoundAir() {
    for (const char* id : {"0", "1", "2", "3"}) shelf_.MarkFed(id);
    shelf_.MarkStarted("0");
  }
};

TEST_F(FoundAir, GoesOnWithABlockOfOursAndLingers) {
  life_.OnAirFound(now(), 30s);
  EXPECT_EQ(Done(), "ask");
  life_.OnReady(absl::OkStatus(), now());
  EXPECT_EQ(Done(), "follow");
  life_.OnEvent(Started("1"), now());
  EXPECT_EQ(Done(), "told, attach, feed 4") << "the sink went with the other manager";
  EXPECT_EQ(life_.phase(), channel_link::LINGERING);
  EXPECT_EQ(life_.adoptions(), 1u);
  EXPECT_EQ(life_.air_starts(), 0u);
  life_.OnSink(true, now());
  life_.OnAttached(absl::OkStatus(), now());
  Fed("4");
  Done();
  flows_ = true;
  Pass(30s);
  EXPECT_EQ(Done(), "stop");
}

TEST_F(FoundAir, GoesOnWithoutAnEventAfterAWhile) {
  life_.OnAirFound(now(), 30s);
  life_.OnReady(absl::OkStatus(), now());
  Done();
  Pass(2s);
  EXPECT_EQ(Done(), "attach");
  EXPECT_EQ(life_.phase(), channel_link::LINGERING);
}

TEST_F(FoundAir, EndsASessionOfBlocksThatAreNotOursAndBeginsAnew) {
  life_.OnAirFound(now(), 30s);
  life_.OnReady(absl::OkStatus(), now());
  Done();
  life_.OnEvent(Started("of another plan"), now());
  EXPECT_EQ(Done(), "told, terminate");
  EXPECT_THAT(life_.last_error(), HasSubstr("of another plan"));
  life_.OnAirEnded("has ended", now());
  EXPECT_EQ(Done(), "check /media/0.mkv");
}

TEST_F(FoundAir, OneOfWhichThereIsNoRecordIsEnded) {
  life_.OnStrangeAirFound("no record", now());
  EXPECT_EQ(Done(), "terminate");
  Viewers(1);
  EXPECT_EQ(Done(), "");
  life_.OnAirEnded("has ended", now());
  EXPECT_EQ(Done(), "check /media/0.mkv");
}

TEST_F(FoundAir, AnOldBlockThatIsForgottenIsNoReason) {
  life_.OnAirFound(now(), 30s);
  life_.OnReady(absl::OkStatus(), now());
  Done();
  life_.OnEvent(Started("long ago", /*end_s=*/10), now());
  life_.OnEvent(Started("0"), now());
  EXPECT_THAT(Done(), testing::Not(HasSubstr("terminate")));
}

TEST_F(FoundAir, OneWithoutASessionBeginsOne) {
  life_.OnAirFound(now(), 30s);
  Viewers(1);
  life_.OnReady(absl::OkStatus(), now());
  life_.OnFollowEnded(absl::NotFoundError("no session"), now());
  EXPECT_EQ(Done(), "ask, follow, attach");
}

TEST_F(FoundAir, OneThatHangsIsKilledAndItsStagesTakenUp) {
  life_.OnAirFound(now(), 30s);
  life_.OnReady(absl::DeadlineExceededError("no answer"), now());
  EXPECT_EQ(Done(), "ask, kill");
  life_.OnAirEnded("has ended", now());
  EXPECT_EQ(Done(), "spawn");
}

TEST_F(FoundAir, WhatAirPlaysIsOnTheAirWhateverTheRecordSays) {
  life_.OnAirFound(now(), 30s);
  life_.OnReady(absl::OkStatus(), now());
  life_.OnEvent(Started("4"), now());
  EXPECT_EQ(shelf_.on_air(), "4");
  EXPECT_THAT(Done(), HasSubstr("feed 5"));
}

}  // namespace
}  // namespace retrovue
