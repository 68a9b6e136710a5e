// The table of what `retrovue` can do, and the program that is made of it: help, arguments, errors, exit status.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "core/cli/frame/answer.h"
#include "core/cli/frame/context.h"

namespace retrovue::cli {

// Runs a command whose arguments have been read.
using Run = std::function<absl::StatusOr<Answer>(Context&)>;

struct Verb {
  std::string noun;  // "channel"
  std::string name;  // "add"; empty: the noun is the command, as "start"
  std::string help;  // a sentence without its dot
  // Gives `app` the command's own arguments; answers what is run once they have been read.
  std::function<Run(CLI::App& app)> define;
};

struct Noun {
  std::string name;
  std::string help;
};

// Reads the arguments by the table, runs what they name, prints its answer. Answers the process's exit status (Exit).
int RunProgram(int argc, const char* const* argv, const std::vector<Noun>& nouns,
               const std::vector<Verb>& verbs);

}  // namespace retrovue::cli
