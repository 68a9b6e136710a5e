#include "supervisor/process/restart_policy.h"

#include <gtest/gtest.h>

namespace air {
namespace {

constexpr Nanos At(int64_t ms) { return Nanos(ms * kNanosPerMs); }

TEST(RestartPolicy, StartsAgainAtOnceWhenTheDeadStageHadDelivered) {
  RestartPolicy policy;
  for (int i = 0; i < 100; ++i) EXPECT_EQ(policy.OnDeath(At(i), true), 0);
}

TEST(RestartPolicy, StartsAgainAtOnceAfterTheFirstFailureAndBacksOffAfterMore) {
  RestartPolicy policy;
  EXPECT_EQ(policy.OnDeath(At(0), false), 0);
  EXPECT_EQ(policy.OnDeath(At(1), false), 100 * kNanosPerMs);
  EXPECT_EQ(policy.OnDeath(At(2), false), 200 * kNanosPerMs);
  EXPECT_EQ(policy.OnDeath(At(3), false), 400 * kNanosPerMs);
  EXPECT_EQ(policy.OnDeath(At(4), false), 800 * kNanosPerMs);
}

TEST(RestartPolicy, GivesUpAfterMoreThanFiveFailuresAMinute) {
  RestartPolicy policy;
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(policy.OnDeath(At(i * 1000), false).has_value());
  EXPECT_EQ(policy.OnDeath(At(5000), false), std::nullopt);
}

TEST(RestartPolicy, ForgetsFailuresOlderThanAMinute) {
  RestartPolicy policy;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(policy.OnDeath(At(i * 13'000), false).has_value());
}

TEST(RestartPolicy, ForgetsFailuresOnceAStageHasDelivered) {
  RestartPolicy policy;
  for (int i = 0; i < 5; ++i) policy.OnDeath(At(i), false);
  EXPECT_EQ(policy.OnDeath(At(6), true), 0);
  EXPECT_EQ(policy.OnDeath(At(7), false), 0);
}

}  // namespace
}  // namespace air
