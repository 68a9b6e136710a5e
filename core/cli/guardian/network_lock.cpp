#include "core/cli/guardian/network_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "core/cli/frame/answer.h"

namespace retrovue::cli {
namespace {

absl::Status Unusable(const std::string& path, const std::string& why) {
  return Refuse("HOME_UNUSABLE", absl::StrCat(path, ": ", why,
                                              ": give a folder this user may write to, with --home DIR or "
                                              "RETROVUE_HOME"));
}

std::optional<pid_t> PidIn(int fd) {
  char text[32] = {};
  const ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
  int pid = 0;
  if (length <= 0 || !absl::SimpleAtoi(absl::string_view(text, static_cast<std::size_t>(length)), &pid))
    return std::nullopt;
  return pid;
}

}  // namespace

absl::StatusOr<air::UniqueFd> TakeNetworkLock(const std::string& path) {
  air::UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return Unusable(path, std::strerror(errno));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    const std::optional<pid_t> holder = PidIn(lock.get());
    return Refusal(absl::StatusCode::kAlreadyExists, "ALREADY_RUNNING",
                   absl::StrCat("a network runs on ", std::filesystem::path(path).parent_path().string(),
                                " already, process ", holder.value_or(0),
                                ": end that one (retrovue stop), or give another folder with --home DIR"));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock.get(), 0) != 0 || pwrite(lock.get(), pid.data(), pid.size(), 0) < 0)
    return Unusable(path, std::strerror(errno));
  return lock;
}

std::optional<pid_t> HolderOf(const std::string& path) {
  const air::UniqueFd lock(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!lock.valid() || flock(lock.get(), LOCK_SH | LOCK_NB) == 0) return std::nullopt;
  return PidIn(lock.get());
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
