// PlayoutInterface: the gRPC surface, a thin adapter to the PlayoutEngine. Each call is handed to the event
// loop and finished from there; no gRPC thread ever touches the engine.
#pragma once

#include <grpcpp/grpcpp.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "protos/playout.grpc.pb.h"
#include "supervisor/control/playout_engine.h"
#include "supervisor/loop/event_loop.h"

namespace air {

class PlayoutInterface final : public wire::PlayoutControl::CallbackService {
 public:
  PlayoutInterface(EventLoop& loop, PlayoutEngine& engine) : loop_(loop), engine_(engine) {}

  grpc::ServerUnaryReactor* GetVersion(grpc::CallbackServerContext*, const wire::ApiVersionRequest*,
                                       wire::ApiVersion*) override;
  grpc::ServerUnaryReactor* StartChannel(grpc::CallbackServerContext*, const wire::StartChannelRequest*,
                                         wire::StartChannelResponse*) override;
  grpc::ServerUnaryReactor* UpdatePlan(grpc::CallbackServerContext*, const wire::UpdatePlanRequest*,
                                       wire::UpdatePlanResponse*) override;
  grpc::ServerUnaryReactor* LoadPreview(grpc::CallbackServerContext*, const wire::LoadPreviewRequest*,
                                        wire::LoadPreviewResponse*) override;
  grpc::ServerUnaryReactor* SwitchToLive(grpc::CallbackServerContext*, const wire::SwitchToLiveRequest*,
                                         wire::SwitchToLiveResponse*) override;
  grpc::ServerUnaryReactor* StopChannel(grpc::CallbackServerContext*, const wire::StopChannelRequest*,
                                        wire::StopChannelResponse*) override;
  grpc::ServerUnaryReactor* AttachStream(grpc::CallbackServerContext*, const wire::AttachStreamRequest*,
                                         wire::AttachStreamResponse*) override;
  grpc::ServerUnaryReactor* DetachStream(grpc::CallbackServerContext*, const wire::DetachStreamRequest*,
                                         wire::DetachStreamResponse*) override;
  grpc::ServerUnaryReactor* StartBlockPlanSession(grpc::CallbackServerContext*,
                                                  const wire::StartBlockPlanSessionRequest*,
                                                  wire::StartBlockPlanSessionResponse*) override;
  grpc::ServerUnaryReactor* FeedBlockPlan(grpc::CallbackServerContext*, const wire::FeedBlockPlanRequest*,
                                          wire::FeedBlockPlanResponse*) override;
  grpc::ServerUnaryReactor* StopBlockPlanSession(grpc::CallbackServerContext*,
                                                 const wire::StopBlockPlanSessionRequest*,
                                                 wire::StopBlockPlanSessionResponse*) override;
  grpc::ServerWriteReactor<wire::BlockEvent>* SubscribeBlockEvents(
      grpc::CallbackServerContext*, const wire::SubscribeBlockEventsRequest*) override;

 private:
  EventLoop& loop_;
  PlayoutEngine& engine_;
};

// The gRPC server around it, health and reflection included. It has no sockets of its own: it is given
// connections (control_listener.h).
class PlayoutServer {
 public:
  // Calls are taken to the event loop; none is answered before that runs.
  // Errors: Internal: gRPC does not start.
  static absl::StatusOr<std::unique_ptr<PlayoutServer>> Create(PlayoutInterface& service);
  // Before Shutdown(). A client that says nothing for ten seconds, no longer answers, or has had no call for
  // an hour is sent away.
  void Serve(UniqueFd connection);
  // Ends open calls; blocks up to `grace_ms`, so never on the event loop.
  void Shutdown(int64_t grace_ms);

 private:
  std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> connections_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace air
