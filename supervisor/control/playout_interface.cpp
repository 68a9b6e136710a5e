#include "supervisor/control/playout_interface.h"

#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>

#include <deque>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {
namespace {

constexpr int kMaxCallBytes = 4 << 20;
constexpr int kHandshakeLimitMs = 10'000;
constexpr int kKeepaliveMs = 20'000;
constexpr int kLeastPingIntervalMs = 5'000;  // of a client that keeps its connection alive itself
constexpr int kLongestIdleMs = 3'600'000;
constexpr int kMostCallsOfAConnection = 100;

// One SubscribeBlockEvents call. Its queue lives on the event loop; gRPC holds it alive until OnDone.
class Subscription final : public grpc::ServerWriteReactor<wire::BlockEvent>,
                           public IEventSubscriber,
                           public std::enable_shared_from_this<Subscription> {
 public:
  static constexpr size_t kMostWaiting = 4096;

  Subscription(EventLoop& loop, PlayoutEngine& engine) : loop_(loop), engine_(engine) {}

  void Open(int32_t channel_id) {
    self_ = shared_from_this();
    loop_.Post([this, channel_id] {
      if (absl::Status s = engine_.Subscribe(channel_id, self_); !s.ok()) {
        const bool too_many = absl::IsResourceExhausted(s);
        Close(grpc::Status(too_many ? grpc::StatusCode::RESOURCE_EXHAUSTED : grpc::StatusCode::NOT_FOUND,
                           std::string(s.message())));
      }
    });
  }

  void OnEvent(const wire::BlockEvent& event) override {
    if (queue_.size() >= kMostWaiting) {
      Log().warn("a subscriber to block events is dropped: it does not read, {} wait for it", queue_.size());
      engine_.DropSubscriber(this);
      return Close(
          grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "the subscriber does not read its events"));
    }
    queue_.push_back(event);
    WriteNext();
  }
  void OnEnd() override {
    ending_ = true;
    WriteNext();
  }

  void OnWriteDone(bool ok) override {
    loop_.Post([this, ok] {
      writing_ = false;
      queue_.pop_front();
      if (!ok) return Close(grpc::Status::CANCELLED);
      WriteNext();
    });
  }
  void OnCancel() override {
    loop_.Post([this, keep = shared_from_this()] { Close(grpc::Status::CANCELLED); });
  }
  void OnDone() override {
    loop_.Post([this] {
      engine_.Unsubscribe(this);
      self_.reset();
    });
  }

 private:
  void WriteNext() {
    if (writing_ || closed_) return;
    if (queue_.empty()) {
      if (ending_) Close(grpc::Status::OK);
      return;
    }
    writing_ = true;
    StartWrite(&queue_.front());
  }
  void Close(const grpc::Status& status) {
    if (std::exchange(closed_, true)) return;
    engine_.Unsubscribe(this);
    queue_.erase(queue_.begin() + (writing_ ? 1 : 0), queue_.end());  // gRPC still reads the one it writes
    Finish(status);
  }

  EventLoop& loop_;
  PlayoutEngine& engine_;
  std::shared_ptr<Subscription> self_;
  std::deque<wire::BlockEvent> queue_;
  bool writing_ = false, ending_ = false, closed_ = false;
};

// Runs `call` on the loop, stores what it returns and finishes the call.
template <class Response, class Call>
grpc::ServerUnaryReactor* OnLoop(EventLoop& loop, grpc::CallbackServerContext* context, Response* response,
                                 Call call) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  loop.Post([=] {
    *response = call();
    reactor->Finish(grpc::Status::OK);
  });
  return reactor;
}

// Runs `call` on the loop; it is given what to call with the answer, later, from there.
template <class Response, class Call>
grpc::ServerUnaryReactor* Later(EventLoop& loop, grpc::CallbackServerContext* context, Response* response,
                                Call call) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  loop.Post([=] {
    call([response, reactor](const Response& answer) {
      *response = answer;
      reactor->Finish(grpc::Status::OK);
    });
  });
  return reactor;
}

}  // namespace

// On the loop, like every call: what answers is a supervisor that has taken up what was there, and whose loop turns.
grpc::ServerUnaryReactor* PlayoutInterface::GetVersion(grpc::CallbackServerContext* context,
                                                       const wire::ApiVersionRequest*,
                                                       wire::ApiVersion* response) {
  return OnLoop(loop_, context, response, [] {
    wire::ApiVersion version;
    version.set_version(
        wire::ApiVersion::descriptor()->file()->options().GetExtension(wire::PLAYOUT_API_VERSION));
    return version;
  });
}

