// What the doctor says of the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cli/nouns/doctor_machine.h"

namespace retrovue::cli {
namespace {

std::string CodesOf(const Findings& findings) {
  Answer answer;
  findings.Into(answer, "machine", "this one", /*strict=*/false);
  std::string codes;
  for (const Json& finding : answer.value["findings"]) codes += finding["code"].get<std::string>() + " ";
  return codes;
}

std::string OfClock(const char* now, int state, int status) {
  Findings findings;
  CheckClock(*ParseRfc3339(now), state, status, findings);
  return CodesOf(findings);
}

TEST(Doctor, SaysWhenTheClockIsWrongOrNobodyKeepsIt) {
  EXPECT_EQ(OfClock("2026-11-30T12:00:00Z", TIME_OK, 0), "OK ");
  EXPECT_EQ(OfClock("2026-11-30T12:00:00Z", TIME_ERROR, STA_UNSYNC), "CLOCK_UNSYNCED ");
  EXPECT_EQ(OfClock("2026-11-30T12:00:00Z", TIME_OK, STA_UNSYNC), "CLOCK_UNSYNCED ");
  EXPECT_EQ(OfClock("1970-01-01T00:03:00Z", TIME_OK, 0), "CLOCK_WRONG ");
}

TEST(Doctor, SaysNothingOfAHomeThatIsNotMadeYet) {
  Findings findings;
  CheckHome({"/nowhere/at/all", ""}, findings);
  EXPECT_EQ(CodesOf(findings), "");
}

}  // namespace
}  // namespace retrovue::cli
