#include "core/cli/guardian/guardian.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/master_clock.h"
#include "core/cli/frame/answer.h"
#include "core/cli/guardian/child.h"
#include "core/cli/guardian/network_lock.h"
#include "core/cli/guardian/page_fetch.h"
#include "core/cli/guardian/status_line.h"
#include "core/model/time.h"

namespace retrovue::cli {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr milliseconds kStatusInterval = 1s;
constexpr milliseconds kStatusLimit = 500ms;
constexpr milliseconds kUsualStart = 10s;  // a director that says nothing for longer is not starting any more
constexpr milliseconds kDirectorGrace = 20s;  // it ends its managers, and they their channels
constexpr milliseconds kRestGrace = 10s;
constexpr milliseconds kKillGrace = 2s;

milliseconds Steady() {
  return std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(air::SystemClock().Now().value()));
}

Instant UtcNow() { return FromUtcMs(air::SystemClock().UtcNow().value()); }

sigset_t WatchedSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Guardian>> Guardian::Prepare(GuardianOptions options) {
  std::unique_ptr<Guardian> guardian(new Guardian(std::move(options)));
  const Home& home = guardian->options_.home;
  if (absl::Status folder = MakePrivateFolder(home.folder); !folder.ok()) return folder;
  if (absl::Status folder = MakePrivateFolder(home.folder + "/log"); !folder.ok()) return folder;
  auto lock = TakeNetworkLock(home.LockPath());
  if (!lock.ok()) return lock.status();
  guardian->lock_ = *std::move(lock);
  auto http = ListenOn(guardian->options_.http, "--http");
  if (!http.ok()) return http.status();
  guardian->http_ = *std::move(http);
  auto control = ListenOn(guardian->options_.control, "--control");
  if (!control.ok()) return control.status();
  guardian->control_ = *std::move(control);
  const std::string& director = guardian->options_.director;
  if (access(director.c_str(), X_OK) != 0) {
    return NotFound("DIRECTOR_MISSING", absl::StrCat(director, ": ", std::strerror(errno),
                                                     ": install program-director beside retrovue"));
  }
  return guardian;
}

Guardian::~Guardian() {
  if (absl::StartsWith(control_.address, "unix:")) unlink(control_.address.c_str() + 5);
  if (absl::StartsWith(http_.address, "unix:")) unlink(http_.address.c_str() + 5);
}

absl::Status Guardian::StartDirector() {
  ChildLaunch launch;
  launch.program = options_.director;
  launch.arguments = {"--home", options_.home.folder, "--db", options_.home.database_url};
  if (options_.clock_shift != 0ms) {
    launch.arguments.insert(launch.arguments.end(), {"--now", ToRfc3339(UtcNow() + options_.clock_shift)});
  }
  for (const std::string& root : options_.media_roots)
    launch.arguments.insert(launch.arguments.end(), {"--media-root", root});
  launch.sockets = {{"http", http_.fd.get()}, {"control", control_.fd.get()}};
  launch.log_path = options_.home.LogPath();
  const absl::StatusOr<pid_t> pid = Launch(launch);
  started_at_ = Steady();
  answered_ = false;
  policy_.Started(started_at_);
  start_at_.reset();
  if (!pid.ok()) return pid.status();
  director_ = *pid;
  // The next guardian reads this if this one is killed. The network runs even if it cannot be written.
  (void)Announce(lock_, {getpid(), http_.address, control_.address, *pid});
  return absl::OkStatus();
}

void Guardian::Reap(Console& console) {
  int status = 0;
  for (pid_t pid = 0; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
    if (pid != director_) continue;  // orphans of a director that was killed come to us
    director_.reset();
    if (ending_) continue;
    const Millis now = Steady();
    start_at_ = policy_.Died(now);
    const auto wait = std::chrono::duration_cast<std::chrono::seconds>(*start_at_ - now).count();
    console.Say(absl::StrCat("The program director ", FateOf(status), "; it is started again ",
                             wait > 0 ? absl::StrCat("in ", wait, " s") : "at once",
                             " (log: ", options_.home.LogPath(), ")"));
  }
}

