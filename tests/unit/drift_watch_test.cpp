// A wall clock that is stepped or runs at another speed: it is reported, and moves nothing.
#include "supervisor/session/drift_watch.h"

#include <gtest/gtest.h>

#include "tests/unit/selector_rig.h"

namespace air {
namespace {

// A clock whose wall time can be set, as an operator or NTP sets it.
class SteppedClock final : public MasterClock {
 public:
  Nanos Now() const override { return now_; }
  UtcMs UtcNow() const override { return UtcMs(now_.value() / kNanosPerMs + ahead_ms_); }
  void SleepUntil(Nanos deadline) override { now_ = std::max(now_, deadline); }
  void StepWall(int64_t ms) { ahead_ms_ += ms; }

 private:
  Nanos now_{1'000'000'000};
  int64_t ahead_ms_ = 1'700'000'000'000;
};

class Drift : public ::testing::Test {
 protected:
  bool Look(int64_t after_ms) {
    clock_.SleepUntil(clock_.Now() + after_ms * kNanosPerMs);
    return watch_.Look(clock_.Now(), clock_.UtcNow());
  }
  SteppedClock clock_;
  DriftWatch watch_{clock_.Now(), clock_.UtcNow()};
};

TEST_F(Drift, IsNothingWhileBothClocksGoTogether) {
  for (int i = 0; i < 1000; ++i) ASSERT_FALSE(Look(977));
  EXPECT_EQ(watch_.drift_ms(), 0);
  EXPECT_FALSE(watch_.is_beyond());
}

TEST_F(Drift, OfUpToAHundredMillisecondsIsNotReported) {
  clock_.StepWall(100);
  EXPECT_FALSE(Look(10));
  clock_.StepWall(-200);
  EXPECT_FALSE(Look(10));
  EXPECT_EQ(watch_.drift_ms(), -100);
  EXPECT_FALSE(watch_.is_beyond());
}

TEST_F(Drift, BeyondAHundredMillisecondsIsReportedOnceAndAgainWhenItHasChangedByAsMuch) {
  clock_.StepWall(101);
  EXPECT_TRUE(Look(10));
  EXPECT_TRUE(watch_.is_beyond());
  EXPECT_FALSE(Look(10));
  clock_.StepWall(100);
  EXPECT_FALSE(Look(10));
  clock_.StepWall(1);
  EXPECT_TRUE(Look(10));
  clock_.StepWall(-202);
  EXPECT_TRUE(Look(10)) << "that it is right again is news, too";
  EXPECT_FALSE(watch_.is_beyond());
}

TEST_F(Drift, OfAFewMillionthsAddsUpAndIsReported) {
  int reports = 0;
  for (int second = 0; second < 20'000; ++second) {
    if (second % 100 == 0) clock_.StepWall(-2);  // 20 ppm slow
    reports += Look(1000) ? 1 : 0;
  }
  EXPECT_EQ(watch_.drift_ms(), -400);
  EXPECT_EQ(reports, 3);
}

// The same channel twice, once with a wall clock that is put back and forth by hours.
std::vector<int64_t> MadeAt(bool stepped) {
  constexpr int64_t kTicks = 600;
  const HouseFormat format{.width = 16, .height = 16, .rate = {30000, 1001}};
  SteppedClock clock;
  PageMemory session(kSessionBytes), timeline(kTimelineBytes);
  RingMemory program({.format = format, .policy = RingPolicy::kOverwrite, .slot_count = 16});
  FormatSession(session.bytes(), {.format = format, .epoch = {.mono = clock.Now(), .utc = clock.UtcNow()}});
  FormatTimeline(timeline.bytes());
  const SessionPage page = SessionPage::Attach(session.bytes()).value();
  TimelineController controller(TimelineReader::Attach(timeline.bytes()).value());
  InputBus inputs(format, {});
  ProgramOutput output(program.View(), 7);
  TimingLoop loop(clock, page, controller, inputs, output);
  std::vector<int64_t> made_at;
  for (int64_t n = 0; n < kTicks; ++n) {
    if (stepped && n % 50 == 0) clock.StepWall(n % 100 == 0 ? 3'600'000 : -7'200'000);
    loop.RunTick();
    made_at.push_back(clock.Now().value());
    EXPECT_EQ(output.Last()->deadline_ns, clock.Now().value());
    EXPECT_EQ(output.next_tick(), Tick(n + 1));
  }
  return made_at;
}

TEST(SteppedWallClock, MovesNoDeadline) { EXPECT_EQ(MadeAt(true), MadeAt(false)); }

}  // namespace
}  // namespace air
