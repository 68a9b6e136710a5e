// At a constant rate the tick in which an IDR picture begins opens with the rest of the pictures before it. A
// viewer that was dropped and rejoins at that tick never got their beginnings: their packets become null
// packets, and the packets between them that only carry a PCR continue to count from the IDR.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "stages/encoder/ts/ts_packet.h"

namespace air {

// `packets`: whole packets, numbered from `first`; those in [from, idr) on the PID of `idr_packet` are
// masked.
void MaskBeforeIdr(std::span<std::byte> packets, uint64_t first, uint64_t from, uint64_t idr,
                   const TsPacket& idr_packet);

}  // namespace air
