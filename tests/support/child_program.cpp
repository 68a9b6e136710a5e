#include "tests/support/child_program.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace air::e2e {
namespace {

namespace fs = std::filesystem;

constexpr char kMarkVariable[] = "AIR_TEST_MARK=";

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// posix_spawn, because a test that talks gRPC has threads.
pid_t Spawn(const std::vector<std::string>& command, const std::string& log_path, const std::string& mark) {
  std::vector<char*> argv, environment;
  for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  for (char** variable = environ; *variable != nullptr; ++variable) environment.push_back(*variable);
  const std::string marked = kMarkVariable + mark;
  if (!mark.empty()) environment.push_back(const_cast<char*>(marked.c_str()));
  environment.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                   0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (failed != 0) {
    std::fprintf(stderr, "cannot start %s: %s\n", argv[0], std::strerror(failed));
    std::abort();
  }
  return pid;
}

std::vector<std::string> OpenFiles(const fs::path& process) {
  std::vector<std::string> files;
  std::error_code error;
  for (const auto& link : fs::directory_iterator(process / "fd", error)) {
    std::error_code gone;
    const fs::path target = fs::read_symlink(link.path(), gone);
    if (!gone) files.push_back(target.string());
  }
  return files;
}

}  // namespace

std::string Built(const std::string& program) {
  return (fs::read_symlink("/proc/self/exe").parent_path() / program).string();
}

ChildProgram::ChildProgram(const std::vector<std::string>& command, const std::string& log_path,
                           const std::string& mark)
    : log_path_(log_path), pid_(Spawn(command, log_path, mark)) {
  pidfd_.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid_, 0)));
}

ChildProgram::~ChildProgram() {
  if (ended_) return;
  Signal(SIGKILL);
  WaitForEnd(std::chrono::seconds(5));
}

void ChildProgram::Signal(int signal) const {
  if (!ended_) syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0);
}

std::optional<int> ChildProgram::WaitForEnd(std::chrono::milliseconds limit) {
  if (ended_) return ended_;
  pollfd end = {pidfd_.get(), POLLIN, 0};
  if (poll(&end, 1, static_cast<int>(limit.count())) <= 0) return std::nullopt;
  siginfo_t info = {};
  waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED);
  ended_ = info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
  return ended_;
}

std::string ChildProgram::Output() const { return ReadFile(log_path_); }

Finished RunProgram(const std::vector<std::string>& command, const std::string& log_path) {
  fs::remove(log_path);
  ChildProgram program(command, log_path);
  const std::optional<int> status = program.WaitForEnd(std::chrono::seconds(30));
  return {status.value_or(-1), program.Output()};
}

std::vector<MarkedProcess> ProcessesMarked(const std::string& mark) {
  const std::string wanted = kMarkVariable + mark;
  std::vector<MarkedProcess> found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    // Variables are separated by NUL; one that has ended already has none.
    const std::string environment = '\0' + ReadFile(entry.path() / "environ");
    if (environment.find('\0' + wanted + '\0') == std::string::npos) continue;
    std::string program = ReadFile(entry.path() / "comm");
    if (!program.empty() && program.back() == '\n') program.pop_back();
    found.push_back({std::stoi(name), program, OpenFiles(entry.path())});
  }
  return found;
}

}  // namespace air::e2e
