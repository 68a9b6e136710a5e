#include "core/director/run_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/model/stable_hash.h"

namespace retrovue {

std::string RunFolderOf(const std::string& home, const std::function<std::string(const char*)>& environment) {
  const std::string usual = home + "/run";
  if (usual.size() <= kLongestRunFolder) return usual;
  const std::string name = absl::StrFormat("/retrovue-%08x", StableHash(1, home) & 0xffffffff);
  const std::string of_user = environment("XDG_RUNTIME_DIR");
  const bool fits = absl::StartsWith(of_user, "/") && of_user.size() + name.size() <= kLongestRunFolder;
  return absl::StrCat(fits ? of_user : "/tmp", name);
}

absl::StatusOr<air::UniqueFd> TakeRunFolder(const std::string& folder) {
  const auto failed = [&](int error) {
    return absl::InternalError(absl::StrCat("the network's run folder ", folder, ": ", std::strerror(error)));
  };
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(folder).parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return failed(errno);
  const air::UniqueFd opened(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat found {};
  if (!opened.valid() && errno != ELOOP && errno != ENOTDIR) return failed(errno);
  if (!opened.valid() || fstat(opened.get(), &found) != 0 || found.st_uid != geteuid()) {
    return absl::PermissionDeniedError(absl::StrCat(
        "the network's run folder ", folder,
        " is another user's, or no folder; remove it, or set XDG_RUNTIME_DIR to a folder of your own"));
  }
  if (fchmod(opened.get(), 0700) != 0) return failed(errno);
  air::UniqueFd lock(openat(opened.get(), "director.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return failed(errno);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    char text[32] = {};
    const ssize_t size = pread(lock.get(), text, sizeof text - 1, 0);
    return absl::AlreadyExistsError(absl::StrCat("another program-director (pid ",
                                                 std::string(text, size > 0 ? strcspn(text, "\n") : 0),
                                                 ") runs on this home; its run folder is ", folder));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock.get(), 0) != 0 || pwrite(lock.get(), pid.data(), pid.size(), 0) < 0)
    return failed(errno);
  return lock;
}

}  // namespace retrovue
