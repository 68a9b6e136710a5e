#include "core/ingest/probe_pool.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "base/unique_fd.h"
#include "core/ingest/probe_facts.h"
#include "protos/asset_probe.pb.h"

namespace retrovue {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kMostBytes = 65536;
constexpr int kChildSocket = 3;
constexpr int kVersion = 1;  // of the protocol
constexpr Millis kStartLimit{20'000};
// A program that ends before it has said hello, so often in a row, will not do better.
constexpr int kMostFailedStarts = 3;

std::string Shown(const std::string& path) { return air::OneLine(path, 4096); }

absl::StatusOr<air::UniqueFd> OpenForProbe(const std::string& path) {
  air::UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!fd.valid() || fstat(fd.get(), &info) != 0) {
    const std::string what = absl::StrCat("cannot open ", Shown(path), ": ", std::strerror(errno));
    if (errno == ENOENT || errno == ENOTDIR) return absl::NotFoundError(what);
    if (errno == EACCES || errno == EPERM) return absl::PermissionDeniedError(what);
    return absl::UnavailableError(what);
  }
  if (!S_ISREG(info.st_mode)) return absl::UnavailableError(absl::StrCat(Shown(path), " is not a file"));
  return fd;
}

std::string Fate(int status) {
  if (WIFSIGNALED(status)) {
    return absl::StrCat("was killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
  }
  return absl::StrCat("ended with status ", WEXITSTATUS(status));
}

}  // namespace

// One process, and the file it has.
class ProbePool::Worker {
 public:
  explicit Worker(const ProbeOptions& options) : options_(options) {}
  ~Worker() { End(); }

  bool running() const { return pid_ > 0; }
  bool busy() const { return busy_; }
  bool greeted() const { return greeted_; }
  int socket() const { return socket_.get(); }
  const ProbeJob& job() const { return job_; }
  SteadyClock::time_point deadline() const { return deadline_; }

  absl::Status Start() {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
      return absl::UnavailableError(absl::StrCat("socketpair: ", std::strerror(errno)));
    }
    socket_ = air::UniqueFd(ends[0]);
    const air::UniqueFd theirs(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    // dup2 onto itself would leave it close-on-exec; glibc clears that in this case, too.
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), kChildSocket);
    posix_spawn_file_actions_addclosefrom_np(&actions, kChildSocket + 1);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C is this process's to answer
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    std::string name = options_.program;
    char* argv[] = {name.data(), nullptr};
    char* environment[] = {nullptr};
    pid_t pid = -1;
    const int failed = posix_spawn(&pid, options_.program.c_str(), &actions, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
      return absl::UnavailableError(absl::StrCat("cannot start ", Shown(options_.program), ": ",
                                                 std::strerror(failed),
                                                 ". It is built and installed beside retrovue"));
    }
    pid_ = pid;
    greeted_ = false;
    probed_ = 0;
    deadline_ = SteadyClock::now() + kStartLimit;
    return absl::OkStatus();
  }

  // False: it has probed enough, and should be ended first.
  bool fresh() const { return probed_ < options_.files_a_process; }

  // Hands it the file. UNAVAILABLE if it is not there any more.
  absl::Status Give(const ProbeJob& job, const air::UniqueFd& fd) {
    probe::ProbeRequest request;
    request.set_name(Shown(job.absolute));
    const std::string bytes = request.SerializeAsString();
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof control;
    cmsghdr* with = CMSG_FIRSTHDR(&header);
    with->cmsg_level = SOL_SOCKET;
    with->cmsg_type = SCM_RIGHTS;
    with->cmsg_len = CMSG_LEN(sizeof(int));
    const int number = fd.get();
    std::memcpy(CMSG_DATA(with), &number, sizeof number);
    if (sendmsg(socket_.get(), &header, MSG_NOSIGNAL) < 0) {
      return absl::UnavailableError(absl::StrCat("the probe is gone: ", std::strerror(errno)));
    }
    job_ = job;
    busy_ = true;
    ++probed_;
    deadline_ = SteadyClock::now() + options_.limit;
    return absl::OkStatus();
  }

  // What it has said; empty: it is gone.
  std::string Hear() {
    std::array<char, kMostBytes> bytes;
    ssize_t got = 0;
    do {
      got = recv(socket_.get(), bytes.data(), bytes.size(), 0);
    } while (got < 0 && errno == EINTR);
    return got > 0 ? std::string(bytes.data(), static_cast<std::size_t>(got)) : std::string();
  }

  absl::Status Greet(const std::string& said) {
    probe::Hello hello;
    if (!hello.ParseFromString(said) || hello.version() != kVersion) {
      return absl::UnavailableError(absl::StrCat(Shown(options_.program),
                                                 " speaks another protocol: it belongs to "
                                                 "another version of this program"));
    }
    if (!hello.failure().empty()) return absl::UnavailableError(air::OneLine(hello.failure()));
    greeted_ = true;
    return absl::OkStatus();
  }

  void Done() { busy_ = false; }

  // Ends the process, and answers how it ended.
  std::string End() {
    if (pid_ <= 0) return "";
    socket_.Reset();
    int status = 0;
    // What has ended by itself says how; all else is killed.
    if (waitpid(pid_, &status, WNOHANG) == 0) {
      kill(pid_, SIGKILL);
      while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
      }
    }
    pid_ = -1;
    busy_ = greeted_ = false;
    return Fate(status);
  }

  // The same for one that has closed its end: it is given a moment to be dead of what it did.
  std::string EndOfTheDead() {
    for (int i = 0; i < 200 && pid_ > 0; ++i) {
      siginfo_t info{};
      if (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0)
        break;
      poll(nullptr, 0, 5);
    }
    return End();
  }

 private:
  const ProbeOptions& options_;
  pid_t pid_ = -1;
  air::UniqueFd socket_;
  bool greeted_ = false;
  bool busy_ = false;
  int probed_ = 0;
  ProbeJob job_;
  SteadyClock::time_point deadline_;
};

