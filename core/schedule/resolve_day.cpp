#include "core/schedule/resolve_day.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "core/schedule/airing.h"
#include "core/schedule/breaks.h"
#include "core/schedule/zones.h"

namespace retrovue {
namespace {

// Cuts `excess` off the end of the parts.
void TrimTail(std::vector<ResolvedPart>& parts, Millis excess) {
  while (excess > Millis(0)) {
    const Millis cut = std::min(excess, parts.back().airs);
    parts.back().airs -= cut;
    excess -= cut;
    if (parts.back().airs == Millis(0)) parts.pop_back();
  }
}

AssetId MainAssetOf(const ScheduleItem& item) {
  for (const ResolvedPart& part : item.parts) {
    if (2 * part.airs > item.content) return part.asset_id;
  }
  return {};
}

// "2 breaks, at 7:20 and 14:40".
std::string Named(const std::vector<Break>& breaks) {
  std::string text = absl::StrCat(breaks.size(), breaks.size() == 1 ? " break, at " : " breaks, at ");
  for (std::size_t i = 0; i < breaks.size(); ++i) {
    if (i > 0) absl::StrAppend(&text, i + 1 == breaks.size() ? " and " : ", ");
    absl::StrAppend(&text, ToText(breaks[i].at));
  }
  return text;
}

// Fills one day, in one pass. `t_` is where the next item begins: a boundary of the grid.
class DayFilling {
 public:
  DayFilling(const DayRequest& request, ScheduleDay day)
      : request_(request),
        day_(std::move(day)),
        cursors_(request.cursors),
        airings_(request.catalogue, minutes(request.channel.grid.block_minutes), request.seed),
        t_(day_.start) {}

  // Takes over what an earlier generation has before the lock.
  void Keep(const std::vector<ScheduleItem>& items, Instant lock) {
    for (const ScheduleItem& item : items) {
      if (item.start >= lock) break;
      day_.items.push_back(item);
      ScheduleItem& kept = day_.items.back();
      if (kept.kind == ItemKind::kAvail) {
        kept.end = std::min(kept.end, lock);
      } else {
        next_entry_[kept.zone_id] = kept.entry + 1;
      }
      for (const CursorStep& step : kept.cursors) cursors_[step.name] = step.after;
      t_ = kept.end;
    }
  }

  ScheduleDay Fill() {
    ZonesOfDay zones = ResolveZones(request_.grid, request_.plans, day_.date);
    for (const SchedulePlan* plan : zones.plans) day_.plan_ids.push_back(plan->id);
    day_.notices = std::move(zones.notices);
    // Everything begins at a boundary; only what was made by other rules ends elsewhere.
    if (const Instant boundary = request_.grid.Up(t_); t_ < day_.end && boundary > t_)
      AddAvail(nullptr, boundary, kNoZone);
    for (const ZonePiece& piece : zones.pieces) FillPiece(piece);
    if (t_ < day_.end) AddAvail(nullptr, day_.end, kNoZone);
    for (const std::string& program : airings_.with_duplicates()) {
      Notice(ScheduleNotice::Kind::kDuplicateEpisode, "",
             absl::StrCat("program \"", program,
                          "\" has two files of one episode; one of them airs. Retire the other"));
    }
    day_.carry_out_until = std::max(t_, day_.end);
    day_.cursors_after = std::move(cursors_);
    for (std::size_t i = 0; i < day_.items.size(); ++i) day_.items[i].seq = static_cast<int>(i);
    return std::move(day_);
  }

 private:
  static constexpr const char* kNoZone = "no zone covers this time";

  struct Choice {
    int entry = 0;
    Airing airing;
    Instant end;
    std::string rule;
  };

  void FillPiece(const ZonePiece& piece) {
    const Instant start = std::max(piece.start, t_);  // a soft start: what is on is not interrupted
    if (start >= piece.end) {
      if (!HasItem(piece)) {
        Notice(ScheduleNotice::Kind::kZoneConsumed, piece.zone->name,
               absl::StrCat("zone \"", piece.zone->name, "\" gets no time: what is on before it runs until ",
                            request_.grid.LocalClock(t_), ". Give it another start if it must air"));
      }
      return;
    }
    if (start > t_) AddAvail(nullptr, start, kNoZone);
    bool has_content = HasContent(piece);
    nothing_may_air_ = false;
    while (t_ < piece.end) {
      std::optional<Choice> choice = Choose(piece, has_content);
      if (!choice) break;
      Place(piece, *std::move(choice));
      has_content = true;
    }
    if (nothing_may_air_ && !has_content) {
      Notice(ScheduleNotice::Kind::kNothingToSchedule, piece.zone->name,
             absl::StrCat("zone \"", piece.zone->name,
                          "\" has nothing that may air: approve assets of its entries, or add an entry"));
    }
    if (t_ < piece.end) {
      AddAvail(&piece, piece.end,
               !nothing_may_air_ ? "no entry fits before its end"
               : has_content     ? "none of its entries has more to air"
                                 : "none of its entries has anything that may air");
    }
  }

