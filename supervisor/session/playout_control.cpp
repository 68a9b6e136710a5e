#include "supervisor/session/playout_control.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace air {

bool PlayoutControl::Apply(PlayoutEvent event) {
  const PlayoutState before = std::exchange(state_, StateAfter(state_, event));
  if (state_ == PlayoutState::kIdle) channel_id_.reset();
  return before != state_;
}

void PlayoutControl::Restore(PlayoutState state, int32_t channel_id) {
  state_ = state;
  channel_id_ = channel_id;
}

absl::StatusOr<Admission> PlayoutControl::Admit(ControlCall call, int32_t channel_id) const {
  const Admission admission = AdmissionOf(state_, has_session(), call);
  switch (admission) {
    case Admission::kNothing:
      return admission;
    case Admission::kNone:
      return absl::FailedPreconditionError(
          absl::StrCat("no session of channel ", channel_id, " is active (", ToString(state_), ")"));
    case Admission::kBusy:
      return absl::AlreadyExistsError(absl::StrCat("a session of channel ", *channel_id_, " is active (",
                                                   ToString(state_), "); stop it first"));
    case Admission::kEnding:
      return absl::FailedPreconditionError(
          absl::StrCat("the session is ending (", ToString(state_), "); call again when it has ended"));
    case Admission::kDo:
    case Admission::kSame:
      break;
  }
  if (call == ControlCall::kGetVersion || !has_session() || channel_id == *channel_id_) return admission;
  return absl::FailedPreconditionError(absl::StrCat("channel_id: ", channel_id,
                                                    ", the active session is that of channel ", *channel_id_,
                                                    " (", ToString(state_), ")"));
}

const char* ToString(PlayoutState state) {
  constexpr std::array<const char*, static_cast<size_t>(PlayoutState::kCount)> kNames = {
      "Idle", "Buffering", "Ready", "Playing", "Paused", "Stopping", "Error"};
  return kNames[static_cast<size_t>(state)];
}

const char* ToString(ControlCall call) {
  constexpr std::array<const char*, static_cast<size_t>(ControlCall::kCount)> kNames = {
      "GetVersion",           "StartChannel",        "UpdatePlan",   "StopChannel",           "LoadPreview",
      "SwitchToLive",         "AttachStream",        "DetachStream", "StartBlockPlanSession", "FeedBlockPlan",
      "StopBlockPlanSession", "SubscribeBlockEvents"};
  return kNames[static_cast<size_t>(call)];
}

const char* MetricWord(PlayoutState state) {
  switch (state) {
    case PlayoutState::kBuffering:
      return "buffering";
    case PlayoutState::kReady:
    case PlayoutState::kPlaying:
    case PlayoutState::kPaused:
      return "ready";
    case PlayoutState::kError:
      return "error";
    default:
      return "stopped";
  }
}

}  // namespace air
