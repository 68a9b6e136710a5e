// A clock on the wall that a test can step, for one process: loaded into it before its libraries (LD_PRELOAD),
// it adds to CLOCK_REALTIME the milliseconds that stand in the file AIR_TEST_WALL_MS names. The monotonic
// clock, and every process it starts, are left alone.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

std::atomic<int64_t>* ahead_ms = nullptr;

__attribute__((constructor)) void Open() {
  const char* path = std::getenv("AIR_TEST_WALL_MS");
  const int fd = path != nullptr ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  unsetenv("LD_PRELOAD");
  if (fd < 0) return;
  void* page = mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (page != MAP_FAILED) ahead_ms = static_cast<std::atomic<int64_t>*>(page);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && clock == CLOCK_REALTIME && ahead_ms != nullptr) {
    constexpr int64_t kMs = 1'000'000, kSecond = 1'000'000'000;
    const int64_t at = time->tv_sec * kSecond + time->tv_nsec + ahead_ms->load() * kMs;
    *time = {.tv_sec = at / kSecond, .tv_nsec = at % kSecond};
  }
  return static_cast<int>(result);
}
