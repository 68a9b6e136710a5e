#include "core/channel/air_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // the header of glibc 2.36 forgets to say so
#include <sys/pidfd.h>
}

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"
#include "core/link/spawn_settings.h"
#include "net/unix_listen.h"

namespace retrovue {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

// Stages outlive a supervisor that dies, until the next one takes them over.
constexpr const char* kOrphanGraceSeconds = "30";
constexpr int kControlBacklog = 64;

std::string Fate(const siginfo_t& info) {
  if (info.si_code == CLD_EXITED) return absl::StrCat("exited with status ", info.si_status);
  return absl::StrCat("was killed by signal ", info.si_status, " (", strsignal(info.si_status), ")");
}

}  // namespace

struct AirProcess::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, pid_t p, int descriptor, OnEnded ended)
      : pid(p), pidfd(loop, descriptor), force(loop), on_ended(std::move(ended)) {}

  void Watch() {
    pidfd.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (error) return;
      self->force.cancel();
      siginfo_t info = {};
      const bool reaped =
          waitid(P_PIDFD, static_cast<id_t>(self->pidfd.native_handle()), &info, WEXITED) == 0;
      self->has_ended = true;
      if (self->on_ended) std::exchange(self->on_ended, nullptr)(reaped ? Fate(info) : "has ended");
    });
  }

  void Signal(int signal) {
    if (!has_ended) pidfd_send_signal(pidfd.native_handle(), signal, nullptr, 0);
  }

  const pid_t pid;
  stream_descriptor pidfd;  // becomes readable when the process ends
  boost::asio::steady_timer force;
  OnEnded on_ended;
  bool has_ended = false;
};

absl::StatusOr<std::unique_ptr<AirProcess>> AirProcess::Spawn(boost::asio::io_context& loop,
                                                              const AirLaunch& launch, OnEnded on_ended) {
  std::error_code error;
  std::filesystem::create_directories(launch.runtime_dir, error);
  if (error) return absl::InternalError(absl::StrCat("making ", launch.runtime_dir, ": ", error.message()));
  chmod(launch.runtime_dir.c_str(), 0700);
  const std::string wanted = Address(launch.runtime_dir);
  // Where no socket can be made the supervisor is to say so itself.
  const absl::StatusOr<air::UniqueFd> listener =
      air::ListenUnix(wanted.substr(sizeof "unix:" - 1), 0777, kControlBacklog);
  const std::string address = listener.ok() ? absl::StrCat("fd:", SpawnSettings::kFirstPassed) : wanted;
  std::vector<std::string> arguments = {launch.program,      "--listen",          address,
                                        "--runtime-dir",     launch.runtime_dir,  "--orphan-grace",
                                        kOrphanGraceSeconds, "--metrics-address", "127.0.0.1:0",
                                        "--log-level",       launch.log_level};
  for (const std::string& root : launch.media_roots) {
    arguments.emplace_back("--media-root");
    arguments.push_back(root);
  }
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);

  const SpawnSettings settings(LogPath(launch.runtime_dir),
                               listener.ok() ? listener->get() : SpawnSettings::kNoDescriptor);
  pid_t pid = -1;
  const int failed = posix_spawn(&pid, launch.program.c_str(), &settings.actions, &settings.attributes,
                                 argv.data(), environ);
  if (failed != 0) {
    return absl::NotFoundError(absl::StrCat("cannot start ", launch.program, ": ", std::strerror(failed)));
  }
  const int pidfd = pidfd_open(pid, 0);
  if (pidfd < 0) {
    const std::string why = std::strerror(errno);
    kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return absl::InternalError(absl::StrCat("pidfd_open: ", why));
  }
  auto impl = std::make_shared<Impl>(loop, pid, pidfd, std::move(on_ended));
  impl->Watch();
  return std::unique_ptr<AirProcess>(new AirProcess(std::move(impl)));
}

std::unique_ptr<AirProcess> AirProcess::Find(boost::asio::io_context& loop, const std::string& runtime_dir,
                                             OnEnded on_ended) {
  const std::string path = runtime_dir + "/lock";
  const air::UniqueFd lock(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!lock.valid()) return nullptr;
  const bool is_free = flock(lock.get(), LOCK_EX | LOCK_NB) == 0;  // it holds it as long as it lives
  pid_t pid = 0;
  if (is_free || !(std::ifstream(path) >> pid) || pid <= 0) return nullptr;
  const int pidfd = pidfd_open(pid, 0);
  if (pidfd < 0) return nullptr;
  auto impl = std::make_shared<Impl>(loop, pid, pidfd, std::move(on_ended));
  impl->Watch();
  return std::unique_ptr<AirProcess>(new AirProcess(std::move(impl)));
}

AirProcess::~AirProcess() {
  impl_->on_ended = nullptr;
  error_code ignored;
  impl_->force.cancel(ignored);
  impl_->pidfd.close(ignored);
}

pid_t AirProcess::pid() const { return impl_->pid; }

void AirProcess::Terminate(std::chrono::milliseconds grace) {
  impl_->Signal(SIGTERM);
  impl_->force.expires_after(grace);
  impl_->force.async_wait([impl = impl_](error_code error) {
    if (!error) impl->Signal(SIGKILL);
  });
}

void AirProcess::Kill() { impl_->Signal(SIGKILL); }

}  // namespace retrovue
