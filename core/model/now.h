// What a network's clock may be made to show.
#pragma once

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "core/model/time.h"

namespace retrovue {

// RFC 3339, in the years 2000 to 2199: those AIR can play in. INVALID_ARGUMENT, with what to write, for anything else.
inline absl::StatusOr<Instant> ParseNow(absl::string_view text) {
  constexpr Instant kEarliest = FromUtcMs(946'684'800'000);
  constexpr Instant kBehind = FromUtcMs(7'258'118'400'000);
  absl::StatusOr<Instant> now = ParseRfc3339(text);
  if (now.ok() && (*now < kEarliest || *now >= kBehind)) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no time for a network: give one from 2000 to 2199"));
  }
  return now;
}

}  // namespace retrovue
