// What plays, file by file, and the blocks it is handed to AIR in. And the guide. Both are made from ScheduleItems.
#pragma once

#include <string>
#include <vector>

#include "core/model/schedule_day.h"

namespace retrovue {

struct PlaylogEvent;
using PlaylogEventId = Id<PlaylogEvent>;

enum class PlaylogKind { kProgramme, kFiller, kStationCard, kPad };
const char* Name(PlaylogKind kind);

enum class PlaylogState { kPlanned, kFed, kAired, kTruncated, kSkipped };
const char* Name(PlaylogState state);

// One file, or a part of one, inside one block.
struct PlaylogEvent {
  PlaylogEventId id;
  ScheduleItemId schedule_item_id;
  std::string block_id;
  int segment_index = 0;  // in its block, from 0
  PlaylogKind kind = PlaylogKind::kPad;
  AssetId asset_id;  // empty: not of the catalogue
  std::string path;  // empty: pad
  Instant start;
  Instant end;
  Millis asset_start_offset{0};
  bool fades_in = false;   // it comes out of a break that interrupted it
  bool cut_short = false;  // it goes on in the file, and not on the air for now: fade out
  absl::CivilDay broadcast_day;
  PlaylogState state = PlaylogState::kPlanned;

  friend bool operator==(const PlaylogEvent&, const PlaylogEvent&) = default;
};

// What is handed to AIR: a block of the grid, and what fills it to the millisecond.
struct PlannedBlock {
  std::string block_id;
  Instant start;
  Instant end;
  absl::CivilDay broadcast_day;
  Instant broadcast_day_anchor;
  std::vector<PlaylogEvent> events;  // they touch, from `start` to `end`

  friend bool operator==(const PlannedBlock&, const PlannedBlock&) = default;
};

// One line of the guide.
struct GuideEntry {
  std::string id;  // stays while the item it comes from does
  ScheduleItemId schedule_item_id;
  Instant start;
  Instant stop;  // where the next one starts
  std::string title;
  std::string series;
  std::optional<int> season;
  std::optional<int> episode;

  friend bool operator==(const GuideEntry&, const GuideEntry&) = default;
};

// The guide of a channel for a while: derived, never edited.
struct EpgGeneration {
  ChannelId channel_id;
  std::vector<GuideEntry> entries;  // they touch
  std::string etag;                 // another one for another content
};

}  // namespace retrovue
