// What both multiplexers are given: what is fixed for the life of a sink, and the access units of one tick.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "base/types.h"
#include "media/house_format.h"
#include "shm/transport_checkpoint.h"

namespace air {

// Fixed for the life of a sink; a successor must be given the same, or its bytes differ.
struct MuxConfig {
  HouseFormat house;
  // PTS of tick 0 on the wire; any value, taken modulo 2^33. Below the delay the stream begins across the
  // wrap (priming and PCR lie before tick 0): legal, but libavformat's demultiplexer then places the first
  // sound 26 hours after the picture.
  int64_t pts_origin_90k = 0;
  int64_t delay_90k = 27'000;  // PTS of a picture minus the PCR beside it: the receiver's buffering, 300 ms
  uint32_t rate_kbps = 0;      // of the whole stream, constant; 0: variable
  uint16_t transport_stream_id = 1;
  std::string service_name = "AIR";   // UTF-8, see kMaxServiceNameBytes
  std::string provider_name = "AIR";  // UTF-8
};

// One AAC frame.
struct AudioUnit {
  // From tick 0, unwrapped; negative for the codec's priming before tick 0.
  int64_t pts_90k = 0;
  // Header (adts.h) and access unit, at most 8191 bytes.
  std::span<const uint8_t> adts_frame;
  // When it begins to leave, 90 kHz from the tick's PCR, and whether it must not come earlier
  // (sound_schedule.h).
  int64_t offset_90k = 0;
  bool exact = false;
};

struct TickUnits {
  // The checkpoint's next_tick; a later one only with `discontinuity`.
  Tick tick;
  // One H.264 access unit, Annex B, access unit delimiter first.
  std::span<const uint8_t> picture;
  // `picture` is an IDR with its parameter sets. The first tick of a sink must be one: the multiplexer does
  // not look, and a receiver would wait in the dark for the next.
  bool idr = false;
  // Time has jumped since the tick before (the host was suspended): declared on the first packet of picture
  // and of sound.
  bool discontinuity = false;
  // The frames that leave with this tick (sound_schedule.h), in order; one PES each.
  std::span<const AudioUnit> audio;
};

// The tick has become `packets` packets: the checkpoint moves behind it.
inline void PassTick(const TickUnits& units, size_t packets, TransportCheckpoint& state) {
  state.packets += packets;
  state.next_tick = units.tick.value() + 1;
  state.next_audio_frame += static_cast<int64_t>(units.audio.size());
  if (units.idr) state.last_idr_tick = units.tick.value();
}

}  // namespace air
