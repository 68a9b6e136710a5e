// ProgramFeed: the encoder's end of the OutputBus. It hands out every tick, in order, whatever the ring still
// has: a tick that was overwritten before we came is the previous picture again, with silence, and counted.
// It copies out and never gives the codec a pointer into the ring.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "media/house_time.h"
#include "shm/frame_ring_buffer.h"
#include "shm/session_page.h"
#include "stages/encoder/sink/output_sink.h"

namespace air {

class ProgramFeed {
 public:
  ProgramFeed(const RingView& program, Epoch epoch, StageLine& line);

  // The tick a new stream begins with: so far behind the newest one that the ring already holds the sound of
  // the first access unit, which a viewer then has at once. Tick 0 of a session that has no more yet.
  Tick JoinTick() const;
  // Waits for tick n, at most `timeout_ns`; false when it is not there yet. The result is valid until the
  // next call.
  bool Next(Tick n, int64_t timeout_ns, ProgramTick& out);
  // Tick n is black and silent from now on: what the program has for it is not touched.
  void Blank(Tick n) { blank_ = n; }
  // The program's sound in [begin, end), as far as the ring has it; silence elsewhere. Interleaved.
  std::vector<int16_t> Sound(SampleIndex begin, SampleIndex end) const;

 private:
  // Tick n is lost. Finds out whether the selector gave it up (then `n` moves to the tick behind the jump).
  bool FindJump(Tick& n) const;
  void FillFrom(Tick n, const SlotMeta& meta, ProgramTick& out);
  void FillLost(Tick n, ProgramTick& out);
  void FillBlack();

  OverwriteReader reader_;
  Epoch epoch_;
  StageLine& line_;
  // The captions of tick n, if they are still there whole.
  std::span<const uint8_t> ReadCaptions(Tick n, const SlotMeta& meta);

  HouseTime time_;
  std::optional<Tick> blank_;
  std::vector<uint8_t> picture_;
  std::vector<int16_t> sound_;
  std::vector<uint8_t> captions_;
};

}  // namespace air
