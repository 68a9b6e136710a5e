#include "stages/selector/timeline_controller.h"

namespace air {

void TimelineController::Restore(const TickJournal& last) {
  lock_ = last.locked != 0 ? MappingLock{last.segment_serial, Tick(last.lock_tick)} : MappingLock{};
}

Decision TimelineController::Decide(Tick n, ISources& sources) {
  reader_.Refresh(snapshot_);
  Decision decision = SelectFrame(snapshot_, lock_, n, sources);
  lock_ = decision.lock;
  return decision;
}

}  // namespace air
