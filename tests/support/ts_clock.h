// The two time lines of a transport stream: the program clock as the decoder receives it, and the exact grid
// the time stamps of a stream must lie on.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/support/ts_findings.h"

namespace air::analyser {

inline constexpr int64_t kSystemClockHz = 27'000'000;
inline constexpr int64_t kPtsPeriod = int64_t{1} << 33;
inline constexpr int64_t kPcrPeriod = kPtsPeriod * 300;

// Shortest signed distance from a to b on a counter that wraps at `period`.
int64_t WrappedDistance(int64_t a, int64_t b, int64_t period);

// When each packet arrives, in 27 MHz: between two PCR the bytes come at a constant rate (13818-1 2.4.2.2),
// so the instant of any packet is found by interpolation, once the PCR behind it is known.
class PcrTimeline {
 public:
  struct Point {
    int64_t packet;
    int64_t value;        // unwrapped: continuing from the first PCR as coded
    bool begins = false;  // a new time base is declared here: nothing is measured across it
    int64_t opens = 0;    // the first packet that belongs to it, `packet` or one of the tables in front of it
  };

  // `opens`: the first packet of a new time base (13818-1 lets the tables a receiver needs stand in front of
  // the picture that declares it, and says no time for them).
  void Add(int64_t packet, int64_t pcr, std::optional<int64_t> opens, FindingLog& log);

  bool empty() const { return points_.empty(); }
  const std::vector<Point>& points() const { return points_; }
  // Arrival of packet `packet`; before the first and after the last PCR, theirs. Packets between the last PCR
  // of a time base and the opening of the next still come at the rate before (13818-1 2.4.2.2); those from
  // there on at the next one's first PCR.
  int64_t At(int64_t packet) const;
  // It lies behind the last PCR of a time base that another one follows: only the rate before says when it
  // comes, and a variable rate does not.
  bool IsExtrapolated(int64_t packet) const;
  // No new time base between the two.
  bool Measurable(int64_t from_packet, int64_t to_packet) const;
  int64_t breaks() const { return static_cast<int64_t>(breaks_.size()); }
  // Time from arrival of the packet to the 90 kHz stamp, in 27 MHz; negative when the packet comes too late.
  int64_t DelayTo(int64_t stamp90k, int64_t packet) const;

 private:
  std::vector<Point> points_;
  std::vector<int64_t> breaks_;  // the opening packets of all time bases but the first
};

// Stamps of the form origin + floor(n * den * 90000 / num), n counting units from an unknown first one.
// Where a step is not a whole number of ticks, its size depends on n; the grid keeps every n that still
// explains what it has seen, so one rounding in the wrong place is an error.
class StampGrid {
 public:
  StampGrid(int64_t num, int64_t den);  // num / den units a second

  // Whether `step` can be the distance to the unit `units` further on. After an error every phase is possible
  // again.
  bool Accept(int64_t step, int64_t units);
  // A step of one unit, rounded down.
  int64_t Step() const { return ticks_num_ / num_; }
  // The whole number of units that comes nearest to a step.
  int64_t UnitsIn(int64_t step) const { return (2 * step * num_ + ticks_num_) / (2 * ticks_num_); }

 private:
  void ForgetPhase();

  int64_t num_;
  int64_t ticks_num_;            // den * 90000: a unit is ticks_num_ / num_ ticks long
  std::vector<int64_t> phases_;  // possible values of n * ticks_num_ mod num_
};

}  // namespace air::analyser
