#include "supervisor/supervisor_options.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "base/number_text.h"
#include "media/house_time.h"
#include "net/host_port.h"

namespace air {
namespace {

constexpr int kExitUsage = 2;

// What CLI11 asks about an option's text.
auto Whole(int64_t least, int64_t most) {
  return [=](const std::string& text) { return WrongNumber(text, least, most); };
}
auto Decimal(double least, double most) {
  return [=](const std::string& text) { return WrongDecimal(text, least, most); };
}

std::string DefaultRuntimeDir(int port) {
  const char* base = std::getenv("XDG_RUNTIME_DIR");
  return absl::StrCat(base != nullptr && *base != '\0' ? base : "/tmp", "/air-", getuid(), "-", port);
}

// "fd:3"
bool IsPassedSocket(const std::string& value) {
  return value.starts_with("fd:") && value.size() > 3 && value.size() < 8 &&
         value.find_first_not_of("0123456789", 3) == std::string::npos;
}

}  // namespace

std::vector<std::string> SupervisorOptions::Addresses() const {
  std::vector<std::string> addresses = listen;
  if (port != 0) addresses.push_back(absl::StrCat("127.0.0.1:", port));
  return addresses;
}

SupervisorOptions ParseSupervisorOptions(int argc, char** argv, const char* version) {
  SupervisorOptions o;
  std::string exhausted = "pad", drift = "report";
  CLI::App app("air-supervisor: executes one channel; control by gRPC (see docs/operations.md)");
  app.set_version_flag("--version", absl::StrCat("air-supervisor ", version));
  app.set_config("--config", "", "read further flags from this file");
  app.add_option("--port", o.port, "gRPC on 127.0.0.1:PORT")->check(Whole(1, 65535));
  app.add_option("--listen", o.listen,
                 "gRPC on a UNIX socket, unix:PATH, or on one that listens already, fd:N")
      ->check([](const std::string& value) {
        if (IsPassedSocket(value)) return std::string();
        const std::string wrong = WrongUnixAddress(value);
        return wrong.empty() ? "" : wrong + "; TCP listens on the loopback with --port";
      });
  app.add_option("--runtime-dir", o.runtime_dir, "sockets and state of this channel; made if missing");
  app.add_option("--metrics-address", o.metrics_address,
                 "Prometheus /metrics on HOST:PORT, port 0 = any free one")
      ->check([](const std::string& value) { return WrongHostPort(value, PortRange::kAny); })
      ->capture_default_str();
  app.add_option("--media-root", o.media_roots,
                 "assets must lie under one of these, folders or files, with links followed (repeatable)")
      ->check([](const std::string& value) {
        // Whether it is there is looked at with each asset: a mount may come later, and may not answer now.
        return value.starts_with("/") ? "" : "give an absolute path";
      });
  app.add_option("--orphan-grace", o.orphan_grace_seconds,
                 "seconds the stages stay on air without a supervisor")
      ->check(Decimal(0, 3600))
      ->capture_default_str();
  app.add_option("--ring-seconds", o.ring_seconds, "depth of the frame rings")
      ->check(Decimal(0.5, 10))
      ->capture_default_str();
  app.add_option("--slate", o.slate_file,
                 "picture shown for content that had to be given up; default: a card with the channel's name")
      ->check(CLI::ExistingFile);
  app.add_option("--hang-ms", o.hang_ms, "milliseconds of silence after which a stage is killed and replaced")
      ->check(Whole(100, 60'000))
      ->capture_default_str();
  app.add_option("--pts-origin", o.pts_origin, "90 kHz time stamp of the first frame, for tests of the wrap")
      ->check(Whole(0, kPtsWrap - 1));
  app.add_option("--on-lookahead-exhausted", exhausted, "when no next block was fed")
      ->check(CLI::IsMember({"pad", "terminate"}))
      ->capture_default_str();
  app.add_option("--on-drift", drift, "when the clock on the wall has moved by more than 100 ms")
      ->check(CLI::IsMember({"report", "terminate"}))
      ->capture_default_str();
  app.add_option("--log-level", o.log_level, "how much to say on stderr")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}))
      ->capture_default_str();
  try {
    app.parse(argc, argv);
    if (o.port == 0 && o.listen.empty()) throw CLI::RequiredError("--port or --listen");
  } catch (const CLI::ParseError& e) {
    std::exit(app.exit(e) == 0 ? 0 : kExitUsage);
  }
  o.terminate_on_exhausted = exhausted == "terminate";
  o.terminate_on_drift = drift == "terminate";
  if (o.runtime_dir.empty()) o.runtime_dir = DefaultRuntimeDir(o.port);
  return o;
}

}  // namespace air