void Guardian::ShowStatus(Console& console) {
  if (!director_) return console.SetStatus("the program director is away");
  const absl::StatusOr<std::string> page = FetchPage(control_.address, kStatusPath, kStatusLimit);
  answered_ = answered_ || page.ok();
  if (page.ok()) return console.SetStatus(StatusLine(*page));
  const bool is_starting = !answered_ && Steady() - started_at_ < kUsualStart;
  console.SetStatus(is_starting ? "starting" : "the program director does not answer");
}

bool Guardian::WaitUntil(Millis until, Console& console) {
  while (true) {
    const Millis left = std::max(until - Steady(), Millis(0));
    pollfd ready = {signals_.get(), POLLIN, 0};
    if (poll(&ready, 1, static_cast<int>(left.count())) <= 0) return false;
    signalfd_siginfo signal = {};
    if (read(signals_.get(), &signal, sizeof(signal)) != sizeof(signal)) continue;
    if (signal.ssi_signo != SIGCHLD) return true;
    Reap(console);
    if (start_at_ && *start_at_ <= Steady()) return false;
  }
}

absl::Status Guardian::Run(Console& console) {
  const sigset_t watched = WatchedSignals();
  sigprocmask(SIG_BLOCK, &watched, nullptr);
  signal(SIGPIPE, SIG_IGN);  // where nothing reads our lines any more, the network goes on
  signals_ = air::UniqueFd(signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK));
  // What a killed director leaves behind has us for a parent, so that we can end it.
  prctl(PR_SET_CHILD_SUBREAPER, 1);

  if (absl::Status started = StartDirector(); !started.ok()) return started;
  while (!ending_) {
    if (start_at_ && *start_at_ <= Steady()) {
      if (absl::Status started = StartDirector(); !started.ok()) {
        start_at_ = policy_.Died(Steady());
        console.Say(std::string(started.message()));
      }
    }
    ShowStatus(console);
    Millis until = Steady() + kStatusInterval;
    if (start_at_) until = std::min(until, *start_at_);
    ending_ = WaitUntil(until, console);
  }
  EndAll(console);
  return absl::OkStatus();
}

void Guardian::EndAll(Console& console) {
  console.SetStatus("ending");
  start_at_.reset();
  if (director_) {
    const pid_t director = *director_;
    const auto ended_within = [&](Millis limit) {
      for (const Millis until = Steady() + limit; director_ && Steady() < until;) {
        if (WaitUntil(std::min(until, Steady() + 100ms), console)) break;  // asked twice: no more patience
        Reap(console);
      }
      return !director_;
    };
    kill(director, SIGTERM);
    if (!ended_within(kDirectorGrace)) {
      console.Say("The program director does not end: it is killed");
      kill(director, SIGKILL);
      ended_within(kKillGrace);
    }
  }
  EndWhatIsLeft(console);
  (void)Announce(lock_, {});  // no process is left to look for
  console.SetStatus("ended");
}

void Guardian::EndWhatIsLeft(Console& console) {
  const auto none_left_within = [&](Millis limit, int signal) {
    for (const Millis until = Steady() + limit; Steady() < until;) {
      Reap(console);
      const std::vector<pid_t> left = ChildrenOf(getpid());
      if (left.empty()) return true;
      // Each time anew: the children of one that ends become ours.
      for (const pid_t pid : left) kill(pid, signal);
      WaitUntil(Steady() + 200ms, console);
    }
    return ChildrenOf(getpid()).empty();
  };
  if (none_left_within(kRestGrace, SIGTERM)) return;
  console.Say("Processes that do not end are killed");
  none_left_within(kKillGrace, SIGKILL);
}

}  // namespace retrovue::cli
