// HouseTime: exact time. Every quantity is a function of an absolute index, computed with 128-bit
// intermediates, never accumulated and never in floating point, so that tick 10^10 is as exact as tick 1.
//
// Ticks may be negative (a block that began before the session's epoch): all divisions here are floor or
// ceiling divisions, unlike C++'s truncation.
#pragma once

#include <cstdint>

#include "base/types.h"
#include "media/house_format.h"

namespace air {

// floor(a * b / c) and ceil(a * b / c) over the integers; c > 0.
int64_t FloorMulDiv(int64_t a, int64_t b, int64_t c);
int64_t CeilMulDiv(int64_t a, int64_t b, int64_t c);

inline constexpr int64_t kPtsHz = 90'000;              // ISO/IEC 13818-1 system clock / 300
inline constexpr int64_t kPtsWrap = int64_t{1} << 33;  // 26 h 30 m 43.7 s

// The session epoch: the instant of tick 0 on both clocks, taken once and immutable.
struct Epoch {
  Nanos mono;
  UtcMs utc;
};

class HouseTime {
 public:
  explicit HouseTime(const HouseFormat& format)
      : num_(format.rate.num), den_(format.rate.den), sample_rate_(format.sample_rate) {}

  // Nanoseconds from the epoch to tick n: floor(n * den * 10^9 / num).
  int64_t NanosOf(Tick n) const { return FloorMulDiv(n.value(), den_ * kNanosPerSecond, num_); }
  Nanos Deadline(Nanos epoch, Tick n) const { return epoch + NanosOf(n); }
  // The last tick whose deadline is at or before `now`.
  Tick TickAt(Nanos epoch, Nanos now) const;

  // Unwrapped 90 kHz distance from tick 0: floor(n * den * 90000 / num). Add the PTS origin, take modulo
  // 2^33.
  int64_t Pts90k(Tick n) const { return FloorMulDiv(n.value(), den_ * kPtsHz, num_); }
  // The same line for sound: floor(s * 90000 / sample_rate).
  int64_t Pts90k(SampleIndex s) const { return FloorMulDiv(s.value(), kPtsHz, sample_rate_); }

  // S(n) = floor(n * rate * den / num): tick n carries the samples [S(n), S(n+1)).
  SampleIndex FirstSample(Tick n) const { return SampleIndex(SampleAt(n.value())); }
  uint32_t SamplesOf(Tick n) const { return static_cast<uint32_t>(FirstSample(n + 1) - FirstSample(n)); }

  // A segment counts its own samples from its in-point: unit i carries [S(i), S(i+1) + 1), one of look-ahead.
  SampleIndex FirstSample(UnitIndex i) const { return SampleIndex(SampleAt(i.value())); }
  uint32_t SamplesOf(UnitIndex i) const {
    return static_cast<uint32_t>(SampleAt(i.value() + 1) - SampleAt(i.value()) + 1);
  }
  // Where in unit n - lock the sound of tick n begins, when the segment was locked at tick `lock`: 0 or 1
  // sample.
  uint32_t LookAhead(Tick lock, Tick n) const {
    return static_cast<uint32_t>((FirstSample(n) - FirstSample(lock)) - SampleAt(n - lock));
  }

  // First tick at or after an instant of editorial time; `extra_ms` is added before the one rounding.
  Tick FirstTickAt(UtcMs epoch, UtcMs instant, int64_t extra_ms = 0) const {
    return Tick(CeilMulDiv((instant - epoch) + extra_ms, num_, 1000 * den_));
  }
  // Editorial time of tick n, floored to the millisecond (for events and evidence, never for decisions).
  UtcMs UtcOf(UtcMs epoch, Tick n) const { return epoch + FloorMulDiv(n.value(), 1000 * den_, num_); }

  int64_t num() const { return num_; }
  int64_t den() const { return den_; }

 private:
  int64_t SampleAt(int64_t n) const { return FloorMulDiv(n, sample_rate_ * den_, num_); }

  int64_t num_;
  int64_t den_;
  int64_t sample_rate_;
};

}  // namespace air
