// What can be wrong with a block or a plan by itself: the rules in one place, for AIR when it is handed one
// and for the author of one (`air-ctl validate`). Pure: no clock, no file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "protos/plan_file.pb.h"
#include "protos/playout.pb.h"

namespace air {

// Durations must add up to the block within one millisecond a segment: each was rounded to milliseconds by
// its author. Errors: InvalidArgument naming the first field that is wrong, its value and the rule.
absl::Status CheckBlock(const retrovue::playout::BlockPlan& block, int32_t channel_id);

// Everything that is wrong with a plan, in order: when it is to be joined, each block by itself, names that are there
// twice, and blocks that start before the end of the one before. Empty: nothing.
std::vector<std::string> ProblemsOf(const PlanFile& plan);

// The first of them. Errors: InvalidArgument.
absl::Status CheckPlan(const PlanFile& plan);

}  // namespace air
