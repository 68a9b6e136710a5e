// Entries of a timeline, as the selector's tests write them down.
#pragma once

#include "shm/timeline.h"

namespace air {

inline TimelineEntry ContentEntry(int64_t start, int64_t end, uint64_t segment, const SourceRef& source,
                                  PadCause cause = PadCause::kNone) {
  return {.start_tick = start,
          .end_tick = end,
          .kind = EntryKind::kContent,
          .pad_cause = cause,
          .source = source,
          .segment_serial = segment,
          .block_serial = 1};
}

inline TimelineEntry StillEntry(int64_t start, int64_t end, uint64_t segment, EntryKind kind,
                                PadCause cause = PadCause::kNone) {
  return {.start_tick = start,
          .end_tick = end,
          .kind = kind,
          .pad_cause = cause,
          .source = {},
          .segment_serial = segment,
          .block_serial = 1};
}

}  // namespace air
