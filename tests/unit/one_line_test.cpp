// Text of strangers: what is left of it when it is shown or kept.
#include "base/one_line.h"

#include <gtest/gtest.h>

#include <random>

#include "protos/evidence_spool.pb.h"

namespace air {
namespace {

std::string Times(int n, const std::string& text) {
  std::string all;
  for (int i = 0; i < n; ++i) all += text;
  return all;
}

TEST(OneLine, LeavesOrdinaryTextAlone) {
  for (const char* text : {"", "a film.mp4: no such file", "映画/あ.mkv", "naïve 😀 "}) {
    EXPECT_EQ(OneLine(text), text);
    EXPECT_TRUE(IsOneLine(text)) << text;
  }
}

TEST(OneLine, CutsBetweenCharacters) {
  const std::string text = "/x/" + Times(200, "あ");
  for (size_t most = 0; most < 20; ++most) {
    EXPECT_EQ(OneLine(text, most), text.substr(0, most < 3 ? most : most / 3 * 3)) << most;
  }
  EXPECT_EQ(OneLine(text).size(), 498u);
}

TEST(OneLine, WritesSpacesForWhatForgesLinesAndTerminals) {
  EXPECT_EQ(OneLine("a\nb\rc\x1b[2Jd\x7f"
                    "e\tf"),
            "a b c [2Jd e f");
  EXPECT_EQ(OneLine(std::string("a\0b", 3)), "a b");
  EXPECT_EQ(OneLine("a\xc2\x9b"
                    "2Jb"),
            "a 2Jb")
      << "the C1 form of ESC [";
  EXPECT_EQ(OneLine("a\xe2\x80\xa8"
                    "b\xe2\x80\xae"
                    "c"),
            "a b c")
      << "a line separator, an override";
  EXPECT_FALSE(IsOneLine("a\nb"));
}

TEST(OneLine, MarksWhatIsNoUtf8) {
  const std::string mark = "\xef\xbf\xbd";
  EXPECT_EQ(OneLine("Caf\xe9!"), "Caf" + mark + "!") << "Latin-1";
  EXPECT_EQ(OneLine("x\xe3\x81"), "x" + mark + mark) << "half a character";
  EXPECT_EQ(OneLine("\xc0\xaf"), mark + mark) << "longer than need be";
  EXPECT_EQ(OneLine("\xed\xa0\x80"), mark + mark + mark) << "half a pair";
  EXPECT_EQ(OneLine("\xf4\x90\x80\x80"), Times(4, mark)) << "behind the last character";
  EXPECT_FALSE(IsOneLine("x\xe3\x81"));
}

TEST(OneLine, OfAnyBytesIsWhatProto3CanReadBack) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = static_cast<char>(random());
    evidence::Hole hole;
    hole.add_pad()->set_cause(OneLine(text, random() % 60));
    evidence::Hole back;
    ASSERT_TRUE(back.ParseFromString(hole.SerializeAsString()));
    ASSERT_TRUE(IsOneLine(hole.pad(0).cause()));
    ASSERT_EQ(OneLine(hole.pad(0).cause()), hole.pad(0).cause());
  }
}

}  // namespace
}  // namespace air
