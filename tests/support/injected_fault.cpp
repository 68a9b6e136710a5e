#include "tests/support/injected_fault.h"

#include <poll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <thread>

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

#if defined(__x86_64__)
constexpr bool kCanTrace = true;
constexpr long kSyscallCode = 0x050f;  // the instruction's two bytes

// Makes the main thread execute this system call in place of the one it is in. False: it is in none just now.
bool Replace(pid_t stage, long number, long first, long second, long third) {
  user_regs_struct regs{};
  if (ptrace(PTRACE_GETREGS, stage, nullptr, &regs) != 0) return false;
  const long before = ptrace(PTRACE_PEEKTEXT, stage, reinterpret_cast<void*>(regs.rip - 2), nullptr);
  if ((before & 0xffff) != kSyscallCode) return false;
  regs.rip -= 2;
  regs.orig_rax = ~0ULL;  // nothing to restart
  regs.rax = static_cast<unsigned long long>(number);
  regs.rdi = static_cast<unsigned long long>(first);
  regs.rsi = static_cast<unsigned long long>(second);
  regs.rdx = static_cast<unsigned long long>(third);
  return ptrace(PTRACE_SETREGS, stage, nullptr, &regs) == 0;
}
#else
constexpr bool kCanTrace = false;
bool Replace(pid_t, long, long, long, long) { return false; }
#endif

// Data loops are in a system call most of the time.
bool MakeCall(pid_t stage, long number, long first, long second, long third) {
  bool done = false;
  for (int attempt = 0; attempt < 1000 && !done; ++attempt) {
    if (ptrace(PTRACE_SEIZE, stage, nullptr, nullptr) != 0) return false;
    ptrace(PTRACE_INTERRUPT, stage, nullptr, nullptr);
    int status = 0;
    if (waitpid(stage, &status, __WALL) != stage || !WIFSTOPPED(status)) return false;
    done = Replace(stage, number, first, second, third);
    ptrace(PTRACE_DETACH, stage, nullptr, nullptr);
    if (!done) std::this_thread::sleep_for(1ms);
  }
  return done;
}

}  // namespace

const char* ToString(Fault fault) {
  constexpr const char* kNames[] = {"SIGKILL", "SIGSEGV", "SIGSTOP", "exit 0", "exit 1", "hang"};
  return kNames[static_cast<int>(fault)];
}

bool CanInject(Fault fault) { return fault <= Fault::kStop || kCanTrace; }

bool Inject(pid_t stage, Fault fault) {
  switch (fault) {
    case Fault::kKill:
      return kill(stage, SIGKILL) == 0;
    case Fault::kSegv:
      return kill(stage, SIGSEGV) == 0;
    case Fault::kStop:
      return kill(stage, SIGSTOP) == 0;
    case Fault::kExit0:
      return MakeCall(stage, SYS_exit_group, 0, 0, 0);
    case Fault::kExit1:
      return MakeCall(stage, SYS_exit_group, 1, 0, 0);
    default:
      return MakeCall(stage, SYS_poll, 0, 0, -1);
  }
}

// A traced process that is killed stops once more on its way out, and waits there for its tracer.
Unkillable::Unkillable(pid_t stage)
    : pid_(ptrace(PTRACE_SEIZE, stage, nullptr, PTRACE_O_TRACEEXIT) == 0 ? stage : -1) {}

Unkillable::~Unkillable() {
  if (pid_ <= 0) return;
  int status = 0;
  waitpid(pid_, &status, __WALL);
  ptrace(PTRACE_DETACH, pid_, nullptr, nullptr);
}

}  // namespace air::e2e
