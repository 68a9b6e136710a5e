// What can happen to a process from one moment to the next, done to a stage from outside: signals, and, by
// way of the debugger's interface, an exit or a hang of its main thread as if it were its own doing.
#pragma once

#include <sys/types.h>

namespace air::e2e {

enum class Fault { kKill, kSegv, kStop, kExit0, kExit1, kHang, kCount };
const char* ToString(Fault fault);

// Whether this machine can do it (exits and hangs: x86-64, and the right to trace).
bool CanInject(Fault fault);
// kHang: the main thread, which is the data loop of every stage, never comes back from a system call; the
// others go on. False: it is gone already.
bool Inject(pid_t stage, Fault fault);

// A process that does not die of SIGKILL, as one that hangs in the kernel does not, until this is gone. It
// may be stopped and killed; nothing else may be done to it.
class Unkillable {
 public:
  explicit Unkillable(pid_t stage);
  ~Unkillable();
  Unkillable(const Unkillable&) = delete;
  Unkillable& operator=(const Unkillable&) = delete;
  bool holds() const { return pid_ > 0; }

 private:
  pid_t pid_;
};

}  // namespace air::e2e
