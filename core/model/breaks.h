// Breaks: where a programme is interrupted for what is not programme. The rules, and where an airing has them.
//
// The rule: what a programme leaves of its slot is divided evenly over its breaks; without one all of it follows the
// programme.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "core/model/time.h"

namespace retrovue {

enum class BreakPolicy {
  kPost,     // behind the programme alone
  kBetween,  // where one file of it ends and the next one begins
  kMidroll,  // inside, too
};
const char* Name(BreakPolicy policy);

// Of a channel; a zone or a program may have its own, whole.
struct BreakRules {
  BreakPolicy policy = BreakPolicy::kPost;
  int most = 0;  // breaks of an airing, up to 40; 0: one for each ten minutes of its slot but the last ten
  Millis least_break{30'000};  // what would be shorter becomes fewer breaks, or time behind the programme
  Millis least_act{240'000};   // between two breaks
  Millis head{180'000};        // from the start on there is no break
  Millis tail{180'000};        // and none so long before the end

  friend bool operator==(const BreakRules&, const BreakRules&) = default;
};

// One break of an airing.
struct Break {
  Millis at{0};        // of the content that has aired before it
  Millis length{0};    // on the air
  bool fades = false;  // the programme is interrupted where nothing in it says so

  friend bool operator==(const Break&, const Break&) = default;
};

// INVALID_ARGUMENT with what is wrong and the next step.
absl::Status ValidateBreakRules(const BreakRules& rules);

}  // namespace retrovue
