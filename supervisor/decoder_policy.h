// DecoderPolicy: what follows the death of a decoder. Pure: a clock reading and unit numbers in, a verdict
// out.
//
//   it delivered (1 s of new units)          the next one at once; earlier failures are forgotten
//   it failed                                at once after the first failure, then backing off
//   more than five failures a minute         the segment is given up
//   it brought itself down a second time     the next one begins at least 1 s further on, with the next key
//   within a second of the same unit         picture; the units in between will never come
//
// A process that somebody killed or stopped says nothing about the place it was at.
#pragma once

#include <cstdint>
#include <optional>

#include "supervisor/restart_policy.h"

namespace air {

class DecoderPolicy {
 public:
  // What it remembers, for a successor of this supervisor.
  struct Memory {
    RestartPolicy restarts;
    std::optional<uint64_t> place;      // where the last one brought itself down, once
    std::optional<uint64_t> resume_at;  // until the ring is past it
  };

  explicit DecoderPolicy(uint64_t units_per_second) : units_per_second_(units_per_second) {}
  const Memory& memory() const { return m_; }
  void Restore(Memory memory) { m_ = std::move(memory); }

  struct Death {
    Nanos at;
    uint64_t began_at_unit;  // the ring's `next` when the process began
    uint64_t next_unit;      // and when it ended
    bool by_its_own_doing;   // crashed, ended or hung by itself, behind the opening of its asset
  };
  struct Verdict {
    std::optional<int64_t> delay_ns;    // nothing: give the segment up
    std::optional<uint64_t> resume_at;  // the first unit the next one may make; nothing: the missing one
    bool skips = false;                 // this death has added to what is skipped
  };

  Verdict OnDeath(const Death& death) {
    const bool delivered = death.next_unit - death.began_at_unit >= units_per_second_;
    Verdict verdict{.delay_ns = m_.restarts.OnDeath(death.at, delivered)};
    if (m_.resume_at.has_value() && death.next_unit > *m_.resume_at) m_.resume_at.reset();  // it got over it
    if (death.by_its_own_doing) {
      const uint64_t place = m_.resume_at.value_or(death.next_unit);
      const bool again = m_.place.has_value() && Distance(place, *m_.place) <= units_per_second_;
      m_.place = place;
      if (again) {
        m_.resume_at = place + units_per_second_;
        m_.place.reset();
        verdict.skips = true;
      }
    }
    verdict.resume_at = m_.resume_at;
    return verdict;
  }

 private:
  static uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

  uint64_t units_per_second_;
  Memory m_;
};

}  // namespace air
