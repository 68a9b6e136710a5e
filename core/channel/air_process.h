// air-supervisor as a process that a manager starts, watches and ends. What it is told goes through AirLine.
//
// It is started with posix_spawn (gRPC's threads rule out fork), inherits no descriptor but its log and its socket, has a session of
// its own, and survives its manager: the next one finds it by the lock it holds in its folder.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace retrovue {

struct AirLaunch {
  std::string program;      // path of air-supervisor
  std::string runtime_dir;  // made (0700) if need be
  std::vector<std::string> media_roots;
  std::string log_level = "info";
};

class AirProcess {
 public:
  // How it ended, for people: "was killed by signal 9 (Killed)". Called once, on the loop, unless the object is gone by then.
  using OnEnded = std::function<void(const std::string& fate)>;

  // Starts AIR; its output is appended to LogPath(). A client may call Address() from now on: the socket listens before the
  // process runs, and the call is answered as soon as AIR serves. Errors: NOT_FOUND: no such program. INTERNAL with the
  // system's text.
  static absl::StatusOr<std::unique_ptr<AirProcess>> Spawn(boost::asio::io_context& loop,
                                                           const AirLaunch& launch, OnEnded on_ended);
  // Finds the AIR that another manager has left running in this folder; null if there is none. It is not a child of this process:
  // its exit status cannot be read.
  static std::unique_ptr<AirProcess> Find(boost::asio::io_context& loop, const std::string& runtime_dir,
                                          OnEnded on_ended);
  // Lets it run on.
  ~AirProcess();
  AirProcess(const AirProcess&) = delete;
  AirProcess& operator=(const AirProcess&) = delete;

  static std::string LogPath(const std::string& runtime_dir) { return runtime_dir + "/air-supervisor.log"; }
  // Where it serves PlayoutControl, "unix:PATH".
  static std::string Address(const std::string& runtime_dir) {
    return "unix:" + runtime_dir + "/control.sock";
  }

  pid_t pid() const;

  // SIGTERM, and SIGKILL if it takes longer than `grace`. Returns at once.
  void Terminate(std::chrono::milliseconds grace);
  void Kill();

 private:
  struct Impl;  // outlives us while a wait of the loop's is on
  explicit AirProcess(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace retrovue
