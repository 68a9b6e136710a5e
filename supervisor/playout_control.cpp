#include "supervisor/playout_control.h"

#include <array>
#include <utility>

namespace air {
namespace {

using S = PlayoutState;

// Rows: states; columns: events in the order of PlayoutEvent. Paused has no RPC and is never entered.
constexpr std::array<std::array<S, 6>, 7> kTable = {{
    //            started        prepared     on air       given up     stop          stopped
    /* Idle      */ {{S::kBuffering, S::kIdle, S::kIdle, S::kIdle, S::kIdle, S::kIdle}},
    /* Buffering */ {{S::kBuffering, S::kReady, S::kPlaying, S::kError, S::kStopping, S::kBuffering}},
    /* Ready     */ {{S::kReady, S::kReady, S::kPlaying, S::kError, S::kStopping, S::kReady}},
    /* Playing   */ {{S::kPlaying, S::kPlaying, S::kPlaying, S::kError, S::kStopping, S::kPlaying}},
    /* Paused    */ {{S::kPaused, S::kPaused, S::kPlaying, S::kError, S::kStopping, S::kPaused}},
    /* Stopping  */ {{S::kStopping, S::kStopping, S::kStopping, S::kStopping, S::kStopping, S::kIdle}},
    /* Error     */ {{S::kError, S::kError, S::kPlaying, S::kError, S::kStopping, S::kError}},
}};

}  // namespace

PlayoutState PlayoutControl::Next(PlayoutState state, PlayoutEvent event) {
  return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

bool PlayoutControl::Apply(PlayoutEvent event) {
  const PlayoutState before = std::exchange(state_, Next(state_, event));
  return before != state_;
}

const char* ToString(PlayoutState state) {
  constexpr std::array<const char*, 7> kNames = {"Idle",   "Buffering", "Ready", "Playing",
                                                 "Paused", "Stopping",  "Error"};
  return kNames[static_cast<size_t>(state)];
}

const char* MetricWord(PlayoutState state) {
  switch (state) {
    case S::kBuffering:
      return "buffering";
    case S::kReady:
    case S::kPlaying:
    case S::kPaused:
      return "ready";
    case S::kError:
      return "error";
    case S::kIdle:
    case S::kStopping:
      return "stopped";
  }
  return "stopped";
}

}  // namespace air
