#include "supervisor/survivors.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "link/stage_log.h"

namespace air {

Survivors::Survivors(StageSupervisor& stages, const record::Session& session) {
  Add(stages, StageKind::kSelector, session.selector());
  for (const record::Sink& sink : session.sinks()) Add(stages, StageKind::kEncoder, sink.encoder());
  for (const record::Run& run : session.runs()) Add(stages, StageKind::kDecoder, run.decoder());
}

void Survivors::Add(StageSupervisor& stages, StageKind kind, const record::Stage& recorded) {
  if (recorded.id().empty()) return;
  std::unique_ptr<StageProcess> process = stages.Adopt(kind, recorded);
  if (process == nullptr) {
    Log().warn("{} (pid {}) is gone", recorded.id(), recorded.pid());
    return;
  }
  stages_[recorded.id()] = {kind, std::move(process)};
}

void Survivors::AskForDescriptors(Nanos deadline) {
  for (auto& [id, found] : stages_) {
    // A decoder may be taken over by its file: it is entrusted with nothing and asked for nothing.
    if (found.kind == StageKind::kDecoder) continue;
    absl::StatusOr<StageProcess::KeptItems> items = found.process->GiveBack(deadline);
    if (items.ok()) {
      kept_.merge(*std::move(items));
      continue;
    }
    Log().warn("{} does not give back what it keeps: {}", id, items.status().ToString());
    if (absl::IsDeadlineExceeded(items.status())) found.process->KillHung("hung (it does not answer)");
  }
}

std::unique_ptr<StageProcess> Survivors::Take(const record::Stage& recorded) {
  const auto found = stages_.find(recorded.id());
  if (found == stages_.end()) return nullptr;
  std::unique_ptr<StageProcess> process = std::move(found->second.process);
  stages_.erase(found);
  return process;
}

std::vector<UniqueFd> Survivors::TakeKept(const std::string& name) {
  const auto found = kept_.find(name);
  if (found == kept_.end()) return {};
  std::vector<UniqueFd> fds = std::move(found->second);
  kept_.erase(found);
  return fds;
}

std::vector<std::string> Survivors::KeptNames() const {
  std::vector<std::string> names;
  for (const auto& [name, fds] : kept_) names.push_back(name);
  return names;
}

}  // namespace air
