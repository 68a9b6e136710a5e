#include "supervisor/process/stage_snapshot.h"

#include "supervisor/process/hang_watch.h"
#include "supervisor/process/stage_process.h"

namespace air {

StageSnapshot SnapshotOf(const StageProcess& process) {
  return {.stage = ProgramOf(process.kind()), .id = process.id(), .pid = process.pid(), .spare = true};
}

StageSnapshot SnapshotOf(const StageProcess& process, const HangWatch& watch) {
  StageSnapshot snapshot = SnapshotOf(process);
  snapshot.silent_seconds = static_cast<double>(watch.SilentNs()) / kNanosPerSecond;
  snapshot.spare = false;
  return snapshot;
}

}  // namespace air
