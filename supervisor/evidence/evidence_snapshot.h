// What the evidence of a session comes to at one moment, as plain values: for /metrics.
#pragma once

#include <cstdint>

namespace air {

struct EvidenceSnapshot {
  uint64_t messages = 0;      // made in this session
  uint64_t acknowledged = 0;  // of them, by the control plane
  uint64_t dropped = 0;       // records for which there was no room
  uint64_t unwritten = 0;     // records that wait in memory for room on the disk
  uint64_t attempts = 0;      // to reach the control plane
  bool connected = false;     // and it has greeted
  bool talking = false;       // connected, or trying to
  bool configured = false;    // there is a control plane to reach
};

}  // namespace air
