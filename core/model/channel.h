// A channel: a lasting identity and the grid every one of its programmes starts on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "core/model/breaks.h"
#include "core/model/catalogue.h"
#include "core/model/id.h"
#include "core/model/time.h"

namespace retrovue {

struct Channel;
using ChannelId = Id<Channel>;

// Where programmes may start: every block_minutes, at the minutes of the hour in `offsets`, counted from day_start.
struct GridRules {
  int block_minutes = 30;  // 15, 30 or 60
  std::vector<int> offsets = {
      0, 30};           // minutes of the hour, 60 / block_minutes of them, block_minutes apart, sorted
  int day_start = 360;  // minutes since local midnight at which the programming day begins; on an offset

  friend bool operator==(const GridRules&, const GridRules&) = default;
};

enum class ChannelKind { kNetwork, kPremium, kSpecialty };

struct Channel {
  ChannelId id;
  std::string slug;       // never changes
  std::string title;      // 1 to 120 bytes
  std::string time_zone;  // IANA name
  GridRules grid;
  ChannelKind kind = ChannelKind::kNetwork;
  std::optional<int> number;  // in the guide
  std::string logo_path;
  std::string group;
  bool is_active = true;
  bool always_on = false;
  int epg_horizon_days = 3;       // 2 to 14
  int playlog_horizon_min = 180;  // 120 to 360
  int linger_s = 30;
  Millis max_tail_trim{0};  // what may be cut off the end of a programme to let it into its slot; 0: nothing
  BreakRules breaks;
  std::vector<AssetId> filler_pool;
  std::string station_card_path;  // what fills an avail when the pool is empty; itself empty: pad
  Millis station_card_duration{0};
  std::string program_format_json;
  std::vector<EnricherUse> enrichers;
  std::string producer = "linear";
  int version = 1;  // of the row, for the optimistic lock
};

// INVALID_ARGUMENT with what is wrong and the next step. The time zone's data is not looked for here (FindTimeZone is
// who knows).
absl::Status ValidateGrid(const GridRules& grid);
absl::Status ValidateChannel(const Channel& channel);

}  // namespace retrovue
