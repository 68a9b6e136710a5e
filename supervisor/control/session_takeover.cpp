// PlayoutEngine: what it leaves to its successor, and how the successor takes the session up.
//
// First everything is looked for and put together, and nothing is done: a supervisor that is killed here has
// changed nothing but which supervisor the stages listen to. Then everything goes on, and from the first stage that is started the
// record is that of the whole session again.
#include <string>
#include <utility>

#include "base/stage_log.h"
#include "supervisor/control/playout_engine.h"

namespace air {
namespace {

constexpr int64_t kLongestWaitNs = kNanosPerSecond;  // for the stages' answers, in all

}  // namespace

bool PlayoutEngine::Describe(record::Session& session) const {
  if (instance_ == nullptr) return false;
  session.set_incarnation(incarnation_);
  session.set_ending(ending_);
  session.set_program_format_json(format_json_);
  session.set_state(static_cast<uint32_t>(control_.state()));
  *session.mutable_started_with() = started_with_;
  session.set_plan_fingerprint(plan_fingerprint_);
  instance_->Describe(session);
  streams_.Describe(session);
  for (const wire::BlockEvent& event : events_.kept()) *session.add_events() = event;
  stages_.Describe(*session.mutable_counters());
  session.mutable_counters()->set_adoptions(adoptions_);
  return true;
}

void PlayoutEngine::Open() {
  TakeUpWhatIsLeft();
  evidence_.TakeCareOfThePast();
}

void PlayoutEngine::TakeUpWhatIsLeft() {
  const absl::StatusOr<record::Session> left = record_.Load();
  if (left.ok()) {
    stages_.Restore(left->counters());
    // Spares, and stages that the predecessor started and did not live to record. They have no work: nothing depends
    // on their end, and a viewer may be waiting.
    stages_.EndStrays(*left, Nanos(0));
  } else {
    stages_.EndStrays({}, loop_.clock().Now() + kLongestWaitNs);  // nothing says what they work for
  }
  // In the order in which they have the most to do before a viewer sees content.
  for (StageKind kind : {StageKind::kDecoder, StageKind::kEncoder, StageKind::kSelector})
    stages_.KeepSpare(kind);
  absl::Status taken = left.status();
  if (left.ok()) taken = TakeUp(*left, store_.TakeAll());
  if (taken.ok()) return;
  store_.DropAll();
  if (absl::IsNotFound(left.status())) return;
  Log().error("the session that was left on the air is not taken up: {}; starting afresh",
              std::string(taken.message()));
  if (left.ok()) RemoveSessionNames(left->segment_prefix());  // its stages are dying, but not dead yet
  record_.Remove();
}

absl::Status PlayoutEngine::TakeUp(const record::Session& session, DescriptorStore::Items stored) {
  Survivors survivors(stages_, session, std::move(stored));  // the stages that are not taken out end with it
  if (!SessionLives(session.segment_prefix())) return absl::NotFoundError("none of its stages lives");
  if (session.ending()) return absl::CancelledError("it was being ended");
  survivors.AskForDescriptors(loop_.clock().Now() + kLongestWaitNs);
  const size_t found = survivors.stages();

  absl::StatusOr<SessionFormat> format = ParseProgramFormat(session.program_format_json());
  if (!format.ok()) return format.status();
  absl::StatusOr<std::unique_ptr<PlayoutInstance>> instance = PlayoutInstance::Adopt(
      loop_, stages_, store_, control_, events_,
      {.channel_id = session.channel_id(),
       .format = *format,
       .plan = {.max_queue_depth = session.max_queue_depth(), .media_roots = settings_.media_roots},
       .slate_file = settings_.slate_file,
       .ring_seconds = settings_.ring_seconds,
       .evidence = &evidence_},
      CallbacksOf(++sessions_), session, record_.plan(), survivors);
  if (!instance.ok()) return instance.status();
  instance_ = *std::move(instance);
  streams_.Restore({instance_->memory(), instance_->keeper()}, session, survivors);
  for (const std::string& name : survivors.KeptNames()) instance_->keeper().Drop(name);
  format_json_ = session.program_format_json();
  incarnation_ = session.incarnation() + 1;
  adoptions_ = session.counters().adoptions() + 1;
  last_channel_ = session.channel_id();
  started_with_ = session.started_with();
  plan_fingerprint_ = session.plan_fingerprint();
  control_.Restore(static_cast<PlayoutState>(session.state()), session.channel_id());
  events_.Restore({session.events().begin(), session.events().end()});

  instance_->Resume();
  streams_.Resume();
  if (started_with_.port() != 0) {
    if (absl::Status s = streams_.Listen(static_cast<uint16_t>(started_with_.port())); !s.ok())
      Log().error("no further viewer will be served: {}", std::string(s.message()));
  }
  record_.Save();
  Log().info("channel {} goes on: {} stages, {} streams, tick {}, taken up for the {}. time",
             last_channel_.value(), found, streams_.streams().size(), instance_->plan().now_tick().value(),
             adoptions_);
  return absl::OkStatus();
}

}  // namespace air
