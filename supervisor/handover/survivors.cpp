#include "supervisor/handover/survivors.h"

#include <poll.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {

Survivors::Survivors(StageSupervisor& stages, const record::Session& session, DescriptorStore::Items stored)
    : clock_(stages.clock()), kept_(std::move(stored)) {
  Add(stages, StageKind::kSelector, session.selector());
  for (const record::Sink& sink : session.sinks()) Add(stages, StageKind::kEncoder, sink.encoder());
  for (const record::Run& run : session.runs()) Add(stages, StageKind::kDecoder, run.decoder());
  needed_.emplace_back(kSlateName);
  for (int i = 0; i < session.ring_generations_size(); ++i)
    needed_.push_back(RingName(static_cast<size_t>(i)));
  for (const record::Sink& sink : session.sinks()) needed_.push_back(SinkName(sink.serial()));
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

bool Survivors::IsComplete() const {
  return std::all_of(needed_.begin(), needed_.end(),
                     [&](const std::string& name) { return kept_.contains(name); });
}

bool Survivors::TakeAnswer(StageProcess& stage) {
  absl::StatusOr<StageProcess::KeptItems> items = stage.ReceiveKept();
  if (absl::IsUnavailable(items.status())) return false;
  if (items.ok()) {
    kept_.merge(*std::move(items));
  } else {
    Log().warn("{} does not give back what it keeps: {}", stage.id(), items.status().ToString());
  }
  return true;
}

void Survivors::AskForDescriptors(Nanos deadline) {
  std::vector<StageProcess*> asked;
  for (auto& [id, found] : stages_) {
    // A decoder may be taken over by its file: it is entrusted with nothing and asked for nothing.
    if (found.kind != StageKind::kDecoder && found.process->AskForKept().ok())
      asked.push_back(found.process.get());
  }
  while (!asked.empty() && !IsComplete()) {
    const int64_t left = deadline - clock_.Now();
    if (left <= 0) break;
    std::vector<pollfd> answers;
    for (const StageProcess* stage : asked) answers.push_back({stage->answer_fd(), POLLIN, 0});
    poll(answers.data(), answers.size(), static_cast<int>(left / kNanosPerMs) + 1);
    std::erase_if(asked, [&](StageProcess* stage) { return TakeAnswer(*stage); });
  }
  if (IsComplete()) return;
  for (StageProcess* stage : asked) stage->KillHung("hung (it does not answer)");
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
