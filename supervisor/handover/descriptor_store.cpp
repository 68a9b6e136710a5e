#include "supervisor/handover/descriptor_store.h"

#include <systemd/sd-daemon.h>

#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {
namespace {

void Tell(const std::string& state, const int* fds, unsigned count) {
  const int told = sd_pid_notify_with_fds(0, /*unset_environment=*/0, state.c_str(), fds, count);
  if (told < 0) Log().warn("the service manager was not told {}: {}", state, std::strerror(-told));
}

std::string StoredName(const std::string& item, size_t place) { return absl::StrCat(item, ".", place); }

}  // namespace

DescriptorStore::DescriptorStore() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  for (int i = 0; i < count; ++i) {
    passed_[names[i]] = UniqueFd(SD_LISTEN_FDS_START + i);
    stored_.insert(names[i]);
    std::free(names[i]);
  }
  std::free(names);
}

DescriptorStore::Items DescriptorStore::TakeAll() {
  Items items;
  std::set<std::string> broken;
  for (auto& [stored, fd] :
       passed_) {  // sorted: of one item, its first comes first (there are fewer than ten)
    const size_t dot = stored.rfind('.');
    size_t place = 0;
    if (dot == std::string::npos || !absl::SimpleAtoi(stored.substr(dot + 1), &place)) continue;
    const std::string item = stored.substr(0, dot);
    if (place != items[item].size()) broken.insert(item);
    items[item].push_back(std::move(fd));
  }
  for (const std::string& item : broken) items.erase(item);
  passed_.clear();
  return items;
}

void DescriptorStore::Keep(const std::string& name, const std::vector<int>& fds) {
  Drop(name);
  if (std::getenv("NOTIFY_SOCKET") == nullptr) return;
  for (size_t i = 0; i < fds.size(); ++i) {
    // FDPOLL=0: a connection whose viewer has hung up is ours to notice, and a pipe is idle now and then.
    Tell(absl::StrCat("FDSTORE=1\nFDPOLL=0\nFDNAME=", StoredName(name, i)), &fds[i], 1);
    stored_.insert(StoredName(name, i));
  }
}

void DescriptorStore::Drop(const std::string& name) {
  std::erase_if(stored_, [&](const std::string& stored) {
    const bool goes = absl::StartsWith(stored, absl::StrCat(name, "."));
    if (goes) Tell(absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", stored), nullptr, 0);
    return goes;
  });
}

void DescriptorStore::DropAll() {
  passed_.clear();
  for (const std::string& stored : std::exchange(stored_, {}))
    Tell(absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", stored), nullptr, 0);
}

}  // namespace air
