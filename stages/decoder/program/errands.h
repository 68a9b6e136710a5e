// What the supervisor asks of a decoder, from the link's thread to the main one.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "protos/stage.pb.h"

namespace air {

struct Assignment {
  stage::PrepareAsset prepare;
  std::vector<UniqueFd> fds;
};

struct SlateOrder {
  stage::PaintSlate paint;
  std::vector<UniqueFd> fds;
};

// An asset to warm replaces one that has not been looked at yet; an assignment is the last thing that comes.
class Errands {
 public:
  using Errand = std::variant<stage::WarmAsset, Assignment, SlateOrder>;

  void Warm(const stage::WarmAsset& asset) {
    const std::lock_guard lock(mutex_);
    warm_ = asset;
    changed_.notify_one();
  }
  void Assign(std::variant<Assignment, SlateOrder> work) {
    const std::lock_guard lock(mutex_);
    if (assigned_) return;
    assigned_ = true;
    work_ = std::move(work);
    changed_.notify_one();
  }
  Errand Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return work_.has_value() || warm_.has_value(); });
    if (work_.has_value()) return std::visit([](auto& work) { return Errand(std::move(work)); }, *work_);
    return *std::exchange(warm_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<stage::WarmAsset> warm_;
  std::optional<std::variant<Assignment, SlateOrder>> work_;
  bool assigned_ = false;
};

}  // namespace air
