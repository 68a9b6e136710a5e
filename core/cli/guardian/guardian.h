// The guardian of a network: holds its home and its listening sockets, runs the program director on them, starts it again when
// it dies, and ends everything in order. It knows nothing of channels.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "base/unique_fd.h"
#include "core/cli/guardian/console.h"
#include "core/cli/guardian/listening.h"
#include "core/cli/guardian/restart_policy.h"
#include "core/home/home.h"

namespace retrovue::cli {

struct GuardianOptions {
  Home home;
  std::string http = "127.0.0.1:8080";
  std::string control = "127.0.0.1:8081";  // "HOST:PORT" or "unix:PATH"
  // What the network's clock shows more than the machine's; 0 but in tests.
  std::chrono::milliseconds clock_shift{0};
  std::string director;                  // path of program-director
  std::vector<std::string> media_roots;  // AIR may play from, beside the collections' folders; absolute
};

// For one thread; it forks, so nothing else may hold a lock when Run is called.
class Guardian {
 public:
  // Takes the home and the addresses, in this order. Errors: as TakeNetworkLock and ListenOn; then DIRECTOR_MISSING.
  static absl::StatusOr<std::unique_ptr<Guardian>> Prepare(GuardianOptions options);
  ~Guardian();

  const std::string& http_address() const { return http_.address; }
  const std::string& control_address() const { return control_.address; }

  // Runs until SIGINT, SIGTERM or SIGHUP, and until all that it started has ended. Errors: the director cannot be started at all.
  absl::Status Run(Console& console);

 private:
  using Millis = std::chrono::milliseconds;

  explicit Guardian(GuardianOptions options) : options_(std::move(options)) {}

  absl::Status StartDirector();
  // Takes note of processes that have ended.
  void Reap(Console& console);
  void ShowStatus(Console& console);
  // Waits for a signal or `until`, whichever comes first. True if the network is to end.
  bool WaitUntil(Millis until, Console& console);
  // In order: the director, which ends its own; then what is left.
  void EndAll(Console& console);
  void EndWhatIsLeft(Console& console);

  const GuardianOptions options_;
  air::UniqueFd lock_;
  ListeningSocket http_;
  ListeningSocket control_;
  air::UniqueFd signals_;
  RestartPolicy policy_;
  std::optional<pid_t> director_;
  Millis started_at_{0};   // the director; by Steady()
  bool answered_ = false;  // it has, since it was started
  bool ending_ = false;
  std::optional<Millis> start_at_;  // when the director is to be started; by Steady()
};

}  // namespace retrovue::cli
