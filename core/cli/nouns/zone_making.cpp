#include "core/cli/nouns/zone_making.h"

#include <algorithm>
#include <map>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/cli/frame/arguments.h"

namespace retrovue::cli {
namespace {

const std::map<std::string, Overrun> kOverruns = {
    {"first", Overrun::kFirst}, {"never", Overrun::kNever}, {"last", Overrun::kLast}};
const std::map<std::string, Fit> kFits = {{"next", Fit::kNext}, {"stop", Fit::kStop}};

bool PlaysSomething(const ZoneOptions& options) {
  return !options.programs.empty() || IsGiven(options.playing.selector) || !options.playing.assets.empty();
}

absl::Status SetEntries(Transaction& transaction, const Channel& channel, const ZoneOptions& options,
                        const std::string& program_of_window, Zone& zone, std::vector<std::string>& notices) {
  std::vector<std::string> programs = options.programs;
  if (!program_of_window.empty()) programs.push_back(program_of_window);
  std::vector<SchedulableRef> entries;
  for (const std::string& handle : programs) {
    const absl::StatusOr<Program> program = FindProgram(transaction, channel, handle);
    if (!program.ok()) return program.status();
    entries.push_back({SchedulableKind::kProgram, program->id.text, ""});
    if (zone.name.empty()) zone.name = program->name;
  }
  if (IsGiven(options.playing.selector) || !options.playing.assets.empty()) {
    const std::string& series = options.playing.selector.series;
    if (zone.name.empty()) zone.name = series;
    const std::string window =
        absl::StrCat(WallClockOf(channel.grid, zone.start), "-", WallClockOf(channel.grid, zone.end));
    const absl::StatusOr<SchedulableRef> made =
        ProgramFor(transaction, channel, options.playing, zone.name, window, notices);
    if (!made.ok()) return made.status();
    entries.push_back(*made);
  }
  if (!entries.empty()) zone.entries = entries;
  return absl::OkStatus();
}

absl::Status SetRules(const Channel& channel, const ZoneOptions& options, Zone& zone) {
  if (absl::Status s = ApplyTo(options.when, zone.when); !s.ok()) return s;
  if (!options.overrun.empty()) zone.overrun = kOverruns.at(options.overrun);
  if (!options.fit.empty()) zone.fit = kFits.at(options.fit);
  if (options.trim_ms) zone.max_tail_trim = Millis(*options.trim_ms);
  if (options.enabled) zone.enabled = *options.enabled;
  return ApplyTo(options.breaks, channel.breaks, zone.breaks);
}

}  // namespace

void AddZoneFields(CLI::App& app, ZoneOptions& options, bool for_update) {
  app.add_option("--zone,--window", options.window, "on the wall clock: 22:00-02:00")
      ->type_name("HH:MM-HH:MM")
      ->required(!for_update);
  app.add_option("--name", options.name, "unique in its plan; default: what it plays")->type_name("NAME");
  AddEach(app, "--program", options.programs, "this program; several take turns")->type_name("PROGRAM");
  AddPlaying(app, options.playing);
  AddWhen(app, options.when, for_update);
  app.add_option("--overrun", options.overrun, "what may run over its end: first, never or last")
      ->check(CLI::IsMember({"first", "never", "last"}));
  app.add_option("--fit", options.fit, "where the next one does not fit: next or stop")
      ->check(CLI::IsMember({"next", "stop"}));
  AddNumber(app, "--max-tail-trim-ms", options.trim_ms, 0, 3'599'999, "what may be cut off a programme");
  AddBreaks(app, options.breaks, /*inherits=*/true);
  if (for_update) AddSwitch(app, "enabled", options.enabled, "counts");
}

absl::StatusOr<Zone> MakeZone(Transaction& transaction, const Channel& channel, const SchedulePlan& plan,
                              const ZoneOptions& options, std::vector<std::string>& notices) {
  const absl::StatusOr<WrittenZone> written = ParseZone(channel.grid, options.window);
  if (!written.ok()) return written.status();
  if (!PlaysSomething(options) && written->name.empty()) {
    return Refuse("ZONE_EMPTY",
                  absl::StrCat("the zone ", options.window,
                               " holds nothing: say what plays in it with --series, --tag, --collection, "
                               "--asset or --program"));
  }
  Zone zone;
  zone.plan_id = plan.id;
  zone.name = options.name;
  zone.start = written->window.start;
  zone.end = written->window.end;
  if (!options.name.empty()) {
    if (absl::Status s = CheckName(options.name, "the zone's name"); !s.ok()) return s;
  }
  if (absl::Status s = SetRules(channel, options, zone); !s.ok()) return s;
  if (absl::Status s = SetEntries(transaction, channel, options, written->name, zone, notices); !s.ok())
    return s;
  const std::string window =
      absl::StrCat(WallClockOf(channel.grid, zone.start), "-", WallClockOf(channel.grid, zone.end));
  if (zone.name.empty()) zone.name = window;
  const auto taken = [&](const std::string& name) {
    return std::any_of(plan.zones.begin(), plan.zones.end(),
                       [&](const Zone& other) { return absl::EqualsIgnoreCase(other.name, name); });
  };
  // A name that was not given makes room for the other.
  if (options.name.empty() && taken(zone.name)) zone.name = absl::StrCat(zone.name, " ", window);
  if (absl::Status s = ValidateZone(channel.grid, zone); !s.ok()) return Coded("ZONE_WRONG", s);
  return zone;
}

absl::Status ApplyTo(Transaction& transaction, const Channel& channel, const ZoneOptions& options, Zone& zone,
                     std::vector<std::string>& notices) {
  std::string program_of_window;
  if (!options.window.empty()) {
    const absl::StatusOr<WrittenZone> written = ParseZone(channel.grid, options.window);
    if (!written.ok()) return written.status();
    zone.start = written->window.start;
    zone.end = written->window.end;
    program_of_window = written->name;
  }
  if (!options.name.empty()) {
    if (absl::Status s = CheckName(options.name, "the zone's name"); !s.ok()) return s;
    zone.name = options.name;
  }
  if (absl::Status s = SetRules(channel, options, zone); !s.ok()) return s;
  if (absl::Status s = SetEntries(transaction, channel, options, program_of_window, zone, notices); !s.ok())
    return s;
  return Coded("ZONE_WRONG", ValidateZone(channel.grid, zone));
}

Json ZoneRow(const GridRules& grid, const Zone& zone, const Names& names) {
  Json row = ShapeOf(grid, zone, names);
  row["plays"] = Json::array();
  for (const Json& entry : row["entries"]) row["plays"].push_back(entry["name"]);
  return row;
}

}  // namespace retrovue::cli
