// A program that is run with sockets it listens on, handed over as systemd does (sd_listen_fds(3)).
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace retrovue::cli {

struct PassedSocket {
  std::string name;  // in LISTEN_FDNAMES
  int fd = -1;
};

struct ChildLaunch {
  std::string program;                 // path
  std::vector<std::string> arguments;  // without the program itself
  std::vector<PassedSocket> sockets;   // become descriptors 3, 4, …; it inherits no other
  std::string log_path;                // what it writes to stdout and stderr is appended here
};

// Starts it in a process group of its own, so that a Ctrl-C reaches us alone.
// Errors: NotFound and others, naming the program and what the system says.
absl::StatusOr<pid_t> Launch(const ChildLaunch& launch);

// How a process ended, for people: "exited with status 1", "was killed by signal 9 (Killed)". `status` as waitpid gives it.
std::string FateOf(int status);

// The processes whose parent is `parent`, from /proc.
std::vector<pid_t> ChildrenOf(pid_t parent);

}  // namespace retrovue::cli
