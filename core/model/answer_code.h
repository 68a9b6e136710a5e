// Why an HTTP request of a viewer or an operator is refused: one table for all of Core's programs. A client acts on the status
// and shows the message; the code tells two refusals of one status apart, and stays.
#pragma once

namespace retrovue {

enum class AnswerCode {
  kAssetMissing,
  kChannelNotFound,
  kChannelStopped,
  kDatabaseAway,
  kDaysWrong,
  kInternal,
  kMediaAway,
  kMethodNotAllowed,
  kMisdirected,
  kNotFound,
  kNotReady,
  kNotYetOnAir,
  kPlayoutFailed,
  kScheduleError,
  kScheduleGap,
  kSpanWrong,
  kStarting,
  kStartsLimited,
};

// "SCHEDULE_GAP": UPPER_SNAKE, as the codes of the command line are.
const char* Name(AnswerCode code);
// The HTTP status it is always answered with.
int StatusOf(AnswerCode code);

}  // namespace retrovue
