#include "core/store/text_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace retrovue {
namespace {

TEST(TextCodec, LeavesUtf8AsItIs) {
  for (const std::string text : {"", "plain", "Ünïcödé", "電視", "📺", "\n\t\x01\x7f", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(EncodeText(text), text);
    EXPECT_EQ(DecodeText(text), text);
  }
}

TEST(TextCodec, EscapesWhatNoDatabaseTakes) {
  EXPECT_EQ(EncodeText(std::string("a\0b", 3)),
            "a\x10"
            "00b");
  EXPECT_EQ(EncodeText("\x10"),
            "\x10"
            "10");
  EXPECT_EQ(EncodeText("caf\xe9"),
            "caf\x10"
            "e9");
  EXPECT_EQ(EncodeText("\xc0\xaf"),
            "\x10"
            "c0\x10"
            "af");  // longer than need be
  EXPECT_EQ(EncodeText("\xed\xa0\x80"),
            "\x10"
            "ed\x10"
            "a0\x10"
            "80");  // a surrogate
  EXPECT_EQ(EncodeText("\xf4\x90\x80\x80"),
            "\x10"
            "f4\x10"
            "90\x10"
            "80\x10"
            "80");
  EXPECT_EQ(EncodeText("\xe2\x82"),
            "\x10"
            "e2\x10"
            "82");  // cut off
}

TEST(TextCodec, GivesBackEveryByteItTook) {
  std::mt19937 random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string text(random() % 12, '\0');
    for (char& c : text) c = static_cast<char>(random() % 4 == 0 ? 0x10 : random());
    const std::string stored = EncodeText(text);
    EXPECT_EQ(stored.find('\0'), std::string::npos);
    EXPECT_EQ(EncodeText(stored).find('\0'), std::string::npos);
    ASSERT_EQ(DecodeText(stored), text);
  }
}

TEST(TextCodec, RefusesWhatItDoesNotMake) {
  for (const std::string text : {"\x10",
                                 "\x10"
                                 "4",
                                 "a\x10"
                                 "4G",
                                 "\x10"
                                 "AB"})
    EXPECT_EQ(DecodeText(text), std::nullopt);
}

}  // namespace
}  // namespace retrovue
