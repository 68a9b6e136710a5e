#include "supervisor/process/hang_watch.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "supervisor/process/phase_deadlines.h"

namespace air {
namespace {

constexpr int64_t kMs = kNanosPerMs;
constexpr int64_t kHang = 500 * kMs;

// A stage and its watcher on one virtual clock: the stage beats every 33 ms, the watcher looks every 20 ms.
class Watched {
 public:
  Watched() : watch_(kHang) { watch_.Begin(Nanos(0), sign_); }

  bool stage_runs = true, watcher_runs = true, is_stopped = false, is_starved = false;
  int64_t starving_threads = 1;
  int64_t allowance_ns = kHang;

  // The millisecond at which the watcher called the stage hung, if it did within `ms`.
  std::optional<int64_t> HungWithin(int64_t ms) {
    for (const int64_t end = now_ms_ + ms; now_ms_ < end;) {
      ++now_ms_;
      if (stage_runs && now_ms_ % 33 == 0) sign_.beat_ns = now_ms_ * kMs;
      if (watcher_runs && now_ms_ % 20 == 0 &&
          watch_.IsHung(Nanos(now_ms_ * kMs), sign_, allowance_ns, *this))
        return now_ms_;
      if (is_starved) starved_ms_ += starving_threads;
    }
    return std::nullopt;
  }
  // What the watch asks of the process.
  bool IsStopped() const { return is_stopped; }
  int64_t StarvedNs() const { return starved_ms_ * kMs; }
  LifeSign& sign() { return sign_; }
  HangWatch& watch() { return watch_; }

