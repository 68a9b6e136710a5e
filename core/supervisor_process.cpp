#include "core/supervisor_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // the header of glibc 2.36 forgets to say so
#include <sys/pidfd.h>
}

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr std::chrono::seconds kGraceOnDestruction(5);
// Stages outlive a supervisor that dies, until the next one takes them over.
constexpr const char* kOrphanGraceSeconds = "30";

// A port nobody listens on at this moment. Somebody else may take it before the supervisor does; then that
// one says so and ends, and the next attempt gets another.
absl::StatusOr<int> FreeLoopbackPort() {
  boost::asio::io_context loop;
  boost::system::error_code error;
  boost::asio::ip::tcp::acceptor acceptor(loop);
  acceptor.open(boost::asio::ip::tcp::v4(), error);
  if (!error) acceptor.bind({boost::asio::ip::address_v4::loopback(), 0}, error);
  if (error)
    return absl::ResourceExhaustedError(absl::StrCat("no free port on 127.0.0.1: ", error.message()));
  return acceptor.local_endpoint().port();
}

std::string Fate(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return absl::StrCat("exited with status ", info.si_status);
  return absl::StrCat("was killed by signal ", info.si_status, " (", strsignal(info.si_status), ")");
}

// Actions and attributes of the spawn, freed together.
class SpawnSettings {
 public:
  explicit SpawnSettings(const std::string& log_path) {
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                     0600);
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);

    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

}  // namespace

absl::StatusOr<std::unique_ptr<SupervisorProcess>> SupervisorProcess::Spawn(const SupervisorLaunch& options) {
  const auto port = FreeLoopbackPort();
  if (!port.ok()) return port.status();
  std::vector<std::string> arguments = {
      options.program,     "--port",         std::to_string(*port), "--runtime-dir",
      options.runtime_dir, "--orphan-grace", kOrphanGraceSeconds,   "--metrics-address",
      "127.0.0.1:0",       "--log-level",    options.log_level};
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  SpawnSettings settings(LogPath(options.runtime_dir));
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, options.program.c_str(), &settings.actions, &settings.attributes,
                                 argv.data(), environ);
  if (failed != 0) {
    return absl::NotFoundError(absl::StrCat("cannot start ", options.program, ": ", std::strerror(failed)));
  }
  const int pid_descriptor = pidfd_open(pid, 0);
  if (pid_descriptor < 0) {
    const std::string why = std::strerror(errno);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return absl::InternalError(absl::StrCat("pidfd_open: ", why));
  }
  return std::unique_ptr<SupervisorProcess>(new SupervisorProcess(pid, pid_descriptor, *port));
}

std::unique_ptr<SupervisorProcess> SupervisorProcess::Find(const std::string& runtime_dir) {
  const int lock = open((runtime_dir + "/lock").c_str(), O_RDWR | O_CLOEXEC);
  if (lock < 0) return nullptr;
  const bool is_free = flock(lock, LOCK_EX | LOCK_NB) == 0;  // it holds it as long as it lives
  close(lock);
  pid_t pid = 0;
  if (is_free || !(std::ifstream(runtime_dir + "/lock") >> pid) || pid <= 0) return nullptr;
  const int pid_descriptor = pidfd_open(pid, 0);
  if (pid_descriptor < 0) return nullptr;
  return std::unique_ptr<SupervisorProcess>(new SupervisorProcess(pid, pid_descriptor, 0));
}

SupervisorProcess::~SupervisorProcess() {
  Terminate(kGraceOnDestruction);
  close(pid_descriptor_);
}

bool SupervisorProcess::WaitFor(std::chrono::milliseconds limit) {
  if (!fate_.empty()) return true;
  pollfd ended = {pid_descriptor_, POLLIN, 0};
  if (poll(&ended, 1, static_cast<int>(limit.count())) <= 0) return false;
  siginfo_t info = {};
  const bool reaped = waitid(P_PIDFD, static_cast<id_t>(pid_descriptor_), &info, WEXITED) == 0;
  fate_ = reaped ? Fate(info) : "has ended";
  return true;
}

void SupervisorProcess::Terminate(std::chrono::milliseconds grace) {
  if (WaitFor(std::chrono::milliseconds(0))) return;
  pidfd_send_signal(pid_descriptor_, SIGTERM, nullptr, 0);
  if (WaitFor(grace)) return;
  pidfd_send_signal(pid_descriptor_, SIGKILL, nullptr, 0);
  // A process in an uninterruptible wait outlives even this; it is left to the system then.
  WaitFor(std::chrono::seconds(1));
}

}  // namespace air
