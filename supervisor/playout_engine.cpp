#include "supervisor/playout_engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "link/stage_log.h"

namespace air {
namespace {

constexpr int64_t kConnectTimeoutNs = 4 * kNanosPerSecond;  // Core gives AttachStream five
constexpr size_t kLeastQueueDepth = 2;
constexpr size_t kMostQueueDepth = 64;

template <class Response>
Response Refused(const std::string& why) {
  Response response;
  response.set_success(false);
  response.set_error_message(why);
  return response;
}

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

PlayoutEngine::PlayoutEngine(EventLoop& loop, StageSupervisor& stages, EngineSettings settings)
    : loop_(loop), stages_(stages), settings_(std::move(settings)) {
  stages_.KeepSpare(StageKind::kDecoder);
}

void PlayoutEngine::AttachStream(const wire::AttachStreamRequest& request,
                                 std::function<void(const wire::AttachStreamResponse&)> reply) {
  using Response = wire::AttachStreamResponse;
  absl::StatusOr<StreamEndpoint> endpoint = EndpointOf(request);
  if (!endpoint.ok()) return reply(Refused<Response>(std::string(endpoint.status().message())));
  if (instance_ != nullptr && request.channel_id() != instance_->channel_id()) {
    return reply(Refused<Response>(
        absl::StrCat("channel_id: ", request.channel_id(), ", the session's is ", instance_->channel_id())));
  }
  if (connector_ != nullptr)
    return reply(Refused<Response>("another AttachStream is being carried out; try again"));
  if (sink_ != nullptr && !request.replace_existing()) {
    return reply(Refused<Response>(absl::StrCat("a stream is attached to ", sink_->endpoint().address,
                                                "; detach it first or set replace_existing")));
  }
  stages_.KeepSpare(StageKind::kEncoder);  // loads while the connection is made and the session is asked for
  connector_ = StreamConnector::Connect(loop_, *endpoint, kConnectTimeoutNs,
                                        [this, endpoint = *endpoint, reply](absl::StatusOr<UniqueFd> socket) {
                                          FinishAttach(endpoint, std::move(socket), reply);
                                        });
}

void PlayoutEngine::FinishAttach(const StreamEndpoint& endpoint, absl::StatusOr<UniqueFd> socket,
                                 const std::function<void(const wire::AttachStreamResponse&)>& reply) {
  using Response = wire::AttachStreamResponse;
  const StreamEndpoint connected = endpoint;
  const auto answer = reply;  // both live in the connector's closure, which goes now
  connector_.reset();
  if (!socket.ok()) return answer(Refused<Response>(std::string(socket.status().message())));
  const uint64_t serial = ++sinks_made_;
  sink_ = std::make_unique<StreamSink>(
      loop_, stages_, connected, *std::move(socket), [this, serial](const std::string& why) {
        if (serial != sinks_made_ || sink_ == nullptr) return;  // replaced meanwhile
        Log().warn("the stream to {} is detached: {}", sink_->endpoint().address, why);
        sink_.reset();
      });
  if (instance_ != nullptr) {
    if (absl::Status s = instance_->AttachSink(*sink_); !s.ok()) {
      sink_.reset();
      return answer(Refused<Response>(std::string(s.message())));
    }
  }
  Log().info("stream attached to {}", connected.address);
  Response response;
  response.set_success(true);
  response.set_negotiated_transport(connected.transport == StreamEndpoint::Transport::kUnix
                                        ? wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET
                                        : wire::STREAM_TRANSPORT_TCP_LOOPBACK);
  response.set_negotiated_endpoint(connected.address);
  answer(response);
}

wire::DetachStreamResponse PlayoutEngine::DetachStream(const wire::DetachStreamRequest& request) {
  if (instance_ != nullptr && request.channel_id() != instance_->channel_id()) {
    return Refused<wire::DetachStreamResponse>(
        absl::StrCat("channel_id: ", request.channel_id(), ", the session's is ", instance_->channel_id()));
  }
  if (sink_ != nullptr) Log().info("stream to {} detached on request", sink_->endpoint().address);
  sink_.reset();
  wire::DetachStreamResponse response;
  response.set_success(true);
  return response;
}

// The order of the checks is part of the wire contract.
absl::Status PlayoutEngine::CheckStart(const wire::StartBlockPlanSessionRequest& request,
                                       wire::BlockPlanResultCode& code) const {
  if (instance_ != nullptr) {
    code = wire::BLOCKPLAN_RESULT_ALREADY_ACTIVE;
    return absl::AlreadyExistsError(
        absl::StrCat("a session of channel ", instance_->channel_id(), " is active"));
  }
  if (sink_ == nullptr) {
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
  if (request.join_utc_ms() < 0) return absl::InvalidArgumentError("join_utc_ms: negative");
  return absl::OkStatus();
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
  absl::StatusOr<SessionFormat> format = ParseProgramFormat(request.program_format_json());
  if (!format.ok()) return refuse(format.status());

  const auto depth = static_cast<size_t>(std::max(request.max_queue_depth(), 0));
  absl::StatusOr<std::unique_ptr<PlayoutInstance>> instance = PlayoutInstance::Start(
      loop_, stages_, control_, events_,
      {.channel_id = request.channel_id(),
       .format = *format,
       .join_utc_ms = request.join_utc_ms(),
       .blocks = {request.block_a(), request.block_b()},
       .plan = {.max_queue_depth = std::clamp(depth, kLeastQueueDepth, kMostQueueDepth),
                .media_roots = settings_.media_roots},
       .ring_seconds = settings_.ring_seconds},
      [this](const std::string& why) {
        Log().error("the session ends: {}", why);
        EndSession("error");
      },
      [this] {
        if (settings_.terminate_on_exhausted) EndSession("lookahead_exhausted");
      });
  if (!instance.ok()) return refuse(instance.status());
  instance_ = *std::move(instance);
  last_channel_ = request.channel_id();
  if (absl::Status s = instance_->AttachSink(*sink_); !s.ok()) {
    EndSession("error");
    return refuse(s);
  }
  response.set_success(true);
  response.set_result_code(wire::BLOCKPLAN_RESULT_OK);
  return response;
}

wire::FeedBlockPlanResponse PlayoutEngine::FeedBlockPlan(const wire::FeedBlockPlanRequest& request) {
  wire::FeedBlockPlanResponse response;
  if (instance_ == nullptr || instance_->channel_id() != request.channel_id()) {
    response.set_error_message(absl::StrCat("no session of channel ", request.channel_id(), " is active"));
    response.set_result_code(wire::BLOCKPLAN_RESULT_NO_SESSION);
    return response;
  }
  if (absl::Status s = instance_->Append(request.block()); !s.ok()) {
    response.set_error_message(std::string(s.message()));
    response.set_result_code(CodeOf(s));
    response.set_queue_full(absl::IsResourceExhausted(s));
    return response;
  }
  response.set_success(true);
  response.set_result_code(wire::BLOCKPLAN_RESULT_OK);
  return response;
}

wire::StopBlockPlanSessionResponse PlayoutEngine::StopBlockPlanSession(
    const wire::StopBlockPlanSessionRequest& request) {
  wire::StopBlockPlanSessionResponse response;
  response.set_success(true);
  if (instance_ == nullptr) return response;
  if (request.channel_id() != instance_->channel_id()) {
    return Refused<wire::StopBlockPlanSessionResponse>(
        absl::StrCat("channel_id: ", request.channel_id(), ", the session's is ", instance_->channel_id()));
  }
  const PlayoutInstance::Final final = instance_->GetFinal();
  response.set_final_ct_ms(final.ct_ms);
  response.set_blocks_executed(final.blocks_executed);
  Log().info("session stopped on request{}{}", request.reason().empty() ? "" : ": ",
             request.reason().substr(0, 200));
  EndSession("stopped");
  return response;
}

absl::Status PlayoutEngine::Subscribe(int32_t channel_id, std::shared_ptr<IEventSubscriber> subscriber) {
  if (instance_ == nullptr || instance_->channel_id() != channel_id) {
    return absl::NotFoundError(absl::StrCat("no session of channel ", channel_id, " is active"));
  }
  events_.Subscribe(std::move(subscriber));
  return absl::OkStatus();
}

void PlayoutEngine::EndSession(const std::string& reason) {
  if (instance_ == nullptr) return;
  control_.Apply(PlayoutEvent::kStopRequested);
  const PlayoutInstance::Final final = instance_->GetFinal();
  wire::BlockEvent event;
  event.set_channel_id(instance_->channel_id());
  event.mutable_session_ended()->set_reason(reason);
  event.mutable_session_ended()->set_final_ct_ms(final.ct_ms);
  event.mutable_session_ended()->set_blocks_executed_total(final.blocks_executed);
  events_.Publish(event);
  events_.Close();
  sink_.reset();  // before the memory it reads
  instance_.reset();
  control_.Apply(PlayoutEvent::kStopped);
}

void PlayoutEngine::Shutdown() {
  if (connector_ != nullptr) connector_->Cancel();  // its caller waits for an answer
  EndSession("stopped");
  sink_.reset();
}

MetricsSnapshot PlayoutEngine::Snapshot() const {
  MetricsSnapshot m;
  m.channel_id = last_channel_.value_or(0);
  m.state = control_.state();
  m.sink_attached = sink_ != nullptr;
  for (StageKind kind : {StageKind::kDecoder, StageKind::kSelector, StageKind::kEncoder}) {
    m.stage_deaths[ProgramOf(kind)] = stages_.deaths(kind);
  }
  if (instance_ == nullptr) return m;
  const SessionPage& session = instance_->memory().session();
  const StageLine& selector = session.selector();
  m.frames = selector.Get(SelectorCounter::kFrames);
  m.content_frames = selector.Get(SelectorCounter::kContentFrames);
  m.late_ticks = selector.Get(SelectorCounter::kLateTicks);
  m.discontinuities = selector.Get(SelectorCounter::kDiscontinuities);
  for (size_t cause = 0; cause < m.pad_frames.size(); ++cause) {
    m.pad_frames[cause] = selector.counters[static_cast<size_t>(SelectorCounter::kPadFirst) + cause].load(
        std::memory_order_relaxed);
  }
  m.overruns = session.sink(0).Get(EncoderCounter::kOverruns);
  m.sink_ticks = session.sink(0).Get(EncoderCounter::kTicks);
  const PlanExecutor& plan = instance_->plan();
  m.waiting_blocks = plan.waiting_blocks();
  m.buffer_depth = plan.LiveDepth();
  m.frame_gap_seconds = plan.LastFrameGapNs() / 1e9;
  if (const PlannedBlock* block = plan.BlockOnAir()) m.block = block->plan.block_id();
  if (const PlannedSegment* segment = plan.SegmentOnAir()) {
    m.segment = segment->index;
    m.asset = segment->asset_uri;
  }
  return m;
}

}  // namespace air
