#include "core/model/time.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace retrovue {

std::string ToRfc3339(Instant t) {
  const char* format = UtcMs(t) % 1000 == 0 ? "%Y-%m-%d%ET%H:%M:%SZ" : "%Y-%m-%d%ET%H:%M:%E3SZ";
  return absl::FormatTime(format, ToAbsl(t), absl::UTCTimeZone());
}

absl::StatusOr<Instant> ParseRfc3339(absl::string_view text) {
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, std::string(text), &time, &error) ||
      time == absl::InfiniteFuture() || time == absl::InfinitePast()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", text, "\" is not a time: write it like 2026-03-08T20:00:00Z or 2026-03-08T20:00:00-05:00"));
  }
  return FromAbsl(time);
}

std::string ToText(absl::CivilDay date) { return absl::FormatCivilTime(date); }

absl::StatusOr<absl::CivilDay> ParseDate(absl::string_view text) {
  absl::CivilDay date;
  if (text.size() != 10 || !absl::ParseCivilTime(text, &date) || ToText(date) != text) {
    return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" is not a date: write it like 2026-03-08"));
  }
  return date;
}

std::string ToText(Millis duration) {
  const std::int64_t ms = duration.count();
  const std::int64_t s = ms / 1000;
  std::string text = s >= 3600 ? absl::StrFormat("%d:%02d:%02d", s / 3600, s / 60 % 60, s % 60)
                               : absl::StrFormat("%d:%02d", s / 60, s % 60);
  if (ms % 1000 != 0) absl::StrAppendFormat(&text, ".%03d", ms % 1000);
  return text;
}

absl::StatusOr<Millis> ParseLength(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> halves =
      absl::StrSplit(text, absl::MaxSplits('.', 1));
  const std::vector<absl::string_view> fields = absl::StrSplit(halves.first, ':');
  const auto number = [](absl::string_view digits, std::size_t most, std::int64_t& value) {
    return digits.size() <= most && !digits.empty() && absl::c_all_of(digits, absl::ascii_isdigit) &&
           absl::SimpleAtoi(digits, &value);
  };
  std::int64_t seconds = 0;
  bool good = fields.size() <= 3;
  for (std::size_t i = 0; good && i < fields.size(); ++i) {
    std::int64_t field = 0;
    good = number(fields[i], fields.size() == 1 ? 6 : 2, field) && (i == 0 || field < 60);
    seconds = seconds * 60 + field;
  }
  std::int64_t ms = 0;
  if (good && text.size() != halves.first.size()) good = number(halves.second, 3, ms);
  for (std::size_t digits = halves.second.size(); good && ms > 0 && digits < 3; ++digits) ms *= 10;
  if (!good || seconds > 99 * 3600) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is no length of time: write it like 7:20 or 1:02:03.250"));
  }
  return Millis(seconds * 1000 + ms);
}

std::string WallClock(int minute_of_day) {
  return absl::StrFormat("%02d:%02d", minute_of_day / 60, minute_of_day % 60);
}

absl::StatusOr<int> ParseWallClock(absl::string_view text) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
  int hour = 0;
  int minute = 0;
  if (parts.first.size() != 2 || parts.second.size() != 2 || !absl::SimpleAtoi(parts.first, &hour) ||
      !absl::SimpleAtoi(parts.second, &minute) || hour < 0 || hour > 23 || minute < 0 || minute > 59) {
    return absl::InvalidArgumentError(
        absl::StrCat("\"", text, "\" is not a time of day: write it like 06:00 or 22:30"));
  }
  return hour * 60 + minute;
}

absl::StatusOr<absl::TimeZone> FindTimeZone(const std::string& iana_name) {
  absl::TimeZone zone;
  // "libc:…" and names with dots are spellings of the library, or paths; no zone has them.
  const bool plausible = !iana_name.empty() && !absl::StrContains(iana_name, ':') &&
                         !absl::StrContains(iana_name, '.') && iana_name.front() != '/';
  if (!plausible || !absl::LoadTimeZone(iana_name, &zone)) {
    return absl::NotFoundError(
        absl::StrCat("there is no time zone \"", iana_name,
                     "\": use a name of the IANA list such as America/New_York or Europe/London (timedatectl "
                     "list-timezones shows "
                     "them), or install the package tzdata if even those are not found"));
  }
  return zone;
}

}  // namespace retrovue
