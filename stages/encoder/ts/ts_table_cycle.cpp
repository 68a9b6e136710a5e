#include "stages/encoder/ts/ts_table_cycle.h"

#include "stages/encoder/ts/ts_pes.h"
#include "stages/encoder/ts/ts_tables.h"

namespace air {
namespace {

void AppendTable(PidSlot slot, const TsPacket& table, TransportCheckpoint& state,
                 std::vector<TsPacket>& out) {
  out.push_back(table);
  SetContinuity(out.back(), TakeContinuity(state, slot));
}

TsPacket TablePacket(PidSlot slot, const std::vector<uint8_t>& section) {
  TsPacket packet;
  WriteSectionPacket(PidOf(slot), section, packet);
  return packet;
}

}  // namespace

TableCycle::TableCycle(const MuxConfig& config)
    : cadence_(HouseTime(config.house)),
      pat_(TablePacket(PidSlot::kPat, PatSection(config.transport_stream_id))),
      pmt_(TablePacket(PidSlot::kPmt, PmtSection())),
      sdt_(TablePacket(PidSlot::kSdt, SdtSection({.transport_stream_id = config.transport_stream_id,
                                                  .name = config.service_name,
                                                  .provider = config.provider_name,
                                                  .high_definition = config.house.height >= 720}))) {}

void TableCycle::Append(Tick tick, bool before_idr, TransportCheckpoint& state,
                        std::vector<TsPacket>& out) const {
  const bool first = state.packets == 0;
  if (first || before_idr || tick.value() % cadence_.ticks_per_table == 0) {
    AppendTable(PidSlot::kPat, pat_, state, out);
    AppendTable(PidSlot::kPmt, pmt_, state, out);
  }
  const int64_t age = state.ticks_since_sdt + 1;
  const bool sdt_due =
      first || age >= cadence_.max_ticks_per_sdt || (before_idr && age >= cadence_.min_ticks_per_sdt);
  if (sdt_due) AppendTable(PidSlot::kSdt, sdt_, state, out);
  state.ticks_since_sdt =
      sdt_due ? 0 : static_cast<uint8_t>(age);  // below max_ticks_per_sdt, which is at most 60
}

}  // namespace air
