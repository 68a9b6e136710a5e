#include "base/step_log.h"

#include "base/master_clock.h"
#include "base/stage_log.h"

namespace air {

void NoteStep(std::string_view name) {
  const int64_t now = SystemClock().Now().value();
  Log().info("step {} at {} ns", name, now);
}

}  // namespace air
