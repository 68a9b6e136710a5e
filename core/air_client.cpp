#include "core/air_client.h"

#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

using namespace retrovue::playout;  // NOLINT: this file speaks that interface throughout

constexpr std::chrono::seconds kAttachLimit(5);
constexpr std::chrono::seconds kStartLimit(10);
constexpr std::chrono::seconds kFeedLimit(5);
constexpr std::chrono::seconds kStopLimit(5);

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // The address is meant literally, whatever http_proxy says.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  // A supervisor that has just been started is there within milliseconds; the usual back-off starts at a
  // second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // how long an attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

void SetLimit(grpc::ClientContext& context, std::chrono::milliseconds limit) {
  context.set_deadline(std::chrono::system_clock::now() + limit);
}

absl::Status FromGrpc(const char* call, const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                      absl::StrCat(call, ": ", status.error_message()));
}

template <typename Response>
absl::Status FromAnswer(const char* call, const grpc::Status& status, const Response& response) {
  if (!status.ok()) return FromGrpc(call, status);
  if (response.success()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(call, " refused: ", response.error_message()));
}

}  // namespace

// A context that Cancel() knows for as long as it lives.
class AirClient::CancellableContext {
 public:
  explicit CancellableContext(AirClient& client) : client_(client) {
    const std::lock_guard lock(client_.mutex_);
    client_.in_progress_.insert(&context_);
    if (client_.cancelled_) context_.TryCancel();
  }
  CancellableContext(AirClient& client, std::chrono::milliseconds limit) : CancellableContext(client) {
    SetLimit(context_, limit);
  }
  ~CancellableContext() {
    const std::lock_guard lock(client_.mutex_);
    client_.in_progress_.erase(&context_);
  }
  grpc::ClientContext* get() { return &context_; }

 private:
  AirClient& client_;
  grpc::ClientContext context_;
};

AirClient::AirClient(const std::string& address, int channel_id)
    : channel_id_(channel_id), stub_(PlayoutControl::NewStub(Connect(address))) {}

absl::Status AirClient::Ping(std::chrono::milliseconds limit) {
  CancellableContext context(*this, limit);
  context.get()->set_wait_for_ready(true);
  ApiVersion version;
  return FromGrpc("GetVersion", stub_->GetVersion(context.get(), ApiVersionRequest(), &version));
}

absl::Status AirClient::AttachUnixSocket(const std::string& socket_path) {
  CancellableContext context(*this, kAttachLimit);
  AttachStreamRequest request;
  request.set_channel_id(channel_id_);
  request.set_transport(STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET);
  request.set_endpoint(socket_path);
  request.set_replace_existing(true);
  AttachStreamResponse response;
  return FromAnswer("AttachStream", stub_->AttachStream(context.get(), request, &response), response);
}

absl::Status AirClient::Start(const BlockPlan& block_a, const BlockPlan& block_b,
                              const std::string& program_format_json, int max_queue_depth) {
  CancellableContext context(*this, kStartLimit);
  StartBlockPlanSessionRequest request;
  request.set_channel_id(channel_id_);
  *request.mutable_block_a() = block_a;
  *request.mutable_block_b() = block_b;
  request.set_program_format_json(program_format_json);
  request.set_max_queue_depth(max_queue_depth);
  StartBlockPlanSessionResponse response;
  const grpc::Status status = stub_->StartBlockPlanSession(context.get(), request, &response);
  return FromAnswer("StartBlockPlanSession", status, response);
}

absl::Status AirClient::Feed(const BlockPlan& block) {
  CancellableContext context(*this, kFeedLimit);
  FeedBlockPlanRequest request;
  request.set_channel_id(channel_id_);
  *request.mutable_block() = block;
  FeedBlockPlanResponse response;
  const grpc::Status status = stub_->FeedBlockPlan(context.get(), request, &response);
  if (status.ok() && response.queue_full()) return absl::ResourceExhaustedError(response.error_message());
  return FromAnswer("FeedBlockPlan", status, response);
}

absl::Status AirClient::FollowEvents(const std::function<void(const BlockEvent&)>& on_event) {
  CancellableContext context(*this);
  SubscribeBlockEventsRequest request;
  request.set_channel_id(channel_id_);
  const auto events = stub_->SubscribeBlockEvents(context.get(), request);
  for (BlockEvent event; events->Read(&event);) on_event(event);
  return FromGrpc("SubscribeBlockEvents", events->Finish());
}

absl::Status AirClient::Stop(const std::string& reason) {
  grpc::ClientContext context;
  SetLimit(context, kStopLimit);
  StopBlockPlanSessionRequest request;
  request.set_channel_id(channel_id_);
  request.set_reason(reason);
  StopBlockPlanSessionResponse response;
  const grpc::Status status = stub_->StopBlockPlanSession(&context, request, &response);
  return FromAnswer("StopBlockPlanSession", status, response);
}

void AirClient::Cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (grpc::ClientContext* context : in_progress_) context->TryCancel();
}

}  // namespace air
