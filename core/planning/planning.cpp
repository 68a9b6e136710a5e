#include "core/planning/planning.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/model/stable_hash.h"
#include "core/schedule/grid.h"
#include "core/schedule/guide.h"
#include "core/schedule/playlog.h"
#include "core/schedule/resolve_day.h"
#include "core/store/assets.h"
#include "core/store/channels.h"
#include "core/store/plans.h"
#include "core/store/playlog.h"
#include "core/store/programs.h"
#include "core/store/schedule_days.h"

namespace retrovue {
namespace {

constexpr int kDaysMadeUpFor = 31;
constexpr auto kDay = std::chrono::hours(24);
// Behind everything that is planned.
const Instant kFarAway = FromUtcMs(253'402'300'799'000);
constexpr absl::CivilDay kLastDate(9999, 12, 31);

// What all days of a channel follow from, but for what the day before has left.
struct Wishes {
  Channel channel;
  Grid grid;
  std::vector<SchedulePlan> plans;
  std::vector<CursorMark> marks;
  std::uint64_t seed = 0;
};

absl::StatusOr<Grid> GridOf(const Channel& channel) {
  absl::StatusOr<absl::TimeZone> zone = FindTimeZone(channel.time_zone);
  if (!zone.ok()) return zone.status();
  return Grid(channel.grid, *zone);
}

absl::StatusOr<Wishes> WishesOf(const Snapshot& snapshot, const ChannelId& id) {
  absl::StatusOr<Channel> channel = snapshot.channels().Get(id);
  if (!channel.ok()) return channel.status();
  absl::StatusOr<Grid> grid = GridOf(*channel);
  if (!grid.ok()) return grid.status();
  absl::StatusOr<std::vector<SchedulePlan>> plans = snapshot.plans().OfChannel(id);
  if (!plans.ok()) return plans.status();
  absl::StatusOr<std::vector<CursorMark>> marks = snapshot.cursor_marks().OfChannel(id);
  if (!marks.ok()) return marks.status();
  return Wishes{*std::move(channel), *std::move(grid), *std::move(plans), *std::move(marks), SeedOf(id)};
}

// Where the programs stand at the start of a day: as the day before has left them, or as the operator says since.
Cursors CursorsAt(const Wishes& wishes, const ScheduleDay* before, absl::CivilDay date) {
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

// The dates that are missing up to `last`.
struct Missing {
  absl::CivilDay first;
  absl::CivilDay last;
  std::optional<absl::CivilDay> before;  // the day they follow
};

absl::StatusOr<std::optional<Missing>> MissingDays(const Snapshot& snapshot, const Channel& channel,
                                                   const Grid& grid, Instant now,
                                                   std::optional<absl::CivilDay> last) {
  const absl::CivilDay today = grid.DayOf(now);
  const absl::CivilDay horizon = today + channel.epg_horizon_days;
  const absl::CivilDay until = last ? std::max(*last, horizon) : horizon;
  const absl::StatusOr<std::optional<ScheduleDays::Dates>> made = snapshot.schedule_days().Made(channel.id);
  if (!made.ok()) return made.status();
  if (!*made) return Missing{today, until, std::nullopt};
  if (today < (*made)->first) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the days of channel \"", channel.slug, "\" begin on ", ToText((*made)->first),
        ", and the network's clock says ", ToText(today), ": set the clock right, or use another database"));
  }
  if ((*made)->last >= until) return std::nullopt;
  const bool too_long_ago = (*made)->last + kDaysMadeUpFor < today;
  return Missing{too_long_ago ? today : (*made)->last + 1, until, (*made)->last};
}

bool Same(const ScheduleDay& a, const ScheduleDay& b) {
  return a.items == b.items && a.start == b.start && a.end == b.end &&
         a.carry_out_until == b.carry_out_until && a.notices == b.notices &&
         a.cursors_after == b.cursors_after && a.plan_ids == b.plan_ids;
}

bool IsFed(const PlannedBlock& block) {
  return std::any_of(block.events.begin(), block.events.end(),
                     [](const PlaylogEvent& event) { return event.state != PlaylogState::kPlanned; });
}

