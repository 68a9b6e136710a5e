// Running the network in the foreground: what `start` does, and `demo` at its end.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "core/cli/frame/context.h"

namespace retrovue::cli {

struct RunningOptions {
  std::string http = "127.0.0.1:8080";
  std::string control = "127.0.0.1:8081";
  std::vector<std::string> media_roots;
};
void AddRunning(CLI::App& app, RunningOptions& options);

// Whether its addresses can be any: ADDRESS_WRONG, before anything is made or written.
absl::Status CheckRunning(const RunningOptions& options);

// Until a signal ends it. Prints the addresses and the line that keeps itself current.
absl::StatusOr<Answer> RunNetwork(Context& context, const RunningOptions& options);

}  // namespace retrovue::cli
