#include "supervisor/plan/channel_plan.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "plans/plan_check.h"
#include "plans/plan_file_loader.h"

namespace air {
namespace {

// FNV-1a: the same in every process, unlike std::hash.
uint64_t FingerprintOf(const std::string& bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash | 1;
}

absl::StatusOr<ChannelPlan> Read(const std::string& path, int32_t channel_id) {
  absl::StatusOr<PlanFile> file = LoadPlanFile(path);
  if (!file.ok()) return file.status();
  // A plan says which channel it was written for; the call says which channel carries it out.
  file->set_channel_id(channel_id);
  for (auto& block : *file->mutable_blocks()) block.set_channel_id(channel_id);
  if (absl::Status s = CheckPlan(*file); !s.ok()) return s;
  ChannelPlan plan{.relative = IsRelative(*file), .join_utc_ms = file->join_utc_ms()};
  plan.fingerprint = FingerprintOf(absl::StrCat(path, "\n", file->SerializeAsString()));
  if (file->has_program_format()) {
    absl::StatusOr<std::string> format = ProgramFormatJson(*file);
    if (!format.ok()) return format.status();
    plan.format_json = *std::move(format);
  }
  std::vector<retrovue::playout::BlockPlan> blocks;
  for (auto& block : *file->mutable_blocks()) blocks.push_back(std::move(block));
  plan.blocks = StoredBlocks::Of(blocks);
  return plan;
}

}  // namespace

absl::StatusOr<ChannelPlan> LoadChannelPlan(const std::string& plan_handle, int32_t channel_id) {
  const std::string path = PathOfHandle(plan_handle);
  if (path.empty()) return absl::InvalidArgumentError("plan_handle: empty; give the path of a plan file");
  absl::StatusOr<ChannelPlan> plan = Read(path, channel_id);
  if (plan.ok()) return plan;
  return absl::Status(plan.status().code(), absl::StrCat("plan_handle: ", plan.status().message()));
}

}  // namespace air
