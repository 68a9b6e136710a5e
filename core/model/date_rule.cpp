// Which days a plan or a zone is for.
#include <algorithm>
#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/model/plan.h"

namespace retrovue {
namespace {

constexpr std::array<absl::string_view, 7> kDays = {"MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"};
constexpr std::array<absl::string_view, 12> kMonths = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                       "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};

template <std::size_t n>
std::optional<int> IndexOf(const std::array<absl::string_view, n>& names, absl::string_view name) {
  const auto found = std::find(names.begin(), names.end(), absl::AsciiStrToUpper(name));
  if (found == names.end()) return std::nullopt;
  return static_cast<int>(found - names.begin());
}

int WeekdayIndex(absl::CivilDay date) { return static_cast<int>(absl::GetWeekday(date)); }  // Monday is 0

// One field of a cron expression: the numbers it names.
struct CronField {
  bool any = false;  // "*"
  std::uint64_t bits = 0;
};

// A number or a name of `names`, whose first one is `lowest`.
template <std::size_t n>
std::optional<int> CronNumber(absl::string_view text, const std::array<absl::string_view, n>& names,
                              int lowest) {
  int number = 0;
  if (absl::SimpleAtoi(text, &number)) return number;
  if (const auto index = IndexOf(names, text)) return *index + lowest;
  return std::nullopt;
}

template <std::size_t n>
std::optional<CronField> ReadCronField(absl::string_view text, int lowest, int highest,
                                       const std::array<absl::string_view, n>& names, int names_from) {
  CronField field;
  field.any = text == "*" || text == "?";
  for (const absl::string_view element : absl::StrSplit(text, ',')) {
    const std::vector<absl::string_view> stepped = absl::StrSplit(element, '/');
    int step = 1;
    if (stepped.size() > 2 || (stepped.size() == 2 && (!absl::SimpleAtoi(stepped[1], &step) || step < 1))) {
      return std::nullopt;
    }
    int from = lowest;
    int to = highest;
    if (stepped[0] != "*" && stepped[0] != "?") {
      const std::vector<absl::string_view> range = absl::StrSplit(stepped[0], '-');
      const auto first = CronNumber(range[0], names, names_from);
      const auto last = range.size() == 2 ? CronNumber(range[1], names, names_from) : first;
      if (range.size() > 2 || !first || !last) return std::nullopt;
      from = *first;
      to = range.size() == 1 && stepped.size() == 2 ? highest : *last;
    }
    if (from < lowest || to > highest || from > to) return std::nullopt;
    for (int i = from; i <= to; i += step) field.bits |= std::uint64_t{1} << i;
  }
  return field;
}

struct Cron {
  CronField day;
  CronField month;
  CronField weekday;  // Sunday is 0 and 7
};

std::optional<Cron> ReadCron(absl::string_view text) {
  constexpr std::array<absl::string_view, 0> kNone = {};
  constexpr std::array<absl::string_view, 7> kCronDays = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
  const std::vector<absl::string_view> fields =
      absl::StrSplit(text, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (fields.size() != 5) return std::nullopt;
  const auto day = ReadCronField(fields[2], 1, 31, kNone, 0);
  const auto month = ReadCronField(fields[3], 1, 12, kMonths, 1);
  const auto weekday = ReadCronField(fields[4], 0, 7, kCronDays, 0);
  if (!day || !month || !weekday) return std::nullopt;
  return Cron{*day, *month, *weekday};
}

bool Matches(const Cron& cron, absl::CivilDay date) {
  const auto has = [](const CronField& field, int i) { return (field.bits >> i & 1) != 0; };
  if (!has(cron.month, date.month())) return false;
  const bool day = has(cron.day, date.day());
  const int sunday_is_0 = (WeekdayIndex(date) + 1) % 7;
  const bool weekday = has(cron.weekday, sunday_is_0) || (sunday_is_0 == 0 && has(cron.weekday, 7));
  // As cron has it: if both are narrowed, one of them is enough.
  if (!cron.day.any && !cron.weekday.any) return day || weekday;
  return day && weekday;
}

absl::CivilDay InYear(const OpenDate& date, int year) {
  return absl::CivilDay(date.year.value_or(year), date.month, date.day);
}

bool Exists(const OpenDate& date) {
  const absl::CivilDay day = InYear(date, 2024);  // a leap year: February 29 exists
  return day.month() == date.month && day.day() == date.day;
}

bool InRange(const DateRule& rule, absl::CivilDay date) {
  const int year = static_cast<int>(date.year());
  const bool after_first = !rule.first || date >= InYear(*rule.first, year);
  const bool before_last = !rule.last || date <= InYear(*rule.last, year);
  const bool open = rule.first && rule.last && !rule.first->year && !rule.last->year;
  if (open && InYear(*rule.first, year) > InYear(*rule.last, year)) return after_first || before_last;
  return after_first && before_last;
}

}  // namespace

bool Weekdays::Has(absl::CivilDay date) const { return (bits >> WeekdayIndex(date) & 1) != 0; }

absl::StatusOr<Weekdays> ParseWeekdays(absl::string_view text) {
  Weekdays days{0};
  for (const absl::string_view element : absl::StrSplit(text, ',')) {
    const std::vector<std::string> range = absl::StrSplit(absl::StripAsciiWhitespace(element), '-');
    const auto first = IndexOf(kDays, range.front());
    const auto last = IndexOf(kDays, range.back());
    if (range.size() > 2 || !first || !last) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" names no days of the week: write them like MON,WED or MON-FRI"));
    }
    for (int i = *first;; i = (i + 1) % 7) {
      days.bits |= static_cast<std::uint8_t>(1 << i);
      if (i == *last) break;
    }
  }
  return days;
}

bool Holds(const DateRule& rule, absl::CivilDay date) {
  if (!rule.weekdays.Has(date) || !InRange(rule, date)) return false;
  if (!rule.only_on.empty() &&
      std::find(rule.only_on.begin(), rule.only_on.end(), date) == rule.only_on.end()) {
    return false;
  }
  if (rule.cron.empty()) return true;
  const auto cron = ReadCron(rule.cron);
  return cron && Matches(*cron, date);
}

absl::Status ValidateDateRule(const DateRule& rule) {
  for (const auto* date : {&rule.first, &rule.last}) {
    if (!*date || Exists(**date)) continue;
    return absl::InvalidArgumentError(absl::StrCat("there is no day ", (*date)->day, " in month ",
                                                   (*date)->month, ": correct its first or last date"));
  }
  if (rule.first && rule.last) {
    if (rule.first->year.has_value() != rule.last->year.has_value()) {
      return absl::InvalidArgumentError(
          "its first and last date must both have a year, or neither: add or drop one");
    }
    if (rule.first->year && InYear(*rule.first, 0) > InYear(*rule.last, 0)) {
      return absl::InvalidArgumentError("its last date is before its first one: turn them round");
    }
  }
  if (rule.weekdays.bits == 0) {
    return absl::InvalidArgumentError("it is for no day of the week: name at least one, such as MON");
  }
  if (!rule.cron.empty() && !ReadCron(rule.cron)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", rule.cron,
        "\" is not a cron expression: write five fields such as \"* * * * MON-FRI\", of which day, month and "
        "weekday count"));
  }
  return absl::OkStatus();
}

}  // namespace retrovue
