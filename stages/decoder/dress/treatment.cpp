#include "stages/decoder/dress/treatment.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "media/house_time.h"

namespace air {
namespace {

constexpr int64_t kJoinSamples = 240;  // 5 ms of 48 kHz
constexpr int kBlackLuma = 16, kNoChroma = 128;

// Full scale is 1. What is louder than the knee comes out below full scale, the louder the nearer; nothing
// is cut off. It has no memory, so the same sample is the same in every process.
double Bend(double sample) {
  constexpr double kKnee = 0.85;
  const double magnitude = std::abs(sample);
  if (magnitude <= kKnee) return sample;
  const double bent = kKnee + (1 - kKnee) * std::tanh((magnitude - kKnee) / (1 - kKnee));
  return std::copysign(bent, sample);
}

void Scale(std::span<uint8_t> plane, int zero, int level, int full) {
  std::array<uint8_t, 256> scaled{};
  for (int i = 0; i < 256; ++i) {
    const int exact = (i - zero) * level;
    const int rounded = exact >= 0 ? (exact + full / 2) / full : -((-exact + full / 2) / full);
    scaled[static_cast<size_t>(i)] = static_cast<uint8_t>(std::clamp(zero + rounded, 0, 255));
  }
  for (uint8_t& sample : plane) sample = scaled[sample];
}

}  // namespace

Treatment::Treatment(const TreatmentSpec& spec, const HouseFormat& house, int64_t skip_units)
    : spec_(spec), house_(house), skip_units_(skip_units), gain_(std::pow(10.0, spec.gain_db / 20)) {
  const HouseTime time(house);
  const auto samples = [&](int64_t units) { return time.FirstSample(UnitIndex(units)).value(); };
  joins_at_ = samples(skip_units);
  fade_in_ = samples(spec.fade_in_units);
  fade_out_ = samples(spec.fade_out_units);
  end_ = spec.segment_units > 0 ? samples(spec.segment_units) : std::numeric_limits<int64_t>::max() / 2;
}

int Treatment::PictureLevel(UnitIndex i) const {
  const int64_t at = skip_units_ + i.value();
  int64_t level = kFullLevel;
  if (spec_.fade_in_units > 0 && at < spec_.fade_in_units)
    level = std::max<int64_t>(at, 0) * kFullLevel / spec_.fade_in_units;
  const int64_t rest = spec_.segment_units - 1 - at;
  if (spec_.segment_units > 0 && spec_.fade_out_units > 0 && rest < spec_.fade_out_units) {
    level = std::min(level, std::max<int64_t>(rest, 0) * kFullLevel / spec_.fade_out_units);
  }
  return static_cast<int>(level);
}

void Treatment::TreatPicture(UnitIndex i, std::span<uint8_t> house_picture) const {
  const int level = PictureLevel(i);
  if (level == kFullLevel) return;
  Scale(house_picture.first(house_.LumaBytes()), kBlackLuma, level, kFullLevel);
  Scale(house_picture.subspan(house_.LumaBytes()), kNoChroma, level, kFullLevel);
}

double Treatment::SoundLevel(int64_t sample, int64_t end) const {
  double level = 1;
  const auto limit = [&](int64_t distance, int64_t length) {
    if (distance >= length) return;
    level =
        std::min(level, static_cast<double>(std::max<int64_t>(distance, 0)) / static_cast<double>(length));
  };
  limit(sample, fade_in_);
  limit(end_ - sample, fade_out_);
  if (spec_.soft_joins) {
    limit(sample - joins_at_, kJoinSamples);
    limit(end - sample, kJoinSamples);
  }
  return level;
}

void Treatment::TreatSound(UnitIndex i, std::span<int16_t> samples, bool last) const {
  if (is_none()) return;
  const HouseTime time(house_);
  const int64_t first = joins_at_ + time.FirstSample(i).value();
  const int64_t end =
      last ? joins_at_ + time.FirstSample(i + 1).value() : std::numeric_limits<int64_t>::max() / 2;
  const size_t channels = house_.channels;
  const bool louder = gain_ > 1;
  for (size_t s = 0; s < samples.size() / channels; ++s) {
    const double level = gain_ * SoundLevel(first + static_cast<int64_t>(s), end);
    if (level == 1) continue;
    for (int16_t& sample : samples.subspan(s * channels, channels)) {
      const double exact = sample * level;
      const double kept = louder ? 32767 * Bend(exact / 32767) : exact;
      sample = static_cast<int16_t>(std::lround(kept));
    }
  }
}

}  // namespace air
