// What a viewer is told, for everything that may be the matter.
#include "core/director/decisions/tune_in.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/director/decisions/horizon.h"

namespace retrovue {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr Instant kNow = FromUtcMs(1'800'000'000'000);

class TuneIn : public testing::Test {
 protected:
  TuneIn() {
    PlaylogEvent event;
    event.kind = PlaylogKind::kProgramme;
    event.path = "/media/a.mkv";
    event.start = kNow - minutes(5);
    event.end = kNow + minutes(25);
    book_.blocks.push_back({"b", event.start, event.end, {}, {}, {event}});
    facts_.slug = "news";
    facts_.is_known = true;
    facts_.book = &book_;
  }
  std::string Code(bool may_read = false) {
    const auto decided = DecideTuneIn(facts_, kNow, may_read);
    if (const auto* over = std::get_if<HandOver>(&decided)) return over->start ? "START" : "HAND_OVER";
    if (std::holds_alternative<LookAtFile>(decided)) return "LOOK";
    if (std::holds_alternative<ReadBook>(decided)) return "READ";
    answer_ = std::get<Answer>(decided);
    return nlohmann::json::parse(*answer_.body)["code"];
  }

  ChannelBook book_;
  TuneInFacts facts_;
  Answer answer_;
};

TEST_F(TuneIn, AChannelOnTheAirTakesEveryViewer) {
  facts_.is_on_air = true;
  EXPECT_EQ(Code(), "HAND_OVER");
  book_ = {};
  facts_.database_answers = false;
  facts_.file = {FileFinding::State::kMissing, "/x", "gone"};
  EXPECT_EQ(Code(true), "HAND_OVER");
}

TEST_F(TuneIn, AColdOneIsStartedWhenTheFileOfItsProgrammeIsThere) {
  EXPECT_EQ(Code(), "LOOK");
  const auto decided = DecideTuneIn(facts_, kNow, true);
  EXPECT_EQ(std::get<LookAtFile>(decided).path, "/media/a.mkv");
  facts_.file = {FileFinding::State::kFine, "/media/a.mkv", ""};
  EXPECT_EQ(Code(), "START");
}

TEST_F(TuneIn, WhatIsAllPadNeedsNoFile) {
  book_.blocks[0].events[0].path.clear();
  EXPECT_EQ(Code(), "START");
}

TEST_F(TuneIn, AnUnknownChannelIs404) {
  facts_.is_known = false;
  EXPECT_EQ(Code(true), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(answer_.status, 404u);
  EXPECT_THAT(*answer_.body, HasSubstr("/channels"));
}

TEST_F(TuneIn, AnUnknownChannelIsNoAnswerWhileTheDatabaseIsAway) {
  facts_.is_known = false;
  facts_.database_answers = false;
  EXPECT_EQ(Code(), "DATABASE_AWAY");
  EXPECT_EQ(answer_.status, 503u);
  EXPECT_EQ(answer_.Header("Retry-After"), "2");
}

TEST_F(TuneIn, ABookThatDoesNotCoverNowIsReadAnewOnce) {
  book_ = {};
  EXPECT_EQ(Code(true), "READ");
  EXPECT_EQ(Code(false), "SCHEDULE_GAP");
}

TEST_F(TuneIn, AGapIs503UntilTheNextItem) {
  book_ = {};
  book_.next_item = kNow + Millis(12'300);
  EXPECT_EQ(Code(), "SCHEDULE_GAP");
  EXPECT_EQ(answer_.status, 503u);
  EXPECT_EQ(answer_.Header("Retry-After"), "13");
  book_.next_item = kNow + minutes(30);
  EXPECT_EQ(Code(), "SCHEDULE_GAP");
  EXPECT_EQ(answer_.Header("Retry-After"), "60");
  book_.next_item = kNow - minutes(1);
  EXPECT_EQ(Code(), "SCHEDULE_GAP");
  EXPECT_EQ(answer_.Header("Retry-After"), "1");
}

TEST_F(TuneIn, AScheduleThatIsWrongIs500) {
  book_ = {};
  book_.schedule_error = "the time zone Mars/Olympus does not exist";
  EXPECT_EQ(Code(), "SCHEDULE_ERROR");
  EXPECT_EQ(answer_.status, 500u);
  EXPECT_THAT(*answer_.body, HasSubstr("Mars/Olympus"));
  EXPECT_TRUE(answer_.Header("Retry-After").empty());
}

TEST_F(TuneIn, AMissingFileIs500AndStartsNothing) {
  facts_.file = {FileFinding::State::kMissing, "/media/a.mkv", "No such file or directory"};
  EXPECT_EQ(Code(), "ASSET_MISSING");
  EXPECT_EQ(answer_.status, 500u);
  EXPECT_THAT(*answer_.body, AllOf(HasSubstr("/media/a.mkv: No such file or directory"),
                                   HasSubstr(ToRfc3339(kNow + minutes(25)))));
}

TEST_F(TuneIn, AMissingFileThatGoesOnInTheNextBlockIsMissingUntilItsEnd) {
  PlaylogEvent rest = book_.blocks[0].events[0];
  rest.start = book_.blocks[0].end;
  rest.end = rest.start + minutes(10);
  book_.blocks.push_back({"c", rest.start, rest.start + minutes(30), {}, {}, {rest}});
  facts_.file = {FileFinding::State::kMissing, "/media/a.mkv", "No such file or directory"};
  EXPECT_EQ(Code(), "ASSET_MISSING");
  EXPECT_THAT(*answer_.body, HasSubstr(ToRfc3339(kNow + minutes(35))));
}

TEST_F(TuneIn, WhatIsOnIsLookedAtAgainWhenItHasChangedMeanwhile) {
  facts_.file = {FileFinding::State::kMissing, "/media/before.mkv", "No such file or directory"};
  EXPECT_EQ(Code(), "LOOK");
}

TEST_F(TuneIn, AFillerThatIsMissingIsNoReasonToStayOffTheAir) {
  book_.blocks[0].events[0].kind = PlaylogKind::kFiller;
  EXPECT_EQ(Code(), "START");
}

TEST_F(TuneIn, AFolderThatDoesNotAnswerIs503) {
  facts_.file = {FileFinding::State::kNoAnswer, "/media/a.mkv", ""};
  EXPECT_EQ(Code(), "MEDIA_AWAY");
  EXPECT_EQ(answer_.status, 503u);
}

TEST_F(TuneIn, ABookIsGoodWithoutADatabase) {
  facts_.database_answers = false;
  facts_.file = {FileFinding::State::kFine, "/media/a.mkv", ""};
  EXPECT_EQ(Code(), "START");
}

TEST_F(TuneIn, WhoWaitedInVainIsToldWhy) {
  const Answer answer = NotYetOnAir("news", "air-supervisor exited with status 1");
  EXPECT_EQ(answer.status, 503u);
  EXPECT_EQ(answer.Header("Retry-After"), "2");
  EXPECT_EQ(answer.Header("X-HDHomeRun-Error"), "807 No Video Data");
  EXPECT_THAT(*answer.body, HasSubstr("exited with status 1"));
  EXPECT_EQ(TooManyStarts(4).status, 503u);
  EXPECT_EQ(TooManyStarts(4).Header("X-HDHomeRun-Error"), "805 All Tuners In Use");
}

// ---- horizons

class Horizon : public testing::Test {
 protected:
  Horizon() {
    channel_.time_zone = "America/New_York";
    channel_.epg_horizon_days = 3;
    channel_.playlog_horizon_min = 180;
  }
  Grid MakeGrid() const { return Grid(channel_.grid, *FindTimeZone(channel_.time_zone)); }
  Instant At(const char* text) const { return *ParseRfc3339(text); }
  Channel channel_;
};

TEST_F(Horizon, EverythingIsDueForANewChannel) {
  const HorizonDue due = DueHorizon(channel_, MakeGrid(), {}, kNow);
  EXPECT_TRUE(due.days);
  EXPECT_TRUE(due.playlog);
}

TEST_F(Horizon, ADayIsDueWhenTheProgrammingDayBegins) {
  const Grid grid = MakeGrid();
  const HorizonFacts facts{.last_day = absl::CivilDay(2026, 3, 13),
                           .playlog_until = At("2026-03-12T00:00:00Z")};
  // 06:00 in New York on the 10th is 10:00 UTC.
  EXPECT_FALSE(DueHorizon(channel_, grid, facts, At("2026-03-11T09:59:59.999Z")).days);
  EXPECT_TRUE(DueHorizon(channel_, grid, facts, At("2026-03-11T10:00:00Z")).days);
}

TEST_F(Horizon, ThePlaylogIsDueWithEachBlock) {
  const Grid grid = MakeGrid();
  const HorizonFacts facts{.last_day = absl::CivilDay(2026, 3, 20),
                           .playlog_until = At("2026-03-11T15:30:00Z")};
  EXPECT_FALSE(DueHorizon(channel_, grid, facts, At("2026-03-11T12:29:00Z")).playlog);
  EXPECT_TRUE(DueHorizon(channel_, grid, facts, At("2026-03-11T12:31:00Z")).playlog);
}

TEST(HorizonPause, GrowsToFiveMinutes) {
  EXPECT_EQ(HorizonPause(1), seconds(5));
  EXPECT_EQ(HorizonPause(2), seconds(10));
  EXPECT_EQ(HorizonPause(6), seconds(160));
  EXPECT_EQ(HorizonPause(7), seconds(300));
  EXPECT_EQ(HorizonPause(1000), seconds(300));
}

}  // namespace
}  // namespace retrovue
