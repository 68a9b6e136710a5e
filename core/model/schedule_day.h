// The resolved truth: what airs on a channel on one programming day. Guide, playlog, block plans and as-run are all
// made from it, and nothing is computed twice.
//
// The rule: a day is replaced only whole, by a higher generation. Its items touch: the first begins where the day
// before ends (`start`), each next one where the one before it ends, the last one ends at `end` or, if it carries out,
// behind it. An item belongs only to the day it starts in.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/model/breaks.h"
#include "core/model/cursor.h"
#include "core/model/plan.h"

namespace retrovue {

struct ScheduleDay;
struct ScheduleItem;
using ScheduleDayId = Id<ScheduleDay>;
using ScheduleItemId = Id<ScheduleItem>;

// One file of an airing, from its beginning, `airs` long.
struct ResolvedPart {
  AssetId asset_id;          // empty: synthetic
  std::string synthetic_id;  // empty: an asset
  std::string path;
  Millis airs{0};

  friend bool operator==(const ResolvedPart&, const ResolvedPart&) = default;
};

// What an item did to a cursor. A day that is made again goes on from `before`.
struct CursorStep {
  CursorName name;
  Cursor before;
  Cursor after;

  friend bool operator==(const CursorStep&, const CursorStep&) = default;
};

enum class ItemKind { kContent, kAvail };
const char* Name(ItemKind kind);

// One programme and the slot of whole grid blocks it has for itself, or an avail: time to be filled. What a programme
// leaves of its slot is its breaks and, behind it, an avail, but no item.
struct ScheduleItem {
  ScheduleItemId id;
  int seq = 0;        // in its day, from 0
  Instant start;      // on the grid
  Instant end;        // on the grid
  Millis content{0};  // 0 for an avail; at most end - start
  ItemKind kind = ItemKind::kAvail;
  ZoneId zone_id;  // empty: no zone covers it
  std::string zone_name;
  PlanId plan_id;
  int entry = -1;                   // of the zone's list, from 0
  SchedulableRef thing;             // of the zone's list
  std::vector<ResolvedPart> parts;  // their sum is `content`
  // In order, inside the content, each at another place. What they and the content leave of the slot follows them.
  std::vector<Break> breaks;
  // What it is of: the part that is more than half of it, so that neither an intro nor a clip of a block is one. Empty: none.
  AssetId main_asset;
  std::string title;  // what follows is for the guide
  std::string series;
  std::optional<int> season;
  std::optional<int> episode;
  std::vector<CursorStep> cursors;
  std::string why;  // a sentence: which zone, which rule, which cursor put it there

  friend bool operator==(const ScheduleItem&, const ScheduleItem&) = default;
};

// What an operator should know about a day that was resolved.
struct ScheduleNotice {
  enum class Kind {
    kZoneConsumed,       // what was on before ran past the end of the zone
    kZoneHasNoTime,      // a change of the clocks took its time away
    kPriorityTie,        // two plans of one priority want the same time
    kNothingToSchedule,  // a zone's entries have nothing that may air
    kDuplicateEpisode,   // two files of one episode: the first one airs
    kNoPlan,             // no plan is for this day
  };
  Kind kind = Kind::kNoPlan;
  std::string zone_name;
  std::string text;  // what is the case, and the next step

  friend bool operator==(const ScheduleNotice&, const ScheduleNotice&) = default;
};

struct ScheduleDay {
  ScheduleDayId id;
  ChannelId channel_id;
  absl::CivilDay date;
  int generation = 1;
  bool is_manual_override = false;
  ScheduleDayId supersedes;  // empty: the first one
  std::vector<PlanId> plan_ids;
  std::uint64_t seed = 0;
  Instant anchor;           // where the programming day begins
  Instant start;            // where its first item begins: behind what was carried in
  Instant end;              // where the next programming day begins
  Instant carry_in_until;   // `anchor` if nothing was carried in
  Instant carry_out_until;  // `end` if nothing is carried out
  std::vector<ScheduleItem> items;
  std::vector<ScheduleNotice> notices;
  Cursors cursors_after;  // of all programs of the channel, at the end of the day

  friend bool operator==(const ScheduleDay&, const ScheduleDay&) = default;
};

// FAILED_PRECONDITION, naming the first item that breaks it, unless the day keeps the rule above. Asked before a day is
// stored.
absl::Status ValidateScheduleDay(const ScheduleDay& day);

}  // namespace retrovue
