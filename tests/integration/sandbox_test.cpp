// What a decoder can still do once its sandbox is closed, tried by processes that do it.
#include "stages/decoder/program/sandbox.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "shm/frame_ring_buffer.h"
#include "shm/shared_segment.h"
#include "tests/support/played_file.h"

namespace air {
namespace {

// How a child ended that did this: its exit status, or 128 + the signal.
int EndOf(const std::function<int()>& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

constexpr int kDenied = 0, kWorked = 1, kOtherError = 2, kNoSandbox = 3;
constexpr int kKilled = kSanitized ? kDenied : 128 + SIGSYS;
constexpr int kOnlySanitizersMay = kSanitized ? kWorked : kDenied;

int Judge(long result) {
  if (result >= 0) return kWorked;
  return errno == EACCES ? kDenied : kOtherError;
}

int InSandbox(const std::function<int()>& body) {
  return EndOf([&] { return LockIn().ok() ? body() : kNoSandbox; });
}

struct Attempt {
  const char* name;
  std::function<long()> call;
  int end = kDenied;
};

class SandboxTest : public ::testing::TestWithParam<Attempt> {};

// Descriptors from before; the children inherit them.
int Memory() {
  static const int fd = [] {
    const int made = memfd_create("air-test", MFD_CLOEXEC);
    return ftruncate(made, 8192) == 0 ? made : -1;
  }();
  return fd;
}

void* Page(int protection, int flags) { return mmap(nullptr, 4096, protection, flags, -1, 0); }
long Mapped(void* at) { return at == MAP_FAILED ? -1 : 0; }

long ReadParent() {
  static int word = 0;  // at the same address there
  int copy = 0;
  iovec here{&copy, sizeof copy}, there{&word, sizeof word};
  return process_vm_readv(getppid(), &here, 1, &there, 1, 0);
}

const std::vector<Attempt>& Attempts() {
  static const std::vector<Attempt> attempts = {
      {"OpenAFile", [] { return open("/etc/passwd", O_RDONLY); }},
      {"OpenAFileTheOldWay", [] { return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY); }},
      {"MakeAFile", [] { return open("/tmp", O_TMPFILE | O_RDWR, 0600); }},
      {"LookForAFile", [] { return access("/etc/passwd", F_OK); }},
      {"LookAtAFile",
       [] {
         struct stat info {};
         return syscall(SYS_newfstatat, AT_FDCWD, "/etc/passwd", &info, AT_EMPTY_PATH);
       }},
      {"ReadALink",
       [] {
         static char text[9];
         return readlink("/proc/self/exe", text, sizeof text);
       }},
      {"MakeAFolder", [] { return mkdir(("/tmp/air-test-" + std::to_string(getpid())).c_str(), 0); }},
      {"ChangeItsFolder", [] { return chdir("/"); }},
      {"MakeASocket", [] { return socket(AF_INET, SOCK_STREAM, 0); }},
      {"MakeASocketPair",
       [] {
         int fds[2];
         return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
       }},
      {"MakeAPipe",
       [] {
         int fds[2];
         return pipe(fds);
       },
       kOnlySanitizersMay},
      {"MakeMemoryWithADescriptor", [] { return memfd_create("more", 0); }},
      {"CutAFile", [] { return ftruncate(Memory(), 0); }},
      {"MakeAHoleInAFile",
       [] { return fallocate(Memory(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096); }},
      {"WriteToAFile", [] { return write(Memory(), "x", 1); }, kOnlySanitizersMay},
      {"WriteSomewhereInAFile", [] { return pwrite(Memory(), "x", 1, 0); }},
      {"PassForTheStandardError", [] { return dup2(Memory(), STDERR_FILENO); }},
      {"DuplicateADescriptor", [] { return fcntl(Memory(), F_DUPFD, 0); }},
      {"HaveSignalsSent", [] { return fcntl(Memory(), F_SETOWN, getpid()); }},
      {"MapCode", [] { return Mapped(Page(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS)); }},
      {"MakeMemoryExecutable",
       [] {
         return mprotect(Page(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS), 4096,
                         PROT_READ | PROT_EXEC);
       }},
      {"TakeMemoryNobodyCounts",
       [] { return Mapped(Page(PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS)); }},
      {"TakeMemoryOutOfAFile",
       [] {
         void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, Memory(), 0);
         return madvise(page, 4096, MADV_REMOVE);
       }},
      {"RaiseALimit",
       [] {
         const rlimit limit{RLIM_INFINITY, RLIM_INFINITY};
         return syscall(SYS_prlimit64, 0, RLIMIT_DATA, &limit, nullptr);
       }},
      {"BecomeUndead", [] { return prctl(PR_SET_CHILD_SUBREAPER, 1); }},
      {"ForkIt",
       [] {
         const pid_t child = fork();
         if (child == 0) _exit(0);
         return child;
       }},
      {"SignalAThreadOfItsParent", [] { return syscall(SYS_tgkill, getppid(), getppid(), 0); }},
      {"SignalItsParent", [] { return kill(getppid(), 0); }, kKilled},
      {"TraceAProcess", [] { return ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }, kKilled},
      {"ReadAnotherProcess", &ReadParent, kKilled},
      {"Execute", [] { return execl("/bin/false", "false", nullptr); }, kKilled},
  };
  return attempts;
}

TEST_P(SandboxTest, LetsItNot) {
  const Attempt& attempt = GetParam();
  Memory();
  EXPECT_EQ(EndOf([&] { return Judge(attempt.call()); }), kWorked) << "outside of it";
  EXPECT_EQ(InSandbox([&] { return Judge(attempt.call()); }), attempt.end);
}

INSTANTIATE_TEST_SUITE_P(ADecoder, SandboxTest, ::testing::ValuesIn(Attempts()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(Sandbox, LeavesWhatADecoderNeeds) {
  Memory();
  EXPECT_EQ(InSandbox([] {
              std::vector<std::thread> threads;
              std::atomic<int> ran = 0;
              for (int i = 0; i < 8; ++i) {
                threads.emplace_back([&ran, i] {
                  pthread_setname_np(pthread_self(), "worker");
                  std::vector<char> memory(size_t{1} << 22, static_cast<char>(i));
                  ran += memory.back() == static_cast<char>(i) ? 1 : 0;
                });
              }
              for (std::thread& thread : threads) thread.join();
              char byte = 0;
              const bool read_on = pread(Memory(), &byte, 1, 0) >= 0;
              const bool speaks = write(STDERR_FILENO, "", 0) == 0;
              return ran == 8 && read_on && speaks ? 42 : 43;
            }),
            42);
}

TEST(Sandbox, LetsAnAssertionEndIt) {
  const int end = InSandbox([]() -> int {
    std::signal(SIGABRT, SIG_DFL);
    std::abort();
  });
  EXPECT_EQ(end, 128 + SIGABRT);
}

TEST(Sandbox, ClosesAroundThreadsThatWereThereBefore) {
  const int end = EndOf([] {
    std::atomic<bool> closed = false;
    int verdict = kOtherError;
    std::thread before([&] {
      while (!closed) std::this_thread::yield();
      verdict = Judge(open("/etc/passwd", O_RDONLY));
    });
    const bool ok = LockIn().ok();
    closed = true;
    before.join();
    return ok ? verdict : kNoSandbox;
  });
  EXPECT_EQ(end, kDenied);
}

TEST(Sandbox, BoundsTheMemory) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer's own memory is beyond every bound";
  constexpr size_t kChunk = size_t{64} << 20;
  const int chunks = InSandbox([] {
    int taken = 0;
    while (taken < 100 && Page(PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS) != MAP_FAILED &&
           mmap(nullptr, kChunk, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
      ++taken;
    return taken;
  });
  EXPECT_LE(static_cast<size_t>(chunks) * kChunk, kDecoderDataBytes);
  EXPECT_GE(static_cast<size_t>(chunks) * kChunk, kDecoderDataBytes * 3 / 4);
}

// A digest of everything it makes.
uint32_t DigestOf(const std::string& path, bool locked_in) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const int end = EndOf([&] {
    dup2(ends[1], STDOUT_FILENO);
    FileProducer producer;
    if (!producer.OpenFiles(path, {}).ok() || (locked_in && !LockIn().ok())) return kNoSandbox;
    const ProducerRequest request = RequestFor(path, SmallHouse({25, 1}), 500);
    if (!producer.Start(request).ok()) return kOtherError;
    uint32_t digest = 0;
    std::vector<uint8_t> video(request.format.VideoBytes());
    std::vector<int16_t> audio(size_t{request.format.MaxUnitSamples()} * request.format.channels);
    for (UnitIndex i(0); i.value() < 40; ++i) {
      UnitInfo info;
      const auto rendered = producer.Render(i, {video, audio, {}}, info);
      if (!rendered.ok() || *rendered != Rendered::kUnit) break;
      for (const uint8_t byte : video) digest = digest * 31 + byte;
      for (const int16_t sample : audio) digest = digest * 31 + static_cast<uint16_t>(sample);
    }
    return write(STDOUT_FILENO, &digest, sizeof digest) == sizeof digest ? 0 : kOtherError;
  });
  EXPECT_EQ(end, 0) << path;
  uint32_t digest = 0;
  close(ends[1]);
  EXPECT_EQ(read(ends[0], &digest, sizeof digest), static_cast<ssize_t>(sizeof digest)) << path;
  close(ends[0]);
  return digest;
}

TEST(Sandbox, ChangesNothingInWhatADecoderMakes) {
  const ClipFolder folder;
  ClipSpec spec{
      .pictures = 60, .samples = 115200, .sound = [](int64_t s, int) { return static_cast<int16_t>(s * 7); }};
  const std::pair<const char*, const char*> kinds[] = {
      {"clip.mp4", "-c:v libx264 -preset superfast -g 25 -c:a aac"},
      {"clip.ts", "-c:v mpeg2video -c:a mp2"},
      {"clip.mkv", "-c:v libx265 -preset ultrafast -x265-params log-level=none -c:a flac"},
      {"clip.webm", "-c:v libvpx -deadline realtime -c:a libopus"},
      {"clip.avi", "-c:v mjpeg -c:a pcm_s16le"}};
  for (const auto& [name, options] : kinds) {
    spec.options = options;
    const std::string clip = MakeClip(folder, name, spec);
    EXPECT_EQ(DigestOf(clip, true), DigestOf(clip, false)) << name;
  }
}

class RingOfADecoder : public ::testing::Test {
 protected:
  RingOfADecoder() {
    const HouseFormat format = SmallHouse({25, 1});
    segment_ = *SharedSegment::CreateSealed("air-test", RingBytes(format, 4));
    FormatRing(segment_.bytes(), {.format = format, .slot_count = 4});
    const int writable = fcntl(segment_.fd(), F_DUPFD_CLOEXEC, 0);
    mapped_ = *SharedSegment::MapForRingWriter(UniqueFd(writable), *OpenReadOnly(segment_.fd()), 2 * kPage);
  }
  SharedSegment segment_, mapped_;
};

TEST_F(RingOfADecoder, HasAHeaderThatCanBeReadAndNothingMore) {
  ASSERT_TRUE(RingView::Attach(mapped_.bytes(), RingPolicy::kBackpressure).ok());
  const int end = EndOf([&] {
    std::signal(SIGSEGV, SIG_DFL);
    *reinterpret_cast<volatile uint8_t*>(mapped_.bytes().data()) = 0;
    return 0;
  });
  EXPECT_TRUE(end == 128 + SIGSEGV || (kSanitized && end == 1)) << end;
  EXPECT_EQ(mprotect(mapped_.bytes().data(), kPage, PROT_READ | PROT_WRITE), -1) << "not later either";
  EXPECT_EQ(pwrite(mapped_.fd(), "x", 1, 0), -1);
}

TEST_F(RingOfADecoder, IsWrittenBehindItsHeader) {
  RingView view = *RingView::Attach(mapped_.bytes(), RingPolicy::kBackpressure);
  view.writer().next.store(7);
  view.video(3)[0] = 99;
  const RingView seen = *RingView::Attach(segment_.bytes(), RingPolicy::kBackpressure);
  EXPECT_EQ(seen.writer().next.load(), 7u);
  EXPECT_EQ(seen.video(3)[0], 99);
}

TEST_F(RingOfADecoder, IsOneSegment) {
  const SharedSegment other = *SharedSegment::CreateSealed("air-test-2", 3 * kPage);
  EXPECT_EQ(SharedSegment::MapForRingWriter(*OpenForHandover(segment_.fd()), *OpenReadOnly(other.fd()), 1)
                .status()
                .code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace air
