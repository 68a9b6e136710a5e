// SoundSchedule: with which tick an AAC access unit leaves. The picture leaves `delay` before its PTS, but
// the T-STD holds only 3584 bytes of sound (ISO/IEC 13818-1, 2.4.2.3), so sound waits for its own turn:
//
//   unit i, PTS a(i), leaves with the first tick t for which   PCR(t + 1) > a(i) - lead
//
// which is a function of the index; nothing is accumulated. Two exceptions:
//   - A unit with a(i) < PTS(first tick of the sink) + lead leaves as soon as it exists: a viewer who has
//   just
//     come has sound at once, and the buffer is empty. No more than `lead` of it is ahead, as ever after.
//   - The coder's units vary in size. One that would overflow the buffer leaves a tick later, but never so
//   late
//     that it misses its PTS.
// What arrives in a tick counts as arriving at its beginning, and leaves the buffer at its PTS.
#pragma once

#include <cstddef>
#include <cstdint>

#include "shm/house_time.h"
#include "shm/transport_checkpoint.h"
#include "shm/types.h"

namespace air {

class SoundSchedule {
 public:
  SoundSchedule(const HouseTime& time, int64_t delay_90k, int64_t lead_90k)
      : time_(time), delay_90k_(delay_90k), lead_90k_(lead_90k) {}

  // Whether unit `index`, a PES of `pes_bytes`, leaves with tick t, all before it having left and it being
  // there.
  bool Leaves(int64_t index, size_t pes_bytes, Tick t, const TransportCheckpoint& state) const;
  // Notes that it does.
  static void Note(int64_t index, size_t pes_bytes, TransportCheckpoint& state);

 private:
  int64_t Pcr90k(Tick t) const { return time_.Pts90k(t) - delay_90k_; }
  bool HasRoom(int64_t index, size_t pes_bytes, Tick t, const TransportCheckpoint& state) const;

  HouseTime time_;
  int64_t delay_90k_;
  int64_t lead_90k_;
};

}  // namespace air
