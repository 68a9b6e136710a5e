#include "stages/decoder/program/sandbox.h"

#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <initializer_list>
#include <memory>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "link/stage_server.h"

namespace air {
namespace {

constexpr rlim_t kMostDescriptors = 64;

// Calls that say nothing about any process but this one.
constexpr const char* kHarmless[] = {
    "brk",
    "clock_getres",
    "clock_gettime",
    "clock_nanosleep",
    "close",
    "exit",
    "exit_group",
    "fstat",  // base/file_status.h; libc's own, newfstatat, takes a path as well
    "futex",
    "get_robust_list",
    "getcpu",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getrandom",
    "getrusage",
    "getsockname",
    "gettid",
    "gettimeofday",
    "getuid",
    "lseek",
    "mremap",
    "munmap",
    "nanosleep",
    "pause",
    "poll",
    "ppoll",
    "pread64",
    "read",
    "readv",
    "recvmsg",
    "restart_syscall",
    "rseq",
    "rt_sigaction",
    "rt_sigprocmask",
    "rt_sigreturn",
    "rt_sigsuspend",
    "sched_getaffinity",
    "sched_yield",
    "sendmsg",
    "set_robust_list",
    "sigaltstack",
    "sysinfo",
    "time",
    "times",
    "uname",
};

// What only an intruder asks for.
constexpr const char* kIntrusions[] = {
    "execve",
    "execveat",
    "fork",
    "kill",
    "pidfd_getfd",
    "pidfd_send_signal",
    "process_madvise",
    "process_vm_readv",
    "process_vm_writev",
    "ptrace",
    "rt_sigqueueinfo",
    "rt_tgsigqueueinfo",
    "tkill",
    "vfork",
};

constexpr scmp_datum_t kNewNamespaces =
    CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;

absl::Status Failure(const char* what, int error) {
  return absl::UnavailableError(
      absl::StrCat("the decoder's sandbox cannot be closed (", what, ": ", std::strerror(error),
                   "); it needs a kernel with seccomp filters, and opens no asset without"));
}

// The filter while it is put together; the first error is kept.
class Filter {
 public:
  Filter() : context_(seccomp_init(SCMP_ACT_ERRNO(EACCES)), &seccomp_release) {
    if (context_ == nullptr) error_ = ENOMEM;
    Set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    Set(SCMP_FLTATR_CTL_TSYNC, 1);     // the link's thread and the log's, too
    Set(SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a tree: it is asked at every futex call
  }

  // One rule: all of `conditions` hold. A call this architecture does not have needs none.
  void Add(uint32_t action, const char* call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    const int number = seccomp_syscall_resolve_name(call);
    if (error_ != 0 || number == __NR_SCMP_ERROR) return;
    error_ = -seccomp_rule_add_array(context_.get(), action, number, static_cast<unsigned>(conditions.size()),
                                     conditions.begin());
  }
  void Allow(const char* call, std::initializer_list<scmp_arg_cmp> conditions = {}) {
    Add(SCMP_ACT_ALLOW, call, conditions);
  }
  // Returns errno, 0 for success.
  int Load() { return error_ != 0 ? error_ : -seccomp_load(context_.get()); }

 private:
  void Set(scmp_filter_attr attribute, uint32_t value) {
    if (error_ == 0) error_ = -seccomp_attr_set(context_.get(), attribute, value);
  }

  std::unique_ptr<void, decltype(&seccomp_release)> context_;
  int error_ = 0;
};

void AddMemoryRules(Filter& filter) {
  const scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
  // Shared memory that belongs to no process would not be counted.
  for (const int kind : {0, MAP_ANONYMOUS, MAP_SHARED}) {
    filter.Allow("mmap", {not_executable, SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS | MAP_SHARED,
                                                  static_cast<scmp_datum_t>(kind))});
  }
  filter.Allow("mprotect", {not_executable});
  // Advice about one's own memory; none that takes it out of a file (MADV_REMOVE) or out of the machine.
  for (const int advice :
       {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE,
        MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_POPULATE_READ, MADV_POPULATE_WRITE}) {
    filter.Allow("madvise", {SCMP_A2_32(SCMP_CMP_EQ, static_cast<scmp_datum_t>(advice))});
  }
}

void AddProcessRules(Filter& filter) {
  filter.Add(SCMP_ACT_ERRNO(ENOSYS), "clone3");  // its flags are in memory; libc then calls clone
  filter.Allow("clone",
               {SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_PTRACE | kNewNamespaces, CLONE_THREAD)});
  filter.Allow("tgkill", {SCMP_A0_32(SCMP_CMP_EQ, static_cast<scmp_datum_t>(getpid()))});
  filter.Allow("prctl", {SCMP_A0_32(SCMP_CMP_EQ, PR_SET_NAME)});
  filter.Allow("prlimit64", {SCMP_A0_32(SCMP_CMP_EQ, 0), SCMP_A2(SCMP_CMP_EQ, 0)});  // a look at its own
  if (kSanitized) return;  // EACCES, like all that is not allowed
  for (const char* call : kIntrusions) filter.Add(SCMP_ACT_KILL_PROCESS, call);
}

void AddDescriptorRules(Filter& filter) {
  for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) {
    filter.Allow("write", {SCMP_A0_32(SCMP_CMP_EQ, static_cast<scmp_datum_t>(fd))});
    filter.Allow("writev", {SCMP_A0_32(SCMP_CMP_EQ, static_cast<scmp_datum_t>(fd))});
  }
  if (kSanitized) {
    for (const char* call : {"pipe", "pipe2", "write"}) filter.Allow(call);
  }
  filter.Allow("fcntl", {SCMP_A1_32(SCMP_CMP_EQ, F_GETFL)});
  filter.Allow("fcntl", {SCMP_A1_32(SCMP_CMP_EQ, F_GETFD)});
  filter.Allow("accept4", {SCMP_A0_32(SCMP_CMP_EQ, kListenFd)});        // the next supervisor
  filter.Allow("dup3", {SCMP_A1_32(SCMP_CMP_EQ, kListenFd)});           // when it is to listen again
  filter.Allow("flock", {SCMP_A1_32(SCMP_CMP_EQ, LOCK_EX | LOCK_NB)});  // of the ring
}

