// TsMultiplexer: the access units of one tick and the checkpoint before it become the packets of that tick
// and the checkpoint after it. A pure function: the same units on the same checkpoint give the same bytes, in
// whatever process. So an encoder that dies leaves nothing in the multiplexer that its successor could lack.
//
// A tick on the wire, at a variable rate (ISO/IEC 13818-1; the PIDs are in ts_tables.h):
//
//   [PAT PMT [SDT]]  video: PCR + PES ... audio ... [PCR] ... audio ... video
//
//   tables  ts_table_cycle.h
//   PCR     in the first packet of every picture and, where pictures are more than 36 ms apart, in packets of
//           its own spread over the tick: 27 MHz floor(n * den * 27e6 / num), minus the delay. TR 101 290
//           allows 40 ms.
//   PTS     90 kHz floor(n * den * 90e3 / num). Pictures are not reordered, so DTS = PTS and is not sent
//           (2.4.3.7).
//   audio   each packet at the place where its instant falls, the tick's packets being even in time. A tick
//           of few packets has no such place: a unit that must not come earlier has a PCR packet before
//           it that says when.
//
// Both clocks are functions of the tick plus the session's PTS origin, taken modulo 2^33 (of the 90 kHz part)
// only when written. Nothing is accumulated but continuity counters.
#pragma once

#include <cstdint>
#include <vector>

#include "base/types.h"
#include "media/house_time.h"
#include "shm/transport_checkpoint.h"
#include "stages/encoder/ts/mux_config.h"
#include "stages/encoder/ts/ts_packet.h"
#include "stages/encoder/ts/ts_table_cycle.h"
#include "stream/stream_budget.h"

namespace air {

class TsMultiplexer {
 public:
  explicit TsMultiplexer(const MuxConfig& config);

  // Appends the packets of one tick to `out` and moves `state` behind it: continuity, packets, last_pcr,
  // next_tick, next_audio_frame (by the number of audio units), last_idr_tick, ticks_since_sdt. The coder's
  // own words (idr_pic_id, vbv_fullness) and the sound schedule's are left alone. A zeroed checkpoint begins
  // a sink.
  void Append(const TickUnits& units, TransportCheckpoint& state, std::vector<TsPacket>& out) const;

 private:
  void AppendPicture(const TickUnits& units, TransportCheckpoint& state, std::vector<TsPacket>& out) const;
  void InsertPcrPackets(const TickUnits& units, size_t first_of_picture, TransportCheckpoint& state,
                        std::vector<TsPacket>& out) const;
  void PinSound(const TickUnits& units, size_t first_of_picture, TransportCheckpoint& state,
                std::vector<TsPacket>& out) const;

  // PCR number j of tick n, 27 MHz from tick 0 (without the PTS origin).
  int64_t Pcr(Tick n, int64_t j) const;

  HouseTime time_;
  int64_t origin_90k_;  // 0 .. 2^33 - 1
  int64_t delay_90k_;
  StreamCadence cadence_;
  TableCycle tables_;
};

// What a sender puts before the IDR at which it rejoins the stream, having skipped some of it for a receiver
// too slow to take it all: one packet without payload for each PID (in the order of PidSlot) that declares
// the discontinuity and moves the counter to just before that of the packet which follows. The one on the
// video PID repeats the last PCR before the rejoin point, because on the PCR's own PID only a packet with a
// PCR may declare one (2.4.3.5); at a constant rate it says what its place before the tick says. `before` is
// the checkpoint in front of the IDR's tick. These packets belong to no checkpoint and count in none.
std::vector<TsPacket> RejoinPackets(const TransportCheckpoint& before, const MuxConfig& config);

}  // namespace air
