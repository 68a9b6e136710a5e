// A disk, or a mount, that is slow for one process: loaded into it before its libraries (LD_PRELOAD).
//
//   open() of a path that contains "slow-MS" returns so many milliseconds late.
//   While the file that AIR_TEST_SLOW_DISK names says "MS FOLDER", all that reaches for a file below that folder does:
//   open, rename, mkdir, opendir by its path; write, fsync, fdatasync, ftruncate by the descriptor.
//
// Every other file, and every process it starts, are left alone.
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

constexpr size_t kLongestPath = 512;

char control[kLongestPath];  // the file that says what is slow; empty: nothing is

__attribute__((constructor)) void Load() {
  if (const char* path = std::getenv("AIR_TEST_SLOW_DISK"); path != nullptr)
    std::strncpy(control, path, sizeof control - 1);
  unsetenv("AIR_TEST_SLOW_DISK");
  unsetenv("LD_PRELOAD");
}

void Sleep(long ms) {
  timespec left{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000};
  while (ms > 0 && nanosleep(&left, &left) != 0) {
  }
}

int RawOpen(const char* path, int flags, mode_t mode) {
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

// Milliseconds; 0: this path is on no slow disk.
long DelayOf(const char* path) {
  if (const char* slow = std::strstr(path, "slow-"); slow != nullptr)
    return std::strtol(slow + 5, nullptr, 10);
  if (control[0] == '\0') return 0;
  const int fd = RawOpen(control, O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return 0;
  char said[kLongestPath] = "";
  const long bytes = syscall(SYS_read, fd, said, sizeof said - 1);
  syscall(SYS_close, fd);
  if (bytes <= 0) return 0;
  char* folder = nullptr;
  const long ms = std::strtol(said, &folder, 10);
  while (*folder == ' ') ++folder;
  const size_t length = std::strlen(folder);
  return length > 0 && std::strncmp(path, folder, length) == 0 ? ms : 0;
}

void WaitFor(const char* path) { Sleep(DelayOf(path)); }

void WaitFor(int fd) {
  if (control[0] == '\0') return;
  char link[64], path[kLongestPath] = "";
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  if (syscall(SYS_readlink, link, path, sizeof path - 1) > 0) WaitFor(path);
}

int OpenLate(const char* path, int flags, mode_t mode) {
  WaitFor(path);
  return RawOpen(path, flags, mode);
}

template <class Function>
Function* Next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" int open(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return OpenLate(path, flags, mode);
}
extern "C" int open64(const char* path, int flags, ...) {
  va_list more;
  va_start(more, flags);
  const mode_t mode = (flags & (O_CREAT | __O_TMPFILE)) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  return OpenLate(path, flags, mode);
}
extern "C" int __open_2(const char* path, int flags) { return OpenLate(path, flags, 0); }
extern "C" int __open64_2(const char* path, int flags) { return OpenLate(path, flags, 0); }

// What std::fstream opens by.
extern "C" FILE* fopen(const char* path, const char* mode) {
  static auto* const next = Next<FILE*(const char*, const char*)>("fopen");
  WaitFor(path);
  return next(path, mode);
}
extern "C" FILE* fopen64(const char* path, const char* mode) {
  static auto* const next = Next<FILE*(const char*, const char*)>("fopen64");
  WaitFor(path);
  return next(path, mode);
}
extern "C" DIR* opendir(const char* path) {
  static auto* const next = Next<DIR*(const char*)>("opendir");
  WaitFor(path);
  return next(path);
}

extern "C" int rename(const char* from, const char* to) noexcept {
  WaitFor(to);
  return static_cast<int>(syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}
extern "C" int mkdir(const char* path, mode_t mode) noexcept {
  WaitFor(path);
  return static_cast<int>(syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

extern "C" ssize_t write(int fd, const void* bytes, size_t count) {
  WaitFor(fd);
  return syscall(SYS_write, fd, bytes, count);
}
extern "C" int fsync(int fd) {
  WaitFor(fd);
  return static_cast<int>(syscall(SYS_fsync, fd));
}
extern "C" int fdatasync(int fd) {
  WaitFor(fd);
  return static_cast<int>(syscall(SYS_fdatasync, fd));
}
extern "C" int ftruncate(int fd, off_t size) noexcept {
  WaitFor(fd);
  return static_cast<int>(syscall(SYS_ftruncate, fd, size));
}
