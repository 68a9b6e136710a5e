// ConstantRateMultiplexer: the access units of one tick, the checkpoint before it and the backlog before it
// become the packets of that tick, the checkpoint and the backlog after it. Pure, like TsMultiplexer.
//
// Everything is a function of the absolute packet index k, counted from tick 0 at the constant rate R:
//
//   tick n owns       [P(n), P(n + 1)),  P(n) = floor(n * den * R / (num * 1504))
//   PCR of packet k   floor(k * 1504 * 27e6 / R) - delay: off by less than one period of 27 MHz
//
//   P(n)                                                                         P(n + 1)
//   [PCR] [PAT PMT [SDT]]  picture ... sound ... picture ... [PCR] ... picture ... null
//
//   PCR      always in packets of their own, which say what their index says; at the beginning of the tick
//            (so they keep their distance), and in a long tick again in its middle
//   sound    each packet at the first place at or after its instant (sound_schedule.h)
//   picture  as many packets as there is room for. What a picture needs beyond its tick is the backlog, and
//            goes first in the next. So a large picture delays the next ones, never the sound; the VBV sees
//            to it that it does not delay them beyond their DTS.
//   tables   ts_table_cycle.h; an IDR picture has them before it in the tick it *begins* in
//   null     what is left
//
// The continuity counter of a picture's packet is given when it joins the backlog: the order is final. The
// checkpoint has the counter of the next one to go out; a packet that only carries a PCR repeats the last.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "media/house_time.h"
#include "shm/transport_checkpoint.h"
#include "stages/encoder/ts/mux_config.h"
#include "stages/encoder/ts/ts_packet.h"
#include "stages/encoder/ts/ts_table_cycle.h"
#include "stream/stream_budget.h"

namespace air {

using Backlog = std::deque<TsPacket>;

struct ConstantRateTick {
  std::vector<TsPacket> packets;     // of the tick, all of them
  size_t carried = 0;                // packets at the end of the backlog that this tick has added
  std::optional<size_t> idr_packet;  // where in `packets` an IDR picture begins
  uint64_t null_packets = 0;
  uint64_t pcrs = 0;
  uint64_t late_pictures = 0;  // whose last byte came after their DTS: the coder overstepped its VBV
};

class ConstantRateMultiplexer {
 public:
  explicit ConstantRateMultiplexer(const MuxConfig& config);  // rate_kbps from LeastRateKbps on

  // How many packets of sound tick n has room for.
  size_t SoundRoom(Tick n) const;

  // `state` and `backlog` belong together; both move behind the tick. Sound beyond SoundRoom does not fit.
  ConstantRateTick Append(const TickUnits& units, TransportCheckpoint& state, Backlog& backlog) const;

  // Of a sender's rejoin packet `ahead` packets before tick n: 27 MHz from tick 0, without the PTS origin.
  int64_t PcrBefore(Tick n, int64_t ahead) const { return Pcr(PacketOf(n) - ahead); }

 private:
  struct Parts;  // of one tick
  class Layout;  // puts them in their places

  int64_t PacketOf(Tick n) const { return FirstPacketOf(time_, rate_kbps_, n); }
  int64_t Pcr(int64_t packet) const;
  void Queue(const TickUnits& units, const TransportCheckpoint& state, Backlog& backlog) const;
  Parts Collect(const TickUnits& units, const Backlog& backlog, TransportCheckpoint& state) const;

  HouseTime time_;
  int64_t origin_90k_;  // 0 .. 2^33 - 1
  int64_t delay_90k_;
  uint32_t rate_kbps_;
  StreamCadence cadence_;
  TableCycle tables_;
};

}  // namespace air
