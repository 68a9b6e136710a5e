// The tick of a change of the plan, when recording the change takes its time.
#include "supervisor/playout/tick_of_change.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace air {
namespace {

struct Outcome {
  Tick at, committed;
  int tries = 0;
};

// Records take so many ticks, one after the other; the last of them is repeated.
Outcome Change(std::vector<int64_t> recording) {
  Tick now(1000);
  TickOfChange tick;
  Outcome outcome;
  do {
    outcome.at = tick.Choose(now);
    const size_t i = std::min(static_cast<size_t>(outcome.tries++), recording.size() - 1);
    now += recording[i];
  } while (!tick.CanBeKept(now));
  outcome.committed = now;
  return outcome;
}

TEST(TickOfChangeTest, IsTheNextThatCanBeChangedWhereRecordingTakesNoTime) {
  const Outcome outcome = Change({0});
  EXPECT_EQ(outcome.at, Tick(1000) + kFreezeTicks + 1);
  EXPECT_EQ(outcome.tries, 1);
}

TEST(TickOfChangeTest, HasATickOfRoomForTheRecording) {
  EXPECT_EQ(Change({1}).at, Change({0}).at);
  EXPECT_GT(Change({2, 0}).at, Change({0}).at);
}

TEST(TickOfChangeTest, IsNeverOneThatIsFrozenWhenTheChangeIsCommitted) {
  for (int64_t ticks = 0; ticks <= 100; ++ticks) {
    const Outcome outcome = Change({ticks});
    EXPECT_GE(outcome.at, outcome.committed + kFreezeTicks) << "recording takes " << ticks << " ticks";
    EXPECT_LE(outcome.at - outcome.committed, std::max<int64_t>(2 * ticks, 4)) << "nor later than need be";
  }
}

TEST(TickOfChangeTest, IsTriedAgainAfterASupervisorHasStoodStill) {
  const Outcome outcome = Change({500, 0});
  EXPECT_EQ(outcome.tries, 2);
  EXPECT_EQ(outcome.at, Tick(1500) + kFreezeTicks + 2);
}

TEST(TickOfChangeTest, IsTakenAsItIsInTheEnd) {
  const Outcome outcome = Change({100'000});
  EXPECT_EQ(outcome.tries, 8);
}

}  // namespace
}  // namespace air
