#include "stages/encoder/ts/constant_rate.h"

#include <algorithm>

#include "stages/encoder/ts/ts_pes.h"
#include "stages/encoder/ts/ts_tables.h"

namespace air {
namespace {

constexpr size_t kVideo = static_cast<size_t>(PidSlot::kVideo);

// Whether an IDR picture begins among the first `count` packets of the backlog.
bool IdrBeginsWithin(const Backlog& backlog, size_t count) {
  const auto end = backlog.begin() + static_cast<ptrdiff_t>(std::min(count, backlog.size()));
  return std::any_of(backlog.begin(), end,
                     [](const TsPacket& packet) { return BeginsUnit(packet) && IsRandomAccess(packet); });
}

// The tick of the picture that the first packet of the backlog belongs to, when `newest` is that of its last.
// There is one picture a tick.
Tick TickOfFirst(const Backlog& backlog, Tick newest) {
  const auto begun = std::count_if(backlog.begin(), backlog.end(), BeginsUnit);
  return newest - begun + (BeginsUnit(backlog.front()) ? 1 : 0);
}

}  // namespace

struct ConstantRateMultiplexer::Parts {
  int64_t first_packet;  // P(n)
  size_t size;           // packets of the tick
  std::vector<size_t> pcr_places;
  std::vector<TsPacket> tables;  // from the first place on that is no PCR's
  std::vector<SoundPacket> sound;
};

ConstantRateMultiplexer::ConstantRateMultiplexer(const MuxConfig& config)
    : time_(config.house),
      origin_90k_(WrapPts(config.pts_origin_90k)),
      delay_90k_(config.delay_90k),
      rate_kbps_(config.rate_kbps),
      cadence_(time_),
      tables_(config) {}

size_t ConstantRateMultiplexer::SoundRoom(Tick n) const {
  const int64_t others = cadence_.pcrs_per_tick + kMostTablePackets + 1;
  return static_cast<size_t>(std::max<int64_t>(0, PacketOf(n + 1) - PacketOf(n) - others));
}

int64_t ConstantRateMultiplexer::Pcr(int64_t packet) const {
  return FloorMulDiv(packet, kPacketBits * (kPcrHz / 1000), rate_kbps_) - delay_90k_ * kPcrTicksPerPtsTick;
}

void ConstantRateMultiplexer::Queue(const TickUnits& units, const TransportCheckpoint& state,
                                    Backlog& backlog) const {
  TransportCheckpoint behind_backlog = state;
  behind_backlog.continuity[kVideo] =
      static_cast<uint8_t>((state.continuity[kVideo] + backlog.size()) & 0x0F);
  std::vector<TsPacket> packets;
  AppendPicturePes(units.picture, WrapPts(origin_90k_ + time_.Pts90k(units.tick)),
                   {.random_access = units.idr}, behind_backlog, packets);
  backlog.insert(backlog.end(), packets.begin(), packets.end());
}

ConstantRateMultiplexer::Parts ConstantRateMultiplexer::Collect(const TickUnits& units,
                                                                const Backlog& backlog,
                                                                TransportCheckpoint& state) const {
  Parts parts{.first_packet = PacketOf(units.tick)};
  parts.size = static_cast<size_t>(PacketOf(units.tick + 1) - parts.first_packet);
  parts.sound = SoundPackets(units, origin_90k_, state);
  const auto pcrs = static_cast<size_t>(cadence_.pcrs_per_tick);
  // With its tables the IDR may slip into the next tick after all; then it has them there once more.
  const size_t others = parts.sound.size() + pcrs;
  const bool before_idr = IdrBeginsWithin(backlog, parts.size - std::min(parts.size, others));
  const bool first = state.packets == 0;
  tables_.Append(units.tick, before_idr, state, parts.tables);
  if (first || before_idr || units.discontinuity || units.tick.value() % cadence_.ticks_per_pcr == 0) {
    // A sink begins with a PAT.
    parts.pcr_places.push_back(first ? parts.tables.size() : 0);
    for (size_t j = 1; j < pcrs; ++j) parts.pcr_places.push_back(j * parts.size / pcrs);
  }
  return parts;
}

// Fills the tick from its first place to its last.
class ConstantRateMultiplexer::Layout {
 public:
  Layout(const ConstantRateMultiplexer& mux, const TickUnits& units, const Parts& parts,
         TransportCheckpoint& state, Backlog& backlog, ConstantRateTick& out)
      : mux_(mux),
        units_(units),
        parts_(parts),
        state_(state),
        backlog_(backlog),
        out_(out),
        picture_(TickOfFirst(backlog, units.tick)) {}

