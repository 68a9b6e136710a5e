// ProgramOutput: carries out a decision. One program frame per tick into the OutputBus (an overwrite ring
// that does not know its readers), with the journal of why. That ring is all the memory the selector has: a
// successor goes on from its last committed slot.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "base/master_clock.h"
#include "media/house_time.h"
#include "shm/frame_ring_buffer.h"
#include "stages/selector/frame_selection.h"
#include "stages/selector/input_bus.h"
#include "stages/selector/still_producer.h"

namespace air {

class ProgramOutput {
 public:
  // `slate`: the session's card, see SlateProducer.
  ProgramOutput(const RingView& program_ring, uint32_t pid, std::span<const std::byte> slate = {});

  // The tick to make next: ticks are the ring's indices.
  Tick next_tick() const { return Tick(static_cast<int64_t>(writer_.next())); }
  // A committed tick with its journal; nullopt when the ring does not hold it.
  std::optional<SlotMeta> At(Tick n) const;
  std::optional<SlotMeta> Last() const { return At(next_tick() - 1); }
  // Gives up the ticks before `n`: the next frame carries the discontinuity flag.
  void JumpTo(Tick n);

  struct Stamps {
    Nanos deadline, opened;
  };
  // `clock` stamps the commit itself: how late a frame really was. Returns what stands in the ring.
  SlotMeta Emit(const Decision& decision, const InputBus& inputs, const Stamps& stamps,
                const MasterClock& clock);

 private:
  uint32_t FillContent(const Decision& decision, const InputBus& inputs);
  uint32_t FillStill(Tick n, std::span<const uint8_t> picture);
  // True when the slot before shows the unit before: only then is a repeated picture one on the program, too.
  bool FollowsItsPredecessor(const Decision& decision) const;

  FrameRingWriter<RingPolicy::kOverwrite> writer_;
  HouseTime time_;
  PadProducer pad_;
  SlateProducer slate_;
  std::vector<int16_t> sound_;  // one tick's, private
  bool discontinuity_ = false;
};

}  // namespace air
