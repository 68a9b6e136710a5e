// FileStatus: fstat(2) of a descriptor, for a process in a sandbox.
//
// libc's fstat is newfstatat(fd, "", …, AT_EMPTY_PATH), and a seccomp filter cannot read that path: what allows the call
// lets a process look at any file by name. The system call of the same purpose has no path.
#pragma once

#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace air {

// Returns 0, or -1 with errno. Any thread.
inline int FileStatus(int fd, struct stat& status) {
  return static_cast<int>(syscall(SYS_fstat, fd, &status));
}

}  // namespace air
