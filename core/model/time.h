// Time as Core counts it: instants and durations in whole milliseconds of UTC.
//
// A local time is never stored or computed with: it is a time zone's name and minutes, and becomes an instant by way of
// the zone's data (core/schedule/grid.h). Nothing here reads a clock.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace retrovue {

using Millis = std::chrono::milliseconds;
using std::chrono::minutes;

// An instant, in ms since 1970-01-01T00:00:00Z. A type of its own: it does not mix with durations or plain integers.
using Instant = std::chrono::sys_time<Millis>;

constexpr Instant FromUtcMs(std::int64_t ms) { return Instant(Millis(ms)); }
constexpr std::int64_t UtcMs(Instant t) { return t.time_since_epoch().count(); }

inline absl::Time ToAbsl(Instant t) { return absl::FromUnixMillis(UtcMs(t)); }
inline Instant FromAbsl(absl::Time t) { return FromUtcMs(absl::ToUnixMillis(t)); }

// "2026-03-08T10:00:00Z", or with ".250" where it is not a whole second.
std::string ToRfc3339(Instant t);

// RFC 3339 with any offset. INVALID_ARGUMENT with an example for anything else.
absl::StatusOr<Instant> ParseRfc3339(absl::string_view text);

// "2026-03-08". INVALID_ARGUMENT with an example for anything else, dates that do not exist included.
std::string ToText(absl::CivilDay date);
absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text);

// "1:30:00" or "22:00", the unit below milliseconds left out where it is zero; for people.
std::string ToText(Millis duration);
// What ToText makes, "7:20", "1:02:03.250", and seconds alone, "95.5". INVALID_ARGUMENT with an example for anything else, and for what
// is longer than 99 hours.
absl::StatusOr<Millis> ParseLength(absl::string_view text);

// Minutes since midnight, 0 to 1439, as "22:05", and back.
std::string WallClock(int minute_of_day);
absl::StatusOr<int> ParseWallClock(absl::string_view text);

// A time zone of the system's data by its IANA name. NOT_FOUND, with the next step, for a name there is no data for.
absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& iana_name);

}  // namespace retrovue
