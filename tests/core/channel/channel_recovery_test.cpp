// What a channel does when something of it dies, hangs or is refused, and when it comes to an AIR that runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "tests/core/channel/life_fixture.h"

namespace retrovue {
namespace {

using testing::HasSubstr;

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
  EXPECT_THAT(all, HasSubstr("refuse 503 PLAYOUT_FAILED"));
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