absl::Status Limit(__rlimit_resource resource, rlim_t value, const char* name) {
  rlimit limit{};
  getrlimit(resource, &limit);
  limit.rlim_max = std::min(limit.rlim_max, value);
  limit.rlim_cur = std::min(limit.rlim_cur, limit.rlim_max);
  return setrlimit(resource, &limit) == 0 ? absl::OkStatus() : Failure(name, errno);
}

absl::Status SetLimits() {
  if (absl::Status s = Limit(RLIMIT_NOFILE, kMostDescriptors, "RLIMIT_NOFILE"); !s.ok()) return s;
  // Its successor may begin when it is gone, and writing a core would keep it.
  if (absl::Status s = Limit(RLIMIT_CORE, 0, "RLIMIT_CORE"); !s.ok()) return s;
  return kSanitized ? absl::OkStatus() : Limit(RLIMIT_DATA, kDecoderDataBytes, "RLIMIT_DATA");
}

// Where the machine runs out of memory all the same, a decoder is what it can spare. Not everywhere is there
// a /proc to say so.
void OfferToTheOomKiller() {
  const UniqueFd fd(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (fd.valid()) [[maybe_unused]]
    const ssize_t n = write(fd.get(), "1000", 4);
}

}  // namespace

absl::Status LockIn() {
  tzset();  // reads a file
  OfferToTheOomKiller();
  if (absl::Status s = SetLimits(); !s.ok()) return s;
  Filter filter;
  for (const char* call : kHarmless) filter.Allow(call);
  AddMemoryRules(filter);
  AddProcessRules(filter);
  AddDescriptorRules(filter);
  // libseccomp sets no_new_privs itself; said here because the filter is worth nothing without.
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failure("no_new_privs", errno);
  const int error = filter.Load();
  return error == 0 ? absl::OkStatus() : Failure("seccomp", error);
}

}  // namespace air
