// TimingLoop: the tick. It wakes at each deadline, decides from what is there, publishes, and waits for
// nothing but the clock: no lock, no allocation, no log on this path.
//
// Late wake-up: every missed tick is made, in order, with its own index and time stamps, at most four times
// as fast as real time (a burst would overrun a reader that is itself recovering). More than kGiveUpNs behind
// (a suspended host): the ticks in between are given up, declared in the stream and counted.
#pragma once

#include <algorithm>
#include <optional>

#include "base/master_clock.h"
#include "shm/session_page.h"
#include "stages/selector/input_bus.h"
#include "stages/selector/program_output.h"
#include "stages/selector/timeline_controller.h"

namespace air {

// When tick n is made. Pure, so that lateness is tested on a virtual clock.
class TickPacer {
 public:
  static constexpr int64_t kGiveUpNs = 10 * kNanosPerSecond;
  static constexpr int64_t kCatchUpFactor = 4;

  TickPacer(const HouseTime& time, Nanos epoch)
      : time_(time), epoch_(epoch), spacing_(time.NanosOf(Tick(1)) / kCatchUpFactor + 1) {}

  Nanos Deadline(Tick n) const { return time_.Deadline(epoch_, n); }
  // The instant to wake for tick n when the tick before was made at `last`.
  Nanos WakeTime(Tick n, Nanos last) const { return std::max(Deadline(n), last + spacing_); }
  // The tick to make instead of n at `now`: n itself, or the current one when n is too far in the past.
  Tick Catch(Tick n, Nanos now) const { return now - Deadline(n) > kGiveUpNs ? Current(n, now) : n; }
  // The one whose time it is, n if that is still to come.
  Tick Current(Tick n, Nanos now) const { return std::max(n, time_.TickAt(epoch_, now)); }

 private:
  HouseTime time_;
  Nanos epoch_;
  int64_t spacing_;  // a whole nanosecond too long rather than a fraction too short
};

class TimingLoop {
 public:
  // Goes on behind the last committed program slot; with `anew`, with the tick that is due at the first call
  // and this mapping, whatever the program ring says.
  TimingLoop(MasterClock& clock, const SessionPage& session, TimelineController& timeline, InputBus& inputs,
             ProgramOutput& program, std::optional<MappingLock> anew = std::nullopt);

  // Makes the next tick, at its time.
  void RunTick();

 private:
  // What a predecessor has put into the program ring and not into the log.
  void CatchUpWithTheRing();
  void Count(const Decision& decision, Nanos opened);

  MasterClock& clock_;
  StageLine& line_;
  TickPacer pacer_;
  int64_t period_ns_;
  TimelineController& timeline_;
  InputBus& inputs_;
  ProgramOutput& program_;
  AiredLogWriter aired_;
  bool anew_;
  Nanos last_;
};

}  // namespace air
