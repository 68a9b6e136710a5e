#include "core/planning/planning.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"
#include "core/planning/planning_parts.h"
#include "core/schedule/resolve_day.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/playlog.h"
#include "core/store/programs.h"
#include "core/store/schedule_days.h"

namespace retrovue {

struct Planning::Wishes {
  Channel channel;
  Grid grid;
  std::vector<SchedulePlan> plans;
  std::vector<CursorMark> marks;
  std::uint64_t seed = 0;
};

namespace {

constexpr int kDaysMadeUpFor = 31;
constexpr absl::CivilDay kLastDate(9999, 12, 31);

absl::StatusOr<Planning::Wishes> WishesOf(const Snapshot& snapshot, const ChannelId& id) {
  absl::StatusOr<Channel> channel = snapshot.channels().Get(id);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Grid> grid = GridOf(*channel);
  if (!grid.ok()) return grid.status();
  absl::StatusOr<std::vector<SchedulePlan>> plans = snapshot.plans().OfChannel(id);
  if (!plans.ok()) return plans.status();
  absl::StatusOr<std::vector<CursorMark>> marks = snapshot.cursor_marks().OfChannel(id);
  if (!marks.ok()) return marks.status();
  return Planning::Wishes{*std::move(channel), *std::move(grid), *std::move(plans), *std::move(marks),
                          SeedOf(id)};
}

// Where the programs stand at the start of a day: as the day before has left them, or as the operator says since.
Cursors CursorsAt(const Planning::Wishes& wishes, const ScheduleDay* before, absl::CivilDay date) {
  Cursors cursors = before == nullptr ? Cursors{} : before->cursors_after;
  for (const CursorMark& mark : wishes.marks) {
    if (mark.from <= date && (before == nullptr || mark.from > before->date))
      cursors[mark.name] = mark.cursor;
  }
  return cursors;
}

std::optional<Instant> CarriedInto(const ScheduleDay* before, absl::CivilDay date) {
  if (before == nullptr || before->date + 1 != date) return std::nullopt;
  return before->carry_out_until;
}

// The first day behind the lock that does not end where the next one would begin now.
absl::StatusOr<std::optional<absl::CivilDay>> FirstOfOtherRules(const Snapshot& snapshot, const ChannelId& id,
                                                                const Grid& grid, Instant lock) {
  const auto ends = snapshot.schedule_days().Ends(id, lock);
  if (!ends.ok()) return ends.status();
  for (const auto& [date, end] : *ends)
    if (end != grid.Anchor(date + 1)) return date;
  return std::nullopt;
}

// The dates that are missing up to `last`.
struct Missing {
  absl::CivilDay first;
  absl::CivilDay last;
};

absl::StatusOr<std::optional<Missing>> MissingDays(const Snapshot& snapshot, const Channel& channel,
                                                   const Grid& grid, Instant now,
                                                   std::optional<absl::CivilDay> last) {
  const absl::CivilDay today = grid.DayOf(now);
  const absl::CivilDay horizon = today + channel.epg_horizon_days;
  const absl::CivilDay until = last ? std::max(*last, horizon) : horizon;
  const absl::StatusOr<std::optional<ScheduleDays::Dates>> made = snapshot.schedule_days().Made(channel.id);
  if (!made.ok()) return made.status();
  if (!*made) return Missing{today, until};
  if (today < (*made)->first) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the days of channel \"", channel.slug, "\" begin on ", ToText((*made)->first),
        ", and the network's clock says ", ToText(today), ": set the clock right, or use another database"));
  }
  if ((*made)->last >= until) return std::nullopt;
  const bool too_long_ago = (*made)->last + kDaysMadeUpFor < today;
  return Missing{too_long_ago ? today : (*made)->last + 1, until};
}

bool Same(const ScheduleDay& a, const ScheduleDay& b) {
  return a.items == b.items && a.start == b.start && a.end == b.end &&
         a.carry_out_until == b.carry_out_until && a.notices == b.notices &&
         a.cursors_after == b.cursors_after && a.plan_ids == b.plan_ids;
}

// Stores the days, in runs of those that follow each other.
absl::Status PutChanged(Transaction& transaction, const std::vector<DayChange>& changes) {
  std::vector<ScheduleDay> run;
  for (const DayChange& change : changes) {
    if (!run.empty() && run.back().date + 1 != change.after.date) {
      if (absl::Status put = transaction.schedule_days().Put(run); !put.ok()) return put;
      run.clear();
    }
    run.push_back(change.after);
  }
  return transaction.schedule_days().Put(run);
}

}  // namespace

absl::StatusOr<Instant> LockedUntil(const Snapshot& snapshot, const Channel& channel, const Grid& grid,
                                    Instant now) {
  Instant lock = LockOf(grid, now, minutes(channel.playlog_horizon_min));
  const absl::StatusOr<std::vector<PlannedBlock>> blocks =
      snapshot.playlog().Blocks(channel.id, lock, kFarAway);
  if (!blocks.ok()) return blocks.status();
  for (const PlannedBlock& block : *blocks) {
    if (IsFed(block)) lock = std::max(lock, block.end);
  }
  return lock;
}