ProbePool::ProbePool(ProbeOptions options) : options_(std::move(options)) {
  options_.processes = std::clamp(options_.processes, 1, 16);
}

ProbePool::~ProbePool() = default;

absl::Status ProbePool::Run(const Source& source, const Sink& sink) {
  while (static_cast<int>(workers_.size()) < options_.processes) {
    workers_.push_back(std::make_unique<Worker>(options_));
  }
  bool more = true;
  int failed_starts = 0;

  // Gives an idle worker its next file. Files that cannot be opened cost no process.
  const auto feed = [&](Worker& worker) -> absl::Status {
    while (more && worker.greeted() && !worker.busy()) {
      if (!worker.fresh()) {
        worker.End();
        return absl::OkStatus();
      }
      ProbeJob job;
      if (!source(job)) {
        more = false;
        break;
      }
      auto fd = OpenForProbe(job.absolute);
      if (!fd.ok()) {
        sink(job, fd.status());
        continue;
      }
      if (absl::Status given = worker.Give(job, *fd); !given.ok()) {
        sink(job, absl::AbortedError(absl::StrCat("the probe ended between two files: it ", worker.End())));
      }
    }
    return absl::OkStatus();
  };

  for (;;) {
    std::vector<pollfd> waits;
    std::vector<Worker*> waiting;
    for (const auto& worker : workers_) {
      if (!worker->running() && more) {
        if (absl::Status started = worker->Start(); !started.ok()) return started;
      }
      if (absl::Status fed = feed(*worker); !fed.ok()) return fed;
      if (worker->running() && (worker->busy() || (more && !worker->greeted()))) {
        waits.push_back({worker->socket(), POLLIN, 0});
        waiting.push_back(worker.get());
      }
    }
    if (waiting.empty()) {
      if (!more) return absl::OkStatus();
      continue;  // one was ended for being old
    }
    const auto now = SteadyClock::now();
    Millis wait = options_.limit + kStartLimit;
    for (const Worker* worker : waiting) {
      wait = std::min(wait, std::chrono::ceil<Millis>(worker->deadline() - now));
    }
    poll(waits.data(), waits.size(), static_cast<int>(std::max<std::int64_t>(wait.count(), 0)));
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      Worker& worker = *waiting[i];
      if (waits[i].revents == 0) {
        if (SteadyClock::now() < worker.deadline()) continue;
        const bool was_busy = worker.busy();
        const ProbeJob job = worker.job();
        worker.End();
        if (!was_busy) {
          return absl::UnavailableError(
              absl::StrCat(Shown(options_.program), " does not start: it is silent for 20 s"));
        }
        sink(job, absl::DeadlineExceededError(absl::StrCat(Shown(job.absolute), ": the probe was silent for ",
                                                           ToText(options_.limit), " and was ended")));
        continue;
      }
      const std::string said = worker.Hear();
      if (!worker.greeted()) {
        if (said.empty()) {
          const std::string fate = worker.EndOfTheDead();
          if (++failed_starts >= kMostFailedStarts) {
            return absl::UnavailableError(
                absl::StrCat(Shown(options_.program), " does not start: it ", fate));
          }
          continue;
        }
        if (absl::Status greeted = worker.Greet(said); !greeted.ok()) return greeted;
        failed_starts = 0;
        continue;
      }
      const ProbeJob job = worker.job();
      if (said.empty()) {
        sink(job, absl::AbortedError(
                      absl::StrCat(Shown(job.absolute), ": the probe crashed, it ", worker.EndOfTheDead())));
        continue;
      }
      probe::ProbeReply reply;
      if (!reply.ParseFromString(said)) {
        worker.End();
        sink(job,
             absl::AbortedError(absl::StrCat(Shown(job.absolute), ": the probe's answer makes no sense")));
        continue;
      }
      worker.Done();
      sink(job, ToFacts(reply, job.absolute));
    }
  }
}

}  // namespace retrovue
