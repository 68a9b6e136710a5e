// What all answers have in common, and whom we answer.
#include "core/director/http/answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/director/http/host_rule.h"

namespace retrovue {
namespace {

using std::chrono::seconds;

TEST(ErrorAnswer, IsJsonWithCodeAndMessage) {
  const Answer answer = ErrorAnswer(AnswerCode::kChannelNotFound, "there is no channel \"a\"\n\x1b");
  EXPECT_EQ(answer.status, 404u);
  const auto json = nlohmann::json::parse(*answer.body);
  EXPECT_EQ(json["status"], "error");
  EXPECT_EQ(json["code"], "CHANNEL_NOT_FOUND");
  EXPECT_EQ(json["message"], "there is no channel \"a\"\n\x1b");
  EXPECT_TRUE(answer.Header("Retry-After").empty());
}

TEST(ErrorAnswer, MendsTextThatIsNoUtf8) {
  EXPECT_TRUE(nlohmann::json::accept(*ErrorAnswer(AnswerCode::kInternal, "\xff\xc3").body));
}

TEST(ErrorAnswer, SaysWhenToComeBackInWholeSeconds) {
  EXPECT_EQ(ErrorAnswer(AnswerCode::kNotReady, "y", seconds(7)).Header("retry-after"), "7");
  EXPECT_EQ(ErrorAnswer(AnswerCode::kNotReady, "y", seconds(0)).Header("Retry-After"), "1");
  EXPECT_EQ(ErrorAnswer(AnswerCode::kNotReady, "y", seconds(-5)).Header("Retry-After"), "1");
}

TEST(Etag, SparesTheBodyForWhoHasIt) {
  for (const char* has : {"\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*", " \"abc\" "}) {
    const Answer answer = WithEtag(JsonAnswer("{}"), "\"abc\"", has);
    EXPECT_EQ(answer.status, 304u) << has;
    EXPECT_TRUE(answer.body->empty());
    EXPECT_EQ(answer.Header("ETag"), "\"abc\"");
  }
}

TEST(Etag, SendsItToEverybodyElse) {
  for (const char* has : {"", "\"abd\"", "abc", "\"ab\"", "W/\"\""}) {
    const Answer answer = WithEtag(JsonAnswer("{}"), "\"abc\"", has);
    EXPECT_EQ(answer.status, 200u) << has;
    EXPECT_EQ(*answer.body, "{}");
    EXPECT_EQ(answer.Header("ETag"), "\"abc\"");
  }
  EXPECT_TRUE(WithEtag(JsonAnswer("{}"), "", "*").Header("ETag").empty());
}

TEST(HostRule, AcceptsNamesNoStrangerCanOwn) {
  const HostRule rule;
  for (const char* host :
       {"", "127.0.0.1", "127.0.0.1:8080", "192.168.1.20:80", "[::1]", "[::1]:8080", "[2001:db8::1]:1",
        "localhost", "LocalHost:8080", "tv.localhost", "retrovue", "retrovue:8080", "tv.local", "nas.lan:81",
        "tv.home.arpa", "tv.internal", "tv.local."})
    EXPECT_TRUE(rule.Accepts(host)) << host;
}

TEST(HostRule, RefusesAllOthers) {
  const HostRule rule;
  for (const char* host :
       {"evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example", "x.localx",
        "a b", "a/b", "[::1", "[evil]", "[::1]x", "x:y", "user@127.0.0.1", "\x01"}) {
    EXPECT_FALSE(rule.Accepts(host)) << host;
  }
}

TEST(HostRule, AcceptsTheNamesItWasGiven) {
  const HostRule rule({"TV.Example"});
  EXPECT_TRUE(rule.Accepts("tv.example"));
  EXPECT_TRUE(rule.Accepts("tv.EXAMPLE:8443"));
  EXPECT_FALSE(rule.Accepts("x.tv.example"));
}

TEST(BaseUrl, IsAsTheClientCallsUs) {
  EXPECT_EQ(BaseUrl("tv.local:8080", "127.0.0.1:8080"), "http://tv.local:8080");
  EXPECT_EQ(BaseUrl("", "127.0.0.1:8080"), "http://127.0.0.1:8080");
}

}  // namespace
}  // namespace retrovue
