// Judges a stream of test clips at 30 frames a second: nothing to find fault with in the packets, nor in what they show.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

#include "tests/support/content_check.h"
#include "tests/support/ts_analyser.h"

namespace retrovue {

// What it shows. `stream` begins with the first byte a viewer got, and ends where a tick does (air::e2e::WholeTicks).
inline air::analyser::ContentReport JudgedClean(const std::vector<std::uint8_t>& stream) {
  air::analyser::TsLimits limits;
  limits.rate_num = 30;
  const air::analyser::TsReport structure = air::analyser::AnalyseTs(stream, limits);
  EXPECT_TRUE(structure.Clean()) << air::analyser::DescribeTs(structure, {});
  absl::StatusOr<air::analyser::ContentReport> content = air::analyser::CheckContent(stream);
  EXPECT_TRUE(content.ok()) << content.status();
  if (!content.ok()) return {};
  EXPECT_EQ(content->complaints.count, 0) << air::analyser::DescribeContent(*content);
  EXPECT_EQ(content->other_pictures, 0) << air::analyser::DescribeContent(*content);
  return *std::move(content);
}

}  // namespace retrovue