std::uint64_t SeedOf(const ChannelId& id) { return StableHash(0, id.text); }

Planning::Planning(Store& store, std::function<Instant()> now) : store_(store), now_(std::move(now)) {}

Planning::~Planning() = default;

absl::StatusOr<std::shared_ptr<const Planning::Catalogue>> Planning::CatalogueOf(const Snapshot& snapshot) {
  const absl::StatusOr<std::int64_t> revision = snapshot.Revision(Part::kCatalogue);
  if (!revision.ok()) return revision.status();
  {
    const std::lock_guard lock(catalogue_lock_);
    if (catalogue_ != nullptr && catalogue_revision_ == *revision) return catalogue_;
  }
  absl::StatusOr<std::vector<Asset>> assets = snapshot.assets().List({.schedulable_only = true});
  if (!assets.ok()) return assets.status();
  absl::StatusOr<std::vector<Program>> programs = snapshot.programs().List();
  if (!programs.ok()) return programs.status();
  absl::StatusOr<std::vector<VirtualAsset>> virtuals = snapshot.virtual_assets().List();
  if (!virtuals.ok()) return virtuals.status();
  absl::StatusOr<std::vector<SyntheticAsset>> synthetics = snapshot.synthetic_assets().List();
  if (!synthetics.ok()) return synthetics.status();
  auto loaded = std::make_shared<const Catalogue>(*std::move(assets), *std::move(programs),
                                                  *std::move(virtuals), *std::move(synthetics));
  const std::lock_guard lock(catalogue_lock_);
  if (*revision > catalogue_revision_) {
    catalogue_ = loaded;
    catalogue_revision_ = *revision;
  }
  return loaded;
}

absl::StatusOr<std::vector<ScheduleDay>> Planning::MakeDays(Transaction& transaction,
                                                            const ChannelId& channel_id,
                                                            std::optional<absl::CivilDay> last) {
  const absl::StatusOr<Wishes> wishes = WishesOf(transaction, channel_id);
  if (!wishes.ok()) return wishes.status();
  if (absl::Status followed = FollowRules(transaction, *wishes); !followed.ok()) return followed;
  const auto missing = MissingDays(transaction, wishes->channel, wishes->grid, now_(), last);
  if (!missing.ok()) return missing.status();
  std::vector<ScheduleDay> days;
  if (!*missing) return days;
  const absl::StatusOr<std::shared_ptr<const Catalogue>> catalogue = CatalogueOf(transaction);
  if (!catalogue.ok()) return catalogue.status();
  absl::StatusOr<std::optional<ScheduleDay>> last_made =
      transaction.schedule_days().LastBefore(channel_id, (*missing)->first);
  if (!last_made.ok()) return last_made.status();
  std::optional<ScheduleDay> before = *std::move(last_made);
  for (absl::CivilDay date = (*missing)->first; date <= (*missing)->last; ++date) {
    const ScheduleDay* previous = before ? &*before : nullptr;
    const Cursors cursors = CursorsAt(*wishes, previous, date);
    ScheduleDay day = ResolveDay({wishes->channel, wishes->grid, wishes->plans, (*catalogue)->view, cursors,
                                  CarriedInto(previous, date), date, wishes->seed});
    AssignIds(day, nullptr, transaction.ids());
    before = day;
    days.push_back(std::move(day));
  }
  if (absl::Status put = transaction.schedule_days().Put(days); !put.ok()) return put;
  return days;
}

absl::Status Planning::FollowRules(Transaction& transaction, const Wishes& wishes) {
  const absl::StatusOr<Instant> lock = LockedUntil(transaction, wishes.channel, wishes.grid, now_());
  if (!lock.ok()) return lock.status();
  const auto first = FirstOfOtherRules(transaction, wishes.channel.id, wishes.grid, *lock);
  if (!first.ok() || !first->has_value()) return first.status();
  return MakeAgainFrom(transaction, wishes, **first, *lock).status();
}

absl::StatusOr<std::vector<ScheduleDay>> Planning::MakeDaysAhead(const ChannelId& channel_id) {
  return MakeDaysTo(channel_id, std::nullopt);
}

absl::StatusOr<std::vector<ScheduleDay>> Planning::MakeDaysUntil(const ChannelId& channel_id,
                                                                 absl::CivilDay last) {
  return MakeDaysTo(channel_id, last);
}

