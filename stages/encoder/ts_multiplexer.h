// TsMultiplexer: the access units of one tick and the checkpoint before it become the packets of that tick
// and the checkpoint after it. A pure function: the same units on the same checkpoint give the same bytes, in
// whatever process. So an encoder that dies leaves nothing in the multiplexer that its successor could lack.
//
// A tick on the wire (ISO/IEC 13818-1; the PIDs are in ts_tables.h):
//
//   [PAT PMT [SDT]]  video: PCR + PES ........ [PCR] ........  audio: PES  PES
//
//   tables  PAT and PMT on every IDR and at least every 90 ms; SDT on every IDR and at least every second,
//   but, as
//           EN 300 468 5.1.4 wants, never twice within 25 ms. All of them on the sink's first tick.
//   PCR     in the first packet of every picture and, where pictures are more than 36 ms apart, in packets of
//   its
//           own spread over the tick: 27 MHz floor(n * den * 27e6 / num), minus the delay. TR 101 290 allows
//           40 ms.
//   PTS     90 kHz floor(n * den * 90e3 / num). Pictures are not reordered, so DTS = PTS and is not sent
//   (2.4.3.7).
//
// Both clocks are functions of the tick plus the session's PTS origin, taken modulo 2^33 (of the 90 kHz part)
// only when written. Nothing is accumulated but continuity counters.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "shm/house_format.h"
#include "shm/house_time.h"
#include "shm/transport_checkpoint.h"
#include "shm/types.h"
#include "stages/encoder/ts_packet.h"

namespace air {

// Fixed for the life of a sink; a successor must be given the same, or its bytes differ.
struct MuxConfig {
  HouseFormat house;
  // PTS of tick 0 on the wire; any value, taken modulo 2^33. Below the delay the stream begins across the
  // wrap (priming and PCR lie before tick 0): legal, but libavformat's demultiplexer then places the first
  // sound 26 hours after the picture.
  int64_t pts_origin_90k = 0;
  int64_t delay_90k = 27'000;  // PTS of a picture minus the PCR beside it: the receiver's buffering, 300 ms
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
  // The frames that belong to this tick, in order; one PES each.
  std::span<const AudioUnit> audio;
};

class TsMultiplexer {
 public:
  explicit TsMultiplexer(const MuxConfig& config);

  // Appends the packets of one tick to `out` and moves `state` behind it: continuity, packets, last_pcr,
  // next_tick, next_audio_frame (by the number of audio units), last_idr_tick, ticks_since_sdt. The coder's
  // own words (idr_pic_id, vbv_fullness) are left alone. A zeroed checkpoint begins a sink.
  void Append(const TickUnits& units, TransportCheckpoint& state, std::vector<TsPacket>& out) const;

 private:
  void AppendTables(const TickUnits& units, TransportCheckpoint& state, std::vector<TsPacket>& out) const;
  void AppendPicture(const TickUnits& units, TransportCheckpoint& state, std::vector<TsPacket>& out) const;
  void AppendAudio(const TickUnits& units, TransportCheckpoint& state, std::vector<TsPacket>& out) const;
  void InsertPcrPackets(Tick tick, size_t first_of_picture, size_t end_of_picture, TransportCheckpoint& state,
                        std::vector<TsPacket>& out) const;
  bool TablesDue(const TickUnits& units, const TransportCheckpoint& state) const;

  // PCR number j of tick n, 27 MHz from tick 0 (without the PTS origin).
  int64_t Pcr(Tick n, int64_t j) const;

  HouseTime time_;
  int64_t origin_90k_;  // 0 .. 2^33 - 1
  int64_t delay_90k_;
  int64_t pcrs_per_tick_;    // 1 or more
  int64_t ticks_per_table_;  // PAT and PMT on the multiples of it
  int64_t max_ticks_per_sdt_;
  int64_t min_ticks_per_sdt_;  // an IDR sooner than that after an SDT carries none
  TsPacket pat_;
  TsPacket pmt_;
  TsPacket sdt_;
};

// What a sender puts before the IDR at which it rejoins the stream, having skipped some of it for a receiver
// too slow to take it all: one packet without payload for each PID (in the order of PidSlot) that declares
// the discontinuity and moves the counter to just before that of the packet which follows. The one on the
// video PID repeats the last PCR before the rejoin point, because on the PCR's own PID only a packet with a
// PCR may declare one (2.4.3.5). `before` is the checkpoint in front of the IDR's tick. These packets belong
// to no checkpoint and count in none.
std::vector<TsPacket> RejoinPackets(const TransportCheckpoint& before, int64_t pts_origin_90k);

}  // namespace air
