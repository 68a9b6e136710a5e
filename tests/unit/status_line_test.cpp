#include "core/status_line.h"

#include <gtest/gtest.h>

namespace air {
namespace {

TEST(StatusLine, SaysWhatIsOnHowManyFramesWhyThereWasPadAndWhoWatches) {
  ChannelView view;
  view.phase = "on the air";
  view.viewers = 2;
  view.page = MetricsPage::Parse(R"(
retrovue_playout_channel_state{channel="1",state="stopped"} 0
retrovue_playout_channel_state{channel="1",state="ready"} 1
air_on_air{block="block-3",segment="0",asset="/tv/old/clip a.mp4"} 1
air_program_frames_total 900
air_pad_frames_total{cause="LATE"} 10
air_pad_frames_total{cause="EOF"} 2
air_pad_frames_total{cause="CRASH"} 0
air_stage_restarts_total{stage="decoder"} 1
)");
  EXPECT_EQ(
      StatusLine(view),
      "on the air | clip a.mp4 (block-3) | frames 900 | pad 12 (10 LATE, 2 EOF) | restarts 1 | viewers 2");
}

TEST(StatusLine, LeavesOutWhatIsNotKnown) {
  ChannelView view;
  view.phase = "starting";
  EXPECT_EQ(StatusLine(view), "starting | viewers 0");
  view.page = MetricsPage::Parse("something_else 1\n");
  EXPECT_EQ(StatusLine(view), "starting | viewers 0");
}

TEST(StatusLine, CallsASegmentWithoutAnAssetPad) {
  ChannelView view;
  view.phase = "on the air";
  view.page = MetricsPage::Parse("air_on_air{block=\"b\",segment=\"0\",asset=\"\"} 1\n");
  EXPECT_EQ(StatusLine(view), "on the air | pad (b) | viewers 0");
}

}  // namespace
}  // namespace air
