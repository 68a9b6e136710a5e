// SoundSchedule: when an AAC access unit leaves. The picture leaves `delay` before its PTS, but the T-STD
// holds only 3584 bytes of sound (ISO/IEC 13818-1, 2.4.2.3), so sound waits for its own turn. In PCR time,
// unit i with PTS a(i) begins to leave at
//
//   begin(i) = max( a(i) - lead,                              a function of the index; nothing is accumulated
//                   the PTS of the unit whose decoding makes room for it,
//                   the end of the unit before it )
//
// and takes a millisecond a packet, so that the T-STD's transport buffer (512 bytes, 2 Mbit/s) keeps up. It
// leaves with the tick in which all of that lies, or else with the next, at its beginning.
//
//   first units   Those with a(i) < PTS(first tick of the sink) + lead begin as soon as they exist: a
//                 viewer who has just come has sound at once, and its buffer is empty.
//   room          The coder's units vary in size, up to 1536 bytes. Two of the largest fit the buffer, so
//                 room for one comes 42 ms before its PTS at the latest, and it is always in time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/types.h"
#include "media/house_time.h"
#include "shm/transport_checkpoint.h"

namespace air {

// Within its tick.
struct SoundPlace {
  int64_t offset_90k = 0;  // when it begins to leave, from the tick's PCR
  bool exact = false;      // at the tick's beginning there was no room for it yet: it must not come earlier
};

class SoundSchedule {
 public:
  // `rate_kbps`: a constant rate at which a packet may take longer than a millisecond; 0: variable.
  SoundSchedule(const HouseTime& time, int64_t delay_90k, int64_t lead_90k, uint32_t rate_kbps = 0);

  // A sink begins with this tick, or goes on with it behind a declared jump.
  void Begin(Tick first, TransportCheckpoint& state) const;

  // When in tick t unit `index`, a PES of `pes_bytes`, leaves; nothing: not in this tick. The unit exists,
  // and all before it have left.
  std::optional<SoundPlace> Leaves(int64_t index, size_t pes_bytes, Tick t,
                                   const TransportCheckpoint& state) const;
  // Notes that it does.
  void Note(int64_t index, size_t pes_bytes, Tick t, int64_t offset_90k, TransportCheckpoint& state) const;

 private:
  int64_t Pcr90k(Tick t) const { return time_.Pts90k(t) - delay_90k_; }
  int64_t Duration90k(size_t pes_bytes) const;
  // From when on the buffer has room for it.
  int64_t RoomFrom(int64_t index, size_t pes_bytes, const TransportCheckpoint& state) const;

  HouseTime time_;
  int64_t delay_90k_;
  int64_t lead_90k_;
  int64_t packet_90k_;
};

}  // namespace air