grpc::ServerUnaryReactor* PlayoutInterface::StartChannel(grpc::CallbackServerContext* context,
                                                         const wire::StartChannelRequest* request,
                                                         wire::StartChannelResponse* response) {
  return Later(loop_, context, response,
               [this, request](auto reply) { engine_.StartChannel(*request, reply); });
}

grpc::ServerUnaryReactor* PlayoutInterface::StopChannel(grpc::CallbackServerContext* context,
                                                        const wire::StopChannelRequest* request,
                                                        wire::StopChannelResponse* response) {
  return OnLoop(loop_, context, response, [this, request] { return engine_.StopChannel(*request); });
}

grpc::ServerUnaryReactor* PlayoutInterface::AttachStream(grpc::CallbackServerContext* context,
                                                         const wire::AttachStreamRequest* request,
                                                         wire::AttachStreamResponse* response) {
  return Later(loop_, context, response,
               [this, request](auto reply) { engine_.AttachStream(*request, reply); });
}

grpc::ServerUnaryReactor* PlayoutInterface::UpdatePlan(grpc::CallbackServerContext* context,
                                                       const wire::UpdatePlanRequest* request,
                                                       wire::UpdatePlanResponse* response) {
  return Later(loop_, context, response,
               [this, request](auto reply) { engine_.UpdatePlan(*request, reply); });
}

grpc::ServerUnaryReactor* PlayoutInterface::LoadPreview(grpc::CallbackServerContext* context,
                                                        const wire::LoadPreviewRequest* request,
                                                        wire::LoadPreviewResponse* response) {
  return Later(loop_, context, response,
               [this, request](auto reply) { engine_.LoadPreview(*request, reply); });
}

grpc::ServerUnaryReactor* PlayoutInterface::SwitchToLive(grpc::CallbackServerContext* context,
                                                         const wire::SwitchToLiveRequest* request,
                                                         wire::SwitchToLiveResponse* response) {
  return OnLoop(loop_, context, response, [this, request] { return engine_.SwitchToLive(*request); });
}

grpc::ServerUnaryReactor* PlayoutInterface::DetachStream(grpc::CallbackServerContext* context,
                                                         const wire::DetachStreamRequest* request,
                                                         wire::DetachStreamResponse* response) {
  return OnLoop(loop_, context, response, [this, request] { return engine_.DetachStream(*request); });
}

grpc::ServerUnaryReactor* PlayoutInterface::StartBlockPlanSession(
    grpc::CallbackServerContext* context, const wire::StartBlockPlanSessionRequest* request,
    wire::StartBlockPlanSessionResponse* response) {
  return OnLoop(loop_, context, response,
                [this, request] { return engine_.StartBlockPlanSession(*request); });
}

grpc::ServerUnaryReactor* PlayoutInterface::FeedBlockPlan(grpc::CallbackServerContext* context,
                                                          const wire::FeedBlockPlanRequest* request,
                                                          wire::FeedBlockPlanResponse* response) {
  return OnLoop(loop_, context, response, [this, request] { return engine_.FeedBlockPlan(*request); });
}

grpc::ServerUnaryReactor* PlayoutInterface::StopBlockPlanSession(
    grpc::CallbackServerContext* context, const wire::StopBlockPlanSessionRequest* request,
    wire::StopBlockPlanSessionResponse* response) {
  return OnLoop(loop_, context, response, [this, request] { return engine_.StopBlockPlanSession(*request); });
}

grpc::ServerWriteReactor<wire::BlockEvent>* PlayoutInterface::SubscribeBlockEvents(
    grpc::CallbackServerContext*, const wire::SubscribeBlockEventsRequest* request) {
  auto subscription = std::make_shared<Subscription>(loop_, engine_);
  subscription->Open(request->channel_id());
  return subscription.get();
}

absl::StatusOr<std::unique_ptr<PlayoutServer>> PlayoutServer::Create(PlayoutInterface& service) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  auto server = std::make_unique<PlayoutServer>();
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(kMaxCallBytes);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeLimitMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, kLeastPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, kLongestIdleMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMostCallsOfAConnection);
  server->connections_ = builder.experimental().AddExternalConnectionAcceptor(
      grpc::ServerBuilder::experimental_type::ExternalConnectionType::FROM_FD,
      grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  server->server_ = builder.BuildAndStart();
  if (server->server_ == nullptr) return absl::InternalError("gRPC does not start");
  return server;
}

void PlayoutServer::Serve(UniqueFd connection) {
  grpc::experimental::ExternalConnectionAcceptor::NewConnectionParameters parameters;
  parameters.fd = connection.Release();
  connections_->HandleNewConnection(&parameters);
}

void PlayoutServer::Shutdown(int64_t grace_ms) {
  server_->Shutdown(gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC), gpr_time_from_millis(grace_ms, GPR_TIMESPAN)));
}

}  // namespace air
