#include "base/log_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <optional>

#include "base/unique_fd.h"

namespace air {
namespace {

constexpr std::string_view kEnd = ".log";

bool IsSame(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

std::optional<struct stat> StatOf(int fd) {
  struct stat info = {};
  return fstat(fd, &info) == 0 ? std::optional(info) : std::nullopt;
}

std::optional<struct stat> StatOf(const std::string& path) {
  struct stat info = {};
  return stat(path.c_str(), &info) == 0 ? std::optional(info) : std::nullopt;
}

// "/run/manager.log", also of "/run/manager.log.2": who was started while it was renamed. Empty: of nothing else.
std::string LogOf(int fd) {
  const std::optional<struct stat> info = StatOf(fd);
  const int flags = fcntl(fd, F_GETFL);
  if (!info || !S_ISREG(info->st_mode) || flags < 0 || (flags & O_APPEND) == 0) return "";
  char target[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t length = readlink(link.c_str(), target, sizeof target);
  if (length <= 0 || length == sizeof target) return "";
  std::string path(target, static_cast<std::size_t>(length));
  const std::size_t digits = path.find_last_not_of("0123456789");
  if (digits != std::string::npos && digits + 1 < path.size() && path[digits] == '.') path.resize(digits);
  return path.ends_with(kEnd) ? path : "";
}

std::string Generation(const std::string& path, int number) { return path + "." + std::to_string(number); }

}  // namespace

LogFile::LogFile(int fd, LogBounds bounds) : fd_(fd), bounds_(bounds), path_(LogOf(fd)) {}

void LogFile::Write(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = write(fd_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    line.remove_prefix(static_cast<std::size_t>(written));
  }
  if (path_.empty()) return;
  if (const std::optional<struct stat> info = StatOf(fd_); info && info->st_size >= bounds_.bytes) Rotate();
}

void LogFile::Rotate() {
  const std::string folder = path_.substr(0, path_.rfind('/') + 1);
  const UniqueFd lock(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Another process is at it: seen with the next line. A file system without locks has one writer, we hope.
  if (!lock.valid() || (flock(lock.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)) return;
  const std::optional<struct stat> old = StatOf(fd_);
  const std::optional<struct stat> named = StatOf(path_);
  if (!old) return;
  if (named && IsSame(*old, *named)) {
    int last = 1;  // the first number that is free, or the oldest file, which goes
    while (last < bounds_.kept && StatOf(Generation(path_, last))) ++last;
    for (int i = last - 1; i >= 1; --i) {
      if (std::rename(Generation(path_, i).c_str(), Generation(path_, i + 1).c_str()) != 0) return;
    }
    if (std::rename(path_.c_str(), Generation(path_, 1).c_str()) != 0) return;
  }
  const UniqueFd fresh(open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fresh.valid()) return;  // what comes goes to the old one until it can be opened
  for (const int fd : {fd_, STDOUT_FILENO, STDERR_FILENO}) {
    const std::optional<struct stat> now = StatOf(fd);
    if (now && IsSame(*now, *old)) dup2(fresh.get(), fd);
  }
}

}  // namespace air
