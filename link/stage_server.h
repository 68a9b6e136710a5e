// StageServer: the stage's end of the link to its supervisor, on a thread of its own, so that no data loop
// ever waits for a message.
//
// The supervisor spawns a stage with a listening socket (kListenFd) and dials in. When the supervisor goes
// away, a stage that has work goes on with it and waits `orphan_grace` for a successor to dial in; then the
// process ends. A stage without work ends at once: no successor knows of it.
// A stranger that dials in changes nothing. While a supervisor that has said a word (its greeting, an order) is
// connected, only the newest other connection is kept; it waits, unread, until the supervisor's connection ends.
// When the name it listens under is gone, the supervisor makes it again and sends the new socket (ListenAgain).
// A stage has no other way to end than _exit: all that correctness needs is in shared memory already.
//
// It also keeps second copies of descriptors for the supervisor, and answers for them itself.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/master_clock.h"
#include "base/unique_fd.h"
#include "link/kept_descriptors.h"
#include "protos/stage.pb.h"

namespace air {

inline constexpr int kListenFd = 3;

struct StageOptions {
  std::string id;  // "decoder-7": in log lines
  int64_t orphan_grace_ms = 1000;
};

// Parses the flags every stage has (--id, --orphan-grace-ms, --version). Ends the process on --version, with `program` and
// `version` on stdout, and on a bad flag: exit status 2.
StageOptions ParseStageFlags(int argc, char** argv, const char* program, const char* version);

class StageServer {
 public:
  // Called on the server's thread. The descriptors come in the order stage.proto states.
  using Handler = std::function<void(const stage::ToStage& message, std::vector<UniqueFd> fds)>;

  explicit StageServer(const StageOptions& options) : options_(options) {}

  // Starts the thread. `on_orphaned` is called once when the grace is over, before the process ends.
  void Start(
      Handler handler, std::function<void()> on_orphaned = [] {});
  // Reports a state: now, and again to every supervisor that dials in later. Any thread; never blocks.
  void Report(const stage::FromStage& state);

 private:
  void Run(Handler handler, std::function<void()> on_orphaned);
  void Accept();
  void Follow(UniqueFd connection);         // from now on; none: there is no supervisor
  bool ReceiveAll(const Handler& handler);  // false: the supervisor is gone
  void Take(const stage::ToStage& message, std::vector<UniqueFd> fds, const Handler& handler);

  StageOptions options_;
  SystemClock clock_;
  std::mutex mutex_;  // guards connection_ and state_
  UniqueFd connection_;
  std::string state_;  // serialised, latest

  // Of the server's thread.
  KeptDescriptors kept_;
  bool has_work_ = false;
  bool heard_ = false;  // connection_ has said what was understood
  UniqueFd waiting_;
  Nanos accept_again_{0};
};

// Ends the process at once without running destructors or exit handlers. `status` is one of the exit codes
// below.
[[noreturn]] void EndStage(int status);

// Exit codes of every stage; the supervisor's restart policy reads them.
inline constexpr int kExitDone = 0;     // told to stop, or orphaned for good
inline constexpr int kExitRefused = 1;  // its configuration or its input was refused; the report said why
inline constexpr int kExitUsage = 2;
inline constexpr int kExitNoSupervisor = 3;  // no supervisor ever dialled in

}  // namespace air
