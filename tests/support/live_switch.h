// PREVIEW and LIVE of a channel under test, and the programme that a switch makes of a schedule.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "tests/support/test_channel.h"

namespace air::e2e {

// What is switched to: so many pictures of a pattern clip, from this one on.
struct LiveClip {
  int clip = 7;
  int64_t picture = 100, count = 45;
};

// Tells the channel to have it ready, and waits until its first picture is.
inline void LoadPreview(TestChannel& channel, const ChannelFormat& format, const LiveClip& live) {
  wire::LoadPreviewRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_asset_path("pattern:clip=" + std::to_string(live.clip));
  request.set_start_frame(live.picture);
  request.set_frame_count(live.count);
  request.set_fps_numerator(static_cast<int32_t>(format.num));
  request.set_fps_denominator(static_cast<int32_t>(format.den));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  wire::LoadPreviewResponse response;
  const grpc::Status status = channel.stub().LoadPreview(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  ASSERT_TRUE(response.success()) << response.error_message();
  EXPECT_TRUE(response.shadow_decode_started());
}

// Switches to it; `target_utc_ms` 0: at once. Returns the tick that the channel has promised; -1: none.
inline int64_t SwitchToLive(TestChannel& channel, const ChannelFormat& format, int64_t target_utc_ms = 0) {
  wire::SwitchToLiveRequest request;
  request.set_channel_id(kTestChannelId);
  request.set_target_boundary_time_ms(target_utc_ms);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  wire::SwitchToLiveResponse response;
  const grpc::Status status = channel.stub().SwitchToLive(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_TRUE(response.success()) << response.error_message();
  if (!response.success()) return -1;
  // Of a tick at these rates: a whole number of 90 kHz.
  const int64_t pts = static_cast<int64_t>(response.live_start_pts()) - format.pts_origin;
  return pts / (int64_t{90'000} * format.den / format.num);
}

// `expected` with the clip in its place from tick `at` on.
inline Program WithLive(const Program& expected, int64_t at, const LiveClip& live) {
  const Program before = expected.Between(0, at);
  const Program after = expected.Between(at + live.count, expected.end_tick());
  Program program;
  for (const Stretch& stretch : before.stretches()) program.Append(stretch);
  program.Append({.from = at, .to = at + live.count, .clip = live.clip, .picture = live.picture});
  for (const Stretch& stretch : after.stretches()) program.Append(stretch);
  return program;
}

}  // namespace air::e2e
