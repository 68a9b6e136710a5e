// Access units as PES packets, cut into transport packets (ISO/IEC 13818-1, 2.4.3.6), with the continuity
// counters of the checkpoint.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "media/house_time.h"
#include "shm/transport_checkpoint.h"
#include "stages/encoder/ts/mux_config.h"
#include "stages/encoder/ts/ts_packet.h"

namespace air {

inline constexpr size_t kPesHeaderBytes = 14;  // always the same: one PTS, no DTS

// Modulo 2^33, also of negative values.
constexpr int64_t WrapPts(int64_t unwrapped) { return unwrapped & (kPtsWrap - 1); }

// Packets of a PES of so many bytes whose first one carries nothing else.
constexpr size_t PacketsOfPes(size_t bytes) { return (bytes + 183) / 184; }

// Moves the counter of a PID on and returns the value to write.
uint8_t TakeContinuity(TransportCheckpoint& state, PidSlot slot);
// Of the last packet with payload: what a packet without repeats.
uint8_t LastContinuity(const TransportCheckpoint& state, PidSlot slot);

// One picture as one PES. `pts` is as on the wire; `adaptation` goes with the first packet.
void AppendPicturePes(std::span<const uint8_t> picture, int64_t pts, const AdaptationField& adaptation,
                      TransportCheckpoint& state, std::vector<TsPacket>& out);

// A packet of sound, and when it leaves: 90 kHz from the tick's PCR.
struct SoundPacket {
  TsPacket packet;
  int64_t offset_90k;
};
inline constexpr int64_t kSoundPacket90k = 90;  // from one to the next: 1 ms, below 2 Mbit/s

// The tick's sound, one PES a unit, in order. A declared discontinuity goes with the first packet; without a
// unit, in a packet of its own. `origin_90k` is the PTS of tick 0.
std::vector<SoundPacket> SoundPackets(const TickUnits& units, int64_t origin_90k, TransportCheckpoint& state);

}  // namespace air