  // The entry whose turn it is, or another one that fits; each is tried once, and none of a program's episodes is passed
  // over.
  std::optional<Choice> Choose(const ZonePiece& piece, bool has_content) {
    const Zone& zone = *piece.zone;
    const int size = static_cast<int>(zone.entries.size());
    const int turn = next_entry_[zone.id];
    bool any = false;
    for (int i = 0; i < size; ++i) {
      const int entry = (turn + i) % size;
      std::optional<Airing> airing = airings_.Next(zone.entries[static_cast<std::size_t>(entry)], cursors_);
      if (!airing) continue;
      const Instant end = SlotEnd(zone, *airing);
      const bool fits = end <= piece.end;
      if (fits) return Choice{entry, *std::move(airing), end, any ? "the next that fits" : "it fits"};
      // A plan of higher priority replaces this one where it begins.
      if (!any && end <= piece.overrun_limit) {
        if (zone.overrun == Overrun::kLast)
          return Choice{entry, *std::move(airing), end, "it may run over the zone's end"};
        if (zone.overrun == Overrun::kFirst && !has_content) {
          return Choice{entry, *std::move(airing), end,
                        "it runs over the end of a zone that would be dark without it"};
        }
      }
      any = true;
      if (zone.fit == Fit::kStop) break;
    }
    nothing_may_air_ = !any;
    return std::nullopt;
  }

  Instant SlotEnd(const Zone& zone, const Airing& airing) const {
    const Millis trim = zone.max_tail_trim.value_or(request_.channel.max_tail_trim);
    const Instant end = request_.grid.Slot(t_, airing.duration - trim);
    return airing.slot_units == 0 ? end : std::max(end, request_.grid.BlocksOn(t_, airing.slot_units));
  }

  void Place(const ZonePiece& piece, Choice choice) {
    const Zone& zone = *piece.zone;
    const SchedulableRef& thing = zone.entries[static_cast<std::size_t>(choice.entry)];
    Airing& airing = choice.airing;
    const Millis excess = airing.duration - (choice.end - t_);
    if (excess > Millis(0)) TrimTail(airing.parts, excess);
    ScheduleItem item;
    item.start = t_;
    item.end = choice.end;
    item.content = airing.duration - std::max(excess, Millis(0));
    item.kind = ItemKind::kContent;
    item.entry = choice.entry;
    item.thing = thing;
    item.title = std::move(airing.title);
    item.series = std::move(airing.series);
    item.season = airing.season;
    item.episode = airing.episode;
    SetZone(item, &piece);
    absl::StrAppend(&item.why, "entry ", choice.entry + 1, " of ", zone.entries.size(), ", ",
                    Described(thing));
    if (!airing.why.empty()) absl::StrAppend(&item.why, "; ", airing.why);
    absl::StrAppend(&item.why, "; ", choice.rule);
    if (t_ == piece.start || t_ == day_.start || !HasContent(piece)) {
      if (t_ > piece.start) absl::StrAppend(&item.why, "; the zone starts late, behind what was on");
    }
    if (excess > Millis(0)) absl::StrAppend(&item.why, "; its last ", ToText(excess), " are cut off");
    item.parts = std::move(airing.parts);
    item.main_asset = MainAssetOf(item);
    item.breaks = PlaceBreaks(RulesOfBreaks(zone, thing), item.end - item.start, item.content,
                              BreakPointsOf(item.parts, request_.catalogue));
    if (!item.breaks.empty()) absl::StrAppend(&item.why, "; ", Named(item.breaks));
    item.cursors = std::move(airing.steps);
    for (const CursorStep& step : item.cursors) cursors_[step.name] = step.after;
    next_entry_[zone.id] = choice.entry + 1;
    t_ = item.end;
    day_.items.push_back(std::move(item));
  }

  const BreakRules& RulesOfBreaks(const Zone& zone, const SchedulableRef& thing) const {
    const Program* program =
        thing.kind == SchedulableKind::kProgram ? request_.catalogue.FindProgram(thing.id) : nullptr;
    if (program != nullptr && program->breaks) return *program->breaks;
    return zone.breaks ? *zone.breaks : request_.channel.breaks;
  }

