#include "core/link/block_plan.h"

#include <gtest/gtest.h>

namespace retrovue {
namespace {

using std::chrono::seconds;

Channel News() {
  Channel channel;
  channel.slug = "news";
  channel.number = 12;
  return channel;
}

// Half an hour: 20 min of film from minute 30 on, a clip of 9:59.5 that is cut short, half a second of black.
PlannedBlock HalfAnHour() {
  PlannedBlock block;
  block.block_id = "news-1";
  block.start = *ParseRfc3339("2026-03-08T20:00:00Z");
  block.end = *ParseRfc3339("2026-03-08T20:30:00Z");
  block.broadcast_day = absl::CivilDay(2026, 3, 8);
  block.broadcast_day_anchor = *ParseRfc3339("2026-03-08T11:00:00Z");
  const auto add = [&](PlaylogKind kind, const char* id, const char* path, Millis length) -> PlaylogEvent& {
    PlaylogEvent event;
    event.id = {std::string("event-") + id};
    event.kind = kind;
    event.path = path;
    event.start = block.events.empty() ? block.start : block.events.back().end;
    event.end = event.start + length;
    if (*path != '\0') event.asset_id = {id};
    return block.events.emplace_back(event);
  };
  add(PlaylogKind::kProgramme, "film", "/media/film.mkv", seconds(1200)).asset_start_offset = seconds(1800);
  add(PlaylogKind::kFiller, "clip", "/media/clip.mkv", Millis(599'500)).cut_short = true;
  add(PlaylogKind::kPad, "black", "", Millis(500));
  return block;
}

TEST(ToBlockPlan, SaysWhenAndOfWhichDayItIs) {
  const playout::BlockPlan plan = ToBlockPlan(News(), HalfAnHour());
  EXPECT_EQ(plan.block_id(), "news-1");
  EXPECT_EQ(plan.channel_id(), 12);
  EXPECT_EQ(plan.start_utc_ms(), UtcMs(*ParseRfc3339("2026-03-08T20:00:00Z")));
  EXPECT_EQ(plan.end_utc_ms() - plan.start_utc_ms(), 1'800'000);
  EXPECT_EQ(plan.broadcast_date(), "2026-03-08");
  EXPECT_EQ(plan.broadcast_day_anchor_utc_ms(), UtcMs(*ParseRfc3339("2026-03-08T11:00:00Z")));
}

TEST(ToBlockPlan, SegmentsAddUpToTheBlock) {
  const playout::BlockPlan plan = ToBlockPlan(News(), HalfAnHour());
  ASSERT_EQ(plan.segments_size(), 3);
  std::int64_t sum = 0;
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(plan.segments(i).segment_index(), i);
    sum += plan.segments(i).segment_duration_ms();
  }
  EXPECT_EQ(sum, plan.end_utc_ms() - plan.start_utc_ms());
}

TEST(ToBlockPlan, AProgrammeIsContentFromItsPlaceInTheFile) {
  const playout::BlockSegment film = ToBlockPlan(News(), HalfAnHour()).segments(0);
  EXPECT_EQ(film.segment_type(), playout::SEGMENT_TYPE_CONTENT);
  EXPECT_EQ(film.asset_uri(), "/media/film.mkv");
  EXPECT_EQ(film.asset_start_offset_ms(), 1'800'000);
  EXPECT_EQ(film.segment_duration_ms(), 1'200'000);
  EXPECT_EQ(film.event_id(), "event-film");
  EXPECT_EQ(film.segment_uuid(), "event-film");
  EXPECT_EQ(film.asset_uuid(), "film");
  EXPECT_EQ(film.transition_out(), playout::TRANSITION_NONE) << "it goes on in the next block";
}

TEST(ToBlockPlan, WhatIsCutShortFadesOut) {
  const playout::BlockSegment clip = ToBlockPlan(News(), HalfAnHour()).segments(1);
  EXPECT_EQ(clip.segment_type(), playout::SEGMENT_TYPE_FILLER);
  EXPECT_EQ(clip.transition_out(), playout::TRANSITION_FADE);
  EXPECT_EQ(clip.transition_out_duration_ms(), 500u);
  PlannedBlock block = HalfAnHour();
  block.events[1].end = block.events[1].start + Millis(600);
  EXPECT_EQ(ToBlockPlan(News(), block).segments(1).transition_out_duration_ms(), 300u);
}

TEST(ToBlockPlan, WhatComesOutOfABreakThatInterruptedItFadesIn) {
  PlannedBlock block = HalfAnHour();
  EXPECT_EQ(ToBlockPlan(News(), block).segments(0).transition_in(), playout::TRANSITION_NONE);
  block.events[0].fades_in = true;
  const playout::BlockSegment film = ToBlockPlan(News(), block).segments(0);
  EXPECT_EQ(film.transition_in(), playout::TRANSITION_FADE);
  EXPECT_EQ(film.transition_in_duration_ms(), 500u);
  EXPECT_EQ(film.transition_out(), playout::TRANSITION_NONE);
}

TEST(ToBlockPlan, PadHasNoPath) {
  const playout::BlockSegment black = ToBlockPlan(News(), HalfAnHour()).segments(2);
  EXPECT_EQ(black.segment_type(), playout::SEGMENT_TYPE_PAD);
  EXPECT_EQ(black.asset_uri(), "");
  EXPECT_EQ(black.asset_uuid(), "");
  EXPECT_EQ(black.event_id(), "event-black");
}

TEST(ToBlockPlan, AStationCardIsFiller) {
  PlannedBlock block = HalfAnHour();
  block.events[1].kind = PlaylogKind::kStationCard;
  EXPECT_EQ(ToBlockPlan(News(), block).segments(1).segment_type(), playout::SEGMENT_TYPE_FILLER);
}

TEST(ToBlockPlan, AChannelWithoutANumberIsOneToAir) {
  Channel channel = News();
  channel.number.reset();
  EXPECT_EQ(ToBlockPlan(channel, HalfAnHour()).channel_id(), 1);
}

}  // namespace
}  // namespace retrovue
