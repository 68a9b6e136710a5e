// From what is stored to what airs: days ahead, playlog, blocks and guide. The shell over core/schedule.
//
// One truth: a day that is stored says what airs. Guide, playlog and blocks are made of stored days alone, and what was
// made once is never made again, but for what Regenerate says, and when zone data change: every call may be made twice,
// by any process, at any time, and the second one writes nothing.
//
// A day without a plan is one avail: fillers, or the station card. Nothing is ever dark.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/model/channel.h"
#include "core/model/playlog.h"
#include "core/model/schedule_day.h"
#include "core/schedule/catalogue_view.h"
#include "core/schedule/grid.h"
#include "core/store/store.h"

namespace retrovue {

// A day that was made again, beside what it was.
struct DayChange {
  ScheduleDay before;
  ScheduleDay after;
};

// The days that a guide of [from, to) is made of, so that each entry on in it is what it is in any other span: one day
// more on both sides (GuideOf). Without cursors and without the parts of items.
absl::StatusOr<std::vector<ScheduleDay>> DaysOfGuide(const Snapshot& snapshot, const ChannelId& channel_id,
                                                     Instant from, Instant to);

// Up to where days stay as they are: what is on the air and what the playlog has (LockOf), and what is fed behind that.
absl::StatusOr<Instant> LockedUntil(const Snapshot& snapshot, const Channel& channel, const Grid& grid,
                                    Instant now);

// May be used by many threads at once. All waits are those of the store.
class Planning {
 public:
  // `store` must outlive it. `now` is the network's clock.
  Planning(Store& store, std::function<Instant()> now);
  ~Planning();

  // Makes the days of a channel that are missing: the one of now, and so many after it as its guide's horizon has
  // (epg_horizon_days). A network that was off makes up for the days in between, as if it had been on (up to 31 of
  // them). Where the machine's zone data have changed since, the days behind the lock are made again, too. Answers the
  // days it made, the first one first. FAILED_PRECONDITION if the clock is before the first stored day.
  absl::StatusOr<std::vector<ScheduleDay>> MakeDaysAhead(const ChannelId& channel_id);
  // The same up to that date, if it is farther than the horizon.
  absl::StatusOr<std::vector<ScheduleDay>> MakeDaysUntil(const ChannelId& channel_id, absl::CivilDay last);
  // What MakeDaysUntil would make, and nothing is stored.
  absl::StatusOr<std::vector<ScheduleDay>> PreviewDaysUntil(const ChannelId& channel_id, absl::CivilDay last);

  // Makes a day and the stored ones behind it again, from the lock on (LockOf), in one transaction, and the playlog
  // with them. Only those that come out different are replaced; the answer has them. FAILED_PRECONDITION if all of the
  // day is before the lock; NOT_FOUND if it was never made.
  absl::StatusOr<std::vector<DayChange>> Regenerate(const ChannelId& channel_id, absl::CivilDay date);
  absl::StatusOr<std::vector<DayChange>> PreviewRegenerate(const ChannelId& channel_id, absl::CivilDay date);

  // The blocks that are on the air in [from, to), made of the stored days where the playlog does not have them yet, and
  // stored. Ids stay: the same block has the same id for ever. In order, touching. Fewer than asked for where no day
  // has been made yet.
  absl::StatusOr<std::vector<PlannedBlock>> Blocks(const ChannelId& channel_id, Instant from, Instant to);
  // The blocks from now to the lock, so that the playlog reaches as far as the channel wants.
  absl::StatusOr<std::vector<PlannedBlock>> ExtendPlaylog(const ChannelId& channel_id);

  // The entries of the guide that are on in [from, to), from stored days. Writes nothing.
  absl::StatusOr<EpgGeneration> Guide(const ChannelId& channel_id, Instant from, Instant to);

  // The item that is on at `t`. NOT_FOUND if no day covers it: a schedule gap.
  absl::StatusOr<ScheduleItem> ItemAt(const ChannelId& channel_id, Instant t);

  // What all days of a channel follow from, but for what the day before has left.
  struct Wishes;

 private:
  struct Catalogue;

  absl::StatusOr<std::shared_ptr<const Catalogue>> CatalogueOf(const Snapshot& snapshot);
  absl::StatusOr<std::vector<ScheduleDay>> MakeDays(Transaction& transaction, const ChannelId& channel_id,
                                                    std::optional<absl::CivilDay> last);
  absl::StatusOr<std::vector<DayChange>> MakeAgain(Transaction& transaction, const ChannelId& channel_id,
                                                   absl::CivilDay date);
  // From that date on, which has something behind the lock.
  absl::StatusOr<std::vector<DayChange>> MakeAgainFrom(Transaction& transaction, const Wishes& wishes,
                                                       absl::CivilDay date, Instant lock);
  // Stored days that do not end any more where the channel's zone data say are made again behind the lock.
  absl::Status FollowRules(Transaction& transaction, const Wishes& wishes);
  absl::StatusOr<std::vector<ScheduleDay>> MakeDaysTo(const ChannelId& channel_id,
                                                      std::optional<absl::CivilDay> last);
  absl::Status MakePlaylogAgain(Transaction& transaction, const Channel& channel, Instant lock);
  absl::StatusOr<std::vector<PlannedBlock>> BlocksOfDays(const Snapshot& snapshot, const Channel& channel,
                                                         Instant from, Instant to);
  absl::StatusOr<std::vector<PlannedBlock>> MakeBlocks(Transaction& transaction, const Channel& channel,
                                                       Instant from, Instant to);

  Store& store_;
  std::function<Instant()> now_;
  std::mutex catalogue_lock_;
  std::shared_ptr<const Catalogue> catalogue_;  // the one loaded last
  std::int64_t catalogue_revision_ = -1;
};

// The seed of a channel's lots: of its key, so that it is the same in every process.
std::uint64_t SeedOf(const ChannelId& id);

}  // namespace retrovue
