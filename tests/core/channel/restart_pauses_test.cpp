#include "core/channel/restart_pauses.h"

#include <gtest/gtest.h>

#include <vector>

namespace retrovue {
namespace {

using namespace std::chrono_literals;

TEST(RestartPauses, FirstAtOnceThenTwiceAsLongEachTimeUpToHalfAMinute) {
  RestartPauses pauses;
  std::vector<Millis> all;
  for (int i = 0; i < 9; ++i) all.push_back(pauses.Next(0ms));
  EXPECT_EQ(all, (std::vector<Millis>{0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s, 30s}));
}

TEST(RestartPauses, BeginAgainBehindARunThatWentWell) {
  RestartPauses pauses;
  for (int i = 0; i < 5; ++i) pauses.Next(1s);
  EXPECT_EQ(pauses.Next(RestartPauses::kHealthyRun), 0ms);
  EXPECT_EQ(pauses.Next(1s), 1s);
}

TEST(RestartPauses, NeverOverflow) {
  RestartPauses pauses;
  for (int i = 0; i < 1000; ++i) EXPECT_LE(pauses.Next(0ms), RestartPauses::kLongest);
}

}  // namespace
}  // namespace retrovue
