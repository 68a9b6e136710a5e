// What the state machine of a session does: which state follows from which event, and what is answered to
// which call in which state. The one place that says so; playout_control.cpp carries it out,
// tests/unit/playout_control_table_test.cpp goes through every cell, and
// tests/integration/control_table_test.cpp through every call in every state over gRPC.
//
// Events. "-": the state stays.
//
//             started    start failed  prepared  on air    given up  stop      stopped
//   Idle      BUFFERING  ERROR         -         -         -         -         -
//   Buffering -          -             READY     PLAYING   ERROR     STOPPING  -
//   Ready     -          -             -         PLAYING   ERROR     STOPPING  -
//   Playing   -          -             -         -         ERROR     STOPPING  -
//   Paused    -          -             -         PLAYING   ERROR     STOPPING  -
//   Stopping  -          -             -         -         -         -         IDLE
//   Error     BUFFERING  -             -         PLAYING   -         STOPPING  -
//
// Paused has no call that leads to it: it is reserved. An Error that a failed start has left behind has no
// session; it lasts until the next start, and calls are answered as in Idle.
//
// Calls. DO: legal. SAME: success if it is what runs already, else refused. NOTHING: success, there is
// nothing to do. NONE: refused, no session. BUSY: refused, a session is active. ENDING: refused, the session
// is ending.
//
//                           Idle, Error      Buffering, Ready,        Stopping
//                           without session  Playing, Paused, Error
//   GetVersion              DO               DO                       DO
//   StartChannel            DO               SAME                     ENDING
//   UpdatePlan              NONE             DO                       ENDING
//   StopChannel             NOTHING          DO                       NOTHING
//   LoadPreview             NONE             DO                       ENDING
//   SwitchToLive            NONE             DO                       ENDING
//   AttachStream            DO               DO                       ENDING
//   DetachStream            DO               DO                       DO
//   StartBlockPlanSession   DO               BUSY                     ENDING
//   FeedBlockPlan           NONE             DO                       ENDING
//   StopBlockPlanSession    NOTHING          DO                       NOTHING
//   SubscribeBlockEvents    NONE             DO                       ENDING
#pragma once

#include <array>
#include <cstddef>

namespace air {

enum class PlayoutState { kIdle, kBuffering, kReady, kPlaying, kPaused, kStopping, kError, kCount };

enum class PlayoutEvent {
  kSessionStarted,
  kStartFailed,      // StartChannel could not carry out its plan
  kContentPrepared,  // the first unit of a segment is in its ring
  kContentOnAir,     // a content frame went out
  kContentGivenUp,   // the segment on air will bring nothing more
  kStopRequested,
  kStopped,
  kCount
};

enum class ControlCall {
  kGetVersion,
  kStartChannel,
  kUpdatePlan,
  kStopChannel,
  kLoadPreview,
  kSwitchToLive,
  kAttachStream,
  kDetachStream,
  kStartBlockPlanSession,
  kFeedBlockPlan,
  kStopBlockPlanSession,
  kSubscribeBlockEvents,
  kCount
};

enum class Admission { kDo, kSame, kNothing, kNone, kBusy, kEnding };

constexpr PlayoutState StateAfter(PlayoutState state, PlayoutEvent event) {
  using S = PlayoutState;
  using Row = std::array<S, static_cast<size_t>(PlayoutEvent::kCount)>;
  constexpr std::array<Row, static_cast<size_t>(S::kCount)> kTable = {{
      {S::kBuffering, S::kError, S::kIdle, S::kIdle, S::kIdle, S::kIdle, S::kIdle},
      {S::kBuffering, S::kBuffering, S::kReady, S::kPlaying, S::kError, S::kStopping, S::kBuffering},
      {S::kReady, S::kReady, S::kReady, S::kPlaying, S::kError, S::kStopping, S::kReady},
      {S::kPlaying, S::kPlaying, S::kPlaying, S::kPlaying, S::kError, S::kStopping, S::kPlaying},
      {S::kPaused, S::kPaused, S::kPaused, S::kPlaying, S::kError, S::kStopping, S::kPaused},
      {S::kStopping, S::kStopping, S::kStopping, S::kStopping, S::kStopping, S::kStopping, S::kIdle},
      {S::kBuffering, S::kError, S::kError, S::kPlaying, S::kError, S::kStopping, S::kError},
  }};
  return kTable[static_cast<size_t>(state)][static_cast<size_t>(event)];
}

// `has_session` tells the two kinds of Error apart.
constexpr Admission AdmissionOf(PlayoutState state, bool has_session, ControlCall call) {
  using A = Admission;
  using Row = std::array<A, 3>;  // without a session, with one, ending
  constexpr std::array<Row, static_cast<size_t>(ControlCall::kCount)> kTable = {{
      {A::kDo, A::kDo, A::kDo},            // GetVersion
      {A::kDo, A::kSame, A::kEnding},      // StartChannel
      {A::kNone, A::kDo, A::kEnding},      // UpdatePlan
      {A::kNothing, A::kDo, A::kNothing},  // StopChannel
      {A::kNone, A::kDo, A::kEnding},      // LoadPreview
      {A::kNone, A::kDo, A::kEnding},      // SwitchToLive
      {A::kDo, A::kDo, A::kEnding},        // AttachStream
      {A::kDo, A::kDo, A::kDo},            // DetachStream
      {A::kDo, A::kBusy, A::kEnding},      // StartBlockPlanSession
      {A::kNone, A::kDo, A::kEnding},      // FeedBlockPlan
      {A::kNothing, A::kDo, A::kNothing},  // StopBlockPlanSession
      {A::kNone, A::kDo, A::kEnding},      // SubscribeBlockEvents
  }};
  const size_t column = state == PlayoutState::kStopping                ? 2
                        : state == PlayoutState::kIdle                  ? 0
                        : state == PlayoutState::kError && !has_session ? 0
                                                                        : 1;
  return kTable[static_cast<size_t>(call)][column];
}

}  // namespace air
