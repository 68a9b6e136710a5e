// PlayoutControl: the state machine of a session, as a table of states and events. An event that a state does
// not know changes nothing; which RPC is allowed in which state follows from here.
#pragma once

#include <string>

namespace air {

enum class PlayoutState { kIdle, kBuffering, kReady, kPlaying, kPaused, kStopping, kError };

enum class PlayoutEvent {
  kSessionStarted,
  kContentPrepared,  // the first unit of a segment is in its ring
  kContentOnAir,     // a content frame went out
  kContentGivenUp,   // the segment on air will bring nothing more
  kStopRequested,
  kStopped,
};

class PlayoutControl {
 public:
  PlayoutState state() const { return state_; }
  // Applies one event; true when it changed the state.
  bool Apply(PlayoutEvent event);
  // That of a session that is taken up.
  void Restore(PlayoutState state) { state_ = state; }
  bool HasSession() const { return state_ != PlayoutState::kIdle && state_ != PlayoutState::kStopping; }

  // What a cell of the table says: the state that follows.
  static PlayoutState Next(PlayoutState state, PlayoutEvent event);

 private:
  PlayoutState state_ = PlayoutState::kIdle;
};

const char* ToString(PlayoutState state);
// The word of retrovue_playout_channel_state: "ready", "buffering", "error" or "stopped".
const char* MetricWord(PlayoutState state);

}  // namespace air