  void Fill() {
    size_t table = 0, sound = 0;
    for (size_t place = 0; place < parts_.size; ++place) {
      if (std::ranges::find(parts_.pcr_places, place) != parts_.pcr_places.end()) {
        PutPcr(place);
      } else if (table < parts_.tables.size()) {
        out_.packets.push_back(parts_.tables[table++]);
      } else if (sound < parts_.sound.size() && SoundIsDue(sound, place)) {
        out_.packets.push_back(parts_.sound[sound++].packet);
      } else if (!backlog_.empty()) {
        PutPicture(place);
      } else {
        WriteNullPacket(out_.packets.emplace_back());
        ++out_.null_packets;
      }
    }
  }

 private:
  // At its instant, or earlier when the rest of the tick would not hold it and those behind it.
  bool SoundIsDue(size_t i, size_t place) const {
    if (state_.packets == 0 && !out_.idr_packet) return false;  // a sink begins with its picture
    const SoundPacket& packet = parts_.sound[i];
    const int64_t leaves = mux_.time_.Pts90k(units_.tick) - mux_.delay_90k_ + packet.offset_90k;
    const bool its_turn =
        mux_.Pcr(parts_.first_packet + static_cast<int64_t>(place)) >= leaves * kPcrTicksPerPtsTick;
    const size_t pcrs_to_come = static_cast<size_t>(
        std::ranges::count_if(parts_.pcr_places, [place](size_t pcr) { return pcr > place; }));
    return its_turn || parts_.size - place <= parts_.sound.size() - i + pcrs_to_come;
  }

  void PutPcr(size_t place) {
    const int64_t pcr = mux_.Pcr(parts_.first_packet + static_cast<int64_t>(place));
    WriteAdaptationPacket(kVideoPid, LastContinuity(state_, PidSlot::kVideo),
                          {.discontinuity = units_.discontinuity && out_.pcrs == 0,
                           .pcr = pcr + mux_.origin_90k_ * kPcrTicksPerPtsTick},
                          out_.packets.emplace_back());
    state_.last_pcr = pcr;
    state_.has_pcr = 1;
    ++out_.pcrs;
  }

  void PutPicture(size_t place) {
    const TsPacket& packet = backlog_.front();
    if (BeginsUnit(packet) && IsRandomAccess(packet) && !out_.idr_packet) out_.idr_packet = place;
    TakeContinuity(state_, PidSlot::kVideo);
    out_.packets.push_back(packet);
    backlog_.pop_front();
    if (backlog_.empty() || BeginsUnit(backlog_.front())) NotePictureEnd(place);
  }

  void NotePictureEnd(size_t place) {
    const int64_t arrived = mux_.Pcr(parts_.first_packet + static_cast<int64_t>(place) + 1);
    if (arrived > mux_.time_.Pts90k(picture_) * kPcrTicksPerPtsTick) ++out_.late_pictures;
    ++picture_;
  }

  const ConstantRateMultiplexer& mux_;
  const TickUnits& units_;
  const Parts& parts_;
  TransportCheckpoint& state_;
  Backlog& backlog_;
  ConstantRateTick& out_;
  Tick picture_;  // whose packet is at the front of the backlog
};

ConstantRateTick ConstantRateMultiplexer::Append(const TickUnits& units, TransportCheckpoint& state,
                                                 Backlog& backlog) const {
  if (units.discontinuity) {  // the rest of a picture from before a declared jump is of no use
    backlog.clear();
    state.backlog_begin = state.backlog_end;
  }
  const size_t before = backlog.size();
  Queue(units, state, backlog);
  const size_t queued = backlog.size();
  const Parts parts = Collect(units, backlog, state);
  ConstantRateTick out;
  out.packets.reserve(parts.size);
  Layout(*this, units, parts, state, backlog, out).Fill();

  const size_t taken = queued - backlog.size();
  out.carried = std::min(backlog.size(), queued - before);
  state.backlog_begin += std::min(before, taken);
  state.backlog_end += out.carried;
  PassTick(units, out.packets.size(), state);
  return out;
}

}  // namespace air
