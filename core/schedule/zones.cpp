#include "core/schedule/zones.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

// Puts what is still free of [start, end) into `pieces`, which stay sorted.
void Claim(const ZonePiece& wanted, ZonesOfDay& day) {
  std::vector<ZonePiece> claimed;
  Instant t = wanted.start;
  const SchedulePlan* tied = nullptr;
  const auto claim = [&](Instant start, Instant end) {
    if (start >= end) return;
    ZonePiece piece = wanted;
    piece.start = start;
    piece.end = end;
    claimed.push_back(piece);
  };
  for (const ZonePiece& owned : day.pieces) {
    if (owned.end <= wanted.start || owned.start >= wanted.end) continue;
    if (owned.plan != wanted.plan && owned.plan->priority == wanted.plan->priority) tied = owned.plan;
    claim(t, owned.start);
    t = std::max(t, owned.end);
  }
  claim(t, wanted.end);
  if (tied != nullptr) {
    day.notices.push_back(
        {ScheduleNotice::Kind::kPriorityTie, wanted.zone->name,
         absl::StrCat("the plans \"", tied->name, "\" and \"", wanted.plan->name,
                      "\" have one priority and want the same time in zone \"", wanted.zone->name, "\"; \"",
                      tied->name, "\" has it. Give one of them another priority")});
  }
  day.pieces.insert(day.pieces.end(), claimed.begin(), claimed.end());
  std::sort(day.pieces.begin(), day.pieces.end(),
            [](const ZonePiece& a, const ZonePiece& b) { return a.start < b.start; });
}

// `plans`: the one that wins first.
void LimitOverruns(const std::vector<const SchedulePlan*>& plans, std::vector<ZonePiece>& pieces) {
  const auto rank = [&](const ZonePiece& piece) {
    return std::find(plans.begin(), plans.end(), piece.plan) - plans.begin();
  };
  for (auto piece = pieces.begin(); piece != pieces.end(); ++piece) {
    const auto higher = std::find_if(piece + 1, pieces.end(),
                                     [&](const ZonePiece& other) { return rank(other) < rank(*piece); });
    if (higher != pieces.end()) piece->overrun_limit = higher->start;
  }
}

}  // namespace

ZonesOfDay ResolveZones(const Grid& grid, const std::vector<SchedulePlan>& plans, absl::CivilDay date) {
  ZonesOfDay day;
  for (const SchedulePlan& plan : plans) {
    if (plan.is_active && !plan.is_archived && Holds(plan.when, date)) day.plans.push_back(&plan);
  }
  std::sort(day.plans.begin(), day.plans.end(), [](const SchedulePlan* a, const SchedulePlan* b) {
    return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
  });
  for (const SchedulePlan* plan : day.plans) {
    for (const Zone& zone : plan->zones) {
      if (!zone.enabled || !Holds(zone.when, date)) continue;
      // A shift of the clocks by half an hour may leave a zone between two boundaries.
      ZonePiece piece{plan, &zone, grid.Up(InstantOf(grid.rules(), grid.zone(), date, zone.start)),
                      grid.Up(InstantOf(grid.rules(), grid.zone(), date, zone.end))};
      if (piece.start < piece.end) {
        Claim(piece, day);
      } else {
        day.notices.push_back({ScheduleNotice::Kind::kZoneHasNoTime, zone.name,
                               absl::StrCat("zone \"", zone.name, "\" has no time on ", ToText(date),
                                            ": the clocks skip it. Nothing needs to be done")});
      }
    }
  }
  LimitOverruns(day.plans, day.pieces);
  if (day.plans.empty()) {
    day.notices.push_back(
        {ScheduleNotice::Kind::kNoPlan, "",
         absl::StrCat("no plan is for ", ToText(date), ": add one that is, or widen its dates")});
  }
  return day;
}

}  // namespace retrovue
