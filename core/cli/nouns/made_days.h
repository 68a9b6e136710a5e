// Days that were made before something was taken off the air.
#pragma once

#include <functional>

#include "core/cli/frame/answer.h"
#include "core/model/catalogue.h"
#include "core/store/store.h"

namespace retrovue::cli {

// Days stay as they were made: notes in `answer`, for each channel of which a coming item still has an asset that
// `is_off`, which command takes it off, and how long it stays in what the playlog has already. The first of those
// commands becomes the next one.
absl::Status NoteDaysThatHave(const Snapshot& snapshot, Instant now,
                              const std::function<bool(const AssetId&)>& is_off, Answer& answer);

// The same of all assets that may not air.
absl::Status NoteDaysThatHaveWhatMayNotAir(const Snapshot& snapshot, Instant now, Answer& answer);

}  // namespace retrovue::cli
