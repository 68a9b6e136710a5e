#include "core/cli/frame/output.h"

#include <gmock/gmock.h>

namespace retrovue::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

Answer TwoChannels() {
  Answer answer{.name = "channels", .value = Json::array()};
  answer.columns = {
      {"SLUG", "slug"}, {"START", "start", Column::As::kClock}, {"LENGTH", "ms", Column::As::kDuration}};
  answer.value.push_back({{"slug", "one"}, {"start", "2026-03-08T20:30:00-05:00"}, {"ms", 5'400'000}});
  answer.value.push_back({{"slug", "the-other"}, {"start", nullptr}, {"ms", 250}});
  return answer;
}

TEST(Output, AListIsAnObjectOnOneLineWithItsTotal) {
  const Printed printed = Print(TwoChannels(), {.json = true});
  EXPECT_EQ(printed.err, "");
  EXPECT_EQ(printed.out,
            R"({"status":"ok","channels":[{"slug":"one","start":"2026-03-08T20:30:00-05:00","ms":5400000},)"
            R"({"slug":"the-other","start":null,"ms":250}],"total":2})"
            "\n");
}

TEST(Output, AListIsATableForPeople) {
  const Printed printed = Print(TwoChannels(), {});
  EXPECT_EQ(printed.out,
            "SLUG       START     LENGTH\n"
            "one        20:30:00  1:30:00\n"
            "the-other            0:00.250\n");
}

TEST(Output, NothingIsSaidToBeNothing) {
  Answer answer{.name = "channels", .value = Json::array(), .columns = {{"SLUG", "slug"}}};
  EXPECT_EQ(Print(answer, {}).err, "There are none.\n");
  EXPECT_EQ(Print(answer, {.json = true}).out, "{\"status\":\"ok\",\"channels\":[],\"total\":0}\n");
}

TEST(Output, WordsGoToTheErrorOutputSoThatDataCanBePiped) {
  Answer answer = TwoChannels();
  answer.notices = {"one is odd"};
  answer.next = "retrovue start";
  const Printed printed = Print(answer, {});
  EXPECT_EQ(printed.err, "Note: one is odd\nNext: retrovue start\n");
  EXPECT_THAT(printed.out, Not(HasSubstr("Next")));
  const Json json = Json::parse(Print(answer, {.json = true, .dry_run = true}).out);
  EXPECT_EQ(json["next"], "retrovue start");
  EXPECT_EQ(json["notices"][0], "one is odd");
  EXPECT_EQ(json["dry_run"], true);
}

TEST(Output, AnErrorHasItsCodeAndItsWords) {
  const absl::Status error = NotFound("CHANNEL_NOT_FOUND", "there is no channel \"x\": make one");
  EXPECT_EQ(Print(error, {}).err, "retrovue: there is no channel \"x\": make one [CHANNEL_NOT_FOUND]\n");
  EXPECT_EQ(Print(error, {.json = true}).out,
            "{\"status\":\"error\",\"code\":\"CHANNEL_NOT_FOUND\",\"message\":\"there is no channel "
            "\\\"x\\\": make one\"}\n");
  EXPECT_EQ(Print(absl::DataLossError("what is stored is damaged"), {.json = true}).out,
            "{\"status\":\"error\",\"code\":\"DATA_LOSS\",\"message\":\"what is stored is damaged\"}\n");
}

TEST(Output, WhatACheckHasFoundIsAnErrorWithAValue) {
  Answer answer{.name = "validation", .value = {{"valid", false}}, .says = {"one is not in order."}};
  answer.exit = Exit::kRefused;
  answer.code = "VALIDATION_FAILED";
  const Json json = Json::parse(Print(answer, {.json = true}).out);
  EXPECT_EQ(json["status"], "error");
  EXPECT_EQ(json["code"], "VALIDATION_FAILED");
  EXPECT_EQ(json["message"], "one is not in order.");
  EXPECT_EQ(json["validation"]["valid"], false);
}

TEST(Output, ATitleCannotMoveTheCursorOfATerminal) {
  Answer answer{.name = "assets", .value = Json::array(), .columns = {{"TITLE", "title"}, {"ID", "id"}}};
  answer.value.push_back({{"title", "a\x1b[2Jb\nc"}, {"id", "1"}});
  EXPECT_THAT(Print(answer, {}).out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(Print(answer, {}).out, HasSubstr("a [2Jb c"));
}

TEST(Output, WhatIsNoUtf8DoesNotBreakTheJson) {
  Answer answer{.name = "asset", .value = {{"path", "/media/\xff.mkv"}}};
  EXPECT_FALSE(Json::parse(Print(answer, {.json = true}).out, nullptr, false).is_discarded());
}

TEST(Output, AWideCellIsCutAndTheLastOneIsNot) {
  Answer answer{.name = "x", .value = Json::array(), .columns = {{"A", "a"}, {"B", "b"}}};
  answer.value.push_back({{"a", std::string(200, 'a')}, {"b", std::string(200, 'b')}});
  const std::string out = Print(answer, {}).out;
  EXPECT_THAT(out, HasSubstr("…"));
  EXPECT_THAT(out, HasSubstr(std::string(200, 'b')));
}

TEST(ExitStatus, IsThreeForWhatIsOutside) {
  EXPECT_EQ(ExitOf(absl::UnavailableError("the database is away")), Exit::kUnreachable);
  EXPECT_EQ(ExitOf(Refuse("X", "no")), Exit::kRefused);
  EXPECT_EQ(ExitOf(absl::OkStatus()), Exit::kDone);
}

TEST(Coded, GivesACodeToARefusalAndLeavesTheDatabasesErrorsAlone) {
  EXPECT_EQ(CodeOf(Coded("PLAN_WRONG", absl::InvalidArgumentError("x"))), "PLAN_WRONG");
  EXPECT_EQ(CodeOf(Coded("PLAN_WRONG", Refuse("ZONE_WRONG", "x"))), "ZONE_WRONG");
  EXPECT_EQ(CodeOf(Coded("PLAN_WRONG", absl::ResourceExhaustedError("the disk is full"))),
            "RESOURCE_EXHAUSTED");
  EXPECT_TRUE(Coded("PLAN_WRONG", absl::OkStatus()).ok());
}

}  // namespace
}  // namespace retrovue::cli
