// The flags of air-supervisor (docs/operations.md). A file given with --config holds the same names as keys
// ("port=50051"), flags win.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace air {

struct SupervisorOptions {
  int port = 0;                     // gRPC on 127.0.0.1; 0 = not on TCP
  std::vector<std::string> listen;  // "unix:PATH"
  std::string runtime_dir;          // default: $XDG_RUNTIME_DIR or /tmp, /air-<uid>-<port>
  std::string metrics_address = "127.0.0.1:0";
  std::vector<std::string> media_roots;
  double orphan_grace_seconds = 1.0;
  double ring_seconds = 2.0;
  int64_t hang_ms = 500;
  std::string slate_file;
  std::optional<int64_t> pts_origin;  // 90 kHz; for tests of the wrap
  bool terminate_on_exhausted = false;
  bool terminate_on_drift = false;
  std::string log_level = "info";

  std::vector<std::string> Addresses() const;
};

// Ends the process on --help, --version (status 0; `version` on stdout) and on a wrong flag (status 2, with what is wrong
// and the remedy).
SupervisorOptions ParseSupervisorOptions(int argc, char** argv, const char* version);

}  // namespace air
