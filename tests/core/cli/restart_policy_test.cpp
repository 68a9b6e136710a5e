#include "core/cli/guardian/restart_policy.h"

#include <gmock/gmock.h>

namespace retrovue::cli {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

// A clock that moves when it is told to, and a process that dies as soon as it is started.
struct Death {
  RestartPolicy policy;
  milliseconds now{1'000'000};

  // It runs so long, and dies; answers how long it stays away.
  milliseconds After(milliseconds life) {
    policy.Started(now);
    now += life;
    const milliseconds again = policy.Died(now);
    const milliseconds away = again - now;
    now = again;
    return away;
  }
};

TEST(RestartPolicy, StartsAtOnceTheFirstTime) {
  Death death;
  EXPECT_EQ(death.After(3s), 0s);
}

TEST(RestartPolicy, WaitsTwiceAsLongEachTimeUpToHalfAMinute) {
  Death death;
  std::vector<milliseconds> waits;
  for (int i = 0; i < 9; ++i) waits.push_back(death.After(10ms));
  EXPECT_THAT(waits, testing::ElementsAre(0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s));
}

TEST(RestartPolicy, NeverWaitsLongerHoweverOftenItDies) {
  Death death;
  for (int i = 0; i < 1000; ++i) EXPECT_LE(death.After(0ms), RestartPolicy::kLongest);
  EXPECT_EQ(death.policy.deaths(), 1000);
}

TEST(RestartPolicy, BeginsAnewOnceItHasLivedWell) {
  Death death;
  for (int i = 0; i < 5; ++i) death.After(10ms);
  EXPECT_EQ(death.After(RestartPolicy::kWell), 0s);
  EXPECT_EQ(death.After(10ms), 1s);
}

TEST(RestartPolicy, AShortLifeIsNotWell) {
  Death death;
  death.After(10ms);
  EXPECT_EQ(death.After(RestartPolicy::kWell - 1ms), 1s);
}

}  // namespace
}  // namespace retrovue::cli
