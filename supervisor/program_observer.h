// ProgramObserver: what really went on air, read from the journals in the program ring. Events and evidence
// come from here, never from the plan.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "shm/frame_ring_buffer.h"
#include "shm/types.h"

namespace air {

class ProgramObserver {
 public:
  struct Callbacks {
    // The block that owns the program changed at tick n; 0 = none (a hole in the plan).
    std::function<void(Tick n, uint64_t from_block, uint64_t to_block)> on_block;
    // A segment's first content frame went on air at tick n.
    std::function<void(Tick n, uint64_t segment_serial)> on_content;
  };

  ProgramObserver(const RingView& program, Callbacks callbacks)
      : reader_(program, nullptr), callbacks_(std::move(callbacks)) {}

  // Reads what has been published since the last call. Ticks the ring has lost meanwhile are passed over:
  // their consequences still show in the next one.
  void Poll();
  Tick next_tick() const { return Tick(static_cast<int64_t>(seen_)); }
  uint64_t block_on_air() const { return block_; }
  uint64_t segment_on_air() const { return segment_; }  // the segment that owns the last tick
  // The tick that shows unit 0 of that segment, once one of its units has come.
  std::optional<Tick> lock_on_air() const { return lock_; }
  bool content_on_air() const { return content_; }  // the last tick showed content
  int64_t last_gap_ns() const { return gap_ns_; }   // its publication after its deadline

 private:
  OverwriteReader reader_;
  Callbacks callbacks_;
  uint64_t seen_ = 0;
  uint64_t block_ = 0, segment_ = 0, content_segment_ = 0;
  std::optional<Tick> lock_;
  bool content_ = false;
  int64_t gap_ns_ = 0;
};

}  // namespace air