// Whether blocks are there from `from` to `to` without a gap.
bool Covers(const std::vector<PlannedBlock>& blocks, Instant from, Instant to) {
  Instant t = from;
  for (const PlannedBlock& block : blocks) {
    if (block.start > t) return false;
    t = block.end;
  }
  return t >= to;
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

std::uint64_t SeedOf(const ChannelId& id) { return StableHash(0, id.text); }

struct Planning::Catalogue {
  explicit Catalogue(std::vector<Asset> assets, std::vector<Program> programs,
                     std::vector<VirtualAsset> virtuals, std::vector<SyntheticAsset> synthetics)
      : view(std::move(assets), std::move(programs), std::move(virtuals), std::move(synthetics)) {}

  CatalogueView view;
};

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
  absl::StatusOr<Wishes> wishes = WishesOf(transaction, channel_id);
  if (!wishes.ok()) return wishes.status();
  const auto missing = MissingDays(transaction, wishes->channel, wishes->grid, now_(), last);
  if (!missing.ok()) return missing.status();
  std::vector<ScheduleDay> days;
  if (!*missing) return days;
  const absl::StatusOr<std::shared_ptr<const Catalogue>> catalogue = CatalogueOf(transaction);
  if (!catalogue.ok()) return catalogue.status();
  std::optional<ScheduleDay> before;
  if ((*missing)->before) {
    const auto day = transaction.schedule_days().Get(channel_id, *(*missing)->before);
    if (!day.ok()) return day.status();
    before = *day;
  }
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
    complete = !missing->has_value();
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
  absl::StatusOr<Wishes> wishes = WishesOf(transaction, channel_id);
  if (!wishes.ok()) return wishes.status();
  const absl::StatusOr<std::shared_ptr<const Catalogue>> catalogue = CatalogueOf(transaction);
  if (!catalogue.ok()) return catalogue.status();
  const Snapshot& stored = transaction;
  absl::StatusOr<std::vector<ScheduleDay>> days =
      stored.schedule_days().Span(channel_id, date - 1, kLastDate);
  if (!days.ok()) return days.status();
  const auto first =
      std::find_if(days->begin(), days->end(), [&](const ScheduleDay& d) { return d.date == date; });
  if (first == days->end()) return stored.schedule_days().Get(channel_id, date).status();
  // What is fed is behind the lock, too, wherever the lock lies.
  Instant lock = LockOf(wishes->grid, now_(), minutes(wishes->channel.playlog_horizon_min));
  const absl::StatusOr<std::vector<PlannedBlock>> blocks =
      stored.playlog().Blocks(channel_id, lock, kFarAway);
  if (!blocks.ok()) return blocks.status();
  for (const PlannedBlock& block : *blocks) {
    if (IsFed(block)) lock = std::max(lock, block.end);
  }
  if (first->carry_out_until <= lock) {
    return absl::FailedPreconditionError(absl::StrCat("the schedule of ", ToText(date),
                                                      " is on the air or fed already (all of it is before ",
                                                      ToRfc3339(lock), "): name a later day"));
  }
  std::vector<DayChange> changes;
  ScheduleDay before;
  const ScheduleDay* previous = first == days->begin() ? nullptr : &days->front();
  for (auto old = first; old != days->end(); ++old) {
    const Cursors cursors = CursorsAt(*wishes, previous, old->date);
    ScheduleDay day = RegenerateDay(*old, lock,
                                    {wishes->channel, wishes->grid, wishes->plans, (*catalogue)->view,
                                     cursors, CarriedInto(previous, old->date), old->date, old->seed});
    AssignIds(day, &*old, transaction.ids());
    const bool same = Same(*old, day);
    before = same ? *old : day;
    previous = &before;
    if (!same) changes.push_back({*old, std::move(day)});
  }
  if (absl::Status put = PutChanged(transaction, changes); !put.ok()) return put;
  if (absl::Status playlog = MakePlaylogAgain(transaction, wishes->channel, lock); !playlog.ok())
    return playlog;
  return changes;
}

