#include "core/director/decisions/manager_policy.h"

#include <algorithm>
#include <tuple>

namespace retrovue {
namespace {

bool IsNeeded(const ManagerWish& wish) {
  return wish.exists && (wish.always_on || wish.waiting > 0 || wish.viewers > 0 || wish.runs_air);
}

}  // namespace

bool ManagerPolicy::WantsToStart(const ManagerWish& wish, Monotonic now) const {
  const bool wanted = wish.exists && (wish.always_on || wish.waiting > 0 || goes_on_);
  return life_ == Life::kAbsent && wanted && now >= rests_until_;
}

ManagerPolicy::Action ManagerPolicy::Decide(const ManagerWish& wish, bool may_start, Monotonic now) const {
  switch (life_) {
    case Life::kAbsent:
      return may_start && WantsToStart(wish, now) ? Action::kSpawn : Action::kNothing;
    case Life::kStarting:
      return now - since_ >= kStartLimit ? Action::kKill : Action::kNothing;
    case Life::kUp:
      if (now - last_word_ >= kSilenceLimit) return Action::kKill;
      if (!wish.exists) return Action::kStop;
      if (IsNeeded(wish)) return Action::kNothing;
      return now - std::max(since_, last_needed_) >= kIdleLimit ? Action::kStop : Action::kNothing;
    case Life::kStopping:
      return now - since_ >= kStopLimit ? Action::kKill : Action::kNothing;
  }
  return Action::kNothing;
}

void ManagerPolicy::Spawned(Monotonic now) {
  life_ = Life::kStarting;
  since_ = now;
}

void ManagerPolicy::SpawnFailed(Monotonic now) { Rest(now); }

void ManagerPolicy::Up(Monotonic now) {
  life_ = Life::kUp;
  since_ = last_word_ = last_needed_ = now;
}

void ManagerPolicy::Spoke(Monotonic now) { last_word_ = now; }

void ManagerPolicy::StopSent(Monotonic now) {
  life_ = Life::kStopping;
  since_ = now;
}

void ManagerPolicy::Ended(Monotonic now) {
  if (life_ == Life::kStopping || life_ == Life::kAbsent) {
    life_ = Life::kAbsent;
    goes_on_ = false;
    return;
  }
  if (life_ == Life::kUp && now - since_ >= kHealthyRun) failures_in_row_ = 0;
  goes_on_ = life_ == Life::kUp;
  Rest(now);
}

void ManagerPolicy::Rest(Monotonic now) {
  life_ = Life::kAbsent;
  ++failures_;
  const auto rest =
      failures_in_row_ == 0
          ? std::chrono::seconds(0)
          : std::min(kLongestRest, std::chrono::seconds(1 << std::min(failures_in_row_ - 1, 5)));
  rests_until_ = now + rest;
  ++failures_in_row_;
}

std::chrono::milliseconds ManagerPolicy::RestLeft(Monotonic now) const {
  if (life_ != Life::kAbsent || rests_until_ <= now) return std::chrono::milliseconds(0);
  return std::chrono::ceil<std::chrono::milliseconds>(rests_until_ - now);
}

std::vector<int> WhoMayStart(std::vector<StartRequest> requests, int starting, int limit) {
  std::sort(requests.begin(), requests.end(), [](const StartRequest& a, const StartRequest& b) {
    return std::tuple(!a.has_viewers, a.since, a.id) < std::tuple(!b.has_viewers, b.since, b.id);
  });
  std::vector<int> allowed;
  for (const StartRequest& request : requests) {
    if (starting + static_cast<int>(allowed.size()) >= limit) break;
    allowed.push_back(request.id);
  }
  return allowed;
}

}  // namespace retrovue
