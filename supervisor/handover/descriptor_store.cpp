#include "supervisor/handover/descriptor_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {
namespace {

bool Tell(const std::string& state, const int* fds, unsigned count) {
  const int told = sd_pid_notify_with_fds(0, /*unset_environment=*/0, state.c_str(), fds, count);
  if (told < 0) Log().warn("the service manager was not told {}: {}", state, std::strerror(-told));
  return told >= 0;
}

// What the manager's name says.
struct StoredName {
  std::string item;
  uint64_t version = 0;
  size_t place = 0;

  std::string Text() const {
    const std::string of = version == 0 ? "" : absl::StrCat("@", version);
    return absl::StrCat(item, of, ".", place);
  }
  // Nothing: it is no name of this store's.
  static std::optional<StoredName> Parse(const std::string& text) {
    StoredName name;
    const size_t dot = text.rfind('.');
    if (dot == std::string::npos || !absl::SimpleAtoi(text.substr(dot + 1), &name.place)) return std::nullopt;
    name.item = text.substr(0, dot);
    const size_t at = name.item.rfind('@');
    if (at == std::string::npos) return name;
    if (!absl::SimpleAtoi(name.item.substr(at + 1), &name.version)) return std::nullopt;
    name.item.resize(at);
    return name;
  }
};

std::map<std::string, UniqueFd> Passed() {
  std::map<std::string, UniqueFd> passed;
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  for (int i = 0; i < count; ++i) {
    passed[names[i]] = UniqueFd(SD_LISTEN_FDS_START + i);
    std::free(names[i]);
  }
  std::free(names);
  return passed;
}

}  // namespace

DescriptorStore::DescriptorStore() : DescriptorStore(Passed()) {}

DescriptorStore::DescriptorStore(std::map<std::string, UniqueFd> passed) : passed_(std::move(passed)) {
  for (const auto& [name, fd] : passed_) stored_[name] = Identity::Of(fd.get());
}

DescriptorStore::Items DescriptorStore::TakeAll() {
  std::map<std::pair<std::string, uint64_t>, std::map<size_t, UniqueFd>>
      versions;  // sorted: the latest comes last
  for (auto& [text, fd] : passed_) {
    if (const std::optional<StoredName> name = StoredName::Parse(text); name.has_value())
      versions[{name->item, name->version}][name->place] = std::move(fd);
  }
  passed_.clear();
  Items items;
  for (auto& [version, places] : versions) {
    if (places.rbegin()->first != places.size() - 1) continue;  // one is missing
    std::vector<UniqueFd>& item = items[version.first];
    item.clear();
    for (auto& [place, fd] : places) item.push_back(std::move(fd));
    kept_[version.first] = version.second;
  }
  return items;
}

DescriptorStore::Identity DescriptorStore::Identity::Of(int fd) {
  struct stat info {};
  fstat(fd, &info);
  return {info.st_dev, info.st_ino, fcntl(fd, F_GETFL) & O_ACCMODE};
}

DescriptorStore::Stored DescriptorStore::StoredOf(const std::string& item,
                                                  std::optional<uint64_t> version) const {
  Stored found;
  for (const auto& [text, identity] : stored_) {
    const std::optional<StoredName> name = StoredName::Parse(text);
    if (name.has_value() && name->item == item && name->version == version.value_or(name->version))
      found.emplace(text, identity);
  }
  return found;
}

uint64_t DescriptorStore::NextVersion(const std::string& item) const {
  uint64_t next = 0;
  for (const auto& [text, identity] : StoredOf(item))
    next = std::max(next, StoredName::Parse(text)->version + 1);
  return next;
}

void DescriptorStore::Keep(const std::string& name, const std::vector<int>& fds) {
  if (std::getenv("NOTIFY_SOCKET") == nullptr) return;
  const auto wanted = [&](uint64_t version) {
    Stored parts;
    for (size_t i = 0; i < fds.size(); ++i)
      parts[StoredName{.item = name, .version = version, .place = i}.Text()] = Identity::Of(fds[i]);
    return parts;
  };
  const auto kept = kept_.find(name);
  if (kept != kept_.end() && StoredOf(name, kept->second) == wanted(kept->second))
    return RemoveAllBut(name, kept->second);
  const bool shares = std::ranges::any_of(StoredOf(name), [&](const auto& stored) {
    return std::ranges::any_of(fds, [&](int fd) { return Identity::Of(fd) == stored.second; });
  });
  if (shares) Drop(name);
  const uint64_t version = NextVersion(name);
  for (size_t i = fds.size(); i-- > 0;) {
    const std::string text = StoredName{.item = name, .version = version, .place = i}.Text();
    // FDPOLL=0: a connection whose viewer has hung up is ours to notice, and a pipe is idle now and then.
    if (!Tell(absl::StrCat("FDSTORE=1\nFDPOLL=0\nFDNAME=", text), &fds[i], 1)) return;
    stored_[text] = Identity::Of(fds[i]);
  }
  kept_[name] = version;
  RemoveAllBut(name, version);
}

void DescriptorStore::Remove(const Stored& names) {
  for (const auto& [text, identity] : names) {
    Tell(absl::StrCat("FDSTOREREMOVE=1\nFDNAME=", text), nullptr, 0);
    stored_.erase(text);
  }
}

void DescriptorStore::RemoveAllBut(const std::string& item, uint64_t version) {
  Stored others = StoredOf(item);
  for (const auto& [text, identity] : StoredOf(item, version)) others.erase(text);
  Remove(others);
}

void DescriptorStore::Drop(const std::string& name) {
  kept_.erase(name);
  Remove(StoredOf(name));
}

void DescriptorStore::DropAll() {
  passed_.clear();
  kept_.clear();
  Remove(Stored(stored_));
}

}  // namespace air
