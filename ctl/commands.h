// The commands of air-ctl. Each does one thing, says on `out` what came of it, and on `err` what went wrong,
// where, and what to do.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

#include "absl/status/statusor.h"
#include "protos/plan_file.pb.h"
#include "protos/playout.pb.h"

namespace air {

class ControlClient;

// Exit status of air-ctl. Scripts rely on the numbers.
enum class ExitStatus {
  kDone = 0,
  kRefused = 1,      // AIR answered no
  kUsage = 2,        // the command or the plan file is wrong; nothing was sent
  kUnreachable = 3,  // no AIR, or no answer from it
};

struct PlanOptions {
  std::string path;
  bool now = false;            // move the plan so that its first block starts now, whatever times it has
  std::int64_t at_utc_ms = 0;  // the same for another instant; 0: not asked for
  std::string from_block;      // feed from this block on; empty: all
};

struct MetricsSource {
  std::string address;      // "host:port"; empty: look in runtime_dir
  std::string runtime_dir;  // of the supervisor; it holds a file metrics.address
};

// The runtime directory a supervisor uses that was told its port alone; empty if `address` is no port.
std::string DefaultRuntimeDir(const std::string& address);

class Commands {
 public:
  Commands(ControlClient& client, std::ostream& out, std::ostream& err)
      : client_(client), out_(out), err_(err) {}

  // Asks no program: whether AIR could carry the plan out, as far as the file and its assets can tell.
  ExitStatus Validate(const std::string& path);
  ExitStatus Version();
  ExitStatus Status(const MetricsSource& source);
  // What a session has had on the air; `session` empty: the last one.
  ExitStatus AsRun(const std::string& runtime_dir, const std::string& session, bool json);
  // Starts a session with the first two blocks of the plan and feeds it the others.
  ExitStatus Start(const PlanOptions& options);
  ExitStatus Feed(const PlanOptions& options);
  // `endpoint`: "unix:PATH" or "tcp:HOST:PORT".
  // A channel AIR carries out by itself: it reads the plan, and serves the stream on `port` (0: nowhere yet).
  ExitStatus Channel(int channel_id, const std::string& plan, int port);
  // `output_json`: settings of this stream alone; empty: the session's.
  ExitStatus Attach(int channel_id, const std::string& endpoint, bool replace,
                    const std::string& output_json = "");
  // An empty endpoint: every stream.
  ExitStatus Detach(int channel_id, const std::string& endpoint = "");
  ExitStatus Stop(int channel_id);
  // Prints the events of the session, a line each, until it ends.
  ExitStatus Events(int channel_id);

 private:
  ExitStatus FeedFrom(int first, const PlanFile& plan, const std::string& path);
  ExitStatus Misused(const std::string& what);
  ExitStatus Unanswered(const absl::Status& status);
  ExitStatus Refused(const std::string& what, const std::string& code, const std::string& why);

  ControlClient& client_;
  std::ostream& out_;
  std::ostream& err_;
};

// "unix:PATH" or "tcp:HOST:PORT" as a request. INVALID_ARGUMENT for anything else.
absl::StatusOr<retrovue::playout::AttachStreamRequest> ParseEndpoint(const std::string& endpoint);

// "2026-02-02T12:00:00.040Z".
std::string FormatUtc(std::int64_t utc_ms);

}  // namespace air
