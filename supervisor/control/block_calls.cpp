// PlayoutEngine: the calls of a session that is fed with blocks.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "base/stage_log.h"
#include "plans/message_bounds.h"
#include "supervisor/control/call_answers.h"
#include "supervisor/control/playout_engine.h"

namespace air {
namespace {

constexpr size_t kMostQueueDepth = 64;

wire::BlockPlanResultCode CodeOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kFailedPrecondition:
      return wire::BLOCKPLAN_RESULT_NOT_CONTIGUOUS;
    case absl::StatusCode::kResourceExhausted:
      return wire::BLOCKPLAN_RESULT_QUEUE_FULL;
    default:
      return wire::BLOCKPLAN_RESULT_INVALID_BLOCK;
  }
}

}  // namespace

// The order of the checks is part of the wire contract.
absl::Status PlayoutEngine::CheckStart(const wire::StartBlockPlanSessionRequest& request,
                                       wire::BlockPlanResultCode& code) const {
  if (const auto admitted = control_.Admit(ControlCall::kStartBlockPlanSession, request.channel_id());
      !admitted.ok()) {
    code = wire::BLOCKPLAN_RESULT_ALREADY_ACTIVE;
    return admitted.status();
  }
  if (streams_.empty()) {
    code = wire::BLOCKPLAN_RESULT_STREAM_NOT_ATTACHED;
    return absl::FailedPreconditionError("no stream is attached; call AttachStream first");
  }
  if (request.has_block_a() && request.has_block_b() &&
      request.block_a().end_utc_ms() != request.block_b().start_utc_ms()) {
    code = wire::BLOCKPLAN_RESULT_NOT_CONTIGUOUS;
    return absl::FailedPreconditionError(
        absl::StrCat("block_b.start_utc_ms: ", request.block_b().start_utc_ms(),
                     " is not block_a.end_utc_ms, ", request.block_a().end_utc_ms()));
  }
  code = wire::BLOCKPLAN_RESULT_INVALID_BLOCK;
  for (const auto* block : {&request.block_a(), &request.block_b()}) {
    const char* field = block == &request.block_a() ? "block_a" : "block_b";
    if (absl::Status s = CheckBlock(*block, request.channel_id()); !s.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(field, ": ", s.message()));
    }
  }
  if (request.join_utc_ms() != 0 && request.join_utc_ms() < kEarliestJoinUtcMs) {
    return absl::InvalidArgumentError(
        absl::StrCat("join_utc_ms: ", request.join_utc_ms(), "; give milliseconds since 1970, or 0 for now"));
  }
  return CheckBounds(request);
}

wire::StartBlockPlanSessionResponse PlayoutEngine::StartBlockPlanSession(
    const wire::StartBlockPlanSessionRequest& request) {
  wire::StartBlockPlanSessionResponse response;
  wire::BlockPlanResultCode code = wire::BLOCKPLAN_RESULT_UNSPECIFIED;
  auto refuse = [&](const absl::Status& status) {
    Log().warn("StartBlockPlanSession refused: {}", std::string(status.message()));
    response.set_error_message(std::string(status.message()));
    response.set_result_code(code);
    return response;
  };
  if (absl::Status s = CheckStart(request, code); !s.ok()) return refuse(s);
  const auto depth = static_cast<size_t>(std::max(request.max_queue_depth(), 0));
  if (absl::Status s = StartSession({.channel_id = request.channel_id(),
                                     .format_json = request.program_format_json(),
                                     .blocks = StoredBlocks::Of({request.block_a(), request.block_b()}),
                                     .join_utc_ms = request.join_utc_ms(),
                                     .max_queue_depth = std::clamp(depth, kLeastQueueDepth, kMostQueueDepth),
                                     .evidence_endpoint = request.evidence_endpoint(),
                                     .channel_name = request.channel_id_str()});
      !s.ok()) {
    return refuse(s);
  }
  response.set_success(true);
  response.set_result_code(wire::BLOCKPLAN_RESULT_OK);
  return response;
}

wire::FeedBlockPlanResponse PlayoutEngine::FeedBlockPlan(const wire::FeedBlockPlanRequest& request) {
  wire::FeedBlockPlanResponse response;
  if (const auto admitted = control_.Admit(ControlCall::kFeedBlockPlan, request.channel_id());
      !admitted.ok()) {
    response.set_error_message(std::string(admitted.status().message()));
    response.set_result_code(wire::BLOCKPLAN_RESULT_NO_SESSION);
    return response;
  }
  if (absl::Status s = instance_->Append(request.block()); !s.ok()) {
    response.set_error_message(std::string(s.message()));
    response.set_result_code(CodeOf(s));
    response.set_queue_full(absl::IsResourceExhausted(s));
    return response;
  }
  // What a successor would not know of is not accepted yet. The same block again changes nothing, and is once it is recorded.
  record_.Save();
  if (record_.is_stale()) {
    response.set_error_message(
        "the session cannot be recorded (is /dev/shm full?), and a supervisor that followed this one would "
        "not know of the "
        "block: feed it again");
    response.set_result_code(wire::BLOCKPLAN_RESULT_QUEUE_FULL);
    response.set_queue_full(true);
    return response;
  }
  response.set_success(true);
  response.set_result_code(wire::BLOCKPLAN_RESULT_OK);
  return response;
}

wire::StopBlockPlanSessionResponse PlayoutEngine::StopBlockPlanSession(
    const wire::StopBlockPlanSessionRequest& request) {
  using Response = wire::StopBlockPlanSessionResponse;
  const auto admitted = control_.Admit(ControlCall::kStopBlockPlanSession, request.channel_id());
  if (!admitted.ok()) return Refused<Response>(admitted.status());
  Response response = Succeeded<Response>();
  if (*admitted == Admission::kNothing) return response;
  const PlayoutInstance::Final final = instance_->GetFinal();
  response.set_final_ct_ms(final.ct_ms);
  response.set_blocks_executed(final.blocks_executed);
  Log().info("session stopped on request{}{}", request.reason().empty() ? "" : ": ",
             OneLine(request.reason()));
  EndSession("stopped", OneLine(request.reason()));
  return response;
}

absl::Status PlayoutEngine::Subscribe(int32_t channel_id, std::shared_ptr<IEventSubscriber> subscriber) {
  if (const auto admitted = control_.Admit(ControlCall::kSubscribeBlockEvents, channel_id); !admitted.ok())
    return absl::NotFoundError(admitted.status().message());
  return events_.Subscribe(std::move(subscriber));
}

}  // namespace air
