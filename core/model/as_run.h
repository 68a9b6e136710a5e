// What was really on the air, as AIR's evidence says it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/model/channel.h"
#include "core/model/playlog.h"

namespace retrovue {

enum class EvidenceKind { kBlockStart, kSegmentStart, kSegmentEnd, kBlockFence, kChannelTerminated };
const char* Name(EvidenceKind kind);

// Pad frames by their cause, as AIR names it: "LATE", "EOF", "OPEN_FAILED", …
using PadFrames = std::map<std::string, std::int64_t>;

// One message of a session's evidence (protos/execution_evidence_v1.proto). What a kind has no word on is empty.
struct Evidence {
  std::string session_id;
  std::int64_t seq = 0;  // from 1, one by one, in its session
  ChannelId channel_id;
  EvidenceKind kind = EvidenceKind::kBlockStart;
  Instant emitted_at;
  std::string block_id;
  std::string playlog_event_id;  // event_id of the plan; empty: of no plan, as what was switched to LIVE
  int segment_index = 0;
  std::string segment_uuid;  // joins the start and the end of one airing
  std::string segment_type;  // "content", "filler", "pad", "live"
  std::string asset_uri;
  std::optional<Instant> actual_start;
  std::optional<Instant> actual_end;
  std::int64_t asset_start_frame = 0;
  std::int64_t frames = 0;           // emitted
  std::int64_t fallback_frames = 0;  // pad among them
  PadFrames pad;                     // the same by cause; empty also where AIR has not said it
  bool join_in_progress = false;
  std::string status;  // "AIRED", "TRUNCATED", "SKIPPED"
  std::string reason;
  std::string detail;

  friend bool operator==(const Evidence&, const Evidence&) = default;
};

// One airing: plan and truth side by side.
struct AsRunRow {
  std::string session_id;
  std::string segment_uuid;
  std::string block_id;
  std::string playlog_event_id;  // empty: nothing planned it
  int segment_index = 0;
  std::string segment_type;
  std::string asset_uri;
  std::string title;                     // of the schedule item; empty if there is none
  std::optional<Instant> planned_start;  // not set: nothing planned it
  std::optional<Instant> planned_end;
  Instant actual_start;
  std::optional<Instant> actual_end;  // not set: it is on the air
  std::int64_t frames = 0;
  std::int64_t fallback_frames = 0;
  PadFrames pad;       // by cause; empty also where AIR has not said it
  std::string status;  // "AIRED", "TRUNCATED", "SKIPPED"; "ON_AIR" without an end
  std::string reason;
  std::string detail;

  friend bool operator==(const AsRunRow&, const AsRunRow&) = default;
};

}  // namespace retrovue
