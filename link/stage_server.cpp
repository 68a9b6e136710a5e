#include "link/stage_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <thread>

#include "absl/strings/numbers.h"
#include "base/stage_log.h"
#include "link/seqpacket.h"
#include "link/stage_sockets.h"

namespace air {
namespace {

constexpr int kPollMs = 100;
constexpr int kTidyLooks = 10;
constexpr int64_t kFirstDialMs = 10'000;

// The supervisor that made the names is not there to remove them. A decoder in its sandbox cannot remove its
// own, so the other stages do it for those that are leaving, too, and give them a moment to be gone.
void RemoveListenPaths(MasterClock& clock) {
  sockaddr_un address{};
  socklen_t size = sizeof address;
  if (getsockname(kListenFd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return;
  unlink(address.sun_path);
  const std::string folder = std::filesystem::path(address.sun_path).parent_path().string();
  for (int look = 0; look < kTidyLooks && RemoveDeadStageSockets(folder, kDecoderSocketPrefix) > 0; ++look)
    clock.SleepUntil(clock.Now() + kPollMs * kNanosPerMs / 2);
}

}  // namespace

void EndStage(int status) { _exit(status); }

StageOptions ParseStageFlags(int argc, char** argv, const char* program, const char* version) {
  StageOptions options{.id = program};
  for (int i = 1; i < argc; ++i) {
    const std::string flag = argv[i];
    const char* value = i + 1 < argc ? argv[i + 1] : nullptr;
    if (flag == "--version") {
      std::printf("%s %s\n", program, version);
      std::exit(0);
    }
    if (flag == "--id" && value != nullptr) {
      options.id = value;
      ++i;
    } else if (flag == "--orphan-grace-ms" && value != nullptr &&
               absl::SimpleAtoi(value, &options.orphan_grace_ms)) {
      ++i;
    } else {
      std::fprintf(
          stderr,
          "%s: unknown or incomplete flag %s. This is a stage of air-supervisor, which starts it itself;\n"
          "flags: --id NAME, --orphan-grace-ms N, --version\n",
          program, flag.c_str());
      std::exit(kExitUsage);
    }
  }
  std::signal(SIGPIPE, SIG_IGN);  // a viewer that hangs up is an error code, not a death
  std::signal(SIGXFSZ, SIG_IGN);  // a log that may grow no further is an error code as well
  std::signal(SIGINT, SIG_IGN);   // Ctrl-C reaches the whole group; the supervisor alone decides
  return options;
}

void StageServer::Start(Handler handler, std::function<void()> on_orphaned) {
  std::thread([this, handler = std::move(handler), on_orphaned = std::move(on_orphaned)] {
    Run(handler, on_orphaned);
  }).detach();
}

void StageServer::Report(const stage::FromStage& state) {
  std::string bytes = state.SerializeAsString();
  std::lock_guard lock(mutex_);
  state_ = std::move(bytes);
  if (connection_.valid())
    SendMessage(connection_.get(), state_).IgnoreError();  // the next connection gets it anyway
}

void StageServer::Accept() {
  UniqueFd accepted(accept4(kListenFd, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!accepted.valid()) {
    // Out of descriptors, most likely. The dial stays there, and poll would say so without a pause.
    accept_again_ = clock_.Now() + kPollMs * kNanosPerMs;
    return;
  }
  if (connection_.valid() && heard_) {
    waiting_ = std::move(accepted);
  } else {
    Follow(std::move(accepted));
  }
}

void StageServer::Follow(UniqueFd connection) {
  heard_ = false;
  std::lock_guard lock(mutex_);
  connection_ = std::move(connection);
  if (connection_.valid() && !state_.empty()) SendMessage(connection_.get(), state_).IgnoreError();
}

bool StageServer::ReceiveAll(const Handler& handler) {
  while (true) {
    absl::StatusOr<SeqpacketMessage> message = ReceiveMessage(connection_.get());
    if (absl::IsUnavailable(message.status())) return true;
    if (absl::IsFailedPrecondition(message.status())) return false;
    stage::ToStage parsed;
    if (!message.ok() || !parsed.ParseFromString(message->bytes) ||
        parsed.body_case() == stage::ToStage::BODY_NOT_SET) {
      Log().error("a message was not understood and is ignored: {}",
                  message.ok() ? "it is none of a supervisor" : message.status().ToString());
      continue;
    }
    heard_ = true;
    Take(parsed, std::move(message->fds), handler);
  }
}

void StageServer::Take(const stage::ToStage& message, std::vector<UniqueFd> fds, const Handler& handler) {
  switch (message.body_case()) {
    case stage::ToStage::kStop:
      return EndStage(kExitDone);
    case stage::ToStage::kListenAgain:
      if (fds.size() != 1 || dup3(fds[0].get(), kListenFd, O_CLOEXEC) < 0)
        Log().error("does not listen under its name again: {}", std::strerror(errno));
      return;
    case stage::ToStage::kKeep:
      return kept_.Keep(message.keep().name(), std::move(fds));
    case stage::ToStage::kDrop:
      return kept_.Drop(message.drop().name());
    case stage::ToStage::kGiveBack: {
      stage::FromStage answer;
      const std::vector<int> all = kept_.List(*answer.mutable_kept());
      const absl::Status sent = SendMessage(connection_.get(), answer.SerializeAsString(), all);
      if (!sent.ok()) Log().error("cannot give back what is kept: {}", sent.ToString());
      return;
    }
    case stage::ToStage::kGreet:
      return;
    default:
      if (!message.has_warm()) has_work_ = true;
      return handler(message, std::move(fds));
  }
}

void StageServer::Run(Handler handler, std::function<void()> on_orphaned) {
  const Nanos started = clock_.Now();
  bool ever_dialled = false;
  Nanos last_seen = started;
  while (true) {
    const int listener = clock_.Now() < accept_again_ ? -1 : kListenFd;  // poll leaves out what is negative
    pollfd watched[2] = {{listener, POLLIN, 0}, {connection_.get(), POLLIN, 0}};
    poll(watched, connection_.valid() ? 2 : 1, kPollMs);
    // A supervisor's last words come before its successor's first.
    if (connection_.valid() && !ReceiveAll(handler)) Follow(std::move(waiting_));
    if ((watched[0].revents & POLLIN) != 0) Accept();
    const Nanos now = clock_.Now();
    if (connection_.valid()) {
      ever_dialled = true;
      last_seen = now;
      continue;
    }
    const int64_t alone_ms = (now - last_seen) / kNanosPerMs;
    if (!ever_dialled && alone_ms > kFirstDialMs) EndStage(kExitNoSupervisor);
    if (ever_dialled && alone_ms > (has_work_ ? options_.orphan_grace_ms : 0)) {
      if (has_work_) {
        Log().warn("the supervisor is gone and no successor came within {} ms; leaving",
                   options_.orphan_grace_ms);
      }
      on_orphaned();
      RemoveListenPaths(clock_);
      Log().flush();
      EndStage(kExitDone);
    }
  }
}

}  // namespace air
