// PlayoutEngine: the calls that carry out a plan file: StartChannel, UpdatePlan, StopChannel.
#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "plans/message_bounds.h"
#include "supervisor/control/call_answers.h"
#include "supervisor/control/playout_engine.h"

namespace air {
namespace {

absl::Status CheckCall(const wire::StartChannelRequest& request) {
  if (request.port() < 0 || request.port() > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("port: ", request.port(), "; give 1 to 65535, or 0 for none"));
  }
  return CheckBounds(request);
}

}  // namespace

std::optional<wire::StartChannelResponse> PlayoutEngine::AnswerAtOnce(
    const wire::StartChannelRequest& request) const {
  using Response = wire::StartChannelResponse;
  const absl::StatusOr<Admission> admitted = control_.Admit(ControlCall::kStartChannel, request.channel_id());
  if (!admitted.ok()) return Refused<Response>(admitted.status());
  if (*admitted != Admission::kSame) return std::nullopt;
  const bool is_same = started_with_.plan_handle() == request.plan_handle() && !request.plan_handle().empty();
  if (is_same) return Succeeded<Response>();  // it runs already
  return Refused<Response>(absl::AlreadyExistsError(absl::StrCat(
      "a session of channel ", request.channel_id(), " is active; give UpdatePlan another plan for it")));
}

// The plan is read in another thread meanwhile. A session that has begun in that time is looked at again then; one that
// was stopped in that time cancels the reading.
void PlayoutEngine::StartChannel(const wire::StartChannelRequest& request,
                                 std::function<void(const wire::StartChannelResponse&)> reply) {
  using Response = wire::StartChannelResponse;
  if (const std::optional<Response> answer = AnswerAtOnce(request)) return reply(*answer);
  const auto start = [this, request, reply](const absl::StatusOr<ChannelPlan>& plan) {
    if (const std::optional<Response> answer = AnswerAtOnce(request)) return reply(*answer);
    const absl::Status started = Start(request, plan);
    if (started.ok()) return reply(Succeeded<Response>());
    Log().warn("StartChannel refused: {}", std::string(started.message()));
    last_channel_ = request.channel_id();
    control_.Apply(PlayoutEvent::kStartFailed);
    reply(Refused<Response>(started));
  };
  if (absl::Status s = CheckCall(request); !s.ok()) return start(s);
  plans_.Read(request.plan_handle(), request.channel_id(), start);
}

absl::Status PlayoutEngine::Start(const wire::StartChannelRequest& request,
                                  const absl::StatusOr<ChannelPlan>& plan) {
  if (!plan.ok()) return plan.status();
  const std::string& format =
      request.program_format_json().empty() ? plan->format_json : request.program_format_json();
  if (format.empty())
    return absl::InvalidArgumentError("program_format_json: missing, and the plan has no program_format");
  if (request.port() != 0) {
    if (absl::Status s = streams_.Listen(static_cast<uint16_t>(request.port())); !s.ok()) return s;
  }
  const absl::Status started =
      StartSession({.channel_id = request.channel_id(),
                    .format_json = format,
                    .blocks = plan->blocks,
                    .relative = plan->relative,
                    .join_utc_ms = plan->join_utc_ms,
                    .max_queue_depth = std::max(plan->blocks->size(), kLeastQueueDepth),
                    .started_with = request,
                    .plan_fingerprint = plan->fingerprint});
  if (!started.ok()) streams_.StopListening();
  return started;
}

absl::Status PlayoutEngine::CanFollow(const ChannelPlan& plan) const {
  if (plan.format_json.empty()) return absl::OkStatus();
  absl::StatusOr<SessionFormat> format = ParseProgramFormat(plan.format_json);
  if (!format.ok()) return format.status();
  if (format->house != instance_->memory().session().facts().format) {
    return absl::InvalidArgumentError(
        "program_format: a session keeps its format; leave it out of the plan, or stop the channel first");
  }
  return absl::OkStatus();
}

void PlayoutEngine::UpdatePlan(const wire::UpdatePlanRequest& request,
                               std::function<void(const wire::UpdatePlanResponse&)> reply) {
  if (const auto admitted = control_.Admit(ControlCall::kUpdatePlan, request.channel_id()); !admitted.ok())
    return PutInForce(admitted.status(), std::move(reply));
  if (absl::Status s = CheckBounds(request); !s.ok()) return PutInForce(s, std::move(reply));
  // A session that ends meanwhile cancels the reading: the plan comes in force in the session that was asked.
  plans_.Read(request.plan_handle(), request.channel_id(),
              [this, reply](absl::StatusOr<ChannelPlan> plan) { PutInForce(std::move(plan), reply); });
}

void PlayoutEngine::PutInForce(absl::StatusOr<ChannelPlan> plan,
                               std::function<void(const wire::UpdatePlanResponse&)> reply) {
  using Response = wire::UpdatePlanResponse;
  const auto refuse = [reply](const absl::Status& why) {
    Log().warn("UpdatePlan refused: {}", std::string(why.message()));
    reply(Refused<Response>(why));
  };
  if (!plan.ok()) return refuse(plan.status());
  if (absl::Status s = CanFollow(*plan); !s.ok()) return refuse(s);
  if (plan->fingerprint == plan_fingerprint_) return reply(Succeeded<Response>());  // it is in force
  instance_->UpdatePlan(
      std::move(plan->blocks), plan->relative,
      [this, fingerprint = plan->fingerprint] { plan_fingerprint_ = fingerprint; },
      [reply, refuse](const absl::StatusOr<Tick>& at) {
        at.ok() ? reply(Succeeded<Response>()) : refuse(at.status());
      });
}

wire::StopChannelResponse PlayoutEngine::StopChannel(const wire::StopChannelRequest& request) {
  using Response = wire::StopChannelResponse;
  const absl::StatusOr<Admission> admitted = control_.Admit(ControlCall::kStopChannel, request.channel_id());
  if (!admitted.ok()) return Refused<Response>(admitted.status());
  EndSession("stopped");
  return Succeeded<Response>();
}

}  // namespace air
