// PlayoutInstance: one active session. It owns the session's memory, the selector and the plan, and
// reports its block events. Its ProgramFormat and epoch are fixed for its lifetime.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/event_hub.h"
#include "supervisor/hang_watch.h"
#include "supervisor/plan_executor.h"
#include "supervisor/playout_control.h"
#include "supervisor/program_format.h"
#include "supervisor/slate_card.h"
#include "supervisor/stage_supervisor.h"

namespace air {

class PlayoutInstance {
 public:
  struct Settings {
    int32_t channel_id = 0;
    SessionFormat format;
    int64_t join_utc_ms = 0;              // editorial time of tick 0; 0 = our own clock
    std::vector<wire::BlockPlan> blocks;  // the first ones, in order
    PlanExecutor::Settings plan;
    std::string slate_file;  // empty: a plain card
    uint32_t decoder_rings = 4;
    double ring_seconds = 2.0;
  };
  struct Final {
    int64_t ct_ms = 0;  // channel time: milliseconds of program since tick 0
    int32_t blocks_executed = 0;
  };

  // Takes the epoch and puts the channel on the air: from here on the selector makes a frame every tick.
  // `on_failed` is called when the session cannot go on, `on_exhausted` when the last block has ended;
  // destroy it, but not from inside.
  static absl::StatusOr<std::unique_ptr<PlayoutInstance>> Start(
      EventLoop& loop, StageSupervisor& stages, PlayoutControl& control, EventHub& events, Settings settings,
      std::function<void(const std::string&)> on_failed, std::function<void()> on_exhausted);

  absl::Status Append(const wire::BlockPlan& block) { return plan_->Append(block); }

  Final GetFinal() const;
  int32_t channel_id() const { return settings_.channel_id; }
  void AppendStages(std::vector<StageSnapshot>& stages) const;
  const PlanExecutor& plan() const { return *plan_; }
  SessionMemory& memory() const { return *memory_; }

 private:
  PlayoutInstance(EventLoop& loop, StageSupervisor& stages, PlayoutControl& control, EventHub& events,
                  Settings settings);
  void StartSelector();
  void OnSelectorDeath(const StageDeath& death);
  void LookAtSelector();
  void Poll();
  void PublishStarted(const PlannedBlock& block);
  void PublishCompleted(const PlannedBlock& block);

  EventLoop& loop_;
  StageSupervisor& stages_;
  PlayoutControl& control_;
  EventHub& events_;
  Settings settings_;
  std::function<void(const std::string&)> on_failed_;

  std::unique_ptr<SessionMemory> memory_;
  std::unique_ptr<StageProcess> selector_;
  RestartPolicy selector_policy_;
  HangWatch selector_watch_;
  RecoveryTimer selector_recovery_;
  uint64_t selector_started_at_ = 0;  // frames made when the present selector began
  EventSource selector_retry_;
  std::unique_ptr<PlanExecutor> plan_;
  std::unique_ptr<SlateCard> slate_;
  EventSource poll_;
  int32_t blocks_executed_ = 0;
};

}  // namespace air
