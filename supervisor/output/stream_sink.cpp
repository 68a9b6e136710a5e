#include "supervisor/output/stream_sink.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "supervisor/process/phase_deadlines.h"

namespace air {

StreamSink::StreamSink(EventLoop& loop, StageSupervisor& stages, uint32_t line, uint64_t serial,
                       UniqueFd socket, std::function<void(const std::string& why)> on_gone)
    : loop_(loop),
      stages_(stages),
      line_(line),
      serial_(serial),
      socket_(std::move(socket)),
      on_gone_(std::move(on_gone)),
      watch_(stages.hang_ns()) {}

// The copies of the socket elsewhere must not keep the viewer waiting for the end.
StreamSink::~StreamSink() {
  if (journal_.has_value()) RemoveNamedSegment(journal_->name());
  if (keeper_ == nullptr) return;
  if (encoder_ != nullptr) keeper_->Forget(encoder_.get());
  encoder_.reset();  // killed: it sends nothing more
  shutdown(socket_.get(), SHUT_WR);
  keeper_->Drop(SinkName(serial_));
}

absl::Status StreamSink::Begin(const Session& session, const SinkSettings& settings) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0)
    return absl::ResourceExhaustedError(absl::StrCat("pipe: ", std::strerror(errno)));
  pipe_read_.Reset(ends[0]);
  pipe_write_.Reset(ends[1]);
  memory_ = &session.memory;
  settings_ = settings;
  if (absl::Status s =
          UseJournal(memory_->CreateJournal(serial_, JournalGeometryFor(settings.stream, settings.delay_ms)));
      !s.ok())
    return s;
  keeper_ = &session.keeper;
  keeper_->Keep(SinkName(serial_), {socket_.get(), pipe_read_.get(), pipe_write_.get()});
  StartEncoder();
  LookAtEncoder();
  return absl::OkStatus();
}

absl::Status StreamSink::Restore(const Session& session, const SinkSettings& settings, UniqueFd pipe_read,
                                 UniqueFd pipe_write, std::unique_ptr<StageProcess> encoder) {
  memory_ = &session.memory;
  settings_ = settings;
  pipe_read_ = std::move(pipe_read);
  pipe_write_ = std::move(pipe_write);
  encoder_ = std::move(encoder);
  if (absl::Status s = UseJournal(memory_->OpenJournal(serial_)); !s.ok())
    return absl::FailedPreconditionError(std::string(s.message()));
  keeper_ = &session.keeper;
  keeper_->Keep(SinkName(serial_), {socket_.get(), pipe_read_.get(), pipe_write_.get()});
  return absl::OkStatus();
}

void StreamSink::Resume() {
  if (encoder_ != nullptr) {
    UseEncoder(std::move(encoder_));
  } else {
    OnDeath({StageDeath::Kind::kUnknown, "gone (adopted)", /*from_outside=*/true});
  }
  LookAtEncoder();
}

void StreamSink::Describe(record::Sink& sink) const {
  sink.set_serial(serial_);
  sink.set_line(line_);
  if (encoder_ != nullptr) *sink.mutable_encoder() = encoder_->Describe();
}

absl::Status StreamSink::UseJournal(absl::StatusOr<SharedSegment> journal) {
  if (!journal.ok()) return journal.status();
  journal_ = *std::move(journal);
  absl::StatusOr<SenderPage*> sender = AttachSenderPage(journal_->bytes());
  if (!sender.ok()) return sender.status();
  sender_ = *sender;
  allocator_ = std::jthread([this, on_gone = on_gone_](std::stop_token stop) {
    absl::Status status = journal_->AllocateAll(stop);
    if (!status.ok()) loop_.Post([on_gone, why = std::string(status.message())] { on_gone(why); });
  });
  return absl::OkStatus();
}

uint64_t StreamSink::TicksSent() const { return memory_->session().sink(line_).Get(EncoderCounter::kTicks); }

std::optional<uint64_t> StreamSink::NextTick() const {
  absl::StatusOr<JournalReader> journal = JournalReader::Attach(journal_->bytes());
  if (!journal.ok()) return std::nullopt;
  const std::optional<JournalEntry> newest = journal->Newest();
  if (!newest.has_value()) return std::nullopt;
  return static_cast<uint64_t>(newest->record.checkpoint.next_tick);
}

uint64_t StreamSink::LagTicks() const {
  const uint64_t made = memory_->program_view().writer().next.load(std::memory_order_relaxed);
  const uint64_t coded = NextTick().value_or(made);
  return made > coded ? made - coded : 0;
}

// Twice at the same tick is no accident: the next one codes pad for it.
void StreamSink::BlameTick(const StageDeath& death) {
  if (death.from_outside || death.kind == StageDeath::Kind::kSpawn || !watch_.has_begun()) return;
  const std::optional<uint64_t> tick = NextTick();
  if (tick.has_value() && tick == failed_at_ && tick != pad_tick_) {
    Log().error("tick {} brings every encoder down: pad is coded for it", *tick);
    pad_tick_ = tick;
  }
  failed_at_ = tick;
}

