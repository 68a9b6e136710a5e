#include "tests/fault/hostile_world.h"

#include <sys/resource.h>
#include <unistd.h>

namespace air::e2e {
namespace {

using namespace std::chrono_literals;

constexpr size_t kFaultsKept = 20;
constexpr auto kCalmLimit = 30s;
constexpr int kActorNice = 19;
constexpr int64_t kLeastPauseMs = 20, kMostPauseMs = 600;

}  // namespace

void Account::Did(const std::string& what, int64_t times) {
  const std::lock_guard lock(mutex_);
  deeds_[what] += times;
}

void Account::Fault(const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (faults_.size() < kFaultsKept) faults_.push_back(text);
}

std::map<std::string, int64_t> Account::deeds() const {
  const std::lock_guard lock(mutex_);
  return deeds_;
}

std::vector<std::string> Account::faults() const {
  const std::lock_guard lock(mutex_);
  return faults_;
}

bool Unrest::Pause(int64_t ms) {
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, std::chrono::milliseconds(ms), [&] { return state_ != State::kUnrest; });
}

bool Unrest::Rest() {
  std::unique_lock lock(mutex_);
  ++resting_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return state_ != State::kCalm; });
  --resting_;
  return state_ != State::kOver;
}

bool Unrest::Calm(int actors) {
  Set(State::kCalm);
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kCalmLimit, [&] { return resting_ == actors; });
}

void Unrest::Resume() { Set(State::kUnrest); }
void Unrest::End() { Set(State::kOver); }

void Unrest::Set(State state) {
  const std::lock_guard lock(mutex_);
  state_ = state;
  changed_.notify_all();
}

Caller::Caller(const std::string& address) {
  constexpr int kReconnectMs = 20;
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1000);  // how long an attempt may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, kReconnectMs);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = wire::PlayoutControl::NewStub(
      grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments));
}

void HostileActor::Run() {
  // What is hostile is to be many things at once, and not to take the processors from decoders.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kActorNice);
  do {
    while (world_.unrest.Pause(Random(kLeastPauseMs, kMostPauseMs))) Act();
    LetGo();
  } while (world_.unrest.Rest());
}

}  // namespace air::e2e
