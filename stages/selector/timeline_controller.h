// TimelineController: which segment owns the tick, and how channel time maps to the segment's units. It
// follows the committed Timeline and carries the mapping lock from tick to tick; the decision itself is
// FrameSelection's.
#pragma once

#include "shm/frame_ring_layout.h"
#include "shm/timeline.h"
#include "stages/selector/frame_selection.h"

namespace air {

class TimelineController {
 public:
  explicit TimelineController(const TimelineReader& reader) : reader_(reader) {}

  // After a restart: the lock is what the last committed program slot says it was.
  void Restore(const TickJournal& last);
  void Restore(const MappingLock& lock) { lock_ = lock; }
  Decision Decide(Tick n, ISources& sources);
  const TimelineSnapshot& timeline() const { return snapshot_; }

 private:
  TimelineReader reader_;
  TimelineSnapshot snapshot_;
  MappingLock lock_;
};

}  // namespace air
