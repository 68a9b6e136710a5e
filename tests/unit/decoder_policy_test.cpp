#include "supervisor/decoder_policy.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace air {
namespace {

constexpr uint64_t kSecond = 30;  // units

// A decoder's deaths, one after the other, a second apart.
class Deaths {
 public:
  DecoderPolicy::Verdict Crash(uint64_t began, uint64_t next) { return Die(began, next, true); }
  DecoderPolicy::Verdict Killed(uint64_t began, uint64_t next) { return Die(began, next, false); }

 private:
  DecoderPolicy::Verdict Die(uint64_t began, uint64_t next, bool own_doing) {
    now_ = now_ + kNanosPerSecond;
    return policy_.OnDeath(
        {.at = now_, .began_at_unit = began, .next_unit = next, .by_its_own_doing = own_doing});
  }
  DecoderPolicy policy_{kSecond};
  Nanos now_;
};

TEST(DecoderPolicy, GoesOnWithTheMissingUnitAfterACrash) {
  Deaths deaths;
  const auto verdict = deaths.Crash(0, 100);
  EXPECT_EQ(verdict.delay_ns, 0);
  EXPECT_EQ(verdict.resume_at, std::nullopt);
}

TEST(DecoderPolicy, SkipsASecondAfterTheSecondCrashAtTheSamePlace) {
  Deaths deaths;
  deaths.Crash(0, 100);
  const auto verdict = deaths.Crash(100, 102);
  EXPECT_EQ(verdict.resume_at, 132u);
  EXPECT_TRUE(verdict.skips);
  EXPECT_EQ(verdict.delay_ns, 0) << "the first failure is no reason to wait";
}

TEST(DecoderPolicy, TakesCrashesMoreThanASecondApartForDifferentPlaces) {
  Deaths deaths;
  deaths.Crash(0, 100);
  EXPECT_EQ(deaths.Crash(100, 131).resume_at, std::nullopt);
  EXPECT_EQ(deaths.Crash(131, 161).resume_at, 191u);
}

TEST(DecoderPolicy, DoesNotBlameThePlaceForWhatCameFromOutside) {
  Deaths deaths;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(deaths.Killed(100, 100).resume_at, std::nullopt);
}

TEST(DecoderPolicy, KeepsToTheSkipUntilSomethingCameOutOfIt) {
  Deaths deaths;
  deaths.Crash(0, 100);
  deaths.Crash(100, 100);
  const auto killed_while_it_skipped = deaths.Killed(100, 100);
  EXPECT_EQ(killed_while_it_skipped.resume_at, 130u);
  EXPECT_FALSE(killed_while_it_skipped.skips);
}

TEST(DecoderPolicy, SkipsFurtherWhenTheNextPlaceIsNoBetter) {
  Deaths deaths;
  deaths.Crash(0, 100);
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, 130u);
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, 130u) << "once is not twice";
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, 160u);
}

TEST(DecoderPolicy, HasForgottenASkipOnceItIsBehind) {
  Deaths deaths;
  deaths.Crash(0, 100);
  deaths.Crash(100, 100);
  EXPECT_EQ(deaths.Crash(100, 400).resume_at, std::nullopt);
  EXPECT_EQ(deaths.Crash(400, 400).resume_at, 430u);
}

TEST(DecoderPolicy, BacksOffAndGivesUpAfterMoreThanFiveFailuresAMinute) {
  Deaths deaths;
  std::vector<int64_t> delays_ms;
  for (int i = 0; i < 5; ++i) delays_ms.push_back(deaths.Killed(0, 0).delay_ns.value_or(-1) / kNanosPerMs);
  EXPECT_EQ(delays_ms, (std::vector<int64_t>{0, 100, 200, 400, 800}));
  EXPECT_EQ(deaths.Killed(0, 0).delay_ns, std::nullopt);
}

TEST(DecoderPolicy, DoesNotCountARestartThatDelivered) {
  Deaths deaths;
  for (uint64_t unit = 0; unit < 100 * kSecond; unit += kSecond)
    EXPECT_EQ(deaths.Killed(unit, unit + kSecond).delay_ns, 0);
}

}  // namespace
}  // namespace air
