// Stored schedule days: what airs. Nothing else says so; guide, playlog and blocks are made of these rows.
#pragma once

#include <optional>
#include <vector>

#include "core/model/schedule_day.h"
#include "core/store/repository.h"

namespace retrovue {

class ScheduleDays : public Repository {
 public:
  using Repository::Repository;

  // How much of a day is read. Cursors and the parts of items are most of what is stored: a playlog does without the cursors, a guide
  // without both.
  enum class Detail { kAll, kWithoutCursors, kForGuide };

  // The current day. NOT_FOUND if that day was not made.
  absl::StatusOr<ScheduleDay> Get(const ChannelId& channel_id, absl::CivilDay date) const;
  // The current days from the first one to the last one, in order; those that were not made are not in it.
  absl::StatusOr<std::vector<ScheduleDay>> Span(const ChannelId& channel_id, absl::CivilDay first,
                                                absl::CivilDay last) const;
  // Those of which an item is on the air in [from, to).
  absl::StatusOr<std::vector<ScheduleDay>> Airing(const ChannelId& channel_id, Instant from, Instant to,
                                                  Detail detail = Detail::kAll) const;
  // The last current day before that date; nothing: there is none.
  absl::StatusOr<std::optional<ScheduleDay>> LastBefore(const ChannelId& channel_id,
                                                        absl::CivilDay date) const;
  // All generations of a day, the current one last.
  absl::StatusOr<std::vector<ScheduleDay>> Generations(const ChannelId& channel_id,
                                                       absl::CivilDay date) const;
  // The dates of the first and of the last current day; nothing if there is none.
  struct Dates {
    absl::CivilDay first;
    absl::CivilDay last;
  };
  absl::StatusOr<std::optional<Dates>> Made(const ChannelId& channel_id) const;
  // The date and the end (not of what it carries out) of each current day that reaches behind `since`, in order.
  absl::StatusOr<std::vector<std::pair<absl::CivilDay, Instant>>> Ends(const ChannelId& channel_id,
                                                                       Instant since) const;
  // NOT_FOUND if no current day has that item.
  absl::StatusOr<ScheduleItem> FindItem(const ScheduleItemId& id) const;

  // Stores days of one channel that follow each other, whole. A day that is there already is superseded: `day` has its
  // id in `supersedes` and the next generation, or it is ABORTED. Ids have been given (AssignIds).
  //
  // FAILED_PRECONDITION, and nothing is stored, if a day breaks ValidateScheduleDay, or does not begin where the
  // current day before it ends, or does not end where the current one behind it begins. The database refuses a gap,
  // too.
  absl::Status Put(const std::vector<ScheduleDay>& days);
};

}  // namespace retrovue
