// DescriptorStore: copies of descriptors held by the service manager (systemd's FileDescriptorStoreMax),
// which hands them to the next supervisor when it starts it. They outlive every process of the channel, so
// that even killing all of them at once closes no viewer's connection. Where there is no such manager nothing
// is kept, and nothing else changes.
//
// The manager knows each descriptor by a name of its own: that of the item and the descriptor's place in it,
// "sink-3.1".
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/unique_fd.h"

namespace air {

class DescriptorStore {
 public:
  using Items = std::map<std::string, std::vector<UniqueFd>>;

  // Takes what the manager has passed to this process: once, before it starts others.
  DescriptorStore();
  // That, by name; an item of which a part is missing is left out. What is not wanted is to be dropped.
  Items TakeAll();

  // In place of what is kept under that name.
  void Keep(const std::string& name, const std::vector<int>& fds);
  void Drop(const std::string& name);
  void DropAll();

 private:
  std::map<std::string, UniqueFd> passed_;  // by the manager's names
  std::set<std::string> stored_;            // the manager's names of what it has
};

}  // namespace air
