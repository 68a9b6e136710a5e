// channel-manager: serves one channel to its viewers, and runs AIR for it while a viewer watches. Started by program-director.
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <cstring>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "base/number_text.h"
#include "base/program_beside.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "base/version.h"
#include "core/channel/manager.h"
#include "core/link/channel_link.h"
#include "core/link/manager_process.h"
#include "link/seqpacket.h"

namespace {

using retrovue::ManagerOptions;

constexpr int kFailure = 1;
constexpr int kUsage = 2;
constexpr int kTaken = 3;  // another manager has the channel
constexpr int kPassedDescriptor = 3;
constexpr int kLockAttempts = 10;
constexpr useconds_t kLockPauseUs = 20'000;
constexpr std::int64_t kMostShiftMs = 200LL * 366 * 86'400'000;  // from 2000 to 2199, where AIR can play
constexpr int kMostIdleSeconds = 86'400;

void Define(CLI::App& app, ManagerOptions& options) {
  app.set_version_flag("--version", absl::StrCat("channel-manager ", air::BuildVersion()));
  app.add_option("--folder", options.folder, "the channel's: sockets, record and logs; made if missing")
      ->type_name("DIR");
  app.add_option("--clock-shift-ms", options.clock_shift_ms,
                 "the network's clock minus the machine's, for tests")
      ->check([](const std::string& text) { return air::WrongNumber(text, -kMostShiftMs, kMostShiftMs); })
      ->capture_default_str();
  app.add_option("--supervisor", options.supervisor,
                 "air-supervisor to run; default: the one beside this program")
      ->type_name("PATH");
  app.add_option("--idle-exit", options.idle_exit,
                 "seconds without a director and without a viewer, then it ends")
      ->check([](const std::string& text) { return air::WrongNumber(text, 1, kMostIdleSeconds); });
  app.add_option("--log-level", options.log_level, "how much to say, also of AIR")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "critical", "off"}))
      ->capture_default_str();
}

// Our place for as long as the process lives. Errors: ALREADY_EXISTS.
absl::StatusOr<air::UniqueFd> LockFolder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return absl::InvalidArgumentError(absl::StrCat("--folder ", folder, ": ", error.message()));
  chmod(folder.c_str(), 0700);
  const std::string path = folder + "/manager.lock";
  air::UniqueFd lock(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.valid()) return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  // Who asks whether a manager lives here (ManagerIn) holds it for an instant.
  bool is_ours = false;
  for (int attempt = 0; attempt < kLockAttempts && !is_ours; ++attempt) {
    if (attempt > 0) usleep(kLockPauseUs);
    is_ours = flock(lock.get(), LOCK_EX | LOCK_NB) == 0;
  }
  if (!is_ours) {
    return absl::AlreadyExistsError(
        absl::StrCat("another channel-manager (pid ", retrovue::ManagerIn(folder), ") runs in ", folder));
  }
  const std::string pid = absl::StrCat(getpid(), "\n");
  if (ftruncate(lock.get(), 0) != 0 || write(lock.get(), pid.data(), pid.size()) < 0) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": ", std::strerror(errno)));
  }
  return lock;
}

// The socket a director has made for us (core/link/manager_process.h), or one of our own.
absl::StatusOr<air::UniqueFd> LinkListener(const std::string& folder) {
  const char* passed = std::getenv("LISTEN_FDS");
  int listens = 0;
  socklen_t size = sizeof listens;
  if (passed != nullptr && std::strcmp(passed, "1") == 0 &&
      getsockopt(kPassedDescriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0) {
    fcntl(kPassedDescriptor, F_SETFD, FD_CLOEXEC);
    fcntl(kPassedDescriptor, F_SETFL, O_NONBLOCK);
    return air::UniqueFd(kPassedDescriptor);
  }
  return air::ListenSeqpacket(retrovue::ChannelLinkPath(folder));
}

int Fail(const absl::Status& status) {
  std::fprintf(stderr, "channel-manager: %s\n", std::string(status.message()).c_str());
  if (absl::IsAlreadyExists(status)) return kTaken;
  return absl::IsInvalidArgument(status) ? kUsage : kFailure;
}

int Run(ManagerOptions options) {
  options.folder = std::filesystem::absolute(options.folder).lexically_normal().string();
  if (options.folder.size() > retrovue::kLongestChannelFolder) {
    return Fail(absl::InvalidArgumentError(absl::StrCat("--folder ", options.folder, " is longer than ",
                                                        retrovue::kLongestChannelFolder, " bytes")));
  }
  if (options.supervisor.empty()) options.supervisor = air::ProgramBeside("air-supervisor");
  const absl::StatusOr<air::UniqueFd> lock = LockFolder(options.folder);
  if (!lock.ok()) return Fail(lock.status());
  absl::StatusOr<air::UniqueFd> listener = LinkListener(options.folder);
  if (!listener.ok()) return Fail(listener.status());
  // They were meant for us, not for what we start.
  for (const char* name :
       {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) {
    unsetenv(name);
  }
  air::InitLog("channel-manager", options.log_level);
  air::Log().info("channel-manager {}, folder {}", air::BuildVersion(), options.folder);
  air::NoteStep("manager begins");
  signal(SIGPIPE, SIG_IGN);

  // Never destroyed: a thread that waits for a dead mount may still post to it.
  auto& loop = *new boost::asio::io_context(1);
  const std::string link_path = retrovue::ChannelLinkPath(options.folder);
  auto manager = retrovue::Manager::Open(loop, std::move(options), *std::move(listener));
  if (!manager.ok()) return Fail(manager.status());
  boost::asio::signal_set signals(loop, SIGINT, SIGTERM, SIGHUP);
  signals.async_wait([&](boost::system::error_code error, int) {
    if (!error) (*manager)->RequestStop("it was told to by a signal");
  });
  loop.run();
  unlink(link_path.c_str());
  manager->reset();
  air::EndLog();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ManagerOptions options;
  CLI::App app("Serves one channel to its viewers, and runs AIR for it while it has viewers.",
               "channel-manager");
  Define(app, options);
  try {
    app.parse(argc, argv);
    if (options.folder.empty()) throw CLI::RequiredError("--folder");
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return Run(std::move(options));
}
