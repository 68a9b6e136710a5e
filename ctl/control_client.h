// The operator's line to AIR: PlayoutControl over a loopback port or a UNIX socket.
//
// The rule: no call waits for ever. Each has its own time limit, a little longer than AIR's own for the same
// thing, so that AIR's answer, which knows more, wins over the client's.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protos/playout.grpc.pb.h"

namespace air {

// Every call returns AIR's answer as it came, refusals included: look at success() in it. An error status
// means that there is no answer: UNAVAILABLE (no program there), DEADLINE_EXCEEDED (no answer in time), NOT_FOUND
// (events without a session) or what else gRPC reports.
class ControlClient {
 public:
  // `address`: "host:port" or "unix:PATH".
  explicit ControlClient(const std::string& address);

  absl::StatusOr<retrovue::playout::ApiVersion> GetVersion();
  absl::StatusOr<retrovue::playout::StartChannelResponse> StartChannel(
      const retrovue::playout::StartChannelRequest& request);
  absl::StatusOr<retrovue::playout::AttachStreamResponse> Attach(
      const retrovue::playout::AttachStreamRequest& request);
  absl::StatusOr<retrovue::playout::DetachStreamResponse> Detach(
      const retrovue::playout::DetachStreamRequest& request);
  absl::StatusOr<retrovue::playout::StartBlockPlanSessionResponse> Start(
      const retrovue::playout::StartBlockPlanSessionRequest& request);
  absl::StatusOr<retrovue::playout::FeedBlockPlanResponse> Feed(
      const retrovue::playout::FeedBlockPlanRequest& request);
  absl::StatusOr<retrovue::playout::StopBlockPlanSessionResponse> Stop(
      const retrovue::playout::StopBlockPlanSessionRequest& request);

  // Calls `on_event` for each event until the session ends (OK) or the line breaks.
  absl::Status Events(int channel_id,
                      const std::function<void(const retrovue::playout::BlockEvent&)>& on_event);

 private:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (retrovue::playout::PlayoutControl::StubInterface::*method)(
                                    grpc::ClientContext*, const Request&, Response*),
                                const Request& request, std::chrono::seconds limit);
  absl::Status Explain(const grpc::Status& status) const;

  std::string address_;
  std::unique_ptr<retrovue::playout::PlayoutControl::StubInterface> stub_;
};

}  // namespace air
