// The protocol towards the control plane, on a clock that is told.
#include "supervisor/evidence/evidence_line.h"

#include <gtest/gtest.h>

namespace air {
namespace {

using State = EvidenceLine::State;
constexpr Nanos At(int64_t ms) { return Nanos(ms * kNanosPerMs); }

TEST(EvidenceLine, GreetsThenSendsWhatFollowsTheLastAcknowledgementInOrder) {
  EvidenceLine line(3);
  ASSERT_TRUE(line.ShouldDial(At(0)));
  line.Dialled(At(0));
  EXPECT_EQ(line.NextToSend(5), std::nullopt) << "Hello first";
  EXPECT_FALSE(line.Acknowledged(0, 5)) << "the control plane says 0 to Hello: that takes nothing back";
  EXPECT_EQ(line.acknowledged(), 3u);
  EXPECT_EQ(line.NextToSend(5), 4u);
  line.Sent(4);
  line.Sent(5);
  EXPECT_EQ(line.NextToSend(5), std::nullopt);
  EXPECT_EQ(line.NextToSend(6), 6u) << "live";
  EXPECT_TRUE(line.Acknowledged(5, 6));
  EXPECT_EQ(line.acknowledged(), 5u);
}

TEST(EvidenceLine, WaitsFiveSecondsForTheGreetingAndGoesOnWithoutIt) {
  EvidenceLine line(0);
  line.Dialled(At(1000));
  EXPECT_EQ(line.WakeTime(), At(6000));
  line.Look(At(5999));
  EXPECT_EQ(line.NextToSend(1), std::nullopt);
  line.Look(At(6000));
  EXPECT_EQ(line.NextToSend(1), 1u);
}

TEST(EvidenceLine, SendsAgainWhatWasNotAcknowledgedWhenTheConnectionBroke) {
  EvidenceLine line(0);
  line.Dialled(At(0));
  line.Acknowledged(0, 9);
  for (uint64_t sequence = 1; sequence <= 9; ++sequence) line.Sent(sequence);
  line.Acknowledged(4, 9);
  line.Broken(At(10));
  EXPECT_EQ(line.NextToSend(9), std::nullopt);
  line.Dialled(At(200));
  line.Acknowledged(0, 9);
  EXPECT_EQ(line.NextToSend(9), 5u);
}

TEST(EvidenceLine, ComesBackAfter100MillisecondsDoublingToFiveSeconds) {
  EvidenceLine line(0);
  int64_t now = 0;
  for (int64_t delay : {100, 200, 400, 800, 1600, 3200, 5000, 5000}) {
    ASSERT_TRUE(line.ShouldDial(At(now)));
    line.Dialled(At(now));
    line.Broken(At(now + 7));
    line.Broken(At(now + 8));  // said twice, it counts once
    EXPECT_FALSE(line.ShouldDial(At(now + 7 + delay - 1)));
    EXPECT_EQ(line.WakeTime(), At(now + 7 + delay));
    now += 7 + delay;
  }
  line.Dialled(At(now));
  line.Acknowledged(0, 1);
  line.Broken(At(now));
  EXPECT_TRUE(line.ShouldDial(At(now + 100))) << "somebody was there: from the beginning";
}

TEST(EvidenceLine, BelievesNoAcknowledgementOfWhatIsNotThere) {
  EvidenceLine line(0);
  line.Dialled(At(0));
  EXPECT_FALSE(line.Acknowledged(10, 9));
  EXPECT_EQ(line.acknowledged(), 0u);
  EXPECT_TRUE(line.Acknowledged(9, 9));
  EXPECT_FALSE(line.Acknowledged(3, 9)) << "and none that goes back";
  EXPECT_EQ(line.acknowledged(), 9u);
}

}  // namespace
}  // namespace air
