// A zone as options describe it; plans are made of them too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/cli/nouns/break_options.h"
#include "core/cli/nouns/selection.h"

namespace retrovue::cli {

struct ZoneOptions {
  std::string name;                   // empty: what plays in it, or its window
  std::string window;                 // "22:00-02:00", or "22:00-02:00=PROGRAM"
  std::vector<std::string> programs;  // they take turns
  ProgramOptions playing;             // a program is made of it
  WhenOptions when;
  std::string overrun;
  std::string fit;
  std::optional<int> trim_ms;
  std::optional<bool> enabled;
  BreakOptions breaks;
};
void AddZoneFields(CLI::App& app, ZoneOptions& options, bool for_update);

// A zone for `plan`. What it plays, if it is given as a selection, becomes a program that is stored.
// Errors: ZONE_WRONG, ZONE_EMPTY, PROGRAM_NOT_FOUND and others.
absl::StatusOr<Zone> MakeZone(Transaction& transaction, const Channel& channel, const SchedulePlan& plan,
                              const ZoneOptions& options, std::vector<std::string>& notices);

// Changes `zone`; what is not given stays.
absl::Status ApplyTo(Transaction& transaction, const Channel& channel, const ZoneOptions& options, Zone& zone,
                     std::vector<std::string>& notices);

// Its shape, with "plays": the names of its entries, for a list.
Json ZoneRow(const GridRules& grid, const Zone& zone, const Names& names);

}  // namespace retrovue::cli
