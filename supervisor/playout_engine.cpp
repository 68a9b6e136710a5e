#include "supervisor/playout_engine.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "link/stage_log.h"
#include "protos/plan_file_loader.h"

namespace air {
namespace {

constexpr size_t kLeastQueueDepth = 2;
constexpr size_t kMostQueueDepth = 64;

template <class Response>
Response Refused(const absl::Status& why) {
  Response response;
  response.set_success(false);
  response.set_error_message(std::string(why.message()));
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

struct PlayoutEngine::NewSession {
  int32_t channel_id = 0;
  std::string format_json;
  std::vector<wire::BlockPlan> blocks;
  int64_t join_utc_ms = 0;
  size_t max_queue_depth = kLeastQueueDepth;
};

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

PlayoutEngine::PlayoutEngine(EventLoop& loop, StageSupervisor& stages, SessionRecord& record,
                             EngineSettings settings)
    : loop_(loop),
      stages_(stages),
      record_(record),
      settings_(std::move(settings)),
      streams_(loop, stages, [this] { record_.Save(); }) {
  record_.DescribedBy([this](record::Session& session) { return Describe(session); });
  events_.OnKept([this] { record_.Save(); });
}

absl::Status PlayoutEngine::CheckChannel(int32_t channel_id) const {
  if (instance_ == nullptr || channel_id == instance_->channel_id()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("channel_id: ", channel_id, ", the session's is ", instance_->channel_id()));
}

void PlayoutEngine::AttachStream(const wire::AttachStreamRequest& request,
                                 std::function<void(const wire::AttachStreamResponse&)> reply) {
  using Response = wire::AttachStreamResponse;
  absl::StatusOr<StreamEndpoint> endpoint = EndpointOf(request);
  if (!endpoint.ok()) return reply(Refused<Response>(endpoint.status()));
  if (absl::Status s = CheckChannel(request.channel_id()); !s.ok()) return reply(Refused<Response>(s));
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
  if (absl::Status s = CheckChannel(request.channel_id()); !s.ok())
    return Refused<wire::DetachStreamResponse>(s);
  streams_.Detach(request.endpoint());
  wire::DetachStreamResponse response;
  response.set_success(true);
  return response;
}

wire::StartChannelResponse PlayoutEngine::StartChannel(const wire::StartChannelRequest& request) {
  using Response = wire::StartChannelResponse;
  Response response;
  if (instance_ != nullptr && started_with_.channel_id() == request.channel_id() &&
      started_with_.plan_handle() == request.plan_handle() && !request.plan_handle().empty()) {
    response.set_success(true);  // it runs already
    return response;
  }
  if (instance_ != nullptr)
    return Refused<Response>(absl::AlreadyExistsError(
        absl::StrCat("a session of channel ", instance_->channel_id(), " is active")));
  if (request.port() < 0 || request.port() > 65535)
    return Refused<Response>(absl::InvalidArgumentError(
        absl::StrCat("port: ", request.port(), "; give 1 to 65535, or 0 for none")));
  absl::StatusOr<NewSession> session = SessionOf(request);
  if (!session.ok()) return Refused<Response>(session.status());
  if (request.port() != 0) {
    if (absl::Status s = streams_.Listen(static_cast<uint16_t>(request.port())); !s.ok())
      return Refused<Response>(s);
  }
  if (absl::Status s = StartSession(*std::move(session)); !s.ok()) {
    streams_.StopListening();
    return Refused<Response>(s);
  }
  started_with_ = request;
  record_.Save();
  response.set_success(true);
  return response;
}

wire::StopChannelResponse PlayoutEngine::StopChannel(const wire::StopChannelRequest& request) {
  if (absl::Status s = CheckChannel(request.channel_id()); !s.ok())
    return Refused<wire::StopChannelResponse>(s);
  EndSession("stopped");
  wire::StopChannelResponse response;
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
  const auto depth = static_cast<size_t>(std::max(request.max_queue_depth(), 0));
  if (absl::Status s =
          StartSession({.channel_id = request.channel_id(),
                        .format_json = request.program_format_json(),
                        .blocks = {request.block_a(), request.block_b()},
                        .join_utc_ms = request.join_utc_ms(),
                        .max_queue_depth = std::clamp(depth, kLeastQueueDepth, kMostQueueDepth)});
      !s.ok()) {
    return refuse(s);
  }
  response.set_success(true);
  response.set_result_code(wire::BLOCKPLAN_RESULT_OK);
  return response;
}

absl::Status PlayoutEngine::StartSession(NewSession session) {
  absl::StatusOr<SessionFormat> format = ParseProgramFormat(session.format_json);
  if (!format.ok()) return format.status();
  if (settings_.pts_origin.has_value()) format->pts_origin = *settings_.pts_origin;
  absl::StatusOr<std::unique_ptr<PlayoutInstance>> instance = PlayoutInstance::Create(
      loop_, stages_, control_, events_,
      {.channel_id = session.channel_id,
       .format = *format,
       .join_utc_ms = session.join_utc_ms,
       .plan = {.max_queue_depth = session.max_queue_depth, .media_roots = settings_.media_roots},
       .slate_file = settings_.slate_file,
       .ring_seconds = settings_.ring_seconds},
      CallbacksOf(++sessions_));
  if (!instance.ok()) return instance.status();
  // From here on there is a session, and its record is kept.
  instance_ = *std::move(instance);
  format_json_ = session.format_json;
  incarnation_ = 1;
  if (absl::Status begun = instance_->Begin(session.blocks); !begun.ok()) {
    instance_.reset();
    record_.Remove();
    return begun;
  }
  last_channel_ = session.channel_id;
  absl::Status begun = streams_.BeginSession({instance_->memory(), instance_->keeper()}, session.format_json);
  if (!begun.ok()) EndSession("error");
  return begun;
}

PlayoutInstance::Callbacks PlayoutEngine::CallbacksOf(uint64_t session_number) {
  return {.on_failed =
              [this, session_number](const std::string& why) {
                if (session_number != sessions_ || instance_ == nullptr) return;  // it has ended meanwhile
                Log().error("the session ends: {}", why);
                EndSession("error");
              },
          .on_exhausted =
              [this, session_number] {
                if (session_number == sessions_ && settings_.terminate_on_exhausted)
                  EndSession("lookahead_exhausted");
              },
          .on_changed = [this] { record_.Save(); }};
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
  if (absl::Status s = CheckChannel(request.channel_id()); !s.ok())
    return Refused<wire::StopBlockPlanSessionResponse>(s);
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
  ending_ = true;  // a successor of a supervisor that is killed from here on ends it, too
  events_.Publish(event);
  events_.Close();
  streams_.EndSession();  // before the memory they read
  instance_.reset();
  ending_ = false;
  record_.Remove();
  started_with_.Clear();
  control_.Apply(PlayoutEvent::kStopped);
}

void PlayoutEngine::Shutdown() {
  streams_.CancelPending();  // their callers wait for an answer
  EndSession("stopped");
  streams_.Detach("");
}

SinkSnapshot PlayoutEngine::Describe(const OutputStreams::Stream& stream) const {
  SinkSnapshot s{.sink = stream.sink->line(), .endpoint = stream.endpoint.Name()};
  const SenderPage* sender = stream.sink->sender();
  if (instance_ == nullptr || sender == nullptr) return s;
  const StageLine& line = instance_->memory().session().sink(s.sink);
  s.ticks = line.Get(EncoderCounter::kTicks);
  s.overruns = line.Get(EncoderCounter::kOverruns);
  s.lag_ticks = stream.sink->LagTicks();
  s.pcrs = line.Get(EncoderCounter::kPcrs);
  s.stamps = line.Get(EncoderCounter::kStamps);
  s.null_packets = line.Get(EncoderCounter::kNullPackets);
  s.late_pictures = line.Get(EncoderCounter::kLatePictures);
  s.backlog_packets = line.Get(EncoderCounter::kBacklogPackets);
  s.sent_bytes = sender->sent_bytes.load(std::memory_order_relaxed);
  s.pending_packets = sender->pending_packets.load(std::memory_order_relaxed);
  s.dropped_packets = sender->dropped_packets.load(std::memory_order_relaxed);
  s.rejoins = sender->rejoins.load(std::memory_order_relaxed);
  return s;
}

MetricsSnapshot PlayoutEngine::Snapshot() const {
  MetricsSnapshot m;
  m.channel_id = last_channel_.value_or(0);
  m.state = control_.state();
  for (StageKind kind : {StageKind::kDecoder, StageKind::kSelector, StageKind::kEncoder}) {
    m.records[ProgramOf(kind)] = stages_.record(kind);
  }
  stages_.AppendSpares(m.stages);
  for (const OutputStreams::Stream& stream : streams_.streams()) {
    stream.sink->AppendStage(m.stages);
    m.sinks.push_back(Describe(stream));
  }
  m.stuck_stages = stages_.stuck();
  m.dying_stages = stages_.dying();
  m.segments_given_up = stages_.segments_given_up();
  m.adoptions = adoptions_;
  if (instance_ == nullptr) return m;
  const SessionPage& session = instance_->memory().session();
  const StageLine& selector = session.selector();
  m.frames = selector.Get(SelectorCounter::kFrames);
  m.content_frames = selector.Get(SelectorCounter::kContentFrames);
  m.slate_frames = selector.Get(SelectorCounter::kSlateFrames);
  m.late_ticks = selector.Get(SelectorCounter::kLateTicks);
  m.discontinuities = selector.Get(SelectorCounter::kDiscontinuities);
  for (size_t cause = 0; cause < m.pad_frames.size(); ++cause) {
    m.pad_frames[cause] = selector.counters[static_cast<size_t>(SelectorCounter::kPadFirst) + cause].load(
        std::memory_order_relaxed);
  }
  const PlanExecutor& plan = instance_->plan();
  m.lowest_depth = plan.LowestDepth() == UINT64_MAX ? 0 : plan.LowestDepth();
  instance_->AppendStages(m.stages);
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
