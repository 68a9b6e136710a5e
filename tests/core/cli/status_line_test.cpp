#include "core/cli/guardian/status_line.h"

#include <gtest/gtest.h>

namespace retrovue::cli {
namespace {

TEST(StatusLine, SaysHowTheNetworkIs) {
  EXPECT_EQ(
      StatusLine(
          R"({"channels":2,"channels_up":1,"viewers":1,"horizon_hours":70,"blocks_late":0,"database_errors":0})"),
      "2 channels | 1 on the air | 1 viewer | guide 70 h ahead");
}

TEST(StatusLine, ComplainsOfWhatIsWrong) {
  EXPECT_EQ(StatusLine(R"({"channels":1,"blocks_late":2,"database_errors":1,"evidence_behind":3,)"
                       R"("why_not_ready":["the database does not answer"]})"),
            "1 channel | 2 late blocks | 1 database error | 3 pieces of evidence behind | the database does "
            "not answer");
}

TEST(StatusLine, SaysThatItStartsAndNothingElseUntilTheDatabaseWasAsked) {
  EXPECT_EQ(StatusLine(R"({"starting":true,"channels":0,"viewers":0,"why_not_ready":["starting"]})"),
            "starting");
  EXPECT_EQ(StatusLine(R"({"starting":false,"channels":1})"), "1 channel");
}

TEST(StatusLine, LeavesOutWhatIsNotSaid) {
  EXPECT_EQ(StatusLine("{}"), "running");
  EXPECT_EQ(StatusLine(R"({"channels":"many","viewers":null,"why_not_ready":7})"), "running");
}

TEST(StatusLine, IsOneLineWhateverIsAnswered) {
  EXPECT_EQ(StatusLine(""), "the program director says nothing that can be read");
  EXPECT_EQ(StatusLine("[1]"), "the program director says nothing that can be read");
  EXPECT_EQ(StatusLine(R"({"why_not_ready":["a\nb"]})"), "a b");
}

}  // namespace
}  // namespace retrovue::cli
