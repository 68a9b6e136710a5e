// StageSupervisor: spawns the stages and keeps spares. Loading FFmpeg takes tens of milliseconds, so one
// idle, loaded decoder and, once a sink is wanted, one encoder are always there to be handed out.
#pragma once

#include <array>
#include <memory>

#include "absl/status/statusor.h"
#include "supervisor/event_loop.h"
#include "supervisor/restart_policy.h"
#include "supervisor/stage_process.h"

namespace air {

class StageSupervisor {
 public:
  StageSupervisor(EventLoop& loop, StageEnvironment environment)
      : loop_(loop), environment_(std::move(environment)) {}

  // Keeps one idle process of this kind from now on.
  void KeepSpare(StageKind kind);
  // A process without an assignment: the spare when there is one (another takes its place), else a fresh one.
  // The caller Watch()es it. Errors: those of the spawn.
  absl::StatusOr<std::unique_ptr<StageProcess>> Take(StageKind kind);

  // For metrics: processes that died while they had work, by kind.
  void CountDeath(StageKind kind) { ++deaths_[static_cast<size_t>(kind)]; }
  uint64_t deaths(StageKind kind) const { return deaths_[static_cast<size_t>(kind)]; }

 private:
  struct Spare {
    bool wanted = false;
    std::unique_ptr<StageProcess> process;
    RestartPolicy policy;
    EventSource retry;
  };
  absl::StatusOr<std::unique_ptr<StageProcess>> Spawn(StageKind kind);
  void Refill(StageKind kind);
  void OnSpareDeath(StageKind kind, const std::string& cause);

  EventLoop& loop_;
  StageEnvironment environment_;
  std::array<Spare, 3> spares_;
  std::array<uint64_t, 3> deaths_{};
  uint64_t spawned_ = 0;
};

}  // namespace air
