// When managers are started, stopped and killed, on a clock that only moves when it is told to.
#include "core/director/decisions/manager_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace retrovue {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::IsEmpty;
using Action = ManagerPolicy::Action;
using Life = ManagerPolicy::Life;

constexpr Monotonic kStart{seconds(1000)};
constexpr ManagerWish kUnwanted{};
constexpr ManagerWish kViewer{.waiting = 1};
constexpr ManagerWish kWatched{.viewers = 2, .runs_air = true};
constexpr ManagerWish kAlwaysOn{.always_on = true};
constexpr ManagerWish kGone{.exists = false, .viewers = 1, .runs_air = true};

ManagerPolicy UpAt(Monotonic t) {
  ManagerPolicy policy;
  policy.Spawned(t);
  policy.Up(t);
  return policy;
}

TEST(ManagerPolicy, StartsNothingThatIsNotWanted) {
  ManagerPolicy policy;
  EXPECT_EQ(policy.Decide(kUnwanted, true, kStart), Action::kNothing);
  EXPECT_EQ(policy.Decide(kGone, true, kStart), Action::kNothing);
  EXPECT_EQ(policy.Decide({.exists = false, .always_on = true, .waiting = 3}, true, kStart),
            Action::kNothing);
}

TEST(ManagerPolicy, StartsForAViewerAndForAnAlwaysOnChannel) {
  ManagerPolicy policy;
  EXPECT_EQ(policy.Decide(kViewer, true, kStart), Action::kSpawn);
  EXPECT_EQ(policy.Decide(kAlwaysOn, true, kStart), Action::kSpawn);
}

TEST(ManagerPolicy, WaitsForItsTurn) {
  ManagerPolicy policy;
  EXPECT_EQ(policy.Decide(kViewer, false, kStart), Action::kNothing);
  EXPECT_TRUE(policy.WantsToStart(kViewer, kStart));
}

TEST(ManagerPolicy, StartsOnce) {
  ManagerPolicy policy;
  policy.Spawned(kStart);
  EXPECT_EQ(policy.life(), Life::kStarting);
  EXPECT_EQ(policy.Decide(kViewer, true, kStart + seconds(9)), Action::kNothing);
  EXPECT_FALSE(policy.WantsToStart(kViewer, kStart));
}

TEST(ManagerPolicy, KillsOneThatDoesNotComeUp) {
  ManagerPolicy policy;
  policy.Spawned(kStart);
  EXPECT_EQ(policy.Decide(kViewer, true, kStart + seconds(10)), Action::kKill);
}

