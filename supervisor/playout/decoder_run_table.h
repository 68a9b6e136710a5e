// What a DecoderRun does: state x event -> next state and action. The one place that says so; decoder_run.cpp
// carries it out, tests/unit/decoder_run_table_test.cpp goes through every cell.
//
// A death is three events, told apart by DecoderPolicy. In each cell: the next state, below it the action;
// "-" is: nothing, stay. Opening is as producing in every other column; given up is as ended.
//
// clang-format off
//                units come  ended     refused   not yet      died now  died later   died for good  retry due  not dying  leave
//
//   opening      PRODUCING
//                announce
//   producing    -           ENDED     GIVEN_UP  BACKING_OFF  OPENING   BACKING_OFF  GIVEN_UP       -          STUCK      LEAVING
//                            announce  announce  wait         replace   wait         announce                  retire     kill
//   backing off  -           -         -         -            -         -            -              OPENING    -          LEAVING
//                                                                                                   replace               kill
//   ended        -           -         -         -            -         -            -              -          -          LEAVING
//                                                                                                                         kill
//   stuck        -           -         -         -            LEAVING   LEAVING      LEAVING        -          -          -
//                                                             announce  announce     announce
//   leaving      -           -         -         -            -         -            -              -          -          -
// clang-format on
#pragma once

#include <array>
#include <cstddef>

namespace air {

enum class RunState { kOpening, kProducing, kBackingOff, kEnded, kGivenUp, kStuck, kLeaving, kCount };
enum class RunEvent {
  kUnitsCame,
  kEnded,    // the asset is used up
  kRefused,  // the decoder says that nothing (more) will come of it
  kNotYet,   // the same of an asset that may still come: its tick is to come
  kDiedNow,
  kDiedLater,
  kDiedForGood,
  kRetryDue,
  kNotDying,  // SIGKILL was sent long ago
  kLeave,     // the segment is over, or its ring is wanted elsewhere
  kCount
};
enum class RunAction { kNone, kAnnounce, kReplace, kWait, kRetire, kKill };

struct RunStep {
  RunState state;
  RunAction action;
  bool operator==(const RunStep&) const = default;
};

constexpr RunStep StepOf(RunState state, RunEvent event) {
  using S = RunState;
  using A = RunAction;
  const auto stay = RunStep{state, A::kNone};
  const auto leave = RunStep{S::kLeaving, A::kKill};
  const auto working = std::array<RunStep, static_cast<size_t>(RunEvent::kCount)>{{
      {S::kProducing, A::kAnnounce},
      {S::kEnded, A::kAnnounce},
      {S::kGivenUp, A::kAnnounce},
      {S::kBackingOff, A::kWait},
      {S::kOpening, A::kReplace},
      {S::kBackingOff, A::kWait},
      {S::kGivenUp, A::kAnnounce},
      stay,
      {S::kStuck, A::kRetire},
      leave,
  }};
  switch (state) {
    case S::kOpening:
      return working[static_cast<size_t>(event)];
    case S::kProducing:
      return event == RunEvent::kUnitsCame ? stay : working[static_cast<size_t>(event)];
    case S::kBackingOff:
      if (event == RunEvent::kRetryDue) return {S::kOpening, A::kReplace};
      return event == RunEvent::kLeave ? leave : stay;
    case S::kEnded:
    case S::kGivenUp:
      return event == RunEvent::kLeave ? leave : stay;
    case S::kStuck: {
      const bool died =
          event == RunEvent::kDiedNow || event == RunEvent::kDiedLater || event == RunEvent::kDiedForGood;
      return died ? RunStep{S::kLeaving, A::kAnnounce} : stay;
    }
    default:
      return stay;
  }
}

}  // namespace air
