// How each noun looks in JSON. These shapes are relied upon: keys may be added, none renamed. Times are given twice,
// `<name>_utc_ms` (an integer) and `<name>` (RFC 3339, in the channel's time zone where there is a channel).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/frame/answer.h"
#include "core/model/as_run.h"
#include "core/model/catalogue.h"
#include "core/model/channel.h"
#include "core/model/plan.h"
#include "core/model/playlog.h"
#include "core/model/program.h"
#include "core/model/schedule_day.h"

namespace retrovue::cli {

// Sets `<name>_utc_ms` and `<name>`; both null without a time.
void SetTime(Json& json, const std::string& name, std::optional<Instant> t,
             absl::TimeZone zone = absl::UTCTimeZone());

// A list's own columns stand beside its shape.
Json ShapeOf(const Source& source);  // what may be a secret is left out
std::vector<Column> SourceColumns();
Json ShapeOf(const Collection& collection, const std::string& source_name);
std::vector<Column> CollectionColumns();
Json ShapeOf(const Asset& asset);
std::vector<Column> AssetColumns();
Json ShapeOf(const Channel& channel);
std::vector<Column> ChannelColumns();

// Names for what an id stands for; the id itself where there is none.
struct Names {
  std::string channel;
  std::function<std::string(const SchedulableRef&)> of_thing;
};
Json ShapeOf(const Program& program, const Names& names);
std::vector<Column> ProgramColumns();
Json ShapeOf(const GridRules& grid, const Zone& zone, const Names& names);
std::vector<Column> ZoneColumns();
Json ShapeOf(const GridRules& grid, const SchedulePlan& plan, const Names& names);
std::vector<Column> PlanColumns();

Json ShapeOf(const ScheduleItem& item, absl::TimeZone zone);
std::vector<Column> ItemColumns();
Json ShapeOf(const ScheduleDay& day, const std::string& channel, absl::TimeZone zone);    // with its items
Json SummaryOf(const ScheduleDay& day, const std::string& channel, absl::TimeZone zone);  // with their number
std::vector<Column> DayColumns();
Json ShapeOf(const PlaylogEvent& event, absl::TimeZone zone);
std::vector<Column> PlaylogColumns();
Json ShapeOf(const AsRunRow& row, absl::TimeZone zone);
std::vector<Column> AsRunColumns();
Json ShapeOf(const GuideEntry& entry, const std::string& channel, absl::TimeZone zone);
std::vector<Column> GuideColumns();

}  // namespace retrovue::cli
