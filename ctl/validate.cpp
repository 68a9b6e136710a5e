// air-ctl validate: says what is wrong in a plan file, and where, without AIR.
#include <unistd.h>

#include <filesystem>
#include <ostream>
#include <set>

#include "absl/strings/str_cat.h"
#include "ctl/commands.h"
#include "plans/plan_check.h"
#include "plans/plan_file_loader.h"
#include "plans/program_format.h"

namespace air {
namespace {

using retrovue::playout::BlockPlan;
using retrovue::playout::BlockSegment;

// Why nothing will come of this asset; empty: nothing is wrong with it as far as its name tells.
std::string ProblemOf(const std::string& asset_uri) {
  if (asset_uri.empty() || asset_uri.find(':') < asset_uri.find('/')) return "";  // pad; "pattern:..."
  std::error_code error;
  if (!std::filesystem::exists(asset_uri, error)) return "there is no such file";
  if (!std::filesystem::is_regular_file(asset_uri, error)) return "is no file";
  return access(asset_uri.c_str(), R_OK) == 0 ? "" : "must not be read by you";
}

std::vector<std::string> ProblemsOfAssets(const PlanFile& plan) {
  std::vector<std::string> problems;
  std::set<std::string> seen;
  for (const BlockPlan& block : plan.blocks()) {
    for (const BlockSegment& segment : block.segments()) {
      const std::string why = ProblemOf(segment.asset_uri());
      if (why.empty() || !seen.insert(segment.asset_uri()).second) continue;
      problems.push_back(absl::StrCat("block ", block.block_id(), ": segments[", segment.segment_index(),
                                      "].asset_uri: ", segment.asset_uri(), ": ", why));
    }
  }
  return problems;
}

std::string Summary(const PlanFile& plan) {
  int segments = 0;
  int64_t ms = 0;
  for (const BlockPlan& block : plan.blocks()) {
    segments += block.segments_size();
    ms += block.end_utc_ms() - block.start_utc_ms();
  }
  const std::string when = IsRelative(plan) ? "relative, it starts when it is put in force"
                                            : absl::StrCat("from ", FormatUtc(plan.blocks(0).start_utc_ms()));
  return absl::StrCat("blocks ", plan.blocks_size(), ", segments ", segments, ", ", ms / 1000, " s, ", when,
                      plan.has_program_format() ? "" : "; no program_format: StartChannel has to bring it");
}

}  // namespace

ExitStatus Commands::Validate(const std::string& path) {
  const absl::StatusOr<PlanFile> plan = LoadPlanFile(path);
  if (!plan.ok()) return Misused(std::string(plan.status().message()));
  std::vector<std::string> problems = ProblemsOf(*plan);
  if (const absl::Status format = CheckProgramFormat(plan->program_format());
      plan->has_program_format() && !format.ok()) {
    problems.insert(problems.begin(), std::string(format.message()));
  }
  for (const std::string& problem : ProblemsOfAssets(*plan)) problems.push_back(problem);
  for (const std::string& problem : problems) err_ << path << ": " << problem << "\n";
  if (!problems.empty()) return ExitStatus::kUsage;
  out_ << path << ": " << Summary(*plan) << "\n";
  return ExitStatus::kDone;
}

}  // namespace air
