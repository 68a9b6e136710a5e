// air-encoder: one sink. Encode, multiplex, journal, send. It blocks on its reader's side only; if it dies,
// its successor takes the same socket, the same pipe and the same journal and goes on behind the last
// committed tick.
#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <future>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "base/version.h"
#include "link/stage_server.h"
#include "shm/shared_segment.h"
#include "stages/encoder/send/sender.h"
#include "stages/encoder/sink/mpegts_output_sink.h"
#include "stages/encoder/sink/program_feed.h"
#include "stream/stream_budget.h"

namespace air {
namespace {

enum Descriptor { kPage, kProgram, kJournal, kSocket, kPipeRead, kPipeWrite, kDescriptors };

struct Assignment {
  stage::ConfigureEncoder config;
  std::vector<UniqueFd> fds;
};

// One sink's stage: everything attached, the sender running.
class EncoderStage {
 public:
  explicit EncoderStage(Assignment assignment)
      : config_(std::move(assignment.config)), fds_(std::move(assignment.fds)) {}

  // Attaches the memory and starts sending what is committed already, before any codec is opened.
  absl::Status Attach();
  // Codes and commits tick after tick. Returns Ok when the viewer is gone, else why it cannot go on.
  absl::Status Run();

 private:
  absl::Status Map(Descriptor which, Access access, size_t min_bytes, SharedSegment& segment);
  MpegTSOutputSink::Config SinkConfig() const;
  void Count(const MpegTSOutputSink& sink, StageLine& line) const;