absl::Status Planning::MakePlaylogAgain(Transaction& transaction, const Channel& channel, Instant lock) {
  const absl::StatusOr<std::vector<PlannedBlock>> stored =
      transaction.playlog().Blocks(channel.id, lock, kFarAway);
  if (!stored.ok()) return stored.status();
  if (stored->empty()) return absl::OkStatus();
  const Instant until = stored->back().end;
  const absl::StatusOr<std::vector<PlannedBlock>> wanted = BlocksOfDays(transaction, channel, lock, until);
  if (!wanted.ok()) return wanted.status();
  std::set<std::string> wanted_ids;
  for (const PlannedBlock& block : *wanted) wanted_ids.insert(block.block_id);
  std::vector<std::string> gone;
  for (const PlannedBlock& block : *stored) {
    if (wanted_ids.count(block.block_id) == 0 && !IsFed(block)) gone.push_back(block.block_id);
  }
  const absl::StatusOr<int> dropped = transaction.playlog().DropPlanned(channel.id, gone);
  if (!dropped.ok()) return dropped.status();
  return MakeBlocks(transaction, channel, lock, until).status();
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

absl::StatusOr<std::vector<PlannedBlock>> Planning::BlocksOfDays(const Snapshot& snapshot,
                                                                 const Channel& channel, Instant from,
                                                                 Instant to) {
  const absl::StatusOr<Grid> grid = GridOf(channel);
  if (!grid.ok()) return grid.status();
  const absl::StatusOr<std::vector<ScheduleDay>> days = snapshot.schedule_days().Airing(channel.id, from, to);
  if (!days.ok()) return days.status();
  const absl::StatusOr<std::shared_ptr<const Catalogue>> catalogue = CatalogueOf(snapshot);
  if (!catalogue.ok()) return catalogue.status();
  const AvailRules rules = AvailRulesOf(channel, (*catalogue)->view, SeedOf(channel.id));
  std::vector<PlannedBlock> blocks;
  for (const ScheduleDay& day : *days) {
    for (PlannedBlock& block : PlanBlocks(channel, *grid, day, rules)) {
      if (block.start < to && block.end > from) blocks.push_back(std::move(block));
    }
  }
  return blocks;
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::MakeBlocks(Transaction& transaction,
                                                               const Channel& channel, Instant from,
                                                               Instant to) {
  absl::StatusOr<std::vector<PlannedBlock>> planned = BlocksOfDays(transaction, channel, from, to);
  if (!planned.ok()) return planned.status();
  const Snapshot& snapshot = transaction;
  const absl::StatusOr<std::vector<PlannedBlock>> stored = snapshot.playlog().Blocks(channel.id, from, to);
  if (!stored.ok()) return stored.status();
  for (PlannedBlock& block : *planned) {
    // What the playlog has stays, also where the fillers would be others today.
    const bool taken = std::any_of(stored->begin(), stored->end(), [&](const PlannedBlock& b) {
      return b.start < block.end && b.end > block.start;
    });
    if (taken) continue;
    if (absl::Status added = transaction.playlog().Add(channel.id, block); !added.ok()) return added;
  }
  return snapshot.playlog().Blocks(channel.id, from, to);
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::Blocks(const ChannelId& channel_id, Instant from,
                                                           Instant to) {
  std::vector<PlannedBlock> blocks;
  bool complete = false;
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    absl::StatusOr<std::vector<PlannedBlock>> stored = snapshot.playlog().Blocks(channel_id, from, to);
    if (!stored.ok()) return stored.status();
    complete = Covers(*stored, from, to);
    blocks = *std::move(stored);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  if (complete) return blocks;
  absl::Status written = store_.Write([&](Transaction& transaction) -> absl::Status {
    const absl::StatusOr<Channel> channel = transaction.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    absl::StatusOr<std::vector<PlannedBlock>> made = MakeBlocks(transaction, *channel, from, to);
    if (made.ok()) blocks = *std::move(made);
    return made.status();
  });
  if (!written.ok()) return written;
  return blocks;
}

absl::StatusOr<std::vector<PlannedBlock>> Planning::ExtendPlaylog(const ChannelId& channel_id) {
  const Instant now = now_();
  Instant lock;
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<Channel> channel = snapshot.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    const absl::StatusOr<Grid> grid = GridOf(*channel);
    if (!grid.ok()) return grid.status();
    lock = LockOf(*grid, now, minutes(channel->playlog_horizon_min));
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return Blocks(channel_id, now, lock);
}

absl::StatusOr<EpgGeneration> Planning::Guide(const ChannelId& channel_id, Instant from, Instant to) {
  EpgGeneration guide;
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<Channel> channel = snapshot.channels().Get(channel_id);
    if (!channel.ok()) return channel.status();
    // An entry may reach in from the day before, and begin or end in an avail of the day after.
    const absl::StatusOr<std::vector<ScheduleDay>> days =
        snapshot.schedule_days().Airing(channel_id, from - kDay, to + kDay);
    if (!days.ok()) return days.status();
    guide = GuideOf(*channel, *days);
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  guide.entries.erase(std::remove_if(guide.entries.begin(), guide.entries.end(),
                                     [&](const GuideEntry& e) { return e.stop <= from || e.start >= to; }),
                      guide.entries.end());
  std::uint64_t tag = StableHash(0, guide.etag);
  if (!guide.entries.empty()) {
    tag = StableHash(StableHash(tag, guide.entries.front().id), guide.entries.back().id);
  }
  guide.etag = absl::StrCat(absl::Hex(tag, absl::kZeroPad16));
  return guide;
}

absl::StatusOr<ScheduleItem> Planning::ItemAt(const ChannelId& channel_id, Instant t) {
  absl::StatusOr<ScheduleItem> found = absl::NotFoundError(absl::StrCat(
      "no schedule day covers ", ToRfc3339(t), ": make it with `retrovue schedule-day generate`"));
  absl::Status read = store_.Read([&](const Snapshot& snapshot) -> absl::Status {
    const absl::StatusOr<std::vector<ScheduleDay>> days =
        snapshot.schedule_days().Airing(channel_id, t, t + Millis(1));
    if (!days.ok()) return days.status();
    for (const ScheduleDay& day : *days) {
      for (const ScheduleItem& item : day.items) {
        if (item.start <= t && t < item.end) found = item;
      }
    }
    return absl::OkStatus();
  });
  if (!read.ok()) return read;
  return found;
}

}  // namespace retrovue
