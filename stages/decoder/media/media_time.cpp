#include "stages/decoder/media/media_time.h"

#include <algorithm>
#include <limits>

namespace air {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kFarthest = std::numeric_limits<int64_t>::max() / 4;

// floor((2 * stamp / base + half) / 2): half = 0 floors, half = 1 rounds.
int64_t Convert(Stamp stamp, AVRational base, int half) {
  const Wide scale = 2 * static_cast<Wide>(stamp.base.num) * base.den;
  const Wide divisor = 2 * static_cast<Wide>(stamp.base.den) * base.num;
  const Wide dividend = stamp.value * scale + half * (divisor / 2);
  Wide quotient = dividend / divisor;
  if (dividend % divisor < 0) --quotient;
  return static_cast<int64_t>(std::clamp<Wide>(quotient, -kFarthest, kFarthest));
}

}  // namespace

int64_t FloorTo(Stamp stamp, AVRational base) { return Convert(stamp, base, 0); }

Stamp MediaZero(Stamp first_picture, Stamp first_sound) {
  constexpr AVRational kMicroseconds{1, 1'000'000};
  constexpr int64_t kLeastUs = 100'000, kMostUs = 60'000'000;
  const int64_t lead_us = RoundTo(first_picture, kMicroseconds) - RoundTo(first_sound, kMicroseconds);
  return lead_us > kLeastUs && lead_us <= kMostUs ? first_sound : first_picture;
}

int64_t RoundTo(Stamp stamp, AVRational base) { return Convert(stamp, base, 1); }

bool LaterIsOn(Stamp instant, FrameRate house, int64_t earlier, int64_t later, AVRational base) {
  // A time base coarser than a millisecond (AVI: one frame) counts pictures and is exact.
  const bool rounded = int64_t{1000} * base.num <= base.den;
  // Twice the instant in half ticks is wide / scale; everything below stands over that denominator.
  const Wide twice = 4 * static_cast<Wide>(instant.value) * instant.base.num * base.den;
  const Wide scale = static_cast<Wide>(base.num) * instant.base.den;
  const Wide tolerance = rounded ? 4 : 0;
  if (twice < (static_cast<Wide>(earlier) + later - tolerance) * scale)
    return false;  // the earlier one is nearer
  // instant + house frame / 2 >= later: a house frame is 2 * den * base.den / (num * base.num) half ticks.
  const Wide frame = 2 * static_cast<Wide>(house.den) * base.den * instant.base.den;
  return twice * house.num + frame >= (2 * static_cast<Wide>(later) - tolerance) * scale * house.num;
}

}  // namespace air
