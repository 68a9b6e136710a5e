// PlayoutEngine: the root of the runtime. It owns at most one PlayoutInstance and the viewer's sink, and
// answers the control calls. Lives on the event loop; every call returns or replies without waiting for a
// stage.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/event_hub.h"
#include "supervisor/metrics_snapshot.h"
#include "supervisor/playout_control.h"
#include "supervisor/playout_instance.h"
#include "supervisor/stage_supervisor.h"
#include "supervisor/stream_connector.h"
#include "supervisor/stream_sink.h"

namespace air {

struct EngineSettings {
  std::vector<std::string> media_roots;
  bool terminate_on_exhausted = false;  // --on-lookahead-exhausted=terminate
  double ring_seconds = 2.0;
};

class PlayoutEngine {
 public:
  PlayoutEngine(EventLoop& loop, StageSupervisor& stages, EngineSettings settings);

  void AttachStream(const wire::AttachStreamRequest& request,
                    std::function<void(const wire::AttachStreamResponse&)> reply);
  wire::DetachStreamResponse DetachStream(const wire::DetachStreamRequest& request);
  wire::StartBlockPlanSessionResponse StartBlockPlanSession(
      const wire::StartBlockPlanSessionRequest& request);
  wire::FeedBlockPlanResponse FeedBlockPlan(const wire::FeedBlockPlanRequest& request);
  wire::StopBlockPlanSessionResponse StopBlockPlanSession(const wire::StopBlockPlanSessionRequest& request);
  // Errors: NotFound when no session of this channel runs.
  absl::Status Subscribe(int32_t channel_id, std::shared_ptr<IEventSubscriber> subscriber);
  void Unsubscribe(const IEventSubscriber* subscriber) { events_.Unsubscribe(subscriber); }

  // Ends the session and the sink; the process may end afterwards.
  void Shutdown();
  MetricsSnapshot Snapshot() const;

 private:
  absl::Status CheckStart(const wire::StartBlockPlanSessionRequest& request,
                          wire::BlockPlanResultCode& code) const;
  void EndSession(const std::string& reason);
  void FinishAttach(const StreamEndpoint& endpoint, absl::StatusOr<UniqueFd> socket,
                    const std::function<void(const wire::AttachStreamResponse&)>& reply);

  EventLoop& loop_;
  StageSupervisor& stages_;
  EngineSettings settings_;
  PlayoutControl control_;
  EventHub events_;
  std::unique_ptr<PlayoutInstance> instance_;
  std::unique_ptr<StreamSink> sink_;
  std::unique_ptr<StreamConnector> connector_;
  uint64_t sinks_made_ = 0;
  std::optional<int32_t> last_channel_;  // metrics still show it after its session
};

}  // namespace air
