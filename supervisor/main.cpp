// air-supervisor: one channel of television. Exit status: 0 ended on request, 1 could not start (stderr says
// why), 2 wrong flags.
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <thread>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "base/version.h"
#include "supervisor/control/control_listener.h"
#include "supervisor/control/playout_engine.h"
#include "supervisor/control/playout_interface.h"
#include "supervisor/handover/session_record.h"
#include "supervisor/memory/session_memory.h"
#include "supervisor/metrics/metrics_exporter.h"
#include "supervisor/runtime_dir.h"
#include "supervisor/supervisor_options.h"

namespace air {
namespace {

constexpr int64_t kMetricsPeriodNs = 200 * kNanosPerMs;
constexpr int64_t kShutdownGraceMs = 1000;
constexpr std::chrono::milliseconds kEvidenceGrace(500);

absl::StatusOr<std::string> ProgramDir() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  if (!error) return program.parent_path().string();
  return absl::FailedPreconditionError(absl::StrCat(
      "/proc/self/exe: ", error.message(),
      "; mount /proc: the stages are found beside air-supervisor, and looked after, by what is there"));
}

// Said at the start, not when the first decoder is wanted on the air.
absl::Status CheckStagePrograms(const std::string& dir) {
  for (StageKind kind : {StageKind::kDecoder, StageKind::kSelector, StageKind::kEncoder}) {
    const std::string program = absl::StrCat(dir, "/", ProgramOf(kind));
    if (access(program.c_str(), X_OK) != 0) {
      return absl::NotFoundError(absl::StrCat(program, ": ", std::strerror(errno),
                                              "; the stages are looked for beside air-supervisor"));
    }
  }
  return absl::OkStatus();
}

// Blocked in every thread, so that only the event loop sees them.
void BlockSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGCHLD}) sigaddset(&set, signal);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ,
              SIG_IGN);  // a file that may not grow is a full disk, not a death; each stage ignores it itself
  std::signal(SIGCHLD,
              SIG_DFL);  // ignored by the parent, it would make dead stages vanish before they are reaped
}

class Supervisor {
 public:
  explicit Supervisor(SupervisorOptions options) : options_(std::move(options)) {}

  absl::Status Start() {
    const absl::StatusOr<std::string> program_dir = ProgramDir();
    if (!program_dir.ok()) return program_dir.status();
    if (absl::Status s = CheckStagePrograms(*program_dir); !s.ok()) return s;
    absl::StatusOr<UniqueFd> lock = OwnRuntimeDir(options_.runtime_dir);
    if (!lock.ok()) return lock.status();
    runtime_lock_ = *std::move(lock);
    // Before the session that may be on the air is touched: an address that is taken is no reason to end it.
    if (absl::Status s = Bind(); !s.ok()) return s;
    absl::StatusOr<std::unique_ptr<EventLoop>> loop = EventLoop::Create(clock_);
    if (!loop.ok()) return loop.status();
    loop_ = *std::move(loop);
    stages_ = std::make_unique<StageSupervisor>(
        *loop_,
        StageEnvironment{.program_dir = *program_dir,
                         .runtime_dir = options_.runtime_dir,
                         .orphan_grace_ms = static_cast<int64_t>(options_.orphan_grace_seconds * 1000),
                         .hang_ns = options_.hang_ms * kNanosPerMs,
                         .before_work = [this] { record_->Save(); },
                         .renew_dir = [this] { return RenewRuntimeDir(); }});
    record_ = std::make_unique<SessionRecord>(options_.runtime_dir);
    engine_ = std::make_unique<PlayoutEngine>(
        *loop_, *stages_, store_, *record_, control_,
        EngineSettings{.runtime_dir = options_.runtime_dir,
                       .media_roots = options_.media_roots,
                       .terminate_on_exhausted = options_.terminate_on_exhausted,
                       .terminate_on_drift = options_.terminate_on_drift,
                       .ring_seconds = options_.ring_seconds,
                       .slate_file = options_.slate_file,
                       .pts_origin = options_.pts_origin});
    interface_ = std::make_unique<PlayoutInterface>(*loop_, *engine_);
    absl::StatusOr<std::unique_ptr<PlayoutServer>> server = PlayoutServer::Create(*interface_);
    if (!server.ok()) return server.status();
    server_ = *std::move(server);
    WriteMetricsAddress();
    // Nothing may fail from here on: there may be a session, and it goes on.
    engine_->Open();
    if (const size_t swept = SweepDeadSessions(); swept > 0)
      Log().info("removed {} segments of dead sessions", swept);
    return absl::OkStatus();
  }

