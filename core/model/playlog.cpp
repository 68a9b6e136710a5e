#include "core/model/playlog.h"

namespace retrovue {

const char* Name(PlaylogKind kind) {
  switch (kind) {
    case PlaylogKind::kProgramme:
      return "programme";
    case PlaylogKind::kFiller:
      return "filler";
    case PlaylogKind::kStationCard:
      return "station_card";
    case PlaylogKind::kPad:
      return "pad";
  }
  return "unknown";
}

const char* Name(PlaylogState state) {
  switch (state) {
    case PlaylogState::kPlanned:
      return "planned";
    case PlaylogState::kFed:
      return "fed";
    case PlaylogState::kAired:
      return "aired";
    case PlaylogState::kTruncated:
      return "truncated";
    case PlaylogState::kSkipped:
      return "skipped";
  }
  return "unknown";
}

}  // namespace retrovue
