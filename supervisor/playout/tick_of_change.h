// TickOfChange: the tick at which a change of the plan comes in force, and which its caller is told.
//
// A change is recorded before it is committed, and recording takes time; so does a supervisor that gets no processor.
// Ticks nearer than kFreezeTicks from now can be changed no more: a change that is committed too late for its tick
// would come in force at another tick than was said. So the tick is looked at once more when the change is recorded.
// One that can no longer be changed is given up for a later one, twice as far ahead each time.
//
// Pure.
#pragma once

#include "base/types.h"
#include "shm/timeline.h"

namespace air {

class TickOfChange {
 public:
  // The next tick to try. The first one is the earliest that leaves a tick for the recording.
  Tick Choose(Tick now) {
    lead_ = tries_++ == 0 ? 1 : 2 * lead_;
    at_ = now + kFreezeTicks + lead_;
    return at_;
  }
  // Whether the change can be committed for the tick tried last. The eighth is taken as it is: it was 128 ticks ahead.
  bool CanBeKept(Tick now) const { return CanBeChanged(at_, now) || tries_ >= kMostTries; }

  static bool CanBeChanged(Tick at, Tick now) { return at >= now + kFreezeTicks; }

 private:
  static constexpr int kMostTries = 8;
  int64_t lead_ = 0;
  int tries_ = 0;
  Tick at_;
};

}  // namespace air