  void AddAvail(const ZonePiece* piece, Instant end, const char* reason) {
    ScheduleItem item;
    item.start = t_;
    item.end = end;
    SetZone(item, piece);
    absl::StrAppend(&item.why, reason);
    t_ = end;
    // What was kept of an avail up to the lock goes on as the same item.
    if (!day_.items.empty()) {
      ScheduleItem& before = day_.items.back();
      if (before.kind == ItemKind::kAvail && before.zone_id == item.zone_id && before.why == item.why) {
        before.end = end;
        return;
      }
    }
    day_.items.push_back(std::move(item));
  }

  static void SetZone(ScheduleItem& item, const ZonePiece* piece) {
    if (piece == nullptr) return;
    item.zone_id = piece->zone->id;
    item.zone_name = piece->zone->name;
    item.plan_id = piece->plan->id;
    item.why = absl::StrCat("zone \"", piece->zone->name, "\" of plan \"", piece->plan->name, "\": ");
  }

  std::string Described(const SchedulableRef& thing) const {
    if (thing.kind == SchedulableKind::kProgram) {
      if (const Program* program = request_.catalogue.FindProgram(thing.id)) {
        return absl::StrCat(Name(program->play_mode), " program \"", program->name, "\"");
      }
    }
    return Name(thing.kind);
  }

  bool HasItem(const ZonePiece& piece) const {
    return std::any_of(day_.items.begin(), day_.items.end(), [&](const ScheduleItem& item) {
      return item.zone_id == piece.zone->id && item.start >= piece.start && item.start < piece.end;
    });
  }

  bool HasContent(const ZonePiece& piece) const {
    return std::any_of(day_.items.rbegin(), day_.items.rend(), [&](const ScheduleItem& item) {
      return item.kind == ItemKind::kContent && item.zone_id == piece.zone->id && item.start >= piece.start &&
             item.start < piece.end;
    });
  }

  void Notice(ScheduleNotice::Kind kind, const std::string& zone, std::string text) {
    day_.notices.push_back({kind, zone, std::move(text)});
  }

  const DayRequest& request_;
  ScheduleDay day_;
  Cursors cursors_;
  Airings airings_;
  Instant t_;
  std::map<ZoneId, int> next_entry_;
  bool nothing_may_air_ = false;
};

ScheduleDay EmptyDay(const DayRequest& request) {
  ScheduleDay day;
  day.channel_id = request.channel.id;
  day.date = request.date;
  day.seed = request.seed;
  const Instant anchor = request.grid.Anchor(request.date);
  day.start = day.carry_in_until = request.carry_in_until.value_or(anchor);
  // A day that was made by other rules (another grid, other zone data) may end before this one would begin.
  day.anchor = std::min(anchor, day.start);
  day.end = request.grid.Anchor(request.date + 1);
  return day;
}

}  // namespace

ScheduleDay ResolveDay(const DayRequest& request) { return DayFilling(request, EmptyDay(request)).Fill(); }

ScheduleDay RegenerateDay(const ScheduleDay& old, Instant lock, const DayRequest& request) {
  ScheduleDay day = EmptyDay(request);
  day.generation = old.generation + 1;
  day.supersedes = old.id;
  const Instant boundary = request.grid.Up(lock);
  if (!old.items.empty() && old.items.front().start < boundary) {
    // It has begun as it was made, and what it has before the lock belongs to no other day.
    day.anchor = old.anchor;
    day.start = day.carry_in_until = old.start;
    if (old.end > day.end) day.end = std::max(day.end, std::min(old.end, boundary));
  }
  DayFilling filling(request, std::move(day));
  filling.Keep(old.items, boundary);
  return filling.Fill();
}

Instant LockOf(const Grid& grid, Instant now, Millis playlog_horizon) {
  return grid.Up(now + playlog_horizon);
}

void AssignIds(ScheduleDay& day, const ScheduleDay* old, IdSource& ids) {
  day.id = ids.Make<ScheduleDay>();
  std::set<ScheduleItemId> taken;
  for (const ScheduleItem& item : day.items) taken.insert(item.id);
  for (ScheduleItem& item : day.items) {
    if (!item.id.empty()) continue;
    if (old != nullptr) {
      const auto same = std::find_if(old->items.begin(), old->items.end(), [&](const ScheduleItem& before) {
        return before.start == item.start && before.end == item.end && before.kind == item.kind &&
               before.parts == item.parts && before.breaks == item.breaks;
      });
      if (same != old->items.end() && taken.insert(same->id).second) item.id = same->id;
    }
    if (item.id.empty()) item.id = ids.Make<ScheduleItem>();
  }
}

}  // namespace retrovue
