// PlayoutControl: the state machine of a session (playout_control_table.h). It decides which call is legal
// when, and says why not; it carries out nothing itself.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "supervisor/session/playout_control_table.h"

namespace air {

class PlayoutControl {
 public:
  PlayoutState state() const { return state_; }
  // Applies one event; true when it changed the state.
  bool Apply(PlayoutEvent event);
  // That of a session that is taken up.
  void Restore(PlayoutState state, int32_t channel_id);

  // The session this machine is about. Every call but GetVersion names a channel; there is one at a time.
  void BeginSession(int32_t channel_id) { channel_id_ = channel_id; }
  bool has_session() const { return channel_id_.has_value(); }

  // What is to be done about this call for this channel: kDo, kSame or kNothing. Errors, in words for the
  // client: FailedPrecondition (another channel's session; no session; it is ending), AlreadyExists (one is
  // active).
  absl::StatusOr<Admission> Admit(ControlCall call, int32_t channel_id) const;

 private:
  PlayoutState state_ = PlayoutState::kIdle;
  std::optional<int32_t> channel_id_;  // of the session, until it has ended
};

const char* ToString(PlayoutState state);
const char* ToString(ControlCall call);
// The word of retrovue_playout_channel_state: "ready", "buffering", "error" or "stopped".
const char* MetricWord(PlayoutState state);

}  // namespace air
