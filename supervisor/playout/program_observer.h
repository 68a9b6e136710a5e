// ProgramObserver: what really went on air, read from the journals in the program ring. Events and evidence
// come from here, never from the plan.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/types.h"
#include "shm/frame_ring_buffer.h"
#include "shm/timeline.h"

namespace air {

class ProgramObserver {
 public:
  struct Callbacks {
    // The block that owns the program changed at tick n; 0 = none (a hole in the plan).
    std::function<void(Tick n, uint64_t from_block, uint64_t to_block)> on_block;
    // A segment's first content frame went on air at tick n.
    std::function<void(Tick n, uint64_t segment_serial)> on_content;
  };

  // `schedule` is what the selector goes by. It must outlive the observer.
  ProgramObserver(const RingView& program, const TimelineSnapshot& schedule, Callbacks callbacks)
      : reader_(program, nullptr), schedule_(schedule), callbacks_(std::move(callbacks)) {}

  // How far a predecessor of this supervisor had looked.
  struct Position {
    uint64_t next_tick = 0, block = 0, content_segment = 0;
  };
  // During a callback it is past the event already: an observer that goes on from it does not tell of the event again.
  Position position() const { return {seen_, block_, content_segment_}; }
  void Restore(const Position& position) {
    seen_ = position.next_tick;
    block_ = position.block;
    content_segment_ = position.content_segment;
  }

  // Reads what has been published since the last call. Of ticks the ring has lost meanwhile (no
  // supervisor looked for longer than it is deep) the schedule still says whose they were.
  void Poll();
  Tick next_tick() const { return Tick(static_cast<int64_t>(seen_)); }
  uint64_t block_on_air() const { return block_; }
  uint64_t segment_on_air() const { return segment_; }  // the segment that owns the last tick
  // The tick that shows unit 0 of that segment, once one of its units has come.
  std::optional<Tick> lock_on_air() const { return lock_; }
  bool content_on_air() const { return content_; }  // the last tick showed content
  int64_t last_gap_ns() const { return gap_ns_; }   // its publication after its deadline

 private:
  void PassOver(uint64_t to);
  void SetBlock(uint64_t tick, uint64_t block);

  OverwriteReader reader_;
  const TimelineSnapshot& schedule_;
  Callbacks callbacks_;
  uint64_t seen_ = 0;
  uint64_t block_ = 0, segment_ = 0, content_segment_ = 0;
  std::optional<Tick> lock_;
  bool content_ = false;
  int64_t gap_ns_ = 0;
};

}  // namespace air
