// DescriptorStore: copies of descriptors held by the service manager (systemd's FileDescriptorStoreMax),
// which hands them to the next supervisor when it starts it. They outlive every process of the channel, so
// that even killing all of them at once closes no viewer's connection. Where there is no such manager nothing
// is kept, and nothing else changes.
//
// The manager knows each descriptor by a name of its own: that of the item, from its second version on the version,
// and the descriptor's place in the item: "sink-3.1", "ring-0@2.0". Rules that make a SIGKILL at any instant harmless:
//
//   What takes an item's place is stored before the item is removed, as its next version.
//   Place 0 is stored last and removed first: a version is whole where its places begin with 0 and have no hole.
//   Of several whole versions the latest holds.
//
// systemd ignores a descriptor that it has under another name already. So an item that is kept anew with the descriptors
// it has is left alone, and one of which only a part is replaced, which no item of AIR's is, is removed first.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace air {

class DescriptorStore {
 public:
  using Items = std::map<std::string, std::vector<UniqueFd>>;

  // Takes what the manager has passed to this process: once, before it starts others.
  DescriptorStore();
  // With these, by the manager's names.
  explicit DescriptorStore(std::map<std::string, UniqueFd> passed);
  // That, by name; an item of which a part is missing is left out. What is not wanted is to be dropped.
  Items TakeAll();

  // In place of what is kept under that name. One that the manager could not be told of replaces nothing.
  void Keep(const std::string& name, const std::vector<int>& fds);
  void Drop(const std::string& name);
  void DropAll();

 private:
  // Tells two files, or two ends of a pipe, apart.
  struct Identity {
    uint64_t device, inode;
    int access;
    bool operator==(const Identity&) const = default;
    static Identity Of(int fd);
  };
  using Stored = std::map<std::string, Identity>;  // by the manager's names

  // Those of the item's descriptors; of one version, or of all.
  Stored StoredOf(const std::string& item, std::optional<uint64_t> version = std::nullopt) const;
  uint64_t NextVersion(const std::string& item) const;
  void Remove(const Stored& names);
  void RemoveAllBut(const std::string& item, uint64_t version);

  std::map<std::string, UniqueFd> passed_;  // by the manager's names
  Stored stored_;                           // what the manager has
  std::map<std::string, uint64_t> kept_;    // by item: the version that holds
};

}  // namespace air
