// What one living stage is doing, as plain values: for /metrics.
#pragma once

#include <cstdint>
#include <string>

namespace air {

class HangWatch;
class StageProcess;

// One living stage.
struct StageSnapshot {
  std::string stage;  // its program
  std::string id;     // "decoder-3"
  int64_t pid = 0;
  double silent_seconds = 0;  // since its last sign of life
  bool spare = false;
};
StageSnapshot SnapshotOf(const StageProcess& process);  // a spare: no HangWatch watches it
StageSnapshot SnapshotOf(const StageProcess& process, const HangWatch& watch);

}  // namespace air
