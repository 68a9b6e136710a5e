#include "core/channel.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

using namespace std::chrono_literals;
using retrovue::playout::BlockEvent;
using retrovue::playout::BlockPlan;

constexpr auto kReadyLimit = 10s;
constexpr auto kReadyPoll = 200ms;
constexpr auto kTerminationGrace = 5s;
// A block may be refused for a reason of its own; when the next one is too, it is not the block.
constexpr int kMostRefusals = 2;
constexpr auto kHealthyRun = 10s;
constexpr auto kShortestPause = 100ms;
constexpr auto kLongestPause = 5000ms;

std::int64_t NowUtcMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

Channel::Channel(ChannelOptions options, PlanLoop plan, std::function<void(const std::string&)> log)
    : options_(std::move(options)), log_(std::move(log)), plan_(std::move(plan)) {}

std::string Channel::phase() const {
  if (stopping()) return "stopping";
  if (on_air_) return "on the air";
  return was_on_air_ ? "restarting" : "starting";
}

bool Channel::stopping() const {
  const std::lock_guard lock(mutex_);
  return stop_;
}

void Channel::RequestStop() {
  const std::lock_guard lock(mutex_);
  stop_ = true;
  if (client_) client_->Cancel();
  stop_requested_.notify_all();
}

bool Channel::WaitOrStop(std::chrono::milliseconds pause) {
  std::unique_lock lock(mutex_);
  return stop_requested_.wait_for(lock, pause, [this] { return stop_; });
}

absl::Status Channel::Run() {
  EndLeftOver();
  std::chrono::milliseconds pause = kShortestPause;
  while (!stopping()) {
    const auto begun = std::chrono::steady_clock::now();
    const absl::Status ended = RunOnce();
    on_air_ = false;
    End();
    if (stopping()) break;
    if (!was_on_air_) return ended;
    log_(absl::StrCat("AIR: ", ended.message(), ". Starting it again."));
    const bool was_healthy = std::chrono::steady_clock::now() - begun > kHealthyRun;
    pause = was_healthy ? kShortestPause : std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
    WaitOrStop(pause);
  }
  return absl::OkStatus();
}

void Channel::EndLeftOver() {
  const std::unique_ptr<SupervisorProcess> left = SupervisorProcess::Find(options_.supervisor.runtime_dir);
  if (left == nullptr) return;
  log_(absl::StrCat("AIR (pid ", left->pid(), ") is running for a channel manager that is gone. Ending it."));
  left->Terminate(kTerminationGrace);
}

// Always returns with the reason why AIR is to be started again.
absl::Status Channel::RunOnce() {
  auto process = SupervisorProcess::Spawn(options_.supervisor);
  if (!process.ok()) return process.status();
  process_ = *std::move(process);
  {
    const std::lock_guard lock(mutex_);
    client_ = std::make_unique<AirClient>(process_->address(), options_.channel_id);
    if (stop_) client_->Cancel();
  }
  if (const absl::Status ready = WaitUntilReady(); !ready.ok()) return ready;
  if (was_on_air_) {
    // A supervisor that finds the stages of its predecessor alive goes on with the session.
    if (const absl::Status followed = FollowSession(); !absl::IsNotFound(followed)) return followed;
  }
  if (const absl::Status started = StartSession(); !started.ok()) return started;
  return FollowSession();
}

absl::Status Channel::WaitUntilReady() {
  const auto limit = std::chrono::steady_clock::now() + kReadyLimit;
  while (!client_->Ping(kReadyPoll).ok()) {
    if (stopping()) return absl::CancelledError("stopped while starting");
    if (process_->WaitFor(0ms)) {
      return absl::UnavailableError(
          absl::StrCat("air-supervisor ", process_->fate(), " while starting; see ",
                       SupervisorProcess::LogPath(options_.supervisor.runtime_dir)));
    }
    if (std::chrono::steady_clock::now() > limit) {
      return absl::DeadlineExceededError(
          absl::StrCat("air-supervisor (pid ", process_->pid(), ") does not answer; see ",
                       SupervisorProcess::LogPath(options_.supervisor.runtime_dir)));
    }
  }
  return absl::OkStatus();
}

absl::Status Channel::StartSession() {
  plan_.StartAfresh();
  undelivered_.reset();
  ahead_.clear();
  if (const absl::Status attached = client_->AttachUnixSocket(options_.sink_socket); !attached.ok())
    return attached;
  const BlockPlan first = plan_.Next(NowUtcMs());
  const BlockPlan second = plan_.Next(NowUtcMs());
  const absl::Status started = client_->Start(first, second, options_.program_format_json, kMaxQueueDepth);
  if (!started.ok()) return started;
  ahead_ = {first.block_id(), second.block_id()};
  on_air_ = was_on_air_ = true;
  return absl::OkStatus();
}

absl::Status Channel::FollowSession() {
  session_ended_.clear();
  const absl::Status followed = client_->FollowEvents([this](const BlockEvent& event) { OnEvent(event); });
  if (absl::IsNotFound(followed)) return followed;
  // Its end may be noticed on the line a moment before the process is gone.
  if (!followed.ok() && !stopping() && process_->WaitFor(1s)) {
    return absl::UnavailableError(absl::StrCat("air-supervisor ", process_->fate()));
  }
  if (!followed.ok()) return followed;
  return absl::AbortedError(
      absl::StrCat("the session has ended: ", session_ended_.empty() ? "no reason given" : session_ended_));
}

void Channel::OnEvent(const BlockEvent& event) {
  on_air_ = true;
  if (event.has_session_ended()) session_ended_ = event.session_ended().reason();
  if (event.has_block_started()) {
    const auto started = std::find(ahead_.begin(), ahead_.end(), event.block_started().block_id());
    if (started != ahead_.end()) ahead_.erase(ahead_.begin(), started + 1);
  }
  if (session_ended_.empty()) KeepFed();
}

void Channel::KeepFed() {
  int refusals = 0;
  while (ahead_.size() < kBlocksAhead && refusals < kMostRefusals) {
    if (!undelivered_) undelivered_ = plan_.Next(NowUtcMs());
    const absl::Status fed = client_->Feed(*undelivered_);
    if (absl::IsFailedPrecondition(fed)) {
      ++refusals;
      log_(absl::StrCat(undelivered_->block_id(), " is left out: ", fed.message()));
    } else if (fed.ok()) {
      ahead_.push_back(undelivered_->block_id());
    } else {
      return;  // a full queue or a broken line: the next event is the time to try again
    }
    undelivered_.reset();
  }
}

void Channel::End() {
  if (client_ && was_on_air_ && stopping()) {
    if (const absl::Status stopped = client_->Stop("channel manager is ending"); !stopped.ok()) {
      log_(std::string(stopped.message()));
    }
  }
  if (process_) process_->Terminate(kTerminationGrace);
  process_.reset();
  const std::lock_guard lock(mutex_);
  client_.reset();
}

}  // namespace air