  int Run() {
    EventSource term = loop_->OnSignal(SIGTERM, [this] { Stop(); });
    EventSource interrupt = loop_->OnSignal(SIGINT, [this] { Stop(); });
    UpdateMetrics();
    exporter_.SetReady(true);
    metrics_->Start();
    control_sockets_->Start(*loop_, [this](UniqueFd connection) { server_->Serve(std::move(connection)); });
    std::string where;
    for (const std::string& address : options_.Addresses()) absl::StrAppend(&where, " ", address);
    NoteStep("air-supervisor serves");
    Log().info("air-supervisor {} ready: control{}, metrics http://{}/metrics, runtime {}", BuildVersion(),
               where, metrics_->address(), options_.runtime_dir);
    sd_event_set_watchdog(loop_->handle(), true);  // the loop itself says that it is alive
    sd_notify(0, "READY=1");
    const int code = loop_->Run();
    if (stopper_.joinable()) stopper_.join();
    control_sockets_.reset();
    server_.reset();
    interface_.reset();
    engine_->FinishEvidence(kEvidenceGrace);
    engine_.reset();
    stages_.reset();  // ends the spares
    std::filesystem::remove(options_.runtime_dir + "/metrics.address");
    Log().info("ended");
    Log().flush();
    return code;
  }

 private:
  void WriteMetricsAddress() {
    std::ofstream(options_.runtime_dir + "/metrics.address") << metrics_->address() << "\n";
  }

  absl::Status RenewRuntimeDir() {
    const absl::StatusOr<bool> renewed = KeepRuntimeDir(options_.runtime_dir, runtime_lock_);
    if (!renewed.ok() || !*renewed) return renewed.status();
    Log().error("{} was removed while the channel runs; it is made again", options_.runtime_dir);
    WriteMetricsAddress();
    return absl::OkStatus();
  }

  absl::Status Bind() {
    absl::StatusOr<std::unique_ptr<PageServer>> metrics = PageServer::Bind(
        options_.metrics_address, [this](const std::string& path) { return exporter_.Page(path); });
    if (!metrics.ok()) {
      return absl::UnavailableError(
          absl::StrCat("--metrics-address: cannot listen on ", std::string(metrics.status().message())));
    }
    metrics_ = *std::move(metrics);
    absl::StatusOr<std::unique_ptr<ControlListener>> control =
        ControlListener::Bind(options_.Addresses(), ControlLimitsFor(RaiseDescriptorLimit()));
    if (!control.ok()) return control.status();
    control_sockets_ = *std::move(control);
    return absl::OkStatus();
  }

  void ShowMetrics() {
    const EventHub& events = engine_->events();
    exporter_.Update(engine_->Snapshot(), {.event_subscribers = events.subscribers(),
                                           .subscribers_dropped = events.dropped(),
                                           .subscribers_refused = events.refused(),
                                           .control_connections = control_sockets_->open(),
                                           .control_refused = control_sockets_->refused(),
                                           .metrics_refused = metrics_->refused()});
  }

  void UpdateMetrics() {
    ShowMetrics();
    control_sockets_->KeepNames();
    metrics_timer_ = loop_->After(kMetricsPeriodNs, [this] { UpdateMetrics(); });
  }

  // The session ends here, on the loop; gRPC's shutdown waits for calls that the loop finishes, so it has its
  // own thread.
  void Stop() {
    if (stopper_.joinable()) return;
    Log().info("stopping");
    exporter_.SetReady(false);
    sd_notify(0, "STOPPING=1");
    control_sockets_->Stop();
    engine_->Shutdown();
    ShowMetrics();
    stopper_ = std::thread([this] {
      server_->Shutdown(kShutdownGraceMs);
      loop_->Post([this] { loop_->Exit(0); });
    });
  }

  SupervisorOptions options_;
  DescriptorStore store_;
  SystemClock clock_;
  UniqueFd runtime_lock_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<StageSupervisor> stages_;
  std::unique_ptr<SessionRecord> record_;
  PlayoutControl control_;
  std::unique_ptr<PlayoutEngine> engine_;
  std::unique_ptr<PlayoutInterface> interface_;
  MetricsExporter exporter_{clock_};
  std::unique_ptr<PageServer> metrics_;  // ends before what it shows
  std::unique_ptr<ControlListener> control_sockets_;
  std::unique_ptr<PlayoutServer> server_;
  EventSource metrics_timer_;
  std::thread stopper_;
};

int Main(int argc, char** argv) {
  SupervisorOptions options = ParseSupervisorOptions(argc, argv, BuildVersion());
  BlockSignals();
  InitLog("air-supervisor", options.log_level);
  NoteStep("air-supervisor begins");
  Supervisor supervisor(std::move(options));
  if (absl::Status s = supervisor.Start(); !s.ok()) {
    Log().critical("cannot start: {}", std::string(s.message()));
    EndLog();
    // No destructor: they end a session in order, and the next attempt is to find it as it is.
    _exit(1);
  }
  const int code = supervisor.Run();
  _exit(code);  // all is done
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { return air::Main(argc, argv); }
