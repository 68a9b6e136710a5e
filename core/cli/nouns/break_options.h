// Break rules as options describe them: of a channel, a zone or a program.
#pragma once

#include <optional>
#include <string>

#include <CLI/CLI.hpp>

#include "absl/status/statusor.h"
#include "core/cli/frame/answer.h"
#include "core/model/breaks.h"

namespace retrovue::cli {

struct BreakOptions {
  std::string policy;  // post, between, midroll, or inherit
  std::optional<int> most;
  std::optional<int> least_break_s, least_act_s, head_s, tail_s;
};

// `inherits`: there is something above it whose rules hold if it has none of its own.
void AddBreaks(CLI::App& app, BreakOptions& options, bool inherits);

// What is not given stays. Errors: BREAKS_WRONG.
absl::Status ApplyTo(const BreakOptions& options, BreakRules& rules);
// The same; where it has none of its own yet it takes those of `above`.
absl::Status ApplyTo(const BreakOptions& options, const BreakRules& above, std::optional<BreakRules>& rules);

Json ShapeOf(const BreakRules& rules);
Json ShapeOf(const std::optional<BreakRules>& rules);

}  // namespace retrovue::cli
