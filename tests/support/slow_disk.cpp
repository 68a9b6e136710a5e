// A disk, or a mount, that is slow for one process: loaded into it before its libraries (LD_PRELOAD), it lets
// open() of a path that contains "slow-MS" return so many milliseconds late. Every other file, and every
// process it starts, are left alone.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace {

__attribute__((constructor)) void Open() { unsetenv("LD_PRELOAD"); }

void WaitFor(const char* path) {
  const char* slow = std::strstr(path, "slow-");
  const long ms = slow != nullptr ? std::strtol(slow + 5, nullptr, 10) : 0;
  if (ms <= 0) return;
  timespec left{.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1'000'000};
  while (nanosleep(&left, &left) != 0) {
  }
}

int OpenLate(const char* path, int flags, mode_t mode) {
  WaitFor(path);
  return static_cast<int>(syscall(SYS_openat, AT_FDCWD, path, flags, mode));
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
