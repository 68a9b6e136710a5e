#include "stages/encoder/ts_multiplexer.h"

#include <algorithm>

#include "stages/encoder/constant_rate.h"
#include "stages/encoder/ts_pes.h"
#include "stages/encoder/ts_tables.h"

namespace air {
namespace {

// Both in order, evenly mixed, the picture's first packet first.
void AppendMixed(const std::vector<TsPacket>& picture, const std::vector<TsPacket>& sound,
                 std::vector<TsPacket>& out) {
  size_t p = 0, s = 0;
  while (p < picture.size() || s < sound.size()) {
    const bool sound_is_behind = p * sound.size() > s * picture.size();
    out.push_back(sound_is_behind && s < sound.size() ? sound[s++] : picture[p++]);
  }
}

// Of the last packet of the picture before `place`; there is one.
uint8_t ContinuityBefore(const std::vector<TsPacket>& packets, size_t place) {
  while (PidOf(packets[--place]) != kVideoPid) {
  }
  return ContinuityOf(packets[place]);
}

}  // namespace

TsMultiplexer::TsMultiplexer(const MuxConfig& config)
    : time_(config.house),
      origin_90k_(WrapPts(config.pts_origin_90k)),
      delay_90k_(config.delay_90k),
      cadence_(time_),
      tables_(config) {}

void TsMultiplexer::Append(const TickUnits& units, TransportCheckpoint& state,
                           std::vector<TsPacket>& out) const {
  const size_t begin = out.size();
  tables_.Append(units.tick, units.idr, state, out);
  const size_t first_of_picture = out.size();
  std::vector<TsPacket> picture, sound;
  AppendPicture(units, state, picture);
  AppendSoundPes(units, origin_90k_, state, sound);
  AppendMixed(picture, sound, out);
  InsertPcrPackets(units.tick, first_of_picture, state, out);

  state.packets += out.size() - begin;
  state.next_tick = units.tick.value() + 1;
  state.next_audio_frame += static_cast<int64_t>(units.audio.size());
  if (units.idr) state.last_idr_tick = units.tick.value();
}

void TsMultiplexer::AppendPicture(const TickUnits& units, TransportCheckpoint& state,
                                  std::vector<TsPacket>& out) const {
  const int64_t pcr = Pcr(units.tick, 0);
  AppendPicturePes(units.picture, WrapPts(origin_90k_ + time_.Pts90k(units.tick)),
                   {.discontinuity = units.discontinuity,
                    .random_access = units.idr,
                    .pcr = pcr + origin_90k_ * kPcrTicksPerPtsTick},
                   state, out);
  state.last_pcr = pcr;
  state.has_pcr = 1;
}

// The PCRs of a tick after its first, each in a packet of its own, evenly among those from the picture on.
// From the last to the first, so that an insertion moves no place still to be used.
void TsMultiplexer::InsertPcrPackets(Tick tick, size_t first_of_picture, TransportCheckpoint& state,
                                     std::vector<TsPacket>& out) const {
  const size_t packets = out.size() - first_of_picture;
  const int64_t pcrs = cadence_.pcrs_per_tick;
  for (int64_t j = pcrs - 1; j > 0; --j) {
    const size_t share = static_cast<size_t>(FloorMulDiv(static_cast<int64_t>(packets), j, pcrs));
    const size_t place = first_of_picture + std::max<size_t>(1, share);
    const int64_t pcr = Pcr(tick, j);
    TsPacket packet;
    WriteAdaptationPacket(kVideoPid, ContinuityBefore(out, place),
                          {.pcr = pcr + origin_90k_ * kPcrTicksPerPtsTick}, packet);
    out.insert(out.begin() + static_cast<ptrdiff_t>(place), packet);
    state.last_pcr = std::max(state.last_pcr, pcr);
  }
}

int64_t TsMultiplexer::Pcr(Tick n, int64_t j) const {
  const int64_t k = cadence_.pcrs_per_tick;
  return FloorMulDiv(n.value() * k + j, time_.den() * kPcrHz, time_.num() * k) -
         delay_90k_ * kPcrTicksPerPtsTick;
}

std::vector<TsPacket> RejoinPackets(const TransportCheckpoint& before, const MuxConfig& config) {
  std::vector<TsPacket> packets(static_cast<size_t>(PidSlot::kCount));
  const auto ahead = std::ssize(packets) - static_cast<int64_t>(PidSlot::kVideo);
  const int64_t pcr = config.rate_kbps == 0
                          ? before.last_pcr
                          : ConstantRateMultiplexer(config).PcrBefore(Tick(before.next_tick), ahead);
  for (size_t i = 0; i < packets.size(); ++i) {
    const auto slot = static_cast<PidSlot>(i);
    AdaptationField adaptation{.discontinuity = true};
    if (slot == PidSlot::kVideo && before.has_pcr) {
      adaptation.pcr = pcr + WrapPts(config.pts_origin_90k) * kPcrTicksPerPtsTick;
    }
    WriteAdaptationPacket(PidOf(slot), LastContinuity(before, slot), adaptation, packets[i]);
  }
  return packets;
}

}  // namespace air
