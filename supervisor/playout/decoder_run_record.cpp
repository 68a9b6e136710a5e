// DecoderRun: what it leaves to a successor of this supervisor, and how the successor goes on with it.
#include <array>

#include "supervisor/playout/decoder_run.h"

namespace air {
namespace {

// One that backs off is tried again at once by a successor.
constexpr std::array<record::Run::State, static_cast<size_t>(RunState::kCount)> kRecorded = {
    record::Run::OPENING,  record::Run::PRODUCING, record::Run::OPENING, record::Run::ENDED,
    record::Run::GIVEN_UP, record::Run::STUCK,     record::Run::LEAVING};

RunState StateOf(record::Run::State recorded) {
  for (size_t i = 0; i < kRecorded.size(); ++i) {
    if (kRecorded[i] == recorded) return static_cast<RunState>(i);
  }
  return RunState::kOpening;
}

PadCause CauseOf(uint32_t recorded) {
  return recorded < static_cast<uint32_t>(PadCause::kCount) ? static_cast<PadCause>(recorded)
                                                            : PadCause::kNone;
}

}  // namespace

void DecoderRun::Describe(record::Run& run) const {
  run.set_ring(source_.ring);
  run.set_generation(source_.generation);
  run.set_segment_serial(segment_.serial);
  run.set_first_unit(first_unit_);
  run.set_state(kRecorded[static_cast<size_t>(state_)]);
  run.set_pad_cause(static_cast<uint32_t>(pad_cause_));
  run.set_error(error_);
  run.set_slate(slate_);
  run.set_started_at_unit(started_at_unit_);
  const DecoderPolicy::Memory& policy = policy_.memory();
  for (Nanos at : policy.restarts.failures()) run.add_failures_ns(at.value());
  if (policy.place.has_value()) run.set_failed_at_unit(*policy.place);
  run.set_blame(policy.blame);
  if (ready_at_.has_value()) run.set_ready_ns(ready_at_->value());
  if (policy.resume_at.has_value()) run.set_resume_at_unit(*policy.resume_at);
  // Also before Resume(): the record is written while other parts of the session resume.
  const StageProcess* decoder = process_ != nullptr ? process_.get() : adopted_.get();
  if (decoder != nullptr) *run.mutable_decoder() = decoder->Describe();
}

void DecoderRun::Restore(const record::Run& recorded, std::unique_ptr<StageProcess> decoder) {
  first_unit_ = recorded.first_unit();
  state_ = StateOf(recorded.state());
  pad_cause_ = CauseOf(recorded.pad_cause());
  error_ = recorded.error();
  slate_ = recorded.slate();
  if (recorded.has_ready_ns()) ready_at_ = Nanos(recorded.ready_ns());
  started_at_unit_ = recorded.started_at_unit();
  DecoderPolicy::Memory policy;
  std::deque<Nanos> failures;
  for (int64_t at : recorded.failures_ns()) failures.emplace_back(at);
  policy.restarts.Restore(std::move(failures));
  if (recorded.has_failed_at_unit()) {
    policy.place = recorded.failed_at_unit();
    policy.blame = recorded.blame();
  }
  if (recorded.has_resume_at_unit()) resume_at_ = policy.resume_at = recorded.resume_at_unit();
  policy_.Restore(std::move(policy));
  adopted_ = std::move(decoder);
}

void DecoderRun::Resume() {
  const bool works = state_ == RunState::kOpening || state_ == RunState::kProducing;
  if (state_ == RunState::kGivenUp) on_failed_(segment_, pad_cause_, error_);
  std::unique_ptr<StageProcess> process = std::move(adopted_);
  if (process == nullptr) {
    const bool has_ended = writer_.end.load(std::memory_order_acquire) != kEndUnknown;
    if (works && has_ended) {  // as it should, while there was no supervisor to be told
      pad_cause_ = PadCause::kNone;
      Do(RunEvent::kEnded);
    } else if (works) {
      incarnation_at_start_ = writer_.writer_epoch.load(std::memory_order_relaxed);
      OnDeath({StageDeath::Kind::kUnknown, "gone (adopted)", /*from_outside=*/true});
    } else if (is_stuck()) {
      Do(RunEvent::kDiedNow);
    }
    return;
  }
  // What the writer page says is this process's own if it has attached itself.
  const uint64_t epoch = writer_.writer_epoch.load(std::memory_order_relaxed);
  const bool attached =
      writer_.writer_pid.load(std::memory_order_relaxed) == static_cast<uint32_t>(process->pid());
  incarnation_at_start_ = attached ? epoch - 1 : epoch;
  if (works) return UseProcess(std::move(process));
  WatchProcess(std::move(process));
  if (state_ == RunState::kLeaving) Kill();
}

}  // namespace air
