// Plans and their zones: what is wanted on a channel, before it is resolved into days.
//
// The rule: a zone is [start, end) in minutes since the start of the programming day, on the grid; a plan's zones do not
// overlap. Zones exist while planning only; what airs is in the ScheduleDay.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "core/model/channel.h"
#include "core/model/program.h"

namespace retrovue {

struct SchedulePlan;
struct Zone;
using PlanId = Id<SchedulePlan>;
using ZoneId = Id<Zone>;

// Days of the week as bits: Monday is bit 0. All of them by default.
struct Weekdays {
  std::uint8_t bits = 0x7f;
  bool Has(absl::CivilDay date) const;
  friend bool operator==(const Weekdays&, const Weekdays&) = default;
};

// "MON,WED-FRI" in any case; INVALID_ARGUMENT with an example for anything else.
absl::StatusOr<Weekdays> ParseWeekdays(absl::string_view text);

// A date whose year may be open: then it is that day of every year.
struct OpenDate {
  std::optional<int> year;
  int month = 1;
  int day = 1;
};

// On which programming days something holds. All of what is set must agree; what is not set agrees always.
struct DateRule {
  std::optional<OpenDate>
      first;  // inclusive; both open in the year or neither. Open ones may run over the new year
  std::optional<OpenDate> last;  // inclusive
  Weekdays weekdays;
  std::vector<absl::CivilDay> only_on;
  std::string cron;  // five fields of which only day, month and weekday count; empty: every day
};

// True if the rule holds for that programming day. A cron expression that cannot be read holds never.
bool Holds(const DateRule& rule, absl::CivilDay date);
absl::Status ValidateDateRule(const DateRule& rule);

enum class Overrun {
  kFirst,  // the first programme of the zone may run over its end, so that it is not dark
  kNever,
  kLast,  // a programme that starts inside the zone may run over its end
};
enum class Fit {
  kNext,  // where the next entry does not fit, another one that does is taken
  kStop,
};
const char* Name(Overrun overrun);

struct Zone {
  ZoneId id;
  PlanId plan_id;
  std::string name;  // unique in its plan
  int start = 0;     // minutes since the start of the programming day; 0 <= start < end <= 1440
  int end = 1440;
  std::vector<SchedulableRef> entries;  // in order; not empty
  DateRule when;
  bool enabled = true;
  Overrun overrun = Overrun::kFirst;
  Fit fit = Fit::kNext;
  std::optional<Millis> max_tail_trim;  // not set: the channel's
  std::optional<BreakRules> breaks;     // not set: the channel's
};

struct SchedulePlan {
  PlanId id;
  ChannelId channel_id;
  std::string name;  // unique in its channel, without case
  int priority = 0;  // 0 or more; the higher one wins
  DateRule when;
  bool is_active = true;
  bool is_archived = false;
  std::vector<Zone> zones;
};

// The wall clock of a minute of the programming day: 960 of a day that starts at 06:00 is "22:00".
std::string WallClockOf(const GridRules& grid, int minute_of_day);

// The zone of a wall-clock window, "22:00" to "02:00". INVALID_ARGUMENT if it is off the grid, or reaches over the start
// of the programming day: then the message has the two windows to write instead.
struct ZoneWindow {
  int start = 0;
  int end = 0;
};
absl::StatusOr<ZoneWindow> WindowOf(const GridRules& grid, absl::string_view from, absl::string_view to);

absl::Status ValidateZone(const GridRules& grid, const Zone& zone);
// The plan, each of its zones, and that they do not overlap on any day.
absl::Status ValidatePlan(const GridRules& grid, const SchedulePlan& plan);

}  // namespace retrovue