  stage::ConfigureEncoder config_;
  std::vector<UniqueFd> fds_;
  SystemClock clock_;
  UniqueFd lock_;
  SharedSegment page_, program_, journal_;
  std::unique_ptr<SessionPage> session_;
  std::unique_ptr<ProgramFeed> feed_;
  std::unique_ptr<ExactlyOnceSender> sender_;
};

absl::Status EncoderStage::Map(Descriptor which, Access access, size_t min_bytes, SharedSegment& segment) {
  absl::StatusOr<SharedSegment> mapped = SharedSegment::Map(std::move(fds_[which]), access, min_bytes);
  if (mapped.ok()) segment = *std::move(mapped);
  return mapped.status();
}

MpegTSOutputSink::Config EncoderStage::SinkConfig() const {
  const StreamSettings stream{.video_kbps = config_.bitrate_kbps(),
                              .sound_kbps = config_.sound_kbps(),
                              .vbv_ms = config_.vbv_ms(),
                              .rate_kbps = config_.rate_kbps(),
                              .gop_seconds = config_.gop_seconds()};
  return {.mux = {.house = session_->facts().format,
                  .pts_origin_90k = session_->facts().pts_origin,
                  .delay_90k = StreamDelay90k(stream),
                  .rate_kbps = stream.rate_kbps,
                  .service_name = config_.service_name()},
          .encoder = {.bitrate_kbps = stream.video_kbps,
                      .gop_seconds = config_.gop_seconds(),
                      .preset = config_.preset(),
                      .threads = config_.threads(),
                      .vbv_ms = stream.vbv_ms,
                      .rate_kbps = stream.rate_kbps},
          .sound_kbps = stream.sound_kbps};
}

absl::Status EncoderStage::Attach() {
  if (fds_.size() != kDescriptors)
    return absl::InvalidArgumentError(absl::StrCat("got ", fds_.size(), " descriptors"));
  if (config_.sink() >= kMaxSinks) return absl::InvalidArgumentError(absl::StrCat("sink ", config_.sink()));
  lock_.Reset(dup(fds_[kJournal].get()));
  if (absl::Status s = LockOutPredecessor(clock_, lock_); !s.ok()) return s;
  if (absl::Status s = Map(kPage, Access::kReadWrite, kSessionBytes, page_); !s.ok()) return s;
  if (absl::Status s = Map(kProgram, Access::kReadOnly, 2 * ::air::kPage, program_); !s.ok()) return s;
  if (absl::Status s = Map(kJournal, Access::kReadWrite, ::air::kPage, journal_); !s.ok()) return s;
  absl::StatusOr<SessionPage> session = SessionPage::Attach(page_.bytes());
  if (!session.ok()) return session.status();
  session_ = std::make_unique<SessionPage>(*session);
  absl::StatusOr<RingView> program = RingView::Attach(program_.bytes(), RingPolicy::kOverwrite);
  if (!program.ok()) return program.status();
  feed_ = std::make_unique<ProgramFeed>(*program, session_->facts().epoch, session_->sink(config_.sink()));
  if (config_.has_pad_tick()) feed_->Blank(Tick(static_cast<int64_t>(config_.pad_tick())));

  SendLimits limits;
  limits.delay_ns = int64_t{config_.delay_ms()} * kNanosPerMs;
  absl::StatusOr<std::unique_ptr<ExactlyOnceSender>> sender = ExactlyOnceSender::Create(
      journal_.bytes(), {fds_[kSocket].get(), fds_[kPipeRead].get(), fds_[kPipeWrite].get()},
      [mux = SinkConfig().mux](const TransportCheckpoint& before) { return RejoinPackets(before, mux); },
      limits, clock_);
  if (!sender.ok()) return sender.status();
  sender_ = *std::move(sender);
  sender_->Start();
  return absl::OkStatus();
}

void EncoderStage::Count(const MpegTSOutputSink& sink, StageLine& line) const {
  const TickFacts& tick = sink.facts();
  line.Add(EncoderCounter::kTicks);
  line.Add(EncoderCounter::kBytes, tick.packets * kTsPacketBytes);
  line.Add(EncoderCounter::kPcrs, tick.pcrs);
  line.Add(EncoderCounter::kStamps, tick.stamps);
  line.Add(EncoderCounter::kNullPackets, tick.null_packets);
  line.Add(EncoderCounter::kLatePictures, tick.late_pictures);
  line.Set(EncoderCounter::kBacklogPackets, tick.backlog);
}

absl::Status EncoderStage::Run() {
  absl::StatusOr<JournalWriter> journal = JournalWriter::Attach(journal_.bytes());
  if (!journal.ok()) return journal.status();
  absl::StatusOr<std::unique_ptr<MpegTSOutputSink>> made =
      MpegTSOutputSink::Create(SinkConfig(), *std::move(journal), feed_->JoinTick());
  if (!made.ok()) return made.status();
  MpegTSOutputSink& sink = **made;
  const HouseTime time = session_->time();
  if (absl::Status s = sink.Prime(feed_->Sound(sink.history_begin(), time.FirstSample(sink.next_tick())));
      !s.ok())
    return s;

  StageLine& line = session_->sink(config_.sink());
  line.pid.store(static_cast<uint32_t>(getpid()));
  line.phase.store(static_cast<uint32_t>(StagePhase::kRunning));
  const int64_t period = time.NanosOf(Tick(1));
  bool first = true;
  NoteStep("codecs open");
  while (!sender_->ended().has_value()) {
    line.beat_ns.store(clock_.Now().value(), std::memory_order_relaxed);
    ProgramTick tick;
    if (!feed_->Next(sink.next_tick(), period, tick)) continue;
    if (absl::Status s = sink.Consume(tick); !s.ok()) {
      line.Add(EncoderCounter::kCodecErrors);
      return s;
    }
    Count(sink, line);
    if (std::exchange(first, false)) NoteStep("first picture coded");
  }
  const absl::Status ended = *sender_->ended();
  return absl::IsUnavailable(ended) ? absl::OkStatus() : ended;
}

void ReportState(StageServer& server, stage::EncoderState::Phase phase, const std::string& error = "") {
  stage::FromStage report;
  report.mutable_encoder()->set_phase(phase);
  report.mutable_encoder()->set_error(error);
  server.Report(report);
}

int Main(int argc, char** argv) {
  const StageOptions options = ParseStageFlags(argc, argv, "air-encoder", BuildVersion());
  InitLog(options.id);
  av_log_set_level(
      AV_LOG_QUIET);  // it writes to stderr itself, whose reader may stall; errors come back as codes

  StageServer server(options);
  std::promise<Assignment> assigned;
  bool seen = false;
  server.Start([&](const stage::ToStage& message, std::vector<UniqueFd> fds) {
    if (!message.has_encoder() || seen) return;
    seen = true;
    assigned.set_value({message.encoder(), std::move(fds)});
  });
  stage::FromStage loaded;
  loaded.mutable_loaded();
  server.Report(loaded);

  NoteStep("encoder loaded");

  EncoderStage encoder(assigned.get_future().get());
  NoteStep("encoder given its work");
  ReportState(server, stage::EncoderState::RUNNING);
  absl::Status status = encoder.Attach();
  if (status.ok()) status = encoder.Run();
  if (status.ok()) {
    ReportState(server, stage::EncoderState::VIEWER_GONE);
    Log().flush();
    EndStage(kExitDone);
  }
  // Not the sink's end: the successor goes on where this one stopped, and the restart policy sees to it that
  // it does not do so for ever.
  Log().error("cannot go on: {}", status.ToString());
  Log().flush();
  EndStage(kExitRefused);
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { return air::Main(argc, argv); }
