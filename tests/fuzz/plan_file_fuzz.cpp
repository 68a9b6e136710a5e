// Plan files and blocks, as a person or a program may write them.
//
// The rule: a plan is refused in words or, as far as its blocks pass the check, turned into ticks: segments that touch, from the
// block's start to its fence.
#include <cstddef>
#include <cstdint>
#include <string>

#include "plans/plan_file_loader.h"
#include "supervisor/plan/block_plan.h"
#include "tests/fuzz/fuzz_input.h"

namespace air {
namespace {

void ExpectSegmentsTouch(const PlannedBlock& block) {
  Require(block.start <= block.fence);
  for (size_t i = 1; i < block.segments.size(); ++i) {
    Require(block.segments[i - 1].end == block.segments[i].start);
  }
}

void Run(const std::string& json) {
  absl::StatusOr<PlanFile> plan = ParsePlan(json, "/srv/media");
  if (!plan.ok()) {
    Require(!plan.status().message().empty());
    return;
  }
  for (const std::string& problem : ProblemsOf(*plan)) Require(!problem.empty());
  if (!CheckPlan(*plan).ok()) return;
  if (IsRelative(*plan)) MovePlanTo(1'700'000'000'000, *plan);
  if (plan->has_program_format()) Require(ProgramFormatJson(*plan).ok());

  const HouseTime time(HouseFormat{.rate = {30000, 1001}});
  uint64_t segment_serial = 1, block_serial = 1;
  for (const retrovue::playout::BlockPlan& block : plan->blocks()) {
    if (!CheckBlock(block, plan->channel_id()).ok()) return;
    ExpectSegmentsTouch(PlanBlock(block, time, UtcMs(block.start_utc_ms()), block_serial++, segment_serial));
  }
}

}  // namespace
}  // namespace air

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  air::Run(air::FuzzInput(data, size).TakeRest());
  return 0;
}
