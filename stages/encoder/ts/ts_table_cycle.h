// TableCycle: when PAT, PMT and SDT are sent. PAT and PMT on every IDR and at least every 90 ms; SDT on every
// IDR and at least every second, but, as EN 300 468 5.1.4 wants, never twice within 25 ms. All of them on the
// sink's first tick.
#pragma once

#include <vector>

#include "shm/transport_checkpoint.h"
#include "stages/encoder/ts/mux_config.h"
#include "stages/encoder/ts/ts_packet.h"
#include "stream/stream_budget.h"

namespace air {

class TableCycle {
 public:
  explicit TableCycle(const MuxConfig& config);

  // Appends the tables of one tick. `before_idr`: an IDR picture begins in it.
  void Append(Tick tick, bool before_idr, TransportCheckpoint& state, std::vector<TsPacket>& out) const;

 private:
  StreamCadence cadence_;
  TsPacket pat_;
  TsPacket pmt_;
  TsPacket sdt_;
};

}  // namespace air
