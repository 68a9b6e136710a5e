#include "base/number_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

namespace air {
namespace {

using testing::HasSubstr;

TEST(NumberText, TakesDecimalDigitsWithinTheRange) {
  for (const char* text : {"1", "10", "8080", "65535"}) EXPECT_EQ(WrongNumber(text, 1, 65535), "") << text;
  EXPECT_EQ(WrongNumber("0", 0, 1), "");
  EXPECT_EQ(WrongNumber("-5", -5, 5), "");
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(WrongNumber(std::to_string(kMost), 0, kMost), "");
}

TEST(NumberText, RefusesWhatIsOutsideOrNoWholeNumberAndSaysWhatToGive) {
  for (const char* text : {"0",
                           "65536",
                           "99999",
                           "-1",
                           "99999999999999999999",
                           "-99999999999999999999",
                           "",
                           " ",
                           "1 ",
                           " 1",
                           "+1",
                           "1.5",
                           "1e3",
                           "0x50",
                           "010",
                           "00",
                           "-0x1",
                           "-",
                           "--1",
                           "nan",
                           "inf",
                           "eighty",
                           "80 81"})
    EXPECT_THAT(WrongNumber(text, 1, 65535), HasSubstr("a whole number from 1 to 65535")) << text;
  EXPECT_THAT(WrongNumber("99999", 1, 65535), HasSubstr("'99999'"));
}

TEST(NumberText, TakesDecimalsWithinTheRange) {
  for (const char* text : {"0.5", "2", "2.0", "2.000", "10", "9.999", "0.50"})
    EXPECT_EQ(WrongDecimal(text, 0.5, 10), "") << text;
  EXPECT_EQ(WrongDecimal("0", 0, 1), "");
  EXPECT_EQ(WrongDecimal("0.0", 0, 1), "");
}

TEST(NumberText, RefusesWhatIsOutsideOrNoDecimalAndSaysWhatToGive) {
  for (const char* text :
       {"0.49", "10.1", "nan", "-nan", "NAN", "inf", "infinity", "1e1",   "0x1",  "1.",   ".5",
        "-1",   "",     " 1",  "1 ",   "1,5", "+1",  "01",       "1.5.5", "1.-5", "1e999"})
    EXPECT_THAT(WrongDecimal(text, 0.5, 10), HasSubstr("a number from 0.5 to 10")) << text;
}

}  // namespace
}  // namespace air
