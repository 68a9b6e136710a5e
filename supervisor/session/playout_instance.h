// PlayoutInstance: one active session. It owns the session's memory, the selector and the plan, and
// reports its block events. Its ProgramFormat and epoch are fixed for its lifetime.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plans/program_format.h"
#include "supervisor/evidence/session_evidence.h"
#include "supervisor/handover/descriptor_keeper.h"
#include "supervisor/handover/session_record.h"
#include "supervisor/playout/plan_executor.h"
#include "supervisor/process/hang_watch.h"
#include "supervisor/process/stage_supervisor.h"
#include "supervisor/session/drift_watch.h"
#include "supervisor/session/event_hub.h"
#include "supervisor/session/playout_control.h"
#include "supervisor/session/slate_card.h"

namespace air {

class PlayoutInstance {
 public:
  struct Settings {
    int32_t channel_id = 0;
    SessionFormat format;
    int64_t join_utc_ms = 0;  // editorial time of tick 0; 0 = our own clock
    PlanExecutor::Settings plan;
    std::string slate_file;      // empty: a plain card
    uint32_t decoder_rings = 5;  // of what is on the air and of four to come
    double ring_seconds = 2.0;
    EvidenceOffice* evidence = nullptr;  // takes the account of what airs
    std::string evidence_endpoint;       // of the control plane that wants it, too; empty: none does
    std::string channel_name;            // in evidence; empty: channel_id
  };
  struct Final {
    int64_t ct_ms = 0;  // channel time: milliseconds of program since tick 0
    int32_t blocks_executed = 0;
  };

  struct Callbacks {
    std::function<void(const std::string&)> on_failed;  // the session cannot go on
    std::function<void()> on_exhausted;                 // the last block has ended
    std::function<void()> on_drift;                     // the wall's clock is off by more than 100 ms
    std::function<void()> on_changed;  // something a successor of this supervisor has to know
  };

  // Makes the session's memory and takes the epoch. Nothing is on the air before Begin(). Destroy it from
  // none of the callbacks' insides.
  static absl::StatusOr<std::unique_ptr<PlayoutInstance>> Create(EventLoop& loop, StageSupervisor& stages,
                                                                 DescriptorStore& store,
                                                                 PlayoutControl& control, EventHub& events,
                                                                 Settings settings, Callbacks callbacks);
  // Puts the channel on the air with this plan: from here on the selector makes a frame every tick.
  void Begin(const Rundown::Plan& plan);

  // The session of a predecessor of this supervisor: its memory, its epoch, whatever of its stages lives.
  // Nothing happens before Resume(). `waiting`: what waits of its plan, as it was recorded.
  static absl::StatusOr<std::unique_ptr<PlayoutInstance>> Adopt(
      EventLoop& loop, StageSupervisor& stages, DescriptorStore& store, PlayoutControl& control,
      EventHub& events, Settings settings, Callbacks callbacks, const record::Session& session,
      const SessionRecord::Plan& waiting, Survivors& survivors);
  // Goes on where the predecessor stopped: stages that are missing are started, events that no supervisor saw are
  // told.
  void Resume();
  void Describe(record::Session& session) const;

  void UpdatePlan(StoredBlocks::Pointer blocks, bool relative, std::function<void()> on_decided,
                  PlanExecutor::OnSwapped done) {
    plan_->UpdatePlan(std::move(blocks), relative, std::move(on_decided), std::move(done));
  }
  void LoadPreview(const wire::LoadPreviewRequest& request, PlanExecutor::OnLoaded done) {
    plan_->LoadPreview(request, std::move(done));
  }
  absl::StatusOr<Tick> SwitchToLive(int64_t target_utc_ms) { return plan_->SwitchToLive(target_utc_ms); }
  // Answers the calls that wait for one of these.
  void CancelPending() { plan_->CancelPending(); }
  absl::Status Append(const wire::BlockPlan& block);
  // Closes the account of what has aired: the session is about to be destroyed.
  void Conclude(const std::string& reason, const std::string& detail);

  Final GetFinal() const;
  int32_t channel_id() const { return settings_.channel_id; }
  uint64_t lookahead_low() const { return lookahead_low_; }  // blocks that came late
  int64_t drift_ms() const { return drift_->drift_ms(); }    // of the wall's clock
  // Until the last accepted block ends; negative: since it has.
  int64_t LookaheadMs() const;
  void AppendStages(std::vector<StageSnapshot>& stages) const;
  const PlanExecutor& plan() const { return *plan_; }
  SessionMemory& memory() const { return *memory_; }
  DescriptorKeeper& keeper() { return keeper_; }

 private:
  PlayoutInstance(EventLoop& loop, StageSupervisor& stages, DescriptorStore& store, PlayoutControl& control,
                  EventHub& events, Settings settings, Callbacks callbacks);
  // What a session that begins and one that is taken up have in common.
  void UseMemory(std::unique_ptr<SessionMemory> memory);
  absl::Status MakePlan(SessionEvidence::Origin origin);
  std::unique_ptr<SlateCard> MakeSlate();
  void StartSelector();
  void UseSelector(std::unique_ptr<StageProcess> process);
  void OnSelectorDeath(const StageDeath& death);
  // Three have died within a second: something they derive from the program ring may be the reason.
  bool SelectorBeginsAnew() const;
  void LookAtSelector();
  void Poll();
  void PublishDropped(const PlannedBlock& block, const PlannedSegment& segment,
                      const std::vector<std::string>& reasons);
  void PublishFailed(const PlannedBlock* block, const PlannedSegment& segment, PadCause cause,
                     const std::string& reason);
  void TellOfFed(const wire::BlockPlan& block, std::optional<int64_t> end_before);
  void LookAtClock();
  int64_t EditorialNowMs() const;
  void PublishBlockChange(const PlannedBlock* completed, const PlannedBlock* started);
  wire::BlockEvent StartedEvent(const PlannedBlock& block) const;
  wire::BlockEvent CompletedEvent(const PlannedBlock& block);

  EventLoop& loop_;
  StageSupervisor& stages_;
  PlayoutControl& control_;
  EventHub& events_;
  Settings settings_;
  Callbacks callbacks_;

  std::unique_ptr<SessionMemory> memory_;
  DescriptorKeeper keeper_;
  std::unique_ptr<StageProcess> selector_;
  RestartPolicy selector_policy_;
  HangWatch selector_watch_;
  RecoveryTimer selector_recovery_;
  uint64_t selector_started_at_ = 0;   // frames made when the present selector began
  std::deque<Nanos> selector_deaths_;  // the last three
  EventSource selector_retry_;
  std::unique_ptr<PlanExecutor> plan_;
  std::unique_ptr<SessionEvidence> evidence_;
  std::unique_ptr<SlateCard> slate_;
  EventSource poll_;
  std::optional<DriftWatch> drift_;
  Nanos drift_at_;  // when it was looked at last
  uint64_t lookahead_low_ = 0;
  bool selector_started_ = false;  // the session has begun: what comes now was fed
  int32_t blocks_executed_ = 0;
};

}  // namespace air
