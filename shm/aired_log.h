// The aired log: what has been on the air, in runs. A run is a row of ticks that show the same thing for the
// same reason: content of one segment, its slate, or pad of one cause. As-run reports and evidence are made
// from it, and from nothing else.
//
// The program ring says the same tick by tick, but only of the last two seconds. A supervisor that takes a
// session up later than that still has to say what was on the air meanwhile, and only the selector was there.
//
//   [ next ][ run 0 ][ run 1 ] ... [ run kAiredRuns - 1 ]        run i stands in slot i % kAiredRuns
//
// Written by the selector alone, behind each program frame. Killed in between: the frame is in the program
// ring, and the successor adds it. A run that is still growing is the last one, next - 1: of it, `end_tick`
// and `last_media_us` move; everything else of a run never changes.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

#include "base/types.h"
#include "shm/frame_ring_layout.h"

namespace air {

inline constexpr size_t kAiredRuns = 4096;

enum class AiredKind : uint32_t { kPad = 0, kContent = 1, kSlate = 2 };

// Plain copy of one run: the ticks [from, end).
struct AiredRun {
  Tick from, end;
  uint64_t block_serial = 0;    // 0: no block's
  uint64_t segment_serial = 0;  // 0: no segment's
  AiredKind kind = AiredKind::kPad;
  PadCause cause = PadCause::kNone;  // of pad that was not planned
  // Content: where in the asset its first and its last frame stood, microseconds.
  int64_t first_media_us = 0, last_media_us = 0;
  bool operator==(const AiredRun&) const = default;
};

struct AiredLogMemory {
  struct Slot {
    std::atomic<int64_t> from_tick, end_tick;
    std::atomic<uint64_t> block_serial, segment_serial;
    std::atomic<uint32_t> kind, cause;
    std::atomic<int64_t> first_media_us, last_media_us;
    std::atomic<uint64_t> reserved;
  };
  alignas(128) std::atomic<uint64_t> next;  // runs begun so far
  alignas(128) std::array<Slot, kAiredRuns> slots;
};
static_assert(sizeof(AiredLogMemory::Slot) == 64);
static_assert(std::is_standard_layout_v<AiredLogMemory>);

class AiredLogWriter {
 public:
  // Goes on where the last writer stopped. `memory` was zeroed before the first one.
  explicit AiredLogWriter(AiredLogMemory& memory) : memory_(memory) {}
  // The first tick that is not in the log; nullopt: it is empty.
  std::optional<Tick> end() const;
  // The program frame of that slot. Frames come in order.
  void Append(const SlotMeta& frame);

 private:
  AiredLogMemory& memory_;
};

class AiredLogReader {
 public:
  explicit AiredLogReader(const AiredLogMemory& memory) : memory_(memory) {}
  uint64_t next() const { return memory_.next.load(std::memory_order_acquire); }
  uint64_t oldest() const { return next() >= kAiredRuns ? next() - kAiredRuns + 1 : 0; }
  // nullopt: not there yet, or no longer.
  std::optional<AiredRun> Read(uint64_t run) const;

 private:
  const AiredLogMemory& memory_;
};

}  // namespace air