absl::StatusOr<std::vector<ScheduleDay>> Planning::MakeDaysTo(const ChannelId& channel_id,
                                                              std::optional<absl::CivilDay> last) {
  // Where nothing is to be made, no other writer is waited for.
  bool complete = false;
  absl::Status looked = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<Channel> channel = snapshot.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<Grid> grid = GridOf(*channel);
    if (!grid.ok()) return grid.status();
    const auto missing = MissingDays(snapshot, *channel, *grid, now_(), last);
    if (!missing.ok()) return missing.status();
    const absl::StatusOr<Instant> lock = LockedUntil(snapshot, *channel, *grid, now_());
    if (!lock.ok()) return lock.status();
    const auto stale = FirstOfOtherRules(snapshot, channel_id, *grid, *lock);
    if (!stale.ok()) return stale.status();
    complete = !missing->has_value() && !stale->has_value();
    return absl::OkStatus();
  });
  if (!looked.ok()) return looked;
  std::vector<ScheduleDay> days;
  if (complete) return days;
  absl::Status written = store_.Write([&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<std::vector<ScheduleDay>> made = MakeDays(transaction, channel_id, last);
    if (made.ok()) days = *std::move(made);
    return made.status();
  });
  if (!written.ok()) return written;
  return days;
}

absl::StatusOr<std::vector<ScheduleDay>> Planning::PreviewDaysUntil(const ChannelId& channel_id,
                                                                    absl::CivilDay last) {
  std::vector<ScheduleDay> days;
  absl::Status status = store_.Rehearse([&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<std::vector<ScheduleDay>> made = MakeDays(transaction, channel_id, last);
    if (made.ok()) days = *std::move(made);
    return made.status();
  });
  if (!status.ok()) return status;
  return days;
}

absl::StatusOr<std::vector<DayChange>> Planning::MakeAgain(Transaction& transaction,
                                                           const ChannelId& channel_id, absl::CivilDay date) {
  const absl::StatusOr<Wishes> wishes = WishesOf(transaction, channel_id);
  if (!wishes.ok()) return wishes.status();
  const absl::StatusOr<Instant> lock = LockedUntil(transaction, wishes->channel, wishes->grid, now_());
  if (!lock.ok()) return lock.status();
  const Snapshot& stored = transaction;
  const absl::StatusOr<ScheduleDay> first = stored.schedule_days().Get(channel_id, date);
  if (!first.ok()) return first.status();
  if (first->carry_out_until <= *lock) {
    return absl::FailedPreconditionError(absl::StrCat("the schedule of ", ToText(date),
                                                      " is on the air or fed already (all of it is before ",
                                                      ToRfc3339(*lock), "): name a later day"));
  }
  return MakeAgainFrom(transaction, *wishes, date, *lock);
}

absl::StatusOr<std::vector<DayChange>> Planning::MakeAgainFrom(Transaction& transaction, const Wishes& wishes,
                                                               absl::CivilDay date, Instant lock) {
  const ChannelId& channel_id = wishes.channel.id;
  const absl::StatusOr<std::shared_ptr<const Catalogue>> catalogue = CatalogueOf(transaction);
  if (!catalogue.ok()) return catalogue.status();
  const Snapshot& stored = transaction;
  absl::StatusOr<std::vector<ScheduleDay>> days = stored.schedule_days().Span(channel_id, date, kLastDate);
  if (!days.ok()) return days.status();
  absl::StatusOr<std::optional<ScheduleDay>> before = stored.schedule_days().LastBefore(channel_id, date);
  if (!before.ok()) return before.status();
  std::vector<DayChange> changes;
  for (ScheduleDay& old : *days) {
    const ScheduleDay* previous = *before ? &**before : nullptr;
    const Cursors cursors = CursorsAt(wishes, previous, old.date);
    ScheduleDay day = RegenerateDay(old, lock,
                                    {wishes.channel, wishes.grid, wishes.plans, (*catalogue)->view, cursors,
                                     CarriedInto(previous, old.date), old.date, old.seed});
    AssignIds(day, &old, transaction.ids());
    const bool same = Same(old, day);
    *before = same ? old : day;
    if (!same) changes.push_back({std::move(old), std::move(day)});
  }
  if (absl::Status put = PutChanged(transaction, changes); !put.ok()) return put;
  if (absl::Status playlog = MakePlaylogAgain(transaction, wishes.channel, lock); !playlog.ok())
    return playlog;
  return changes;
}

absl::StatusOr<std::vector<DayChange>> Planning::Regenerate(const ChannelId& channel_id,
                                                            absl::CivilDay date) {
  std::vector<DayChange> changes;
  absl::Status status = store_.Write([&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<std::vector<DayChange>> made = MakeAgain(transaction, channel_id, date);
    if (made.ok()) changes = *std::move(made);
    return made.status();
  });
  if (!status.ok()) return status;
  return changes;
}

absl::StatusOr<std::vector<DayChange>> Planning::PreviewRegenerate(const ChannelId& channel_id,
                                                                   absl::CivilDay date) {
  std::vector<DayChange> changes;
  absl::Status status = store_.Rehearse([&](Transaction& transaction) -> absl::Status {
    absl::StatusOr<std::vector<DayChange>> made = MakeAgain(transaction, channel_id, date);
    if (made.ok()) changes = *std::move(made);
    return made.status();
  });
  if (!status.ok()) return status;
  return changes;
}

}  // namespace retrovue
