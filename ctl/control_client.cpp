#include "ctl/control_client.h"

#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

using retrovue::playout::PlayoutControl;
using Stub = PlayoutControl::StubInterface;

constexpr std::chrono::seconds kVersionLimit(3);
constexpr std::chrono::seconds kAttachLimit(6);
constexpr std::chrono::seconds kStartLimit(12);
constexpr std::chrono::seconds kFeedLimit(6);
constexpr std::chrono::seconds kStopLimit(12);

std::shared_ptr<grpc::Channel> Connect(const std::string& address) {
  grpc::ChannelArguments arguments;
  // The address is meant literally, whatever http_proxy says.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

}  // namespace

ControlClient::ControlClient(const std::string& address)
    : address_(address), stub_(PlayoutControl::NewStub(Connect(address))) {}

absl::Status ControlClient::Explain(const grpc::Status& status) const {
  if (status.ok()) return absl::OkStatus();
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
      return absl::UnavailableError(
          absl::StrCat("no AIR answers at ", address_, " (", status.error_message(),
                       "). Is air-supervisor running, and is this its --port or --listen?"));
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return absl::DeadlineExceededError(
          absl::StrCat("AIR at ", address_, " does not answer in time. Look at its log; it may be hung."));
    default:
      return absl::Status(static_cast<absl::StatusCode>(status.error_code()),
                          absl::StrCat("AIR at ", address_, ": ", status.error_message()));
  }
}

template <typename Request, typename Response>
absl::StatusOr<Response> ControlClient::Call(grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                                          const Request&, Response*),
                                             const Request& request, std::chrono::seconds limit) {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + limit);
  Response response;
  const grpc::Status status = ((*stub_).*method)(&context, request, &response);
  if (!status.ok()) return Explain(status);
  return response;
}

absl::StatusOr<retrovue::playout::ApiVersion> ControlClient::GetVersion() {
  return Call(&Stub::GetVersion, retrovue::playout::ApiVersionRequest(), kVersionLimit);
}

absl::StatusOr<retrovue::playout::StartChannelResponse> ControlClient::StartChannel(
    const retrovue::playout::StartChannelRequest& request) {
  return Call(&Stub::StartChannel, request, kStartLimit);
}

absl::StatusOr<retrovue::playout::AttachStreamResponse> ControlClient::Attach(
    const retrovue::playout::AttachStreamRequest& request) {
  return Call(&Stub::AttachStream, request, kAttachLimit);
}

absl::StatusOr<retrovue::playout::DetachStreamResponse> ControlClient::Detach(
    const retrovue::playout::DetachStreamRequest& request) {
  return Call(&Stub::DetachStream, request, kAttachLimit);
}

absl::StatusOr<retrovue::playout::StartBlockPlanSessionResponse> ControlClient::Start(
    const retrovue::playout::StartBlockPlanSessionRequest& request) {
  return Call(&Stub::StartBlockPlanSession, request, kStartLimit);
}

absl::StatusOr<retrovue::playout::FeedBlockPlanResponse> ControlClient::Feed(
    const retrovue::playout::FeedBlockPlanRequest& request) {
  return Call(&Stub::FeedBlockPlan, request, kFeedLimit);
}

absl::StatusOr<retrovue::playout::StopBlockPlanSessionResponse> ControlClient::Stop(
    const retrovue::playout::StopBlockPlanSessionRequest& request) {
  return Call(&Stub::StopBlockPlanSession, request, kStopLimit);
}

absl::Status ControlClient::Events(
    int channel_id, const std::function<void(const retrovue::playout::BlockEvent&)>& on_event) {
  // The stream itself has no end to wait for; whether a supervisor is there at all is found out with a limit.
  if (const auto version = GetVersion(); !version.ok()) return version.status();
  grpc::ClientContext context;
  retrovue::playout::SubscribeBlockEventsRequest request;
  request.set_channel_id(channel_id);
  const auto events = stub_->SubscribeBlockEvents(&context, request);
  for (retrovue::playout::BlockEvent event; events->Read(&event);) on_event(event);
  return Explain(events->Finish());
}

}  // namespace air
