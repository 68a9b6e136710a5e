// Plan files as an operator writes them, made ready to send.
//
// The rule: a plan that leaves here says everything explicitly (absolute paths, absolute times, channel and
// segment numbers). Whether it may air is for AIR to judge, in one place; only what could not even be sent is
// refused here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protos/plan_file.pb.h"

namespace air {

inline constexpr std::size_t kMostPlanBytes = std::size_t{16} << 20;

// Reads `path`, a regular file of at most kMostPlanBytes. Unknown keys are refused: in a file written by hand
// they are misspellings. Relative asset paths are taken relative to the folder of the file, and what may be
// left out is filled in (plan_file.proto). Waits for the disk, and for ever on a mount that is dead.
// Errors: NOT_FOUND, INVALID_ARGUMENT (with the place in the file; of text that is no plan it quotes nothing).
absl::StatusOr<PlanFile> LoadPlanFile(const std::string& path);

// The path a plan handle means: "file:///srv/tonight.json" (RFC 8089, with %20 and the like) or the path
// itself.
std::string PathOfHandle(const std::string& plan_handle);

// The same from the text itself; `folder` is what relative asset paths are relative to.
absl::StatusOr<PlanFile> ParsePlan(const std::string& json, const std::string& folder);

// A relative plan starts at 0 and is moved before it is sent.
bool IsRelative(const PlanFile& plan);

// Moves all blocks by one and the same amount, so that the first starts at `first_start_utc_ms`.
void MovePlanTo(std::int64_t first_start_utc_ms, PlanFile& plan);

// The index of the block called `block_id`. NOT_FOUND if there is none.
absl::StatusOr<int> FindBlock(const std::string& block_id, const PlanFile& plan);

// program_format_json of the plan, keys as the interface spells them. The file must have a program_format.
absl::StatusOr<std::string> ProgramFormatJson(const PlanFile& plan);

}  // namespace air
