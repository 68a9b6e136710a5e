#include "supervisor/playout/decoder_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "media/house_time.h"

namespace air {
namespace {

// A killed process that is still there so long after is stuck in the kernel.
constexpr int64_t kStuckNs = 500 * kNanosPerMs;
// Between two tries to open what could not be opened before its tick.
constexpr int64_t kLookAgainNs = 2 * kNanosPerSecond;

// Rounded up: "at least a second".
uint64_t UnitsPerSecond(const HouseFormat& format) {
  return (format.rate.num + format.rate.den - 1) / format.rate.den;
}

}  // namespace

DecoderRun::DecoderRun(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory,
                       const PlannedSegment& segment, const SourceRef& source,
                       std::vector<std::string> media_roots, std::function<void()> on_change)
    : loop_(loop),
      stages_(stages),
      memory_(memory),
      segment_(segment),
      source_(source),
      writer_(memory.WriterOf(source)),
      first_unit_(RingNext()),
      media_roots_(std::move(media_roots)),
      on_change_(std::move(on_change)),
      policy_(UnitsPerSecond(memory.session().facts().format)),
      watch_(stages.hang_ns()),
      step_watch_(stages.hang_ns()) {}

uint64_t DecoderRun::NextWanted() const {
  const DecoderRing& pooled = memory_.rings()[source_.ring];
  const auto& reader = *reinterpret_cast<const ReaderPage*>(pooled.reader_page.bytes().data());
  return reader.next_wanted.load(std::memory_order_acquire);
}

uint64_t DecoderRun::RingNext() const {
  const uint64_t said = writer_.next.load(std::memory_order_acquire);
  return std::min(said, NextWanted() + memory_.program_view().slot_count());
}

uint64_t DecoderRun::Depth() const {
  const uint64_t next = RingNext(), wanted = NextWanted();
  return next > wanted ? next - wanted : 0;
}

void DecoderRun::Start(bool soon) {
  StartProcess(soon ? stages_.TakeDecoder(segment_.asset_uri, segment_.treatment)
                    : stages_.TakeFresh(StageKind::kDecoder));
}

void DecoderRun::StartProcess(absl::StatusOr<std::unique_ptr<StageProcess>> process) {
  started_at_unit_ = RingNext();
  incarnation_at_start_ = writer_.writer_epoch.load(std::memory_order_relaxed);
  if (!process.ok()) return OnDeath({StageDeath::Kind::kSpawn, process.status().ToString()});
  UseProcess(*std::move(process));
}

void DecoderRun::UseProcess(std::unique_ptr<StageProcess> process) {
  WatchProcess(std::move(process));
  if (absl::Status s = Assign(); !s.ok()) {
    Log().error("{}: {}", process_->id(), s.ToString());
    Kill();  // its death brings the next one
  }
}

void DecoderRun::WatchProcess(std::unique_ptr<StageProcess> process) {
  watch_.Begin(loop_.clock().Now(), Sign());
  step_watch_.Begin(loop_.clock().Now(), Step());
  expiry_ = PadCause::kCrash;
  killed_at_.reset();
  process_ = std::move(process);
  process_->Watch(
      [this](const stage::FromStage& message) {
        if (message.has_decoder()) OnMessage(message.decoder());
      },
      [this](const StageDeath& death) { OnDeath(death); });
}

absl::Status DecoderRun::Assign() {
  const DecoderRing& pooled = memory_.rings()[source_.ring];
  // It writes its units and nothing else. The write lock is that of the second description.
  const absl::StatusOr<UniqueFd> handover = OpenReadOnly(pooled.ring.fd());
  if (!handover.ok()) return handover.status();
  const absl::StatusOr<UniqueFd> reader_page = OpenReadOnly(pooled.reader_page.fd());
  if (!reader_page.ok()) return reader_page.status();
  stage::ToStage message;
  stage::PrepareAsset& prepare = *message.mutable_prepare();
  prepare.set_segment_serial(segment_.serial);
  prepare.set_asset_uri(segment_.asset_uri);
  prepare.set_in_point_ms(segment_.in_point_ms);
  prepare.set_skip_units(segment_.skip_units);
  prepare.set_resume_unit(resume_at_.value_or(0));
  *prepare.mutable_treatment() = segment_.treatment;
  for (const std::string& root : media_roots_) prepare.add_media_roots(root);
  const int fds[] = {pooled.ring.fd(), handover->get(), reader_page->get()};
  return process_->GiveWork(message, fds);
}

// Until it has attached itself, the writer page tells of its predecessor.
WriterPhase DecoderRun::Phase() const {
  if (writer_.writer_epoch.load(std::memory_order_relaxed) == incarnation_at_start_)
    return WriterPhase::kNone;
  return static_cast<WriterPhase>(writer_.phase.load(std::memory_order_relaxed));
}

LifeSign DecoderRun::Sign() const {
  return {.beat_ns = writer_.beat_ns.load(std::memory_order_relaxed),
          .progress = RingNext(),
          .incarnation = writer_.writer_epoch.load(std::memory_order_relaxed),
          .phase = writer_.phase.load(std::memory_order_relaxed)};
}

LifeSign DecoderRun::Step() const {
  LifeSign sign = Sign();
  sign.beat_ns = 0;
  return sign;
}

void DecoderRun::KillIfHung(Nanos now, WriterPhase phase, const PhaseDeadline& deadline) {
  const auto hung = [&](const HangWatch& watch, const char* how) {
    expiry_ = deadline.cause;
    killed_at_ = now;
    process_->KillHung(absl::StrCat("hung while ", ToString(phase), " (", how, " for ",
                                    watch.SilentNs() / kNanosPerMs, " ms)"));
  };
  if (watch_.IsHung(now, Sign(), deadline.silence_ns, *process_)) return hung(watch_, "silent");
  if (!deadline.step_ns.has_value()) return step_watch_.Begin(now, Step());
  if (step_watch_.IsHung(now, Step(), *deadline.step_ns, *process_)) hung(step_watch_, "no result");
}

void DecoderRun::Look() {
  if (process_ == nullptr) return;
  const Nanos now = loop_.clock().Now();
  if (killed_at_.has_value()) {
    if (now - *killed_at_ >= kStuckNs) Do(RunEvent::kNotDying);
    return;
  }
  if (process_->HasTooManyThreads()) {
    killed_at_ = now;
    return process_->KillHung("killed: it has too many threads");
  }
  const WriterPhase phase = Phase();
  KillIfHung(now, phase, DeadlineOf(phase, watch_.hang_ns(), policy_.Suspects(RingNext())));
}

void DecoderRun::Kill() {
  killed_at_ = loop_.clock().Now();
  process_->Kill();
}

void DecoderRun::AppendStage(std::vector<StageSnapshot>& stages) const {
  if (process_ != nullptr) stages.push_back(SnapshotOf(*process_, watch_));
}

void DecoderRun::Leave() { Do(RunEvent::kLeave); }

void DecoderRun::Do(RunEvent event) {
  const RunStep step = StepOf(state_, event);
  state_ = step.state;
  switch (step.action) {
    case RunAction::kNone:
      return;
    case RunAction::kAnnounce:
      return on_change_();
    case RunAction::kReplace:
      Start(/*soon=*/!told_missing_ || IsDue());
      return on_change_();
    case RunAction::kWait:
      retry_ = loop_.After(retry_delay_ns_, [this] { Do(RunEvent::kRetryDue); });
      return on_change_();
    case RunAction::kRetire:
      Log().error("{} does not die of SIGKILL: its ring is retired until it does", process_->id());
      stages_.CountStuck();
      pad_cause_ = expiry_;
      return on_change_();
    case RunAction::kKill:
      retry_.Cancel();
      if (process_ != nullptr) Kill();
      return;
  }
}

void DecoderRun::OnMessage(const stage::DecoderState& message) {
  const bool works = state_ == RunState::kOpening || state_ == RunState::kProducing;
  if (message.segment_serial() != segment_.serial || !works) return;
  switch (message.phase()) {
    case stage::DecoderState::PRODUCING:
      if (!ready_at_.has_value()) {
        ready_at_ = loop_.clock().Now();
        if (IsDue()) NoteStep("first unit of what is due");
      }
      TellDropped(message);
      stages_.NoteRecovery(StageKind::kDecoder, recovery_.Delivered(loop_.clock().Now()));
      pad_cause_ = PadCause::kNone;
      return Do(RunEvent::kUnitsCame);
    case stage::DecoderState::ENDED:
      pad_cause_ = PadCause::kNone;
      return Do(RunEvent::kEnded);
    case stage::DecoderState::FAILED: {
      const PadCause cause = message.refused()      ? PadCause::kRefused
                             : message.units() == 0 ? PadCause::kOpenFailed
                                                    : PadCause::kCrash;
      if (cause == PadCause::kOpenFailed && LooksAgain(message.error())) return Do(RunEvent::kNotYet);
      GiveUp(cause, message.error());
      return Do(RunEvent::kRefused);
    }
    default:
      return;
  }
}

bool DecoderRun::IsDue() const {
  const SessionPage& session = memory_.session();
  return session.time().Deadline(session.facts().epoch.mono, segment_.start) <= loop_.clock().Now();
}

// Until its tick, and once more at it.
bool DecoderRun::LooksAgain(const std::string& why) {
  if (!looks_until_its_tick_ || state_ != RunState::kOpening || RingNext() > first_unit_) return false;
  const SessionPage& session = memory_.session();
  const int64_t left =
      session.time().Deadline(session.facts().epoch.mono, segment_.start) - loop_.clock().Now();
  if (left <= 0) return false;
  retry_delay_ns_ = std::min(kLookAgainNs, left);
  pad_cause_ = PadCause::kOpenFailed;
  error_ = why;
  if (!told_missing_) {
    Log().error("segment {} ({}) cannot be opened, and is looked for again until its tick: {}",
                segment_.serial, segment_.asset_uri, why);
    TellFailed(PadCause::kOpenFailed, why);
  }
  told_missing_ = true;
  return true;
}

// Of an asset that could not be opened subscribers are told once.
void DecoderRun::TellFailed(PadCause cause, const std::string& why) {
  if (!told_missing_ || cause != PadCause::kOpenFailed) on_failed_(segment_, cause, why);
}

// A successor of this decoder will find the same: subscribers are told once.
void DecoderRun::TellDropped(const stage::DecoderState& message) {
  if (std::exchange(told_dropped_, told_dropped_ || message.dropped_enrichers_size() > 0)) return;
  const std::vector<std::string> reasons(message.dropped_enrichers().begin(),
                                         message.dropped_enrichers().end());
  if (reasons.empty()) return;
  for (const std::string& reason : reasons)
    Log().error("segment {} ({}) airs without {}", segment_.serial, segment_.asset_uri, reason);
  on_dropped_(segment_, reasons);
}

// Where it was, in words that let an operator find the spot in the file.
std::string DecoderRun::Where() const {
  const FrameRate rate = memory_.session().facts().format.rate;
  const uint64_t unit = RingNext();
  const double media =
      static_cast<double>(segment_.in_point_ms) / 1000 +
      static_cast<double>(segment_.skip_units + static_cast<int64_t>(unit)) * rate.den / rate.num;
  return absl::StrCat(ToString(Phase()), " unit ", unit, " of segment ", segment_.serial, " (",
                      segment_.asset_uri, " at ", media, " s)");
}

// What its death says about the place it was at.
DecoderPolicy::Witness DecoderRun::WitnessOf(const StageDeath& death) const {
  using W = DecoderPolicy::Witness;
  const WriterPhase phase = Phase();
  const bool was_at_a_place =
      death.kind != StageDeath::Kind::kSpawn && phase != WriterPhase::kNone && phase != WriterPhase::kOpening;
  if (!was_at_a_place) return W::kNone;
  if (!death.from_outside) return W::kOwnDoing;
  const bool killed_at_work = death.kind == StageDeath::Kind::kSignal && phase != WriterPhase::kWaiting;
  return killed_at_work ? W::kKilled : W::kNone;
}

void DecoderRun::OnDeath(const StageDeath& death) {
  const std::string who = process_ == nullptr ? "decoder" : process_->id();
  const bool had_work = state_ == RunState::kOpening || state_ == RunState::kProducing;
  process_.reset();
  if (!had_work) return Do(RunEvent::kDiedNow);

  const std::string what = absl::StrCat(who, ": ", death.text, " at ", Where());
  stages_.NoteDeath(StageKind::kDecoder, death, what);
  recovery_.Died(loop_.clock().Now());
  Log().warn("{}", what);
  const DecoderPolicy::Verdict verdict = policy_.OnDeath({.at = loop_.clock().Now(),
                                                          .began_at_unit = started_at_unit_,
                                                          .next_unit = RingNext(),
                                                          .witness = WitnessOf(death)});
  resume_at_ = verdict.resume_at;
  pad_cause_ = expiry_;
  if (verdict.skips) {
    pad_cause_ = PadCause::kSkipped;
    const std::string why =
        absl::StrCat("unit ", RingNext(), " brings every decoder down (", death.text, "); going on at unit ",
                     *resume_at_, " or with the next key picture");
    Log().error("segment {} ({}): {}", segment_.serial, segment_.asset_uri, why);
    on_failed_(segment_, PadCause::kSkipped, why);
  }
  if (!verdict.delay_ns.has_value()) {
    slate_ = true;
    GiveUp(expiry_, absl::StrCat("its decoder died again and again (", death.text, "); slate until it ends"));
    return Do(RunEvent::kDiedForGood);
  }
  retry_delay_ns_ = *verdict.delay_ns;
  Do(retry_delay_ns_ == 0 ? RunEvent::kDiedNow : RunEvent::kDiedLater);
}

void DecoderRun::GiveUp(PadCause cause, const std::string& why) {
  pad_cause_ = cause;
  error_ = why;
  stages_.CountGivenUp();
  Log().error("segment {} ({}) is given up: {}", segment_.serial, segment_.asset_uri, why);
  TellFailed(cause, why);
}

}  // namespace air
