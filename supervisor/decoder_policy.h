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
  explicit DecoderPolicy(uint64_t units_per_second) : units_per_second_(units_per_second) {}

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
    Verdict verdict{.delay_ns = restarts_.OnDeath(death.at, delivered)};
    if (resume_at_.has_value() && death.next_unit > *resume_at_) resume_at_.reset();  // it got over it
    if (death.by_its_own_doing) {
      const uint64_t place = resume_at_.value_or(death.next_unit);
      const bool again = place_.has_value() && Distance(place, *place_) <= units_per_second_;
      place_ = place;
      if (again) {
        resume_at_ = place + units_per_second_;
        place_.reset();
        verdict.skips = true;
      }
    }
    verdict.resume_at = resume_at_;
    return verdict;
  }

 private:
  static uint64_t Distance(uint64_t a, uint64_t b) { return a > b ? a - b : b - a; }

  uint64_t units_per_second_;
  RestartPolicy restarts_;
  std::optional<uint64_t> place_;      // where the last one brought itself down, once
  std::optional<uint64_t> resume_at_;  // until the ring is past it
};

}  // namespace air
