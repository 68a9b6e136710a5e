// PlayoutEngine: the calls that carry out a plan file: StartChannel, UpdatePlan, StopChannel.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "link/stage_log.h"
#include "protos/plan_file_loader.h"
#include "supervisor/call_answers.h"
#include "supervisor/playout_engine.h"

namespace air {

// A session that carries out a plan file. Errors: NotFound and InvalidArgument, naming the place in the file.
absl::StatusOr<PlayoutEngine::NewSession> PlayoutEngine::SessionOf(
    const wire::StartChannelRequest& request) const {
  constexpr absl::string_view kFileScheme = "file:";
  absl::string_view path = request.plan_handle();
  absl::ConsumePrefix(&path, kFileScheme);
  absl::ConsumePrefix(&path, "//");
  if (path.empty()) return absl::InvalidArgumentError("plan_handle: empty; give the path of a plan file");
  absl::StatusOr<PlanFile> plan = LoadPlanFile(std::string(path));
  if (!plan.ok())
    return absl::Status(plan.status().code(), absl::StrCat("plan_handle: ", plan.status().message()));
  if (IsRelative(*plan)) MovePlanTo(loop_.clock().UtcNow().value(), *plan);

  NewSession session{.channel_id = request.channel_id(), .format_json = request.program_format_json()};
  if (session.format_json.empty()) {
    absl::StatusOr<std::string> format = ProgramFormatJson(*plan);
    if (!format.ok()) return format.status();
    session.format_json = *std::move(format);
  }
  for (wire::BlockPlan& block : *plan->mutable_blocks()) {
    block.set_channel_id(request.channel_id());
    session.blocks.push_back(std::move(block));
  }
  session.join_utc_ms = plan->join_utc_ms();
  session.max_queue_depth = std::max(session.blocks.size(), kLeastQueueDepth);
  return session;
}

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
  absl::StatusOr<NewSession> session = SessionOf(request);
  if (!session.ok()) return session.status();
  if (request.port() != 0) {
    if (absl::Status s = streams_.Listen(static_cast<uint16_t>(request.port())); !s.ok()) return s;
  }
  if (absl::Status s = StartSession(*std::move(session)); !s.ok()) {
    streams_.StopListening();
    return s;
  }
  started_with_ = request;
  record_.Save();
  return absl::OkStatus();
}

wire::StopChannelResponse PlayoutEngine::StopChannel(const wire::StopChannelRequest& request) {
  using Response = wire::StopChannelResponse;
  const absl::StatusOr<Admission> admitted = control_.Admit(ControlCall::kStopChannel, request.channel_id());
  if (!admitted.ok()) return Refused<Response>(admitted.status());
  EndSession("stopped");
  return Succeeded<Response>();
}

}  // namespace air
