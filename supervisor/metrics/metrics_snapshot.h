// What /metrics shows, as plain values: taken on the event loop, read by the metrics server's threads.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "shm/frame_ring_layout.h"
#include "supervisor/evidence/evidence_snapshot.h"
#include "supervisor/process/stage_record.h"
#include "supervisor/process/stage_snapshot.h"
#include "supervisor/session/playout_control.h"

namespace air {

// One attached stream. Its counters begin with its session.
struct SinkSnapshot {
  uint32_t sink = 0;              // its line on the session page
  std::string endpoint;           // "unix:PATH", "tcp:HOST:PORT"
  uint64_t ticks = 0;             // coded and committed
  uint64_t lag_ticks = 0;         // made by the program and not yet coded
  uint64_t padded_ticks = 0;      // coded as pad: their content had brought encoders down
  uint64_t overruns = 0;          // lost to the coder and coded as a repeat
  uint64_t pcrs = 0, stamps = 0;  // on the wire; stamps: PTS of pictures and sound units
  uint64_t null_packets = 0, late_pictures = 0, backlog_packets = 0;  // of a constant-rate stream
  uint64_t sent_bytes = 0, pending_packets = 0, dropped_packets = 0, rejoins = 0;
};

struct MetricsSnapshot {
  int32_t channel_id = 0;
  PlayoutState state = PlayoutState::kIdle;
  uint64_t frames = 0, content_frames = 0, slate_frames = 0, segments_given_up = 0, adoptions = 0,
           late_ticks = 0, discontinuities = 0;
  std::array<uint64_t, static_cast<size_t>(PadCause::kCount)>
      pad_frames{};              // by PadCause; kNone = planned pad
  uint64_t buffer_depth = 0;     // units prepared ahead in the ring on air
  double frame_gap_seconds = 0;  // last frame's publication after its deadline
  uint64_t waiting_blocks = 0;
  uint64_t lookahead_low = 0;    // blocks that came late
  double lookahead_seconds = 0;  // until the plan is used up; negative: since it is
  double clock_drift_seconds = 0;
  bool in_session = false;
  std::vector<SinkSnapshot> sinks;
  std::vector<StageSnapshot> stages;
  std::map<std::string, StageRecord> records;  // by program name
  uint64_t stuck_stages = 0;                   // killed and not dead within half a second
  uint64_t dying_stages = 0;                   // killed and not dead yet
  double prepared_ahead_seconds = 0, least_prepared_ahead_seconds = 0;
  uint64_t lowest_depth = 0;  // of the ring on air, within the last minute or so
  std::string block, asset;   // on air; empty = none
  EvidenceSnapshot evidence;  // of the last session
  bool record_stale = false;  // what a successor would take up is of an older moment
  int32_t segment = 0;
};

}  // namespace air
