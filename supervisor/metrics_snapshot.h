// What /metrics shows, as plain values: taken on the event loop, read by the metrics server's threads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>

#include "shm/frame_ring_layout.h"
#include "supervisor/playout_control.h"

namespace air {

struct MetricsSnapshot {
  int32_t channel_id = 0;
  PlayoutState state = PlayoutState::kIdle;
  uint64_t frames = 0, content_frames = 0, late_ticks = 0, discontinuities = 0;
  std::array<uint64_t, static_cast<size_t>(PadCause::kCount)>
      pad_frames{};              // by PadCause; kNone = planned pad
  uint64_t buffer_depth = 0;     // units prepared ahead in the ring on air
  double frame_gap_seconds = 0;  // last frame's publication after its deadline
  uint64_t waiting_blocks = 0;
  uint64_t sink_ticks = 0, overruns = 0;
  bool sink_attached = false;
  std::map<std::string, uint64_t> stage_deaths;  // by program name
  std::string block, asset;                      // on air; empty = none
  int32_t segment = 0;
};

}  // namespace air
