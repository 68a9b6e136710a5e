#include "stages/encoder/ts_multiplexer.h"

#include <algorithm>
#include <array>

#include "stages/encoder/ts_tables.h"

namespace air {
namespace {

// Longest distances of repetition. The limits are 100 ms (PAT, PMT), 2 s (SDT) and 40 ms (PCR); what is left
// of them is for the position of a packet within its tick and the unevenness of the transport.
constexpr int64_t kMaxTableMs = 90;
constexpr int64_t kMaxSdtMs = 1000;
constexpr int64_t kMinSdtMs = 25;
constexpr int64_t kMaxPcrMs = 36;

constexpr uint8_t kVideoStreamId = 0xE0;
constexpr uint8_t kAudioStreamId = 0xC0;

// Modulo 2^33, also of negative values.
constexpr int64_t WrapPts(int64_t unwrapped) { return unwrapped & (kPtsWrap - 1); }

uint8_t& Continuity(TransportCheckpoint& state, PidSlot slot) {
  return state.continuity[static_cast<size_t>(slot)];
}

uint8_t TakeContinuity(TransportCheckpoint& state, PidSlot slot) {
  uint8_t& next = Continuity(state, slot);
  const uint8_t taken = next & 0x0F;
  next = (taken + 1) & 0x0F;
  return taken;
}

// Of the last packet with payload: what a packet without repeats.
uint8_t LastContinuity(const TransportCheckpoint& state, PidSlot slot) {
  return (state.continuity[static_cast<size_t>(slot)] - 1) & 0x0F;
}

// The PES header of this stream is always the same 14 bytes: one PTS, no DTS (2.4.3.6).
constexpr size_t kPesHeaderBytes = 14;
using PesHeader = std::array<uint8_t, kPesHeaderBytes>;

PesHeader MakePesHeader(uint8_t stream_id, size_t payload_bytes, int64_t pts) {
  constexpr size_t kAfterLengthField = kPesHeaderBytes - 6;
  // A length lets a receiver hand the unit on without waiting for the next one. 0, allowed for video only,
  // means that it is too long to say.
  const size_t packet_length = kAfterLengthField + payload_bytes;
  const unsigned length = packet_length <= 0xFFFF ? static_cast<unsigned>(packet_length) : 0;
  const auto bits = [pts](int shift, unsigned mask) { return static_cast<unsigned>(pts >> shift) & mask; };
  return {
      0x00,
      0x00,
      0x01,
      stream_id,
      static_cast<uint8_t>(length >> 8),
      static_cast<uint8_t>(length),
      0x84,  // '10', data_alignment_indicator: an access unit begins right behind this header
      0x80,  // PTS_DTS_flags '10'
      0x05,  // PES_header_data_length
      static_cast<uint8_t>(0x21 | (bits(30, 0x07) << 1)),
      static_cast<uint8_t>(bits(22, 0xFF)),
      static_cast<uint8_t>(0x01 | (bits(15, 0x7F) << 1)),
      static_cast<uint8_t>(bits(7, 0xFF)),
      static_cast<uint8_t>(0x01 | (bits(0, 0x7F) << 1)),
  };
}

// One PES, cut into packets; `adaptation` goes with the first of them.
void AppendPes(PidSlot slot, const PesHeader& pes_header, std::span<const uint8_t> payload,
               const AdaptationField& adaptation, TransportCheckpoint& state, std::vector<TsPacket>& out) {
  const uint16_t pid = PidOf(slot);
  size_t sent =
      WritePayloadPacket({.pid = pid, .unit_start = true, .continuity = TakeContinuity(state, slot)},
                         adaptation, pes_header, payload, out.emplace_back());
  while (sent < payload.size()) {
    sent += WritePayloadPacket({.pid = pid, .continuity = TakeContinuity(state, slot)}, {}, {},
                               payload.subspan(sent), out.emplace_back());
  }
}

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

TsMultiplexer::TsMultiplexer(const MuxConfig& config)
    : time_(config.house),
      origin_90k_(WrapPts(config.pts_origin_90k)),
      delay_90k_(config.delay_90k),
      pcrs_per_tick_(CeilMulDiv(1000, time_.den(), kMaxPcrMs * time_.num())),
      ticks_per_table_(FloorMulDiv(kMaxTableMs, time_.num(), 1000 * time_.den())),
      max_ticks_per_sdt_(FloorMulDiv(kMaxSdtMs, time_.num(), 1000 * time_.den())),
      min_ticks_per_sdt_(CeilMulDiv(kMinSdtMs, time_.num(), 1000 * time_.den())),
      pat_(TablePacket(PidSlot::kPat, PatSection(config.transport_stream_id))),
      pmt_(TablePacket(PidSlot::kPmt, PmtSection())),
      sdt_(TablePacket(PidSlot::kSdt, SdtSection({.transport_stream_id = config.transport_stream_id,
                                                  .name = config.service_name,
                                                  .provider = config.provider_name,
                                                  .high_definition = config.house.height >= 720}))) {}

void TsMultiplexer::Append(const TickUnits& units, TransportCheckpoint& state,
                           std::vector<TsPacket>& out) const {
  const size_t begin = out.size();
  AppendTables(units, state, out);
  const size_t first_of_picture = out.size();
  AppendPicture(units, state, out);
  const size_t end_of_picture = out.size();
  AppendAudio(units, state, out);
  InsertPcrPackets(units.tick, first_of_picture, end_of_picture, state, out);

  state.packets += out.size() - begin;
  state.next_tick = units.tick.value() + 1;
  state.next_audio_frame += static_cast<int64_t>(units.audio.size());
  if (units.idr) state.last_idr_tick = units.tick.value();
}

bool TsMultiplexer::TablesDue(const TickUnits& units, const TransportCheckpoint& state) const {
  return state.packets == 0 || units.idr || units.tick.value() % ticks_per_table_ == 0;
}

void TsMultiplexer::AppendTables(const TickUnits& units, TransportCheckpoint& state,
                                 std::vector<TsPacket>& out) const {
  if (TablesDue(units, state)) {
    AppendTable(PidSlot::kPat, pat_, state, out);
    AppendTable(PidSlot::kPmt, pmt_, state, out);
  }
  const int64_t age = state.ticks_since_sdt + 1;
  const bool sdt_due =
      state.packets == 0 || age >= max_ticks_per_sdt_ || (units.idr && age >= min_ticks_per_sdt_);
  if (sdt_due) AppendTable(PidSlot::kSdt, sdt_, state, out);
  state.ticks_since_sdt =
      sdt_due ? 0 : static_cast<uint8_t>(age);  // below max_ticks_per_sdt_, which is at most 60
}

void TsMultiplexer::AppendPicture(const TickUnits& units, TransportCheckpoint& state,
                                  std::vector<TsPacket>& out) const {
  const int64_t pcr = Pcr(units.tick, 0);
  const int64_t pts = WrapPts(origin_90k_ + time_.Pts90k(units.tick));
  AppendPes(PidSlot::kVideo, MakePesHeader(kVideoStreamId, units.picture.size(), pts), units.picture,
            {.discontinuity = units.discontinuity,
             .random_access = units.idr,
             .pcr = pcr + origin_90k_ * kPcrTicksPerPtsTick},
            state, out);
  state.last_pcr = pcr;
  state.has_pcr = 1;
}

void TsMultiplexer::AppendAudio(const TickUnits& units, TransportCheckpoint& state,
                                std::vector<TsPacket>& out) const {
  AdaptationField adaptation{.discontinuity = units.discontinuity};
  if (units.discontinuity && units.audio.empty()) {
    // An AAC frame is longer than a tick of 50 Hz or more: the tick that jumped may well have none of its
    // own.
    WriteAdaptationPacket(kAudioPid, LastContinuity(state, PidSlot::kAudio), adaptation, out.emplace_back());
  }
  for (const AudioUnit& unit : units.audio) {
    const int64_t pts = WrapPts(origin_90k_ + unit.pts_90k);
    AppendPes(PidSlot::kAudio, MakePesHeader(kAudioStreamId, unit.adts_frame.size(), pts), unit.adts_frame,
              adaptation, state, out);
    adaptation = {};
  }
}

// The PCRs of a tick after its first, each in a packet of its own, evenly among those from the picture on.
// From the last to the first, so that an insertion moves no place still to be used.
void TsMultiplexer::InsertPcrPackets(Tick tick, size_t first_of_picture, size_t end_of_picture,
                                     TransportCheckpoint& state, std::vector<TsPacket>& out) const {
  const size_t packets = out.size() - first_of_picture;
  for (int64_t j = pcrs_per_tick_ - 1; j > 0; --j) {
    const size_t share = static_cast<size_t>(FloorMulDiv(static_cast<int64_t>(packets), j, pcrs_per_tick_));
    const size_t place = first_of_picture + std::max<size_t>(1, share);
    const int64_t pcr = Pcr(tick, j);
    TsPacket packet;
    WriteAdaptationPacket(kVideoPid, ContinuityOf(out[std::min(place, end_of_picture) - 1]),
                          {.pcr = pcr + origin_90k_ * kPcrTicksPerPtsTick}, packet);
    out.insert(out.begin() + static_cast<ptrdiff_t>(place), packet);
    state.last_pcr = std::max(state.last_pcr, pcr);
  }
}

int64_t TsMultiplexer::Pcr(Tick n, int64_t j) const {
  const int64_t k = pcrs_per_tick_;
  return FloorMulDiv(n.value() * k + j, time_.den() * kPcrHz, time_.num() * k) -
         delay_90k_ * kPcrTicksPerPtsTick;
}

std::vector<TsPacket> RejoinPackets(const TransportCheckpoint& before, int64_t pts_origin_90k) {
  std::vector<TsPacket> packets(static_cast<size_t>(PidSlot::kCount));
  for (size_t i = 0; i < packets.size(); ++i) {
    const auto slot = static_cast<PidSlot>(i);
    AdaptationField adaptation{.discontinuity = true};
    if (slot == PidSlot::kVideo && before.has_pcr) {
      adaptation.pcr = before.last_pcr + WrapPts(pts_origin_90k) * kPcrTicksPerPtsTick;
    }
    WriteAdaptationPacket(PidOf(slot), LastContinuity(before, slot), adaptation, packets[i]);
  }
  return packets;
}

}  // namespace air
