// PlayoutEngine: the calls that drive producers: LoadPreview, SwitchToLive.
#include "base/stage_log.h"
#include "plans/message_bounds.h"
#include "supervisor/control/call_answers.h"
#include "supervisor/control/playout_engine.h"
#include "supervisor/plan/preview_request.h"

namespace air {
namespace {

wire::ResultCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:  // of the state machine: not in this state
    case absl::StatusCode::kAborted:             // something else is under way
      return wire::RESULT_CODE_REJECTED_BUSY;
    case absl::StatusCode::kNotFound:
      return wire::RESULT_CODE_NOT_READY;
    case absl::StatusCode::kInvalidArgument:
      return wire::RESULT_CODE_PROTOCOL_VIOLATION;
    default:
      return wire::RESULT_CODE_FAILED;
  }
}

template <class Response>
Response RefusedWithCode(const char* call, const absl::Status& why) {
  Log().warn("{} refused: {}", call, std::string(why.message()));
  Response response = Refused<Response>(why);
  response.set_result_code(CodeOf(why));
  return response;
}

}  // namespace

// Without a session there is nothing to be ready: NOT_READY, and not BUSY.
absl::Status PlayoutEngine::AdmitProducerCall(ControlCall call, int32_t channel_id) const {
  const absl::StatusOr<Admission> admitted = control_.Admit(call, channel_id);
  if (admitted.ok() || control_.has_session()) return admitted.status();
  return absl::NotFoundError(admitted.status().message());
}

void PlayoutEngine::LoadPreview(const wire::LoadPreviewRequest& request,
                                std::function<void(const wire::LoadPreviewResponse&)> reply) {
  using Response = wire::LoadPreviewResponse;
  const auto refuse = [reply](const absl::Status& why) {
    reply(RefusedWithCode<Response>("LoadPreview", why));
  };
  const auto succeed = [reply](bool started) {
    Response response = Succeeded<Response>();
    response.set_shadow_decode_started(started);
    response.set_result_code(wire::RESULT_CODE_OK);
    reply(response);
  };
  if (absl::Status s = AdmitProducerCall(ControlCall::kLoadPreview, request.channel_id()); !s.ok())
    return refuse(s);
  if (absl::Status s = CheckPreview(request); !s.ok()) return refuse(s);
  const PlanExecutor& plan = instance_->plan();
  if (plan.preview_is_loading())
    return refuse(absl::AbortedError("another LoadPreview is being carried out; call again in a moment"));
  const auto is_loaded = [&] {
    return plan.preview().has_value() &&
           plan.preview()->request.SerializeAsString() == request.SerializeAsString();
  };
  if (is_loaded()) return succeed(plan.PreviewHasUnits());
  const UtcMs now = plan.UtcNow();
  if (request.hard_stop_time_ms() != 0 && request.hard_stop_time_ms() <= now.value())
    return refuse(absl::InvalidArgumentError("hard_stop_time_ms: has passed"));
  instance_->LoadPreview(request, [refuse, succeed](absl::StatusOr<bool> loaded) {
    loaded.ok() ? succeed(*loaded) : refuse(loaded.status());
  });
}

wire::SwitchToLiveResponse PlayoutEngine::SwitchToLive(const wire::SwitchToLiveRequest& request) {
  using Response = wire::SwitchToLiveResponse;
  const auto refuse = [](const absl::Status& why) {
    Response response = RefusedWithCode<Response>("SwitchToLive", why);
    if (response.result_code() == wire::RESULT_CODE_PROTOCOL_VIOLATION)
      response.set_violation_reason(response.error_message());
    return response;
  };
  if (absl::Status s = AdmitProducerCall(ControlCall::kSwitchToLive, request.channel_id()); !s.ok())
    return refuse(s);
  if (absl::Status s = CheckBounds(request); !s.ok()) return refuse(s);
  const absl::StatusOr<Tick> at = instance_->SwitchToLive(request.target_boundary_time_ms());
  if (!at.ok()) return refuse(at.status());
  // All of it follows from the tick, and that is committed: nothing has to be waited for.
  const SessionPage& session = instance_->memory().session();
  const SessionFacts& facts = session.facts();
  Response response = Succeeded<Response>();
  response.set_result_code(wire::RESULT_CODE_OK);
  response.set_pts_contiguous(true);
  response.set_live_start_pts(
      static_cast<uint64_t>((facts.pts_origin + session.time().Pts90k(*at)) % kPtsWrap));
  response.set_switch_completion_time_ms(session.time().UtcOf(facts.epoch.utc, *at).value());
  return response;
}

}  // namespace air
