// PlayoutEngine: the root of the runtime. It owns at most one PlayoutInstance and the viewers' streams, and
// answers the control calls. Lives on the event loop; every call returns or replies without waiting for a
// stage.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/control/plan_reader.h"
#include "supervisor/handover/session_record.h"
#include "supervisor/metrics/metrics_snapshot.h"
#include "supervisor/output/output_streams.h"
#include "supervisor/plan/channel_plan.h"
#include "supervisor/process/stage_supervisor.h"
#include "supervisor/session/event_hub.h"
#include "supervisor/session/playout_control.h"
#include "supervisor/session/playout_instance.h"

namespace air {

struct EngineSettings {
  std::string runtime_dir;
  std::vector<std::string> media_roots;
  bool terminate_on_exhausted = false;  // --on-lookahead-exhausted=terminate
  bool terminate_on_drift = false;      // --on-drift=terminate
  double ring_seconds = 2.0;
  std::string slate_file;
  std::optional<int64_t> pts_origin;  // --pts-origin: 90 kHz value of tick 0, whatever the format says
};

// The calls stand by subject in stream_calls.cpp, channel_calls.cpp, preview_calls.cpp and block_calls.cpp;
// engine_snapshot.cpp is what metrics show, session_takeover.cpp what a successor takes up.
class PlayoutEngine {
 public:
  static constexpr size_t kLeastQueueDepth = 2;

  PlayoutEngine(EventLoop& loop, StageSupervisor& stages, DescriptorStore& store, SessionRecord& record,
                PlayoutControl& control, EngineSettings settings);

  // Once, before the first call: takes up the session a predecessor of this supervisor has left on the air,
  // if there is one, and has spares made. Waits for stages no longer than a second in all.
  void Open();

  void AttachStream(const wire::AttachStreamRequest& request,
                    std::function<void(const wire::AttachStreamResponse&)> reply);
  wire::DetachStreamResponse DetachStream(const wire::DetachStreamRequest& request);
  void StartChannel(const wire::StartChannelRequest& request,
                    std::function<void(const wire::StartChannelResponse&)> reply);
  void UpdatePlan(const wire::UpdatePlanRequest& request,
                  std::function<void(const wire::UpdatePlanResponse&)> reply);
  void LoadPreview(const wire::LoadPreviewRequest& request,
                   std::function<void(const wire::LoadPreviewResponse&)> reply);
  wire::SwitchToLiveResponse SwitchToLive(const wire::SwitchToLiveRequest& request);
  wire::StopChannelResponse StopChannel(const wire::StopChannelRequest& request);
  wire::StartBlockPlanSessionResponse StartBlockPlanSession(
      const wire::StartBlockPlanSessionRequest& request);
  wire::FeedBlockPlanResponse FeedBlockPlan(const wire::FeedBlockPlanRequest& request);
  wire::StopBlockPlanSessionResponse StopBlockPlanSession(const wire::StopBlockPlanSessionRequest& request);
  // Errors: NotFound when no session of this channel runs; ResourceExhausted when there are too many
  // subscribers.
  absl::Status Subscribe(int32_t channel_id, std::shared_ptr<IEventSubscriber> subscriber);
  void Unsubscribe(const IEventSubscriber* subscriber) { events_.Unsubscribe(subscriber); }
  const EventHub& events() const { return events_; }
  void DropSubscriber(const IEventSubscriber* subscriber) { events_.Drop(subscriber); }

  // Ends the session and the sink; the process may end afterwards.
  void Shutdown();
  // Behind Shutdown(): evidence that is on its way to the control plane gets so long.
  void FinishEvidence(std::chrono::milliseconds limit) { evidence_.Finish(limit); }
  MetricsSnapshot Snapshot() const;

 private:
  absl::Status CheckStart(const wire::StartBlockPlanSessionRequest& request,
                          wire::BlockPlanResultCode& code) const;
  struct NewSession {
    int32_t channel_id = 0;
    std::string format_json;
    StoredBlocks::Pointer blocks;
    bool relative = false;  // they start with tick 0
    int64_t join_utc_ms = 0;
    size_t max_queue_depth = kLeastQueueDepth;
    std::string evidence_endpoint, channel_name;
    // StartChannel: the call and its plan file. In the first record there is of the session already.
    wire::StartChannelRequest started_with;
    uint64_t plan_fingerprint = 0;
  };
  // What a StartChannel does not have to be carried out for: it runs already, or cannot.
  std::optional<wire::StartChannelResponse> AnswerAtOnce(const wire::StartChannelRequest& request) const;
  absl::Status Start(const wire::StartChannelRequest& request, const absl::StatusOr<ChannelPlan>& plan);
  // Errors: NotFound without a session; those of PlayoutControl::Admit.
  absl::Status AdmitProducerCall(ControlCall call, int32_t channel_id) const;
  // Whether the plan can follow the one that runs.
  absl::Status CanFollow(const ChannelPlan& plan) const;
  // UpdatePlan, once the plan has been read.
  void PutInForce(absl::StatusOr<ChannelPlan> plan,
                  std::function<void(const wire::UpdatePlanResponse&)> reply);
  absl::Status StartSession(NewSession session);
  PlayoutInstance::Callbacks CallbacksOf(uint64_t session_number);
  void TakeUpWhatIsLeft();
  absl::Status TakeUp(const record::Session& session, DescriptorStore::Items stored);
  // What the record says; false without a session.
  bool Describe(record::Session& session) const;
  void EndSession(const std::string& reason, const std::string& detail = "");
  // There is no session any more, and no record of one.
  void ForgetSession();

  SinkSnapshot Describe(const OutputStreams::Stream& stream) const;

  EventLoop& loop_;
  StageSupervisor& stages_;
  DescriptorStore& store_;
  SessionRecord& record_;
  EngineSettings settings_;
  PlayoutControl& control_;
  EventHub events_;
  EvidenceOffice evidence_;
  PlanReader plans_;
  std::unique_ptr<PlayoutInstance> instance_;
  OutputStreams streams_;
  uint64_t sessions_ = 0;     // begun so far: a late report about an old one is none about the present one
  std::string format_json_;   // of the session
  bool ending_ = false;       // the session
  uint32_t incarnation_ = 1;  // of supervisors that have had it
  uint64_t adoptions_ = 0;    // sessions taken up, by this supervisor and those before it
  wire::StartChannelRequest started_with_;  // the call that began this session, if it was StartChannel
  uint64_t plan_fingerprint_ = 0;           // of the plan file in force; 0: none
  std::optional<int32_t> last_channel_;     // metrics still show it after its session
};

}  // namespace air
