#include "stages/encoder/sound_schedule.h"

#include "shm/stream_budget.h"

namespace air {
namespace {

// The codec's priming is one unit: unit 1 is heard from tick 0 on (audio_encoder.h).
constexpr int64_t Stamp90k(int64_t index) { return (index - 1) * kSoundUnit90k; }

size_t SlotOf(int64_t index) {
  return static_cast<size_t>(index) % std::tuple_size_v<decltype(TransportCheckpoint::sound_bytes)>;
}

}  // namespace

bool SoundSchedule::Leaves(int64_t index, size_t pes_bytes, Tick t, const TransportCheckpoint& state) const {
  const int64_t stamp = Stamp90k(index);
  const bool first_ones = stamp < time_.Pts90k(Tick(state.first_tick)) + lead_90k_;
  if (!first_ones && Pcr90k(t + 1) <= stamp - lead_90k_) return false;
  const bool later_is_too_late = Pcr90k(t + 2) > stamp;
  return later_is_too_late || HasRoom(index, pes_bytes, t, state);
}

bool SoundSchedule::HasRoom(int64_t index, size_t pes_bytes, Tick t, const TransportCheckpoint& state) const {
  const int64_t now = Pcr90k(t);
  size_t held = pes_bytes;
  for (int64_t i = index - 1; i > index - std::ssize(state.sound_bytes) && Stamp90k(i) >= now; --i) {
    held += state.sound_bytes[SlotOf(i)];
  }
  return held <= kSoundBufferBytes;
}

void SoundSchedule::Note(int64_t index, size_t pes_bytes, TransportCheckpoint& state) {
  state.sound_bytes[SlotOf(index)] = static_cast<uint16_t>(pes_bytes);
}

}  // namespace air
