#include "stages/encoder/ts/sound_schedule.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "stages/encoder/ts/ts_pes.h"
#include "stream/stream_budget.h"

namespace air {
namespace {

constexpr int64_t kLongAgo = std::numeric_limits<int64_t>::min();

// The codec's priming is one unit: unit 1 is heard from tick 0 on (audio_encoder.h).
constexpr int64_t Stamp90k(int64_t index) { return (index - 1) * kSoundUnit90k; }

size_t SlotOf(int64_t index) {
  return static_cast<size_t>(index) % std::tuple_size_v<decltype(TransportCheckpoint::sound_bytes)>;
}

}  // namespace

SoundSchedule::SoundSchedule(const HouseTime& time, int64_t delay_90k, int64_t lead_90k, uint32_t rate_kbps)
    : time_(time),
      delay_90k_(delay_90k),
      lead_90k_(lead_90k),
      packet_90k_(rate_kbps == 0
                      ? kSoundPacket90k
                      : std::max(kSoundPacket90k, CeilMulDiv(kPacketBits, kPtsHz / 1000, rate_kbps))) {}

int64_t SoundSchedule::Duration90k(size_t pes_bytes) const {
  return static_cast<int64_t>(PacketsOfPes(pes_bytes)) * packet_90k_;
}

void SoundSchedule::Begin(Tick first, TransportCheckpoint& state) const {
  state.first_tick = first.value();
  state.sound_bytes = {};
  state.sound_end = Pcr90k(first);
}

std::optional<SoundPlace> SoundSchedule::Leaves(int64_t index, size_t pes_bytes, Tick t,
                                                const TransportCheckpoint& state) const {
  const int64_t stamp = Stamp90k(index);
  const bool first_ones = stamp < time_.Pts90k(Tick(state.first_tick)) + lead_90k_;
  const int64_t turn = first_ones ? kLongAgo : stamp - lead_90k_;
  const int64_t room = RoomFrom(index, pes_bytes, state);
  const int64_t begin = std::max({turn, room, state.sound_end, Pcr90k(t)});
  if (begin + Duration90k(pes_bytes) > Pcr90k(t + 1)) return std::nullopt;
  return SoundPlace{.offset_90k = begin - Pcr90k(t), .exact = room > Pcr90k(t)};
}

int64_t SoundSchedule::RoomFrom(int64_t index, size_t pes_bytes, const TransportCheckpoint& state) const {
  int64_t held = static_cast<int64_t>(pes_bytes);
  for (int64_t i = index - 1; i > index - std::ssize(state.sound_bytes); --i) {
    held += state.sound_bytes[SlotOf(i)];
    if (held > kSoundBufferUse) return Stamp90k(i);  // once it has been decoded
  }
  return kLongAgo;
}

void SoundSchedule::Note(int64_t index, size_t pes_bytes, Tick t, int64_t offset_90k,
                         TransportCheckpoint& state) const {
  state.sound_bytes[SlotOf(index)] = static_cast<uint16_t>(pes_bytes);
  state.sound_end = Pcr90k(t) + offset_90k + Duration90k(pes_bytes);
}

}  // namespace air
