// PlayoutEngine: the calls that attach and detach viewers' streams.
#include "absl/strings/str_cat.h"
#include "plans/message_bounds.h"
#include "supervisor/control/call_answers.h"
#include "supervisor/control/playout_engine.h"

namespace air {
namespace {

absl::StatusOr<StreamEndpoint> EndpointOf(const wire::AttachStreamRequest& request) {
  switch (request.transport()) {
    case wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET:
      return StreamEndpoint{StreamEndpoint::Transport::kUnix, request.endpoint()};
    case wire::STREAM_TRANSPORT_TCP_LOOPBACK:
      return StreamEndpoint{StreamEndpoint::Transport::kTcp, request.endpoint()};
    default:
      return absl::InvalidArgumentError(absl::StrCat("transport: ", static_cast<int>(request.transport()),
                                                     "; give UNIX_DOMAIN_SOCKET or TCP_LOOPBACK"));
  }
}

}  // namespace

void PlayoutEngine::AttachStream(const wire::AttachStreamRequest& request,
                                 std::function<void(const wire::AttachStreamResponse&)> reply) {
  using Response = wire::AttachStreamResponse;
  if (const auto admitted = control_.Admit(ControlCall::kAttachStream, request.channel_id()); !admitted.ok())
    return reply(Refused<Response>(admitted.status()));
  if (absl::Status s = CheckBounds(request); !s.ok()) return reply(Refused<Response>(s));
  absl::StatusOr<StreamEndpoint> endpoint = EndpointOf(request);
  if (!endpoint.ok()) return reply(Refused<Response>(endpoint.status()));
  streams_.Attach(
      *endpoint, request.output_json(), request.replace_existing(),
      [reply, transport = request.transport(), address = endpoint->address](absl::Status attached) {
        if (!attached.ok()) return reply(Refused<Response>(attached));
        Response response;
        response.set_success(true);
        response.set_negotiated_transport(transport);
        response.set_negotiated_endpoint(address);
        reply(response);
      });
}

wire::DetachStreamResponse PlayoutEngine::DetachStream(const wire::DetachStreamRequest& request) {
  using Response = wire::DetachStreamResponse;
  if (const auto admitted = control_.Admit(ControlCall::kDetachStream, request.channel_id()); !admitted.ok())
    return Refused<Response>(admitted.status());
  if (absl::Status s = CheckBounds(request); !s.ok()) return Refused<Response>(s);
  streams_.Detach(request.endpoint());
  return Succeeded<Response>();
}

}  // namespace air