 private:
  int64_t now_ms_ = 0, starved_ms_ = 0;
  LifeSign sign_;
  HangWatch watch_;
};

TEST(HangWatch, LeavesAStageAloneThatBeats) {
  Watched w;
  EXPECT_EQ(w.HungWithin(60'000), std::nullopt);
  EXPECT_TRUE(w.watch().has_begun());
}

TEST(HangWatch, NoticesSilenceWithinOneLookOfTheLimit) {
  Watched w;
  ASSERT_EQ(w.HungWithin(990), std::nullopt);
  w.stage_runs = false;
  const std::optional<int64_t> hung = w.HungWithin(2000);
  ASSERT_TRUE(hung.has_value());
  EXPECT_GE(*hung, 990 + 500);
  EXPECT_LE(*hung, 1000 + 500 + 20);
}

TEST(HangWatch, DoesNotCountTheTimeInWhichAStageGotNoProcessor) {
  Watched w;
  ASSERT_EQ(w.HungWithin(990), std::nullopt);
  w.stage_runs = false;
  w.is_starved = true;
  EXPECT_EQ(w.HungWithin(2500), std::nullopt) << "it would run if it could";
  w.is_starved = false;
  EXPECT_TRUE(w.HungWithin(700).has_value()) << "now it could, and does not";
}

TEST(HangWatch, HasAnEndToItsPatience) {
  Watched w;
  ASSERT_EQ(w.HungWithin(990), std::nullopt);
  w.stage_runs = false;
  w.is_starved = true;
  w.starving_threads = 4;
  const std::optional<int64_t> hung = w.HungWithin(10'000);
  ASSERT_TRUE(hung.has_value());
  EXPECT_LE(*hung, 1000 + 8 * 500 + 40);
}

TEST(HangWatch, NoticesAStoppedStageThatHadBeenStarved) {
  Watched w;
  ASSERT_EQ(w.HungWithin(990), std::nullopt);
  w.stage_runs = false;
  w.is_starved = true;
  w.allowance_ns = 5000 * kMs;
  ASSERT_EQ(w.HungWithin(400), std::nullopt);
  w.is_stopped = true;
  EXPECT_TRUE(w.HungWithin(600).has_value());
}

TEST(HangWatch, GivesAFreshAllowanceWhenTheWatcherItselfWasLate) {
  Watched w;
  w.HungWithin(1000);
  w.stage_runs = w.watcher_runs = false;  // the whole group is stopped
  w.HungWithin(10'000);
  w.stage_runs = w.watcher_runs = true;
  EXPECT_EQ(w.HungWithin(10'000), std::nullopt);
}

TEST(HangWatch, KillsAStageThatStaysSilentAfterBothWereStopped) {
  Watched w;
  w.HungWithin(1000);
  w.stage_runs = w.watcher_runs = false;
  w.HungWithin(10'000);
  w.watcher_runs = true;
  const std::optional<int64_t> hung = w.HungWithin(2000);
  ASSERT_TRUE(hung.has_value());
  EXPECT_GE(*hung, 11'500);
  EXPECT_LE(*hung, 11'540);
}

TEST(HangWatch, WaitsAsLongAsThePresentStepMayTake) {
  Watched w;
  w.stage_runs = false;
  w.allowance_ns = 2000 * kMs;
  EXPECT_EQ(w.HungWithin(2000), std::nullopt);
  EXPECT_EQ(w.HungWithin(100), 2020);
}

TEST(HangWatch, DoesNotWaitThatLongForAProcessThatIsStopped) {
  Watched w;
  w.stage_runs = false;
  w.is_stopped = true;
  w.allowance_ns = 5000 * kMs;
  EXPECT_EQ(w.HungWithin(5000), 520);
}

TEST(HangWatch, TakesAnyChangeForASignOfLifeWhateverItSays) {
  Watched w;
  w.stage_runs = false;
  w.sign().beat_ns = int64_t{1} << 62;  // a stage that lies about the time gains nothing by it
  EXPECT_EQ(w.HungWithin(5000), 540);
  w.watch().Begin(Nanos(540 * kMs), w.sign());
  for (int i = 0; i < 20; ++i) {
    ++w.sign().progress;
    EXPECT_EQ(w.HungWithin(300), std::nullopt);
  }
}

TEST(HangWatch, DoesNotHoldThePredecessorsSilenceAgainstAStage) {
  Watched w;
  w.stage_runs = false;
  ASSERT_TRUE(w.HungWithin(5000).has_value());
  w.watch().Begin(Nanos(520 * kMs), w.sign());
  EXPECT_FALSE(w.watch().has_begun());
  EXPECT_EQ(w.HungWithin(480), std::nullopt);
}

struct Row {
  WriterPhase phase;
  std::optional<int64_t> step_ms;
  int64_t silence_ms, suspected_silence_ms;
  PadCause cause;
};
class PhaseDeadlines : public ::testing::TestWithParam<Row> {};

TEST_P(PhaseDeadlines, AreThoseOfTheTable) {
  for (const bool suspected : {false, true}) {
    const PhaseDeadline deadline = DeadlineOf(GetParam().phase, kHang, suspected);
    EXPECT_EQ(deadline.step_ns.has_value(), GetParam().step_ms.has_value());
    EXPECT_EQ(deadline.step_ns.value_or(0), GetParam().step_ms.value_or(0) * kMs);
    EXPECT_EQ(deadline.silence_ns,
              (suspected ? GetParam().suspected_silence_ms : GetParam().silence_ms) * kMs);
    EXPECT_EQ(deadline.cause, GetParam().cause);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PhaseDeadlines,
    ::testing::Values(Row{WriterPhase::kNone, 60000, 5000, 5000, PadCause::kOpenFailed},
                      Row{WriterPhase::kOpening, 60000, 5000, 5000, PadCause::kOpenFailed},
                      Row{WriterPhase::kSeeking, 60000, 5000, 700, PadCause::kHang},
                      Row{WriterPhase::kFirstUnit, 60000, 5000, 700, PadCause::kHang},
                      Row{WriterPhase::kProducing, 2000, 2000, 700, PadCause::kHang},
                      Row{WriterPhase::kWaiting, std::nullopt, 500, 500, PadCause::kHang},
                      Row{WriterPhase::kEnded, 5000, 5000, 5000, PadCause::kHang},
                      // whatever a decoder writes there
                      Row{static_cast<WriterPhase>(4711), 60000, 5000, 5000, PadCause::kOpenFailed}),
    [](const auto& row) { return std::string(ToString(row.param.phase)); });

TEST(PhaseDeadlines, LetAStageLoadBeforeItIsExpectedToBeat) {
  EXPECT_EQ(AllowanceOf(/*has_begun=*/false, kHang), 5000 * kMs);
  EXPECT_EQ(AllowanceOf(/*has_begun=*/true, kHang), kHang);
}

}  // namespace
}  // namespace air
