#include "supervisor/runtime_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

std::string Named(const std::string& dir, const std::string& what) {
  return absl::StrCat("--runtime-dir: ", dir, ": ", what);
}

absl::Status CheckOwner(int fd, const std::string& what, mode_t kind) {
  struct stat found {};
  if (fstat(fd, &found) != 0) return absl::InternalError(std::strerror(errno));
  if ((found.st_mode & S_IFMT) != kind)
    return absl::PermissionDeniedError(absl::StrCat(what, " is not what it should be; remove it"));
  if (found.st_uid != geteuid()) {
    return absl::PermissionDeniedError(absl::StrCat(what, " belongs to user ", found.st_uid,
                                                    ", this is user ", geteuid(),
                                                    "; give a directory of your own"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<UniqueFd> OwnRuntimeDir(const std::string& dir) {
  if (dir.size() > kLongestRuntimeDir) {
    return absl::InvalidArgumentError(
        Named(dir, absl::StrCat("the path has ", dir.size(), " bytes, at most ", kLongestRuntimeDir,
                                " leave room for the names of sockets in it")));
  }
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(dir).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (error || (mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST)) {
    return absl::InternalError(absl::StrCat("--runtime-dir: cannot make ", dir, ": ",
                                            error ? error.message() : std::strerror(errno)));
  }
  UniqueFd folder(open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid() && (errno == ELOOP || errno == ENOTDIR)) {
    return absl::PermissionDeniedError(
        Named(dir, "is no directory, or a symbolic link to one; give the directory itself"));
  }
  if (!folder.valid()) return absl::InternalError(Named(dir, std::strerror(errno)));
  if (absl::Status s = CheckOwner(folder.get(), "it", S_IFDIR); !s.ok())
    return absl::Status(s.code(), Named(dir, std::string(s.message())));
  if (fchmod(folder.get(), 0700) != 0) return absl::InternalError(Named(dir, std::strerror(errno)));

  UniqueFd lock(openat(folder.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600));
  if (!lock.valid() && errno == ELOOP)
    return absl::PermissionDeniedError(Named(dir, "its lock is a symbolic link; remove it"));
  if (!lock.valid()) return absl::InternalError(Named(dir, std::strerror(errno)));
  if (absl::Status s = CheckOwner(lock.get(), "its lock", S_IFREG); !s.ok())
    return absl::Status(s.code(), Named(dir, std::string(s.message())));
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return absl::AlreadyExistsError(
        absl::StrCat("--runtime-dir: ", dir, " belongs to another air-supervisor that runs"));
  }
  // For people, and for a control plane that was restarted.
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock.get(), 0) != 0 || pwrite(lock.get(), pid.data(), pid.size(), 0) < 0)
    return absl::InternalError(Named(dir, std::strerror(errno)));
  return lock;
}

absl::StatusOr<bool> KeepRuntimeDir(const std::string& dir, UniqueFd& lock) {
  struct stat ours {
  }, there{};
  if (fstat(lock.get(), &ours) != 0) return absl::InternalError(Named(dir, std::strerror(errno)));
  const bool is_there = lstat((dir + "/lock").c_str(), &there) == 0;
  if (is_there && there.st_dev == ours.st_dev && there.st_ino == ours.st_ino) return false;
  absl::StatusOr<UniqueFd> again = OwnRuntimeDir(dir);
  if (!again.ok()) return again.status();
  lock = *std::move(again);
  return true;
}

}  // namespace air
