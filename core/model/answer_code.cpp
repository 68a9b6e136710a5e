#include "core/model/answer_code.h"

namespace retrovue {
namespace {

struct Entry {
  const char* name;
  int status;
};

Entry EntryOf(AnswerCode code) {
  switch (code) {
    case AnswerCode::kAssetMissing:
      return {"ASSET_MISSING", 500};
    case AnswerCode::kChannelNotFound:
      return {"CHANNEL_NOT_FOUND", 404};
    case AnswerCode::kChannelStopped:
      return {"CHANNEL_STOPPED", 503};
    case AnswerCode::kDatabaseAway:
      return {"DATABASE_AWAY", 503};
    case AnswerCode::kDaysWrong:
      return {"DAYS_WRONG", 400};
    case AnswerCode::kInternal:
      return {"INTERNAL", 500};
    case AnswerCode::kMediaAway:
      return {"MEDIA_AWAY", 503};
    case AnswerCode::kMethodNotAllowed:
      return {"METHOD_NOT_ALLOWED", 405};
    case AnswerCode::kMisdirected:
      return {"MISDIRECTED", 421};
    case AnswerCode::kNotFound:
      return {"NOT_FOUND", 404};
    case AnswerCode::kNotReady:
      return {"NOT_READY", 503};
    case AnswerCode::kNotYetOnAir:
      return {"NOT_YET_ON_AIR", 503};
    case AnswerCode::kPlayoutFailed:
      return {"PLAYOUT_FAILED", 503};
    case AnswerCode::kScheduleError:
      return {"SCHEDULE_ERROR", 500};
    case AnswerCode::kScheduleGap:
      return {"SCHEDULE_GAP", 503};
    case AnswerCode::kSpanWrong:
      return {"SPAN_WRONG", 400};
    case AnswerCode::kStarting:
      return {"STARTING", 503};
    case AnswerCode::kStartsLimited:
      return {"STARTS_LIMITED", 503};
  }
  return {"INTERNAL", 500};
}

}  // namespace

const char* Name(AnswerCode code) { return EntryOf(code).name; }

int StatusOf(AnswerCode code) { return EntryOf(code).status; }

}  // namespace retrovue