TEST(ManagerPolicy, KillsOneThatHasFallenSilent) {
  ManagerPolicy policy = UpAt(kStart);
  policy.Spoke(kStart + seconds(20));
  EXPECT_EQ(policy.Decide(kWatched, true, kStart + milliseconds(24'999)), Action::kNothing);
  EXPECT_EQ(policy.Decide(kWatched, true, kStart + seconds(25)), Action::kKill);
}

TEST(ManagerPolicy, StopsOneThatNobodyNeedsAfterAWhile) {
  ManagerPolicy policy = UpAt(kStart);
  const Monotonic last = kStart + minutes(30);
  policy.Needed(last);
  policy.Spoke(last + minutes(5));
  EXPECT_EQ(policy.Decide(kUnwanted, true, last + minutes(5) - milliseconds(1)), Action::kNothing);
  EXPECT_EQ(policy.Decide(kUnwanted, true, last + minutes(5)), Action::kStop);
  EXPECT_EQ(policy.Decide(kWatched, true, last + minutes(5)), Action::kNothing);
  EXPECT_EQ(policy.Decide(kAlwaysOn, true, last + minutes(5)), Action::kNothing);
  EXPECT_EQ(policy.Decide({.runs_air = true}, true, last + minutes(5)), Action::kNothing) << "it lingers";
}

TEST(ManagerPolicy, StopsAChannelThatIsGoneWhoeverWatches) {
  ManagerPolicy policy = UpAt(kStart);
  EXPECT_EQ(policy.Decide(kGone, true, kStart + seconds(1)), Action::kStop);
}

TEST(ManagerPolicy, KillsOneThatDoesNotStop) {
  ManagerPolicy policy = UpAt(kStart);
  policy.StopSent(kStart);
  EXPECT_EQ(policy.Decide(kGone, true, kStart + seconds(11)), Action::kNothing);
  EXPECT_EQ(policy.Decide(kGone, true, kStart + seconds(12)), Action::kKill);
  policy.Ended(kStart + seconds(12));
  EXPECT_EQ(policy.life(), Life::kAbsent);
  EXPECT_EQ(policy.failures(), 0u);
}

TEST(ManagerPolicy, OneThatDiedOnTheAirIsStartedAgainAtOnce) {
  ManagerPolicy policy = UpAt(kStart);
  policy.Ended(kStart + minutes(2));
  EXPECT_EQ(policy.Decide(kUnwanted, true, kStart + minutes(2)), Action::kSpawn) << "its viewers come back";
  EXPECT_EQ(policy.failures(), 1u);
}

TEST(ManagerPolicy, RestsLongerEachTime) {
  ManagerPolicy policy;
  Monotonic now = kStart;
  std::vector<int> rests;
  for (int death = 0; death < 9; ++death) {
    policy.Spawned(now);
    policy.Ended(now);
    rests.push_back(static_cast<int>(policy.RestLeft(now).count() / 1000));
    EXPECT_EQ(policy.Decide(kViewer, true, now + policy.RestLeft(now)), Action::kSpawn);
    if (rests.back() > 0) {
      EXPECT_EQ(policy.Decide(kViewer, true, now + policy.RestLeft(now) - milliseconds(1)), Action::kNothing);
    }
    now += policy.RestLeft(now);
  }
  EXPECT_THAT(rests, ElementsAre(0, 1, 2, 4, 8, 16, 30, 30, 30));
}

TEST(ManagerPolicy, AMinuteInHealthStartsTheRowAnew) {
  ManagerPolicy policy;
  for (int death = 0; death < 5; ++death) {
    policy.Spawned(kStart);
    policy.Ended(kStart);
  }
  policy.Spawned(kStart);
  policy.Up(kStart);
  policy.Ended(kStart + seconds(60));
  EXPECT_EQ(policy.RestLeft(kStart + seconds(60)).count(), 0);
}

TEST(ManagerPolicy, ASpawnThatFailsCountsAsADeath) {
  ManagerPolicy policy;
  policy.SpawnFailed(kStart);
  policy.SpawnFailed(kStart);
  EXPECT_EQ(policy.RestLeft(kStart), seconds(1));
  EXPECT_EQ(policy.failures(), 2u);
}

TEST(ManagerPolicy, TakesARunningOneUp) {
  ManagerPolicy policy;
  policy.Up(kStart);
  EXPECT_EQ(policy.life(), Life::kUp);
  EXPECT_EQ(policy.Decide(kWatched, true, kStart + seconds(1)), Action::kNothing);
}

TEST(WhoMayStart, LetsViewersGoFirstThenTheOneWhoHasWaitedLongest) {
  const std::vector<StartRequest> all = {{1, false, kStart},
                                         {2, true, kStart + seconds(3)},
                                         {3, true, kStart + seconds(2)},
                                         {4, false, kStart - seconds(9)}};
  EXPECT_THAT(WhoMayStart(all, 0, 9), ElementsAre(3, 2, 4, 1));
  EXPECT_THAT(WhoMayStart(all, 1, 3), ElementsAre(3, 2));
  EXPECT_THAT(WhoMayStart(all, 4, 4), IsEmpty());
  EXPECT_THAT(WhoMayStart(all, 7, 4), IsEmpty());
  EXPECT_THAT(WhoMayStart({}, 0, 4), IsEmpty());
}

}  // namespace
}  // namespace retrovue
