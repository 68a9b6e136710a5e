#include "supervisor/playout/decoder_policy.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace air {
namespace {

constexpr uint64_t kSecond = 30;  // units

// A decoder's deaths, one after the other, a second apart.
class Deaths {
 public:
  using Witness = DecoderPolicy::Witness;
  DecoderPolicy::Verdict Crash(uint64_t began, uint64_t next) { return Die(began, next, Witness::kOwnDoing); }
  DecoderPolicy::Verdict Killed(uint64_t began, uint64_t next) { return Die(began, next, Witness::kKilled); }
  DecoderPolicy::Verdict Idle(uint64_t began, uint64_t next) { return Die(began, next, Witness::kNone); }
  bool Suspects(uint64_t unit) const { return policy_.Suspects(unit); }

 private:
  DecoderPolicy::Verdict Die(uint64_t began, uint64_t next, Witness witness) {
    now_ = now_ + kNanosPerSecond;
    return policy_.OnDeath({.at = now_, .began_at_unit = began, .next_unit = next, .witness = witness});
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

TEST(DecoderPolicy, DoesNotBlameThePlaceWhenTheDecoderWasNotAtWork) {
  Deaths deaths;
  for (int i = 0; i < 4; ++i) EXPECT_EQ(deaths.Idle(100, 100).resume_at, std::nullopt);
}

TEST(DecoderPolicy, DoesNotBlamePlacesForAKillerAtRandom) {
  Deaths deaths;
  for (uint64_t unit = 100; unit < 400; unit += 3)
    EXPECT_EQ(deaths.Killed(unit - 3, unit).resume_at, std::nullopt) << unit;
}

TEST(DecoderPolicy, SkipsWhereThreeInARowWereKilledAtTheSameUnit) {
  Deaths deaths;
  EXPECT_EQ(deaths.Killed(0, 100).resume_at, std::nullopt);
  EXPECT_EQ(deaths.Killed(100, 101).resume_at, std::nullopt);
  const auto third = deaths.Killed(101, 101);
  EXPECT_EQ(third.resume_at, 131u);
  EXPECT_TRUE(third.skips);
}

TEST(DecoderPolicy, TakesOneKilledForNoProofOfACrash) {
  Deaths deaths;
  deaths.Killed(0, 100);
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, std::nullopt);
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, 130u);
}

TEST(DecoderPolicy, SuspectsThePlaceWhereOneBroughtItselfDown) {
  Deaths deaths;
  EXPECT_FALSE(deaths.Suspects(100));
  deaths.Crash(0, 100);
  EXPECT_TRUE(deaths.Suspects(100));
  EXPECT_FALSE(deaths.Suspects(131));
  deaths.Crash(100, 100);
  EXPECT_TRUE(deaths.Suspects(100)) << "until one got over it";
  deaths.Idle(100, 400);
  EXPECT_FALSE(deaths.Suspects(400));
}

TEST(DecoderPolicy, KeepsToTheSkipUntilSomethingCameOutOfIt) {
  Deaths deaths;
  deaths.Crash(0, 100);
  deaths.Crash(100, 100);
  const auto killed_while_it_skipped = deaths.Idle(100, 100);
  EXPECT_EQ(killed_while_it_skipped.resume_at, 130u);
  EXPECT_FALSE(killed_while_it_skipped.skips);
}

TEST(DecoderPolicy, SkipsFurtherWhenTheNextPlaceIsNoBetter) {
  Deaths deaths;
  deaths.Crash(0, 100);
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, 130u);
  EXPECT_EQ(deaths.Crash(100, 100).resume_at, 160u) << "at once";
}

TEST(DecoderPolicy, TakesAPlaceBeforeItsBeginningForNoDelivery) {
  Deaths deaths;
  int given_up = 0;
  for (int i = 0; i < 10; ++i) given_up += deaths.Idle(100, 50).delay_ns.has_value() ? 0 : 1;
  EXPECT_GT(given_up, 0) << "it counts as ten failures";
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
  for (int i = 0; i < 5; ++i) delays_ms.push_back(deaths.Idle(0, 0).delay_ns.value_or(-1) / kNanosPerMs);
  EXPECT_EQ(delays_ms, (std::vector<int64_t>{0, 100, 200, 400, 800}));
  EXPECT_EQ(deaths.Idle(0, 0).delay_ns, std::nullopt);
}

TEST(DecoderPolicy, DoesNotCountARestartThatDelivered) {
  Deaths deaths;
  for (uint64_t unit = 0; unit < 100 * kSecond; unit += kSecond)
    EXPECT_EQ(deaths.Idle(unit, unit + kSecond).delay_ns, 0);
}

}  // namespace
}  // namespace air
