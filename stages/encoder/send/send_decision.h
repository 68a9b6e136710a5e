// What the sender does next, once its pipe is empty: a pure function of (journal, position, now). It sends
// committed packets in order for as long as the viewer keeps up. A viewer that stopped reading finds the
// journal as its buffer; when that holds more than the limit, or was overwritten already, the sender goes on
// at the newest IDR tick: whole ticks are dropped, never a part of one unless that part is lost already.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "shm/transport_journal.h"

namespace air {

struct SendLimits {
  int64_t delay_ns = 0;  // tick n leaves at its deadline plus this, not before; 0: when committed
  int64_t backlog_ns = 3 * kNanosPerSecond;  // committed, due and not sent; more of it is dropped
  uint32_t chunk_packets = 348;              // most packets at once: 64 KiB
};

struct SendDecision {
  enum class Action {
    kWaitForCommit,  // everything committed has been sent
    kWaitUntil,      // the next tick is due at `until`
    kSend,           // the packets [position, end)
    kRejoin,         // drop [position, end), announce the discontinuity after `before`, go on at `end`
  };
  Action action = Action::kWaitForCommit;
  uint64_t end = 0;
  Nanos until{};
  TransportCheckpoint before{};  // state of the stream before packet `end`
  uint64_t idr_packet = 0;       // where the picture begins that is rejoined for, `end` or later in its tick
};

SendDecision DecideSend(const JournalReader& journal, uint64_t position, Nanos now, const SendLimits& limits);

}  // namespace air
