// DescriptorKeeper: which descriptors a successor of this supervisor would miss, and the stage that keeps
// second copies of them: the selector, which is always there. A selector that follows another one is
// entrusted with all of them anew.
//
// What has a name (page, timeline, program ring, journals) needs none of it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "link/stage_log.h"
#include "supervisor/stage_process.h"

namespace air {

inline constexpr char kSlateName[] = "slate";
inline std::string RingName(size_t index) { return absl::StrCat("ring-", index); }
inline std::string SinkName(uint64_t serial) { return absl::StrCat("sink-", serial); }

// Entrusts one stage with copies under one name.
inline void Entrust(StageProcess& stage, const std::string& name, const std::vector<int>& fds) {
  stage::ToStage message;
  message.mutable_keep()->set_name(name);
  if (absl::Status s = stage.Send(message, fds); !s.ok())
    Log().warn("{} does not keep {}: {}", stage.id(), name, s.ToString());
}

class DescriptorKeeper {
 public:
  // The descriptors stay the caller's and must be open until they are dropped.
  void Keep(const std::string& name, std::vector<int> fds) {
    if (stage_ != nullptr) Entrust(*stage_, name, fds);
    items_[name] = std::move(fds);
  }
  // Also of a name that a predecessor kept and nobody wants any more.
  void Drop(const std::string& name) {
    items_.erase(name);
    if (stage_ == nullptr) return;
    stage::ToStage message;
    message.mutable_drop()->set_name(name);
    stage_->Send(message).IgnoreError();  // it is gone then, and its copies with it
  }
  // The selector that runs now; nullptr: it has died.
  void EntrustTo(StageProcess* selector) {
    stage_ = selector;
    if (stage_ == nullptr) return;
    for (const auto& [name, fds] : items_) Entrust(*stage_, name, fds);
  }

 private:
  std::map<std::string, std::vector<int>> items_;
  StageProcess* stage_ = nullptr;
};

}  // namespace air
