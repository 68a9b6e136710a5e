// PlayoutEngine: the calls that carry out a plan file: StartChannel, UpdatePlan, StopChannel.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "plans/message_bounds.h"
#include "supervisor/control/call_answers.h"
#include "supervisor/control/playout_engine.h"

namespace air {

wire::StartChannelResponse PlayoutEngine::StartChannel(const wire::StartChannelRequest& request) {
  using Response = wire::StartChannelResponse;
  const absl::StatusOr<Admission> admitted = control_.Admit(ControlCall::kStartChannel, request.channel_id());
  if (!admitted.ok()) return Refused<Response>(admitted.status());
  if (*admitted == Admission::kSame) {
    const bool is_same =
        started_with_.plan_handle() == request.plan_handle() && !request.plan_handle().empty();
    if (is_same) return Succeeded<Response>();  // it runs already
    return Refused<Response>(absl::AlreadyExistsError(absl::StrCat(
        "a session of channel ", request.channel_id(), " is active; give UpdatePlan another plan for it")));
  }
  if (absl::Status started = Start(request); !started.ok()) {
    Log().warn("StartChannel refused: {}", std::string(started.message()));
    last_channel_ = request.channel_id();
    control_.Apply(PlayoutEvent::kStartFailed);
    return Refused<Response>(started);
  }
  return Succeeded<Response>();
}

absl::Status PlayoutEngine::Start(const wire::StartChannelRequest& request) {
  if (request.port() < 0 || request.port() > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("port: ", request.port(), "; give 1 to 65535, or 0 for none"));
  }
  if (absl::Status s = CheckBounds(request); !s.ok()) return s;
  absl::StatusOr<ChannelPlan> plan = LoadChannelPlan(request.plan_handle(), request.channel_id());
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
                    .max_queue_depth = std::max(plan->blocks.size(), kLeastQueueDepth),
                    .started_with = request,
                    .plan_fingerprint = plan->fingerprint});
  if (!started.ok()) streams_.StopListening();
  return started;
}

absl::StatusOr<ChannelPlan> PlayoutEngine::PlanFor(const wire::UpdatePlanRequest& request) const {
  absl::StatusOr<ChannelPlan> plan = LoadChannelPlan(request.plan_handle(), request.channel_id());
  if (!plan.ok() || plan->format_json.empty()) return plan;
  absl::StatusOr<SessionFormat> format = ParseProgramFormat(plan->format_json);
  if (!format.ok()) return format.status();
  if (format->house != instance_->memory().session().facts().format) {
    return absl::InvalidArgumentError(
        "program_format: a session keeps its format; leave it out of the plan, or stop the channel first");
  }
  return plan;
}

void PlayoutEngine::UpdatePlan(const wire::UpdatePlanRequest& request,
                               std::function<void(const wire::UpdatePlanResponse&)> reply) {
  using Response = wire::UpdatePlanResponse;
  const auto refuse = [reply](const absl::Status& why) {
    Log().warn("UpdatePlan refused: {}", std::string(why.message()));
    reply(Refused<Response>(why));
  };
  if (const auto admitted = control_.Admit(ControlCall::kUpdatePlan, request.channel_id()); !admitted.ok())
    return refuse(admitted.status());
  if (absl::Status s = CheckBounds(request); !s.ok()) return refuse(s);
  absl::StatusOr<ChannelPlan> plan = PlanFor(request);
  if (!plan.ok()) return refuse(plan.status());
  if (plan->fingerprint == plan_fingerprint_) return reply(Succeeded<Response>());  // it is in force
  instance_->UpdatePlan(std::move(plan->blocks), plan->relative,
                        [this, reply, refuse, fingerprint = plan->fingerprint](absl::StatusOr<Tick> at) {
                          if (!at.ok()) return refuse(at.status());
                          plan_fingerprint_ = fingerprint;
                          record_.Save();
                          reply(Succeeded<Response>());
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
