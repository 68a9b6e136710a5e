// DescriptorKeeper: which descriptors a successor of this supervisor would miss. Second copies of them are kept by
// the selector, which is always there, by every encoder, and by the service manager, where there is one.
// So the channel loses none as long as any of these is left. A stage that follows another one is entrusted
// with all of them anew.
//
// What has a name (timeline, program ring, journals) needs none of it. The session page has one, too; a copy
// of it says that the session lives.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "supervisor/handover/descriptor_store.h"
#include "supervisor/process/stage_process.h"

namespace air {

inline constexpr char kPageName[] = "page";
inline constexpr char kSlateName[] = "slate";
inline std::string RingName(size_t index) { return absl::StrCat("ring-", index); }
inline std::string SinkName(uint64_t serial) { return absl::StrCat("sink-", serial); }

class DescriptorKeeper {
 public:
  explicit DescriptorKeeper(DescriptorStore& store) : store_(store) {}
  ~DescriptorKeeper() {
    for (const auto& [name, fds] : items_) store_.Drop(name);
  }
  DescriptorKeeper(const DescriptorKeeper&) = delete;
  DescriptorKeeper& operator=(const DescriptorKeeper&) = delete;

  // The descriptors stay the caller's and must be open until they are dropped.
  void Keep(const std::string& name, std::vector<int> fds) {
    for (StageProcess* stage : stages_) Entrust(*stage, name, fds);
    store_.Keep(name, fds);
    items_[name] = std::move(fds);
  }
  // Also of a name that a predecessor kept and this session does not use.
  void Drop(const std::string& name) {
    items_.erase(name);
    store_.Drop(name);
    stage::ToStage message;
    message.mutable_drop()->set_name(name);
    // One that is gone has no copies.
    for (StageProcess* stage : stages_) stage->Send(message).IgnoreError();
  }
  // From now on until Forget(): a selector or an encoder, never a decoder, which may be its file's.
  void EntrustTo(StageProcess* stage) {
    stages_.insert(stage);
    for (const auto& [name, fds] : items_) Entrust(*stage, name, fds);
  }
  void Forget(StageProcess* stage) { stages_.erase(stage); }

 private:
  static void Entrust(StageProcess& stage, const std::string& name, const std::vector<int>& fds) {
    stage::ToStage message;
    message.mutable_keep()->set_name(name);
    if (absl::Status s = stage.Send(message, fds); !s.ok())
      Log().warn("{} does not keep {}: {}", stage.id(), name, s.ToString());
  }

  std::map<std::string, std::vector<int>> items_;
  std::set<StageProcess*> stages_;
  DescriptorStore& store_;
};

}  // namespace air
