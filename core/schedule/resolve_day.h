// From plans to a day: what airs when.
//
// A pure function: no clock, no database, no file. The same request gives the same day, in every process.
#pragma once

#include <optional>
#include <vector>

#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/model/schedule_day.h"
#include "core/schedule/catalogue_view.h"
#include "core/schedule/grid.h"

namespace retrovue {

// All that a day follows from. What it refers to must outlive the call, and is valid as its Validate functions say.
struct DayRequest {
  const Channel& channel;
  const Grid& grid;  // the channel's
  const std::vector<SchedulePlan>& plans;
  const CatalogueView& catalogue;
  const Cursors& cursors;                 // as the day before left them
  std::optional<Instant> carry_in_until;  // where the day before ends, if it runs into this one
  absl::CivilDay date;
  std::uint64_t seed = 0;  // of the channel
};

// The first generation of a day. It keeps ValidateScheduleDay; ids are not given yet (AssignIds).
ScheduleDay ResolveDay(const DayRequest& request);

// The next generation of `old`. What begins before `lock` stays as it is, ids included; an avail that reaches over the
// lock stays up to it. The rest is resolved anew, from the cursors those items left. `request.cursors` and
// `request.carry_in_until` are those of the start of the day.
ScheduleDay RegenerateDay(const ScheduleDay& old, Instant lock, const DayRequest& request);

// Until when nothing may be changed any more: the end of the last block that the playlog of `now` reaches into.
Instant LockOf(const Grid& grid, Instant now, Millis playlog_horizon);

// Gives the day and its items their ids. An item that `old` has just so keeps the id it has there, so that the guide does.
// `old` may be nullptr.
void AssignIds(ScheduleDay& day, const ScheduleDay* old, IdSource& ids);

}  // namespace retrovue
