#include "core/cli/guardian/child.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstring>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/unique_fd.h"

namespace retrovue::cli {
namespace {

constexpr int kFirstPassed = 3;   // SD_LISTEN_FDS_START
constexpr int kOutOfTheWay = 64;  // descriptors from here on are not among those that are handed over
constexpr absl::string_view kPid = "LISTEN_PID=";
constexpr std::size_t kPidDigits = 10;

// All that the child needs between fork and exec, made before: there, only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // the first one is LISTEN_PID, with room for its digits
  std::vector<char*> argv;
  std::vector<char*> envp;
  std::vector<air::UniqueFd> sockets;
  air::UniqueFd log;
  air::UniqueFd nothing;
  air::UniqueFd error;  // an errno is written here if it cannot be run
};

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

air::UniqueFd OutOfTheWay(int fd) { return air::UniqueFd(fcntl(fd, F_DUPFD_CLOEXEC, kOutOfTheWay)); }

absl::Status Prepare(const ChildLaunch& launch, Prepared& prepared) {
  prepared.arguments = launch.arguments;
  prepared.arguments.insert(prepared.arguments.begin(), launch.program);
  std::vector<std::string> names;
  for (const PassedSocket& socket : launch.sockets) {
    names.push_back(socket.name);
    prepared.sockets.push_back(OutOfTheWay(socket.fd));
    if (!prepared.sockets.back().valid()) return absl::ErrnoToStatus(errno, "dup");
  }
  prepared.environment.push_back(absl::StrCat(kPid, std::string(kPidDigits + 1, '\0')));
  prepared.environment.push_back(absl::StrCat("LISTEN_FDS=", names.size()));
  prepared.environment.push_back(absl::StrCat("LISTEN_FDNAMES=", absl::StrJoin(names, ":")));
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (!absl::StartsWith(*entry, "LISTEN_")) prepared.environment.emplace_back(*entry);
  }
  prepared.argv = Pointers(prepared.arguments);
  prepared.envp = Pointers(prepared.environment);
  const air::UniqueFd log(open(launch.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return absl::ErrnoToStatus(errno, launch.log_path);
  prepared.log = OutOfTheWay(log.get());
  const air::UniqueFd nothing(open("/dev/null", O_RDONLY | O_CLOEXEC));
  prepared.nothing = OutOfTheWay(nothing.get());
  return absl::OkStatus();
}

void WritePid(char* to) {
  char digits[kPidDigits];
  std::size_t count = 0;
  for (pid_t pid = getpid(); pid > 0; pid /= 10) digits[count++] = static_cast<char>('0' + pid % 10);
  while (count > 0) *to++ = digits[--count];
  *to = '\0';
}

[[noreturn]] void RunInChild(const Prepared& prepared, const char* program) {
  setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  signal(SIGPIPE, SIG_DFL);
  dup2(prepared.nothing.get(), STDIN_FILENO);
  dup2(prepared.log.get(), STDOUT_FILENO);
  dup2(prepared.log.get(), STDERR_FILENO);
  int next = kFirstPassed;
  for (const air::UniqueFd& socket : prepared.sockets) dup2(socket.get(), next++);
  syscall(SYS_close_range, next, UINT_MAX, 1u << 2);  // CLOSE_RANGE_CLOEXEC: whatever else there is
  WritePid(prepared.envp[0] + kPid.size());
  execve(program, prepared.argv.data(), prepared.envp.data());
  const int error = errno;
  (void)!write(prepared.error.get(), &error, sizeof(error));
  _exit(127);
}

}  // namespace

absl::StatusOr<pid_t> Launch(const ChildLaunch& launch) {
  Prepared prepared;
  if (absl::Status status = Prepare(launch, prepared); !status.ok()) return status;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return absl::ErrnoToStatus(errno, "pipe");
  const air::UniqueFd read_end(ends[0]);
  prepared.error = OutOfTheWay(ends[1]);
  close(ends[1]);

  const pid_t pid = fork();
  if (pid == 0) RunInChild(prepared, launch.program.c_str());
  if (pid < 0) return absl::ErrnoToStatus(errno, absl::StrCat("cannot start ", launch.program));
  prepared.error.Reset();
  int error = 0;  // the pipe's end without a byte says that it runs
  if (read(read_end.get(), &error, sizeof(error)) != sizeof(error)) return pid;
  waitpid(pid, nullptr, 0);
  return absl::ErrnoToStatus(error, absl::StrCat("cannot start ", launch.program));
}

std::string FateOf(int status) {
  if (WIFEXITED(status)) return absl::StrCat("exited with status ", WEXITSTATUS(status));
  if (!WIFSIGNALED(status)) return "has ended";
  return absl::StrCat("was killed by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
}

std::vector<pid_t> ChildrenOf(pid_t parent) {
  std::vector<pid_t> children;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return children;
  while (const dirent* entry = readdir(folder)) {
    int pid = 0;
    if (!absl::SimpleAtoi(entry->d_name, &pid)) continue;
    std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
    std::string line;
    if (!std::getline(file, line)) continue;
    // "pid (name) state ppid …": a name may hold anything, the last parenthesis ends it.
    const std::size_t end = line.rfind(')');
    int of = 0;
    char state = 0;
    if (end != std::string::npos && std::sscanf(line.c_str() + end + 1, " %c %d", &state, &of) == 2 &&
        of == parent)
      children.push_back(pid);
  }
  closedir(folder);
  return children;
}

}  // namespace retrovue::cli
