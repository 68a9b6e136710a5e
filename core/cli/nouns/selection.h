// What a person wants on the air, in the words of options: --series, --season, --tag, --collection, --asset, --program.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/nouns/finding.h"

namespace retrovue::cli {

// A live query, as options have it.
struct SelectorOptions {
  std::string series;
  std::string season;  // "1" or "1-3"
  std::vector<std::string> tags;
  std::string year;
  std::string collection;
  bool specials = false;
};
void AddSelector(CLI::App& app, SelectorOptions& options);
bool IsGiven(const SelectorOptions& options);
// Errors: COLLECTION_NOT_FOUND; INVALID_ARGUMENT.
absl::StatusOr<Selector> SelectorOf(const Snapshot& snapshot, const SelectorOptions& options);

// How a program plays what it selects.
struct ProgramOptions {
  std::string name;
  std::string kind;  // empty: as it fits the selection
  std::string play_mode;
  std::string on_end;
  std::optional<int> slot_units;
  SelectorOptions selector;
  std::vector<std::string> assets;  // one after the other in each airing
  std::vector<std::string> intros;
  std::vector<std::string> outros;
  std::vector<std::string> tags;
  std::string rating;
};
void AddPlaying(CLI::App& app, ProgramOptions& options);

// Changes `program` as the options say; what is not given stays. `notices` gets what should be known: that nothing that
// may air matches. The name is not looked at.
absl::Status ApplyTo(const Snapshot& snapshot, const ProgramOptions& options, Program& program,
                     std::vector<std::string>& notices);

// A program of that selection is stored, and referred to. Its name: the series; else that of its zone; of a zone
// without a name the channel's title for a block, which the guide shows, and the zone's window for others. Another
// number behind it where there is one of that name.
absl::StatusOr<SchedulableRef> ProgramFor(Transaction& transaction, const Channel& channel,
                                          const ProgramOptions& options, const std::string& zone,
                                          const std::string& window, std::vector<std::string>& notices);

// On which days something holds, as options have it.
struct WhenOptions {
  std::string from;  // "2026-12-01", or "12-01" for every year
  std::string to;
  std::string days;  // "MON-FRI"
  std::vector<std::string> on;
  std::string cron;
  bool always = false;  // takes all conditions off
};
void AddWhen(CLI::App& app, WhenOptions& options, bool for_update);
absl::Status ApplyTo(const WhenOptions& options, DateRule& rule);

}  // namespace retrovue::cli
