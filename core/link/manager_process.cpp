#include "core/link/manager_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // the header of glibc 2.36 forgets to say so
#include <sys/pidfd.h>
}

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "core/link/channel_link.h"
#include "core/link/spawn_settings.h"
#include "link/seqpacket.h"

namespace retrovue {
namespace {

absl::Status SystemError(const std::string& what, int error) {
  const std::string text = absl::StrCat(what, ": ", std::strerror(error));
  return error == ENOENT || error == EACCES ? absl::NotFoundError(text) : absl::InternalError(text);
}

// Our environment, with the socket's name in it (sd_listen_fds(3); LISTEN_PID is not known before the spawn).
std::vector<std::string> ManagerEnvironment() {
  std::vector<std::string> all;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "LISTEN_", 7) != 0) all.emplace_back(*entry);
  }
  all.emplace_back("LISTEN_FDS=1");
  all.emplace_back("LISTEN_FDNAMES=link");
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

absl::StatusOr<ManagerProcess> SpawnManager(const ManagerLaunch& launch) {
  const std::string& folder = launch.channel_folder;
  if (folder.size() > kLongestChannelFolder) {
    return absl::InvalidArgumentError(absl::StrCat("the channel's folder ", folder, " is longer than ",
                                                   kLongestChannelFolder, " bytes; choose a shorter home"));
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::InternalError(absl::StrCat("making ", folder, ": ", error.message()));
  chmod(folder.c_str(), 0700);  // other users may not read what is in it
  if (const pid_t living = ManagerIn(folder); living != 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("a channel manager (pid ", living, ") lives in ", folder, ": dial it"));
  }
  absl::StatusOr<air::UniqueFd> listener = air::ListenSeqpacket(ChannelLinkPath(folder));
  if (!listener.ok()) return listener.status();

  std::vector<std::string> arguments = {
      launch.program, "--folder",      folder, "--clock-shift-ms", std::to_string(launch.clock_shift_ms),
      "--log-level",  launch.log_level};
  std::vector<std::string> environment = ManagerEnvironment();
  const SpawnSettings settings(absl::StrCat(folder, "/manager.log"), listener->get());
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, launch.program.c_str(), &settings.actions, &settings.attributes,
                                 Pointers(arguments).data(), Pointers(environment).data());
  if (failed != 0) return SystemError(absl::StrCat("cannot start ", launch.program), failed);
  ManagerProcess process{pid, air::UniqueFd(pidfd_open(pid, 0))};
  if (!process.pidfd.valid()) {
    const int why = errno;
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return SystemError("pidfd_open", why);
  }
  return process;
}

pid_t ManagerIn(const std::string& channel_folder) {
  const std::string path = absl::StrCat(channel_folder, "/manager.lock");
  const air::UniqueFd lock(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!lock.valid()) return 0;
  const bool is_free = flock(lock.get(), LOCK_EX | LOCK_NB) == 0;  // it holds it as long as it lives
  pid_t pid = 0;
  return !is_free && std::ifstream(path) >> pid ? pid : 0;
}

}  // namespace retrovue
