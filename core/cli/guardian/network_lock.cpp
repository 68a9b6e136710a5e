#include "core/cli/guardian/network_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/cli/frame/answer.h"

namespace retrovue::cli {
namespace {

absl::Status Unusable(const std::string& path, const std::string& why) {
  return Refuse("HOME_UNUSABLE", absl::StrCat(path, ": ", why,
                                              ": give a folder this user may write to, with --home DIR or "
                                              "RETROVUE_HOME"));
}

constexpr std::size_t kLongestFile = 4096;

// Four lines: process id, HTTP address, control address, process id of the director.
RunningNetwork ReadFrom(int fd) {
  std::string text(kLongestFile, '\0');
  const ssize_t length = pread(fd, text.data(), text.size(), 0);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  const std::vector<std::string> lines = absl::StrSplit(text, '\n');
  RunningNetwork network;
  int pid = 0;
  if (absl::SimpleAtoi(lines[0], &pid)) network.guardian = pid;
  if (lines.size() > 2) {
    network.http = lines[1];
    network.control = lines[2];
  }
  if (lines.size() > 3 && absl::SimpleAtoi(lines[3], &pid)) network.director = pid;
  return network;
}

}  // namespace

absl::StatusOr<air::UniqueFd> TakeNetworkLock(const std::string& path) {
  if (const std::optional<pid_t> orphan = OrphanOf(path)) {
    return Refusal(
        absl::StatusCode::kAlreadyExists, "ALREADY_RUNNING",
        absl::StrCat("the program director of ", std::filesystem::path(path).parent_path().string(),
                     " runs on, process ", *orphan,
                     ", although what started it was killed: end it (retrovue stop), then start again"));
  }
  air::UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return Unusable(path, std::strerror(errno));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return Refusal(absl::StatusCode::kAlreadyExists, "ALREADY_RUNNING",
                   absl::StrCat("a network runs on ", std::filesystem::path(path).parent_path().string(),
                                " already, process ", ReadFrom(lock.get()).guardian,
                                ": end it (retrovue stop), or give another folder with --home DIR"));
  }
  RunningNetwork network;
  network.guardian = getpid();
  if (absl::Status said = Announce(lock, network); !said.ok())
    return Unusable(path, std::string(said.message()));
  return lock;
}

absl::Status Announce(const air::UniqueFd& lock, const RunningNetwork& network) {
  const std::string text =
      absl::StrCat(network.guardian, "\n", network.http, "\n", network.control, "\n", network.director, "\n");
  if (ftruncate(lock.get(), 0) != 0 ||
      pwrite(lock.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
    return absl::ErrnoToStatus(errno, "the lock file");
  return absl::OkStatus();
}

std::optional<RunningNetwork> NetworkOf(const std::string& path) {
  const air::UniqueFd lock(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.valid() || flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return ReadFrom(lock.get());
}

std::optional<pid_t> OrphanOf(const std::string& path) {
  const air::UniqueFd lock(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.valid() || flock(lock.get(), LOCK_SH | LOCK_NB) != 0) return std::nullopt;
  const pid_t director = ReadFrom(lock.get()).director;
  if (director <= 0) return std::nullopt;
  // Process ids are used again: it must be one of ours, too.
  std::error_code error;
  const auto program = std::filesystem::read_symlink(absl::StrCat("/proc/", director, "/exe"), error);
  if (error || program.filename() != "program-director") return std::nullopt;
  return director;
}

absl::Status MakePrivateFolder(const std::string& path) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error) return Unusable(parent.string(), error.message());
  if (mkdir(path.c_str(), 0700) == 0) return absl::OkStatus();
  if (errno != EEXIST) return Unusable(path, std::strerror(errno));
  if (!std::filesystem::is_directory(path, error)) return Unusable(path, "it is no folder");
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0) return Unusable(path, std::strerror(errno));
  return absl::OkStatus();
}

}  // namespace retrovue::cli
