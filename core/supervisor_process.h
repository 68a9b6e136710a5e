// The supervisor as a child process: started, waited for, ended. What it is told goes through AirClient.
//
// The rule: it is started with posix_spawn (gRPC's threads rule out fork), inherits no descriptor but its
// log, and has a process group of its own, so that a Ctrl-C in the terminal reaches the channel manager
// alone, which then ends things in order.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/status/statusor.h"

namespace air {

struct SupervisorLaunch {
  std::string program;      // path of air-supervisor
  std::string runtime_dir;  // must exist
  std::string log_level = "info";
};

class SupervisorProcess {
 public:
  // Starts it on a free loopback port. Its output is appended to LogPath().
  static absl::StatusOr<std::unique_ptr<SupervisorProcess>> Spawn(const SupervisorLaunch& options);
  // The one that runs in this folder, left by a channel manager that was killed; null if there is none. It is
  // nobody's child here: how it ends cannot be told.
  static std::unique_ptr<SupervisorProcess> Find(const std::string& runtime_dir);
  // Ends it, as Terminate() does.
  ~SupervisorProcess();
  SupervisorProcess(const SupervisorProcess&) = delete;
  SupervisorProcess& operator=(const SupervisorProcess&) = delete;

  static std::string LogPath(const std::string& runtime_dir) { return runtime_dir + "/air-supervisor.log"; }

  pid_t pid() const { return pid_; }
  // Where it serves PlayoutControl, "127.0.0.1:N".
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // Waits at most `limit` for its end; true when it has ended.
  bool WaitFor(std::chrono::milliseconds limit);
  // How it ended, for people: "exited with status 1", "was killed by signal 9 (Killed)". Empty while it runs.
  const std::string& fate() const { return fate_; }

  // SIGTERM, and SIGKILL if it takes longer than `grace`.
  void Terminate(std::chrono::milliseconds grace);

 private:
  SupervisorProcess(pid_t pid, int pid_descriptor, int port)
      : pid_(pid), pid_descriptor_(pid_descriptor), port_(port) {}

  pid_t pid_;
  int pid_descriptor_;  // becomes readable when the process ends
  int port_;
  std::string fate_;
};

}  // namespace air
