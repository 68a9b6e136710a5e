// air-selector: one program frame per tick, from the first instant, with or without content, with or without
// a sink.
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <future>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "base/version.h"
#include "link/stage_server.h"
#include "stages/selector/timing_loop.h"

namespace air {
namespace {

constexpr int kFixedFds = 4;  // session page, timeline, program ring, slate; then two per decoder ring

// Everything the tick needs, attached.
struct Selector {
  SharedSegment session_segment, timeline_segment, program_segment, slate_segment;
  UniqueFd write_lock;
  std::unique_ptr<SessionPage> session;
  std::unique_ptr<TimelineController> timeline;
  std::unique_ptr<InputBus> inputs;
  std::unique_ptr<ProgramOutput> program;
};

absl::Status MapInto(SharedSegment& segment, UniqueFd fd, Access access, size_t min_bytes) {
  absl::StatusOr<SharedSegment> mapped = SharedSegment::Map(std::move(fd), access, min_bytes);
  if (mapped.ok()) segment = *std::move(mapped);
  return mapped.status();
}

absl::StatusOr<std::unique_ptr<Selector>> Attach(const stage::ConfigureSelector& config,
                                                 std::vector<UniqueFd> fds) {
  if (fds.size() != kFixedFds + 2 * size_t{config.decoder_rings()}) {
    return absl::InvalidArgumentError(absl::StrCat("configured with ", fds.size(), " descriptors"));
  }
  SystemClock clock;
  auto s = std::make_unique<Selector>();
  if (auto r = MapInto(s->session_segment, std::move(fds[0]), Access::kReadWrite, kSessionBytes); !r.ok())
    return r;
  if (auto r = MapInto(s->timeline_segment, std::move(fds[1]), Access::kReadOnly, kTimelineBytes); !r.ok())
    return r;
  s->write_lock.Reset(dup(fds[2].get()));  // same open description: the lock belongs to both
  if (auto r = LockOutPredecessor(clock, s->write_lock); !r.ok()) return r;
  if (auto r = MapInto(s->program_segment, std::move(fds[2]), Access::kReadWrite, 2 * kPage); !r.ok())
    return r;

  if (auto r = MapInto(s->slate_segment, std::move(fds[3]), Access::kReadOnly, kPage); !r.ok()) return r;

  absl::StatusOr<SessionPage> session = SessionPage::Attach(s->session_segment.bytes());
  if (!session.ok()) return session.status();
  absl::StatusOr<TimelineReader> timeline = TimelineReader::Attach(s->timeline_segment.bytes());
  if (!timeline.ok()) return timeline.status();
  absl::StatusOr<RingView> program = RingView::Attach(s->program_segment.bytes(), RingPolicy::kOverwrite);
  if (!program.ok()) return program.status();
  if (program->format() != session->facts().format) {
    return absl::FailedPreconditionError("the program ring is not of the session's house format");
  }

  std::vector<InputBus::PooledRing> pool(config.decoder_rings());
  for (size_t i = 0; i < pool.size(); ++i) {
    UniqueFd& ring = fds[kFixedFds + 2 * i];
    UniqueFd& page = fds[kFixedFds + 2 * i + 1];
    if (auto r = MapInto(pool[i].ring, std::move(ring), Access::kReadOnly, 2 * kPage); !r.ok()) return r;
    if (auto r = MapInto(pool[i].reader_page, std::move(page), Access::kReadWrite, kPage); !r.ok()) return r;
  }
  s->session = std::make_unique<SessionPage>(*session);
  s->timeline = std::make_unique<TimelineController>(*timeline);
  s->inputs = std::make_unique<InputBus>(session->facts().format, std::move(pool));
  s->program =
      std::make_unique<ProgramOutput>(*program, static_cast<uint32_t>(getpid()), s->slate_segment.bytes());
  return s;
}

void ReportState(StageServer& server, bool running, const std::string& error) {
  stage::FromStage report;
  report.mutable_selector()->set_running(running);
  report.mutable_selector()->set_error(error);
  server.Report(report);
}

int Main(int argc, char** argv) {
  const StageOptions options = ParseStageFlags(argc, argv, "air-selector", BuildVersion());
  InitLog(options.id);
  prctl(PR_SET_TIMERSLACK, 1);

  StageServer server(options);
  std::promise<std::unique_ptr<Selector>> configured;
  std::string segment_prefix;
  std::optional<MappingLock> anew;
  bool seen = false;
  server.Start(
      [&](const stage::ToStage& message, std::vector<UniqueFd> fds) {
        if (!message.has_selector() || seen) return;
        seen = true;
        segment_prefix = message.selector().segment_prefix();
        if (message.selector().begins_anew())
          anew = {message.selector().lock_segment(), Tick(message.selector().lock_tick())};
        absl::StatusOr<std::unique_ptr<Selector>> selector = Attach(message.selector(), std::move(fds));
        if (!selector.ok()) {
          Log().error("cannot run the tick: {}", selector.status().ToString());
          ReportState(server, false, selector.status().ToString());
          Log().flush();
          EndStage(kExitRefused);
        }
        configured.set_value(*std::move(selector));
      },
      [&] {
        if (segment_prefix.empty()) return;
        for (const std::string& name : ListNamedSegments(segment_prefix)) RemoveNamedSegment(name);
      });
  stage::FromStage loaded;
  loaded.mutable_loaded();
  server.Report(loaded);

  NoteStep("selector loaded");

  const std::unique_ptr<Selector> selector = configured.get_future().get();
  SystemClock clock;
  TimingLoop loop(clock, *selector->session, *selector->timeline, *selector->inputs, *selector->program,
                  anew);
  StageLine& line = selector->session->selector();
  line.pid.store(static_cast<uint32_t>(getpid()));
  line.phase.store(static_cast<uint32_t>(StagePhase::kRunning));
  ReportState(server, true, "");
  loop.RunTick();
  NoteStep("first tick made");
  while (true) loop.RunTick();
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { return air::Main(argc, argv); }
