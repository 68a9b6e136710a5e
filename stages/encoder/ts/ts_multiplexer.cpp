#include "stages/encoder/ts/ts_multiplexer.h"

#include <algorithm>

#include "stages/encoder/ts/constant_rate.h"
#include "stages/encoder/ts/ts_pes.h"
#include "stages/encoder/ts/ts_tables.h"

namespace air {
namespace {

// Both in order: the picture's first packet, then each packet of sound where its instant falls in a tick of
// `tick_90k` and `places` packets, or later.
void AppendMixed(const std::vector<TsPacket>& picture, const std::vector<SoundPacket>& sound,
                 int64_t tick_90k, size_t places, std::vector<TsPacket>& out) {
  size_t p = 0, s = 0;
  while (p < picture.size() || s < sound.size()) {
    const bool due =
        p > 0 && s < sound.size() &&
        static_cast<int64_t>(p + s) * tick_90k >= sound[s].offset_90k * static_cast<int64_t>(places);
    out.push_back(due || p == picture.size() ? sound[s++].packet : picture[p++]);
  }
}

// Of the last packet of the picture before `place`; there is one.
uint8_t ContinuityBefore(const std::vector<TsPacket>& packets, size_t place) {
  while (PidOf(packets[--place]) != kVideoPid) {
  }
  return ContinuityOf(packets[place]);
}

// Where the first unit of sound begins that must not come before `offset_90k`; the end when none does.
size_t FirstExactSound(const TickUnits& units, int64_t offset_90k, size_t from,
                       const std::vector<TsPacket>& packets) {
  auto unit = units.audio.begin();
  for (size_t place = from; place < packets.size() && unit != units.audio.end(); ++place) {
    if (PidOf(packets[place]) != kAudioPid || !BeginsUnit(packets[place])) continue;
    if (unit->exact && unit->offset_90k >= offset_90k) return place;
    ++unit;
  }
  return packets.size();
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
  std::vector<TsPacket> picture;
  AppendPicture(units, state, picture);
  const std::vector<SoundPacket> sound = SoundPackets(units, origin_90k_, state);
  const int64_t tick_90k = time_.Pts90k(units.tick + 1) - time_.Pts90k(units.tick);
  AppendMixed(picture, sound, tick_90k, picture.size() + sound.size(), out);
  InsertPcrPackets(units, first_of_picture, state, out);
  PinSound(units, first_of_picture, state, out);

  PassTick(units, out.size() - begin, state);
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
void TsMultiplexer::InsertPcrPackets(const TickUnits& units, size_t first_of_picture,
                                     TransportCheckpoint& state, std::vector<TsPacket>& out) const {
  const size_t packets = out.size() - first_of_picture;
  const int64_t pcrs = cadence_.pcrs_per_tick;
  for (int64_t j = pcrs - 1; j > 0; --j) {
    const size_t share = static_cast<size_t>(FloorMulDiv(static_cast<int64_t>(packets), j, pcrs));
    const int64_t pcr = Pcr(units.tick, j);
    const int64_t offset_90k = FloorMulDiv(pcr - Pcr(units.tick, 0), 1, kPcrTicksPerPtsTick);
    const size_t place = std::min(first_of_picture + std::max<size_t>(1, share),
                                  FirstExactSound(units, offset_90k, first_of_picture, out));
    TsPacket packet;
    WriteAdaptationPacket(kVideoPid, ContinuityBefore(out, place),
                          {.pcr = pcr + origin_90k_ * kPcrTicksPerPtsTick}, packet);
    out.insert(out.begin() + static_cast<ptrdiff_t>(place), packet);
    state.last_pcr = std::max(state.last_pcr, pcr);
  }
}

void TsMultiplexer::PinSound(const TickUnits& units, size_t first_of_picture, TransportCheckpoint& state,
                             std::vector<TsPacket>& out) const {
  // Between two PCR the packets are even in time; the next tick's tables come before its PCR.
  struct Point {
    size_t place;
    int64_t pcr;
  };
  Point last{first_of_picture, Pcr(units.tick, 0)};
  int64_t pcrs_passed = 1;
  size_t unit = 0;
  for (size_t place = first_of_picture + 1; place < out.size(); ++place) {
    if (PidOf(out[place]) == kVideoPid && HasPcr(out[place])) last = {place, Pcr(units.tick, pcrs_passed++)};
    if (PidOf(out[place]) != kAudioPid || !BeginsUnit(out[place])) continue;
    const AudioUnit& sound = units.audio[unit++];
    if (!sound.exact) continue;
    const auto next = std::find_if(out.begin() + static_cast<ptrdiff_t>(place), out.end(),
                                   [](const TsPacket& p) { return PidOf(p) == kVideoPid && HasPcr(p); });
    const size_t next_place =
        static_cast<size_t>(next - out.begin()) + (next == out.end() ? size_t{kMostTablePackets} : 0);
    const int64_t next_pcr = Pcr(units.tick, pcrs_passed);
    const int64_t arrives =
        last.pcr + FloorMulDiv(next_pcr - last.pcr, static_cast<int64_t>(place - last.place),
                               static_cast<int64_t>(next_place - last.place));
    const int64_t due = Pcr(units.tick, 0) + sound.offset_90k * kPcrTicksPerPtsTick;
    if (due <= arrives + kPcrHz / 1000 || due >= next_pcr) continue;
    TsPacket packet;
    WriteAdaptationPacket(kVideoPid, ContinuityBefore(out, place),
                          {.pcr = due + origin_90k_ * kPcrTicksPerPtsTick}, packet);
    out.insert(out.begin() + static_cast<ptrdiff_t>(place), packet);
    last = {place++, due};
    state.last_pcr = std::max(state.last_pcr, due);
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
