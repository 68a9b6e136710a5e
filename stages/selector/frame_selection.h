// FrameSelection: what airs at tick n. A pure function of the timeline, the mapping lock, the rings and n:
// the broadcast switcher, which selects and never makes a frame. It never waits: what is not there now is pad
// for this tick.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "shm/frame_ring_buffer.h"
#include "shm/timeline.h"

namespace air {

// The first unit of a segment that comes fixes (channel tick, unit 0) for that segment, until it ends, and for
// those that go on where it ended. One that comes and has to be refused fixes it too: it costs its own frame,
// not the segment. One that comes late does so when kLateLead of them are there.
struct MappingLock {
  uint64_t segment_serial =
      0;      // of the segment whose units they are (TimelineEntry::line); 0 = nothing locked
  Tick tick;  // of unit 0

  bool Holds(uint64_t serial) const { return serial != 0 && serial == segment_serial; }
};

// What FrameSelection may ask about the decoder rings. Answers at once.
class ISources {
 public:
  virtual ~ISources() = default;
  // kOk: the unit is there and whole, `meta` describes it. kGap: it is there and must not be used. kHole: it
  // was passed over and will never come. kTooEarly:
  // not yet. kTooLate: it has been released, it will not come again.
  virtual ReadResult Peek(const SourceRef& source, uint64_t unit, SlotMeta& meta) = 0;
  // True when the producer has said that this unit does not exist.
  virtual bool IsPastEnd(const SourceRef& source, uint64_t unit) = 0;
};

// So many units of a segment whose first one comes late are in hand before it begins (or its end is known, or it has no more
// ticks than that). What starts on a busy machine comes in fits: pad before the first picture is better than pad behind it.
// They fit into the shallowest ring.
inline constexpr uint64_t kLateLead = 6;

struct Decision {
  Tick tick;
  EntryKind show = EntryKind::kPad;
  PadCause cause = PadCause::kNone;  // why pad; kNone on content and on planned pad
  SourceRef source;                  // content: the unit to show
  uint64_t unit = 0;
  SlotMeta unit_meta;
  MappingLock lock;           // in force after this tick
  bool unit_refused = false;  // it was there and failed its checks
  bool leaves =
      false;  // content, and the next tick is not known to show what follows in the same line of units
  bool wanted = false;  // a unit was due (shown, refused or missed): everything up to it can be released
  uint64_t segment_serial = 0, block_serial = 0;
  uint64_t timeline_version = 0;
};

Decision SelectFrame(const TimelineSnapshot& timeline, const MappingLock& lock, Tick n, ISources& sources);

}  // namespace air
