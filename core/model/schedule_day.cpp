#include "core/model/schedule_day.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

absl::Status CheckBreaks(const ScheduleItem& item) {
  Millis at{0};
  Millis sum{0};
  for (const Break& one : item.breaks) {
    if (one.length <= Millis(0)) return absl::InternalError(" has a break without a length");
    if (one.at <= at || one.at >= item.content)
      return absl::InternalError(" has a break at a place that is none");
    at = one.at;
    sum += one.length;
  }
  if (sum > item.end - item.start - item.content)
    return absl::InternalError(" has longer breaks than its slot");
  return absl::OkStatus();
}

}  // namespace

const char* Name(ItemKind kind) { return kind == ItemKind::kContent ? "content" : "avail"; }

absl::Status ValidateScheduleDay(const ScheduleDay& day) {
  const auto broken = [&](auto... words) {
    return absl::FailedPreconditionError(absl::StrCat("the schedule of ", ToText(day.date), ": ", words...));
  };
  if (day.carry_in_until < day.anchor || day.start != day.carry_in_until) {
    return broken("it does not begin where what was carried in ends");
  }
  Instant t = day.start;
  for (std::size_t i = 0; i < day.items.size(); ++i) {
    const ScheduleItem& item = day.items[i];
    const std::string name = absl::StrCat("item ", i, " (", ToRfc3339(item.start), ")");
    if (item.seq != static_cast<int>(i)) return broken(name, " has the number ", item.seq);
    if (item.start > t) return broken("there is a gap before ", name);
    if (item.start < t) return broken(name, " overlaps the one before it");
    if (item.end <= item.start) return broken(name, " has no length");
    if (item.start >= day.end) return broken(name, " belongs to a later day");
    Millis sum{0};
    for (const ResolvedPart& part : item.parts) {
      if (part.airs <= Millis(0)) return broken(name, " has a part without a length");
      sum += part.airs;
    }
    if (sum != item.content) return broken("the parts of ", name, " are not as long as its content");
    if (item.content > item.end - item.start) return broken(name, " is longer than its slot");
    if (absl::Status breaks = CheckBreaks(item); !breaks.ok()) return broken(name, breaks.message());
    if ((item.kind == ItemKind::kContent) != (item.content > Millis(0))) {
      return broken(name, " is ", Name(item.kind), " with ", ToText(item.content), " of content");
    }
    t = item.end;
  }
  if (day.carry_out_until != std::max(t, day.end) || t < day.end) {
    return broken("it ends at ", ToRfc3339(t), " and says ", ToRfc3339(day.carry_out_until));
  }
  return absl::OkStatus();
}

}  // namespace retrovue
