#include "shm/stream_budget.h"

#include <algorithm>

namespace air {
namespace {

constexpr int64_t kMaxTableMs = 90;
constexpr int64_t kMaxSdtMs = 1000;
constexpr int64_t kMinSdtMs = 25;
constexpr int64_t kMaxPcrMs = 36;

constexpr int64_t kLeastDelayMs = 300;
constexpr int64_t kDelayMarginMs = 30;
constexpr int64_t kLeadMargin90k = 300;  // the rounding of a packet's place in a slow stream

constexpr int64_t Ms90k(int64_t ms) { return ms * kPtsHz / 1000; }

int64_t MeanUnitBytes(uint32_t sound_kbps) {
  return kSoundUnitOverheadBytes +
         CeilMulDiv(int64_t{sound_kbps} * 1000, kSoundUnitSamples, 8 * int64_t{48'000});
}

}  // namespace

StreamCadence::StreamCadence(const HouseTime& time)
    : pcrs_per_tick(CeilMulDiv(1000, time.den(), kMaxPcrMs * time.num())),
      ticks_per_table(FloorMulDiv(kMaxTableMs, time.num(), 1000 * time.den())),
      max_ticks_per_sdt(FloorMulDiv(kMaxSdtMs, time.num(), 1000 * time.den())),
      min_ticks_per_sdt(CeilMulDiv(kMinSdtMs, time.num(), 1000 * time.den())) {}

int64_t StreamDelay90k(const StreamSettings& settings) {
  return Ms90k(std::max(kLeastDelayMs, settings.vbv_ms + kDelayMarginMs));
}

int64_t SoundLead90k(const HouseTime& time, uint32_t sound_kbps, int64_t delay_90k) {
  const int64_t tick = CeilMulDiv(1, time.den() * kPtsHz, time.num());
  const int64_t units = kSoundBufferBytes / MeanUnitBytes(sound_kbps) - 1;
  const int64_t lead = units * kSoundUnit90k - std::max(tick, kSoundUnit90k) - kLeadMargin90k;
  return std::min(lead, delay_90k);
}

}  // namespace air
