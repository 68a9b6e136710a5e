// StageSupervisor: spawns the stages and keeps spares. Loading a program takes tens of milliseconds, so an
// idle, loaded process of each kind is there to be handed out.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "supervisor/event_loop.h"
#include "supervisor/restart_policy.h"
#include "supervisor/stage_process.h"

namespace air {

class StageSupervisor {
 public:
  StageSupervisor(EventLoop& loop, StageEnvironment environment);

  // Keeps one idle process of this kind from now on.
  void KeepSpare(StageKind kind);
  // A process without an assignment: the spare when there is one (another takes its place), else a fresh one.
  // The caller Watch()es it. Errors: those of the spawn.
  absl::StatusOr<std::unique_ptr<StageProcess>> Take(StageKind kind);
  // One that has nothing prepared: for work that is not urgent, so that the spare is there when some is.
  absl::StatusOr<std::unique_ptr<StageProcess>> TakeFresh(StageKind kind) { return Spawn(kind); }
  // The asset on the air: the spare decoder, and each one after it, has it open.
  void KeepWarm(const stage::WarmAsset& asset);

  // How long a stage may be silent where it should beat (--hang-ms).
  int64_t hang_ns() const { return environment_.hang_ns; }
  // Killed stages that are not dead yet.
  size_t dying() const { return graveyard_.size(); }

  // For metrics: processes that died while they had work, by kind.
  void CountDeath(StageKind kind) { ++deaths_[static_cast<size_t>(kind)]; }
  // Killed decoders that did not die within half a second.
  void CountStuck() { ++stuck_; }
  uint64_t stuck() const { return stuck_; }
  void CountGivenUp() { ++given_up_; }
  uint64_t segments_given_up() const { return given_up_; }
  uint64_t deaths(StageKind kind) const { return deaths_[static_cast<size_t>(kind)]; }

 private:
  struct Spare {
    bool wanted = false;
    std::unique_ptr<StageProcess> process;
    RestartPolicy policy;
    EventSource retry;
    int stopped_looks = 0;  // in a row
    std::optional<Nanos> warming_since;
  };
  absl::StatusOr<std::unique_ptr<StageProcess>> Spawn(StageKind kind);
  void Refill(StageKind kind);
  void Warm();
  void OnSpareDeath(StageKind kind, const std::string& cause);
  void LookAtSpares();

  EventLoop& loop_;
  StageEnvironment environment_;
  StageGraveyard graveyard_;  // outlives every process of ours
  EventSource look_;
  std::array<Spare, 3> spares_;
  stage::ToStage warm_;     // empty: nothing is on the air
  bool warm_fits_ = false;  // no spare has come to grief over it
  std::array<uint64_t, 3> deaths_{};
  uint64_t spawned_ = 0, stuck_ = 0, given_up_ = 0;
};

}  // namespace air
