// Strong integer types for the three lines AIR counts on. Mixing two of them is a compile error, because each
// mix-up known from such systems (a tick used as a unit, milliseconds as ticks) reached the viewer.
#pragma once

#include <compare>
#include <cstdint>

namespace air {

// An absolute position on one counting line. Two positions of the same line subtract to a plain distance;
// a position plus a distance is a position. Positions never convert to each other implicitly.
template <class Line>
class Index {
 public:
  constexpr Index() = default;
  constexpr explicit Index(int64_t value) : value_(value) {}
  constexpr int64_t value() const { return value_; }

  constexpr auto operator<=>(const Index&) const = default;
  constexpr Index& operator++() {
    ++value_;
    return *this;
  }
  constexpr Index& operator+=(int64_t distance) {
    value_ += distance;
    return *this;
  }
  friend constexpr Index operator+(Index a, int64_t distance) { return Index(a.value_ + distance); }
  friend constexpr Index operator-(Index a, int64_t distance) { return Index(a.value_ - distance); }
  friend constexpr int64_t operator-(Index a, Index b) { return a.value_ - b.value_; }

 private:
  int64_t value_ = 0;
};

using Tick = Index<struct TickLine>;       // house frame periods since the session epoch; negative before it
using UnitIndex = Index<struct UnitLine>;  // AV units of one segment, 0 at its in-point
using SampleIndex = Index<struct SampleLine>;  // audio samples per channel since tick 0
using Nanos = Index<struct NanosLine>;         // CLOCK_MONOTONIC nanoseconds
using UtcMs = Index<struct UtcLine>;           // milliseconds since 1970-01-01T00:00:00Z

inline constexpr int64_t kNanosPerSecond = 1'000'000'000;
inline constexpr int64_t kNanosPerMs = 1'000'000;

}  // namespace air
