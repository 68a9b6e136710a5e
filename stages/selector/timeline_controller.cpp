#include "stages/selector/timeline_controller.h"

namespace air {

// The journal names the segment that owned the tick; the Timeline, which still has that tick, its line of units.
void TimelineController::Restore(const TickJournal& last) {
  lock_ = {};
  if (last.locked == 0) return;
  lock_ = {last.segment_serial, Tick(last.lock_tick)};
  reader_.Refresh(snapshot_);
  for (const TimelineEntry& entry : snapshot_.entries()) {
    if (entry.segment_serial == last.segment_serial && entry.kind == EntryKind::kContent)
      lock_.segment_serial = entry.line();
  }
}

Decision TimelineController::Decide(Tick n, ISources& sources) {
  reader_.Refresh(snapshot_);
  Decision decision = SelectFrame(snapshot_, lock_, n, sources);
  lock_ = decision.lock;
  return decision;
}

}  // namespace air
