#include "supervisor/control/playout_engine.h"

#include "base/stage_log.h"

namespace air {

PlayoutEngine::PlayoutEngine(EventLoop& loop, StageSupervisor& stages, DescriptorStore& store,
                             SessionRecord& record, PlayoutControl& control, EngineSettings settings)
    : loop_(loop),
      stages_(stages),
      store_(store),
      record_(record),
      settings_(std::move(settings)),
      control_(control),
      evidence_(loop.clock(), settings_.runtime_dir),
      plans_(loop),
      streams_(loop, stages, [this] { record_.Save(); }) {
  record_.DescribedBy([this](record::Session& session) { return Describe(session); },
                      [this] { return instance_->plan().rundown().stored(); });
  events_.OnKept([this] { record_.Save(); });
}

absl::Status PlayoutEngine::StartSession(NewSession session) {
  absl::StatusOr<SessionFormat> format = ParseProgramFormat(session.format_json);
  if (!format.ok()) return format.status();
  if (settings_.pts_origin.has_value()) format->pts_origin = *settings_.pts_origin;
  absl::StatusOr<std::unique_ptr<PlayoutInstance>> instance = PlayoutInstance::Create(
      loop_, stages_, store_, control_, events_,
      {.channel_id = session.channel_id,
       .format = *format,
       .join_utc_ms = session.join_utc_ms,
       .plan = {.max_queue_depth = session.max_queue_depth, .media_roots = settings_.media_roots},
       .slate_file = settings_.slate_file,
       .ring_seconds = settings_.ring_seconds,
       .evidence = &evidence_,
       .evidence_endpoint = session.evidence_endpoint,
       .channel_name = session.channel_name},
      CallbacksOf(++sessions_));
  if (!instance.ok()) return instance.status();
  Rundown::Plan plan{.blocks = session.blocks};
  if (session.relative) {
    const UtcMs tick_0 = (*instance)->memory().session().facts().epoch.utc;
    plan.shift_ms = tick_0.value() - plan.blocks->at(0).start_utc_ms;
  }
  // From here on there is a session, and its record is kept.
  instance_ = *std::move(instance);
  format_json_ = session.format_json;
  incarnation_ = 1;
  started_with_ = session.started_with;
  plan_fingerprint_ = session.plan_fingerprint;
  instance_->Begin(plan);
  control_.BeginSession(session.channel_id);
  last_channel_ = session.channel_id;
  absl::Status begun = streams_.BeginSession({instance_->memory(), instance_->keeper()}, session.format_json);
  if (!begun.ok()) EndSession("error", std::string(begun.message()));
  return begun;
}

PlayoutInstance::Callbacks PlayoutEngine::CallbacksOf(uint64_t session_number) {
  return {.on_failed =
              [this, session_number](const std::string& why) {
                if (session_number != sessions_ || instance_ == nullptr) return;  // it has ended meanwhile
                Log().error("the session ends: {}", why);
                EndSession("error", why);
              },
          .on_exhausted =
              [this, session_number] {
                if (session_number == sessions_ && settings_.terminate_on_exhausted)
                  EndSession("lookahead_exhausted", "no block follows the last one");
              },
          .on_drift =
              [this, session_number] {
                if (session_number == sessions_ && instance_ != nullptr && settings_.terminate_on_drift)
                  EndSession("error", "the clock on the wall has drifted by more than 100 ms");
              },
          .on_changed = [this] { record_.Save(); }};
}

void PlayoutEngine::EndSession(const std::string& reason, const std::string& detail) {
  plans_.Cancel("the session ends");
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
  instance_->CancelPending();
  instance_->Conclude(reason, detail);
  streams_.EndSession();  // before the memory they read
  ForgetSession();
  control_.Apply(PlayoutEvent::kStopped);
}

void PlayoutEngine::ForgetSession() {
  instance_.reset();
  ending_ = false;
  record_.Remove();
  started_with_.Clear();
  plan_fingerprint_ = 0;
}

void PlayoutEngine::Shutdown() {
  streams_.CancelPending();  // their callers wait for an answer
  plans_.Close("air-supervisor ends");
  EndSession("stopped");
  streams_.Detach("");
}

}  // namespace air
