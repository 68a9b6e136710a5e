// DecoderPolicy: what follows the death of a decoder. Pure: a clock reading and unit numbers in, a verdict
// out.
//
//   it delivered (1 s of new units)          the next one at once; earlier failures are forgotten
//   it failed                                at once after the first failure, then backing off
//   more than five failures a minute         the segment is given up
//   it died where others had (below)         the next one begins at least 1 s further on, where it can do so
//                                            without what lies before; the units in between will never come
//
// Where a decoder died is held against the place. Two deaths are too many where decoders brought themselves down
// (crashed, ended, hung) within a second of the same unit: the cause may lie some pictures ahead.
// A decoder that is killed (SIGKILL) may have been killed for the memory that the place made it take, or by a process
// that has nothing to do with the file: its death counts for less, and only at the very same unit; three are too many.
// Behind a place that was passed over, one death is too many.
#pragma once

#include <cstdint>
#include <optional>

#include "supervisor/process/restart_policy.h"

namespace air {

class DecoderPolicy {
 public:
  // What it remembers, for a successor of this supervisor.
  struct Memory {
    RestartPolicy restarts;
    std::optional<uint64_t> place;      // where the last one died of it
    uint32_t blame = 0;                 // of that place
    std::optional<uint64_t> resume_at;  // until the ring is past it
  };

  explicit DecoderPolicy(uint64_t units_per_second) : units_per_second_(units_per_second) {}
  const Memory& memory() const { return m_; }
  void Restore(Memory memory) { m_ = std::move(memory); }

  enum class Witness {
    kNone,      // it had not come to a place, it waited, or it was stopped
    kKilled,    // by a signal from outside, while it was at work
    kOwnDoing,  // it crashed, ended or hung
  };
  struct Death {
    Nanos at;
    uint64_t began_at_unit;  // the ring's `next` when the process began
    uint64_t next_unit;      // and when it ended
    Witness witness;
  };
  struct Verdict {
    std::optional<int64_t> delay_ns;    // nothing: give the segment up
    std::optional<uint64_t> resume_at;  // the first unit the next one may make; nothing: the missing one
    bool skips = false;                 // this death has added to what is skipped
  };

  Verdict OnDeath(const Death& death) {
    const bool delivered =
        death.next_unit >= death.began_at_unit && death.next_unit - death.began_at_unit >= units_per_second_;
    Verdict verdict{.delay_ns = m_.restarts.OnDeath(death.at, delivered)};
    if (m_.resume_at.has_value() && death.next_unit > *m_.resume_at) m_.resume_at.reset();  // it got over it
    if (death.witness != Witness::kNone) {
      const uint64_t place = m_.resume_at.value_or(death.next_unit);
      verdict.skips = IsPoisonous(place, death.witness);
      if (verdict.skips) m_.resume_at = place + units_per_second_;
    }
    verdict.resume_at = m_.resume_at;
    return verdict;
  }

  // A decoder that begins with this unit comes to where another one died of it.
  bool Suspects(uint64_t unit) const {
    return m_.resume_at.has_value() ||
           (m_.blame >= kOwnBlame && Distance(unit, *m_.place) <= units_per_second_);
  }

 private:
  static constexpr uint32_t kOwnBlame = 3, kKilledBlame = 2, kTooMuch = 6;
  static constexpr uint64_t kSameUnit = 2;

  static uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }
  bool IsPoisonous(uint64_t place, Witness witness) {
    const bool own = witness == Witness::kOwnDoing;
    const uint64_t reach = own ? units_per_second_ : kSameUnit;
    const bool again = m_.place.has_value() && Distance(place, *m_.place) <= reach;
    m_.blame = (again ? m_.blame : 0) + (own ? kOwnBlame : kKilledBlame);
    m_.place = place;
    if (m_.blame < kTooMuch && !(own && m_.resume_at.has_value())) return false;
    m_.place.reset();
    m_.blame = 0;
    return true;
  }

  uint64_t units_per_second_;
  Memory m_;
};

}  // namespace air