void StreamSink::StartEncoder() {
  absl::StatusOr<std::unique_ptr<StageProcess>> process = stages_.Take(StageKind::kEncoder);
  if (!process.ok()) return OnDeath({StageDeath::Kind::kSpawn, process.status().ToString()});
  started_at_tick_ = TicksSent();
  UseEncoder(*std::move(process));
}

void StreamSink::UseEncoder(std::unique_ptr<StageProcess> process) {
  absl::StatusOr<UniqueFd> handover = OpenForHandover(journal_->fd());
  if (!handover.ok()) return Gone(handover.status().ToString());
  watch_.Begin(loop_.clock().Now(), EncoderSign());
  encoder_ = std::move(process);
  encoder_->Watch(
      [this](const stage::FromStage& message) {
        if (message.has_encoder()) OnMessage(message.encoder());
      },
      [this](const StageDeath& death) { OnDeath(death); });
  keeper_->EntrustTo(encoder_.get());  // first: one that has its work keeps all there is
  stage::ToStage message;
  stage::ConfigureEncoder& configure = *message.mutable_encoder();
  configure.set_sink(line_);
  configure.set_bitrate_kbps(settings_.stream.video_kbps);
  configure.set_gop_seconds(settings_.stream.gop_seconds);
  configure.set_preset(settings_.preset);
  configure.set_threads(settings_.threads);
  configure.set_delay_ms(settings_.delay_ms);
  configure.set_service_name(settings_.service_name);
  configure.set_vbv_ms(settings_.stream.vbv_ms);
  configure.set_sound_kbps(settings_.stream.sound_kbps);
  configure.set_rate_kbps(settings_.stream.rate_kbps);
  if (pad_tick_.has_value()) configure.set_pad_tick(*pad_tick_);
  const int fds[] = {memory_->page().fd(), memory_->program().fd(), handover->get(),
                     socket_.get(),        pipe_read_.get(),        pipe_write_.get()};
  if (absl::Status s = encoder_->GiveWork(message, fds); !s.ok()) {
    Log().error("{}: {}", encoder_->id(), s.ToString());
    encoder_->Kill();  // its death brings the next one
  }
}

void StreamSink::OnMessage(const stage::EncoderState& state) {
  switch (state.phase()) {
    case stage::EncoderState::VIEWER_GONE:
      return Gone("the viewer's end is closed");
    case stage::EncoderState::FAILED:
      return Gone(state.error());
    default:
      return;
  }
}

LifeSign StreamSink::EncoderSign() const {
  const StageLine& line = memory_->session().sink(line_);
  return {.beat_ns = line.beat_ns.load(std::memory_order_relaxed),
          .progress = TicksSent(),
          .incarnation = 0,
          .phase = 0};
}

void StreamSink::AppendStage(std::vector<StageSnapshot>& stages) const {
  if (encoder_ != nullptr) stages.push_back(SnapshotOf(*encoder_, watch_));
}

void StreamSink::LookAtEncoder() {
  if (encoder_ != nullptr && !over_ &&
      watch_.IsHung(loop_.clock().Now(), EncoderSign(), AllowanceOf(watch_.has_begun(), watch_.hang_ns()),
                    *encoder_)) {
    encoder_->KillHung(absl::StrCat("hung (silent for ", watch_.SilentNs() / kNanosPerMs, " ms)"));
  }
  if (watch_.has_begun()) stages_.NoteRecovery(StageKind::kEncoder, recovery_.Delivered(loop_.clock().Now()));
  look_ = loop_.After(kLookNs, [this] { LookAtEncoder(); });
}

void StreamSink::OnDeath(const StageDeath& death) {
  const std::string who = encoder_ == nullptr ? "encoder" : encoder_->id();
  keeper_->Forget(encoder_.get());
  encoder_.reset();
  if (over_) return;
  const std::string what = absl::StrCat(who, ": ", death.text, " at tick ", TicksSent());
  stages_.NoteDeath(StageKind::kEncoder, death, what);
  recovery_.Died(loop_.clock().Now());
  BlameTick(death);
  const HouseFormat& format = memory_->session().facts().format;
  const bool delivered = TicksSent() - started_at_tick_ >= format.rate.num / format.rate.den;
  Log().warn("{}", what);
  const std::optional<int64_t> delay = policy_.OnDeath(loop_.clock().Now(), delivered);
  if (!delay.has_value()) return Gone("its encoder died again and again");
  if (*delay == 0) {
    StartEncoder();
  } else {
    retry_ = loop_.After(*delay, [this] { StartEncoder(); });
  }
}

void StreamSink::Gone(const std::string& why) {
  if (over_) return;
  over_ = true;
  loop_.Post([on_gone = on_gone_, why] { on_gone(why); });
}

}  // namespace air
