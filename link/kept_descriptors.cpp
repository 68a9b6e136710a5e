#include "link/kept_descriptors.h"

#include <iterator>

#include "base/stage_log.h"
#include "link/seqpacket.h"

namespace air {

size_t KeptDescriptors::size() const {
  size_t sum = 0;
  for (const auto& [name, fds] : items_) sum += fds.size();
  return sum;
}

void KeptDescriptors::Keep(const std::string& name, std::vector<UniqueFd> fds) {
  Drop(name);
  if (size() + fds.size() > kMaxMessageFds) {
    Log().error("{} is not kept: {} descriptors are, the most that can be given back", name, size());
    return;
  }
  items_[name] = std::move(fds);
}

std::vector<int> KeptDescriptors::List(stage::Kept& kept) const {
  std::vector<int> all;
  for (const auto& [name, fds] : items_) {
    stage::Kept::Item& item = *kept.add_items();
    item.set_name(name);
    item.set_descriptors(static_cast<uint32_t>(fds.size()));
    for (const UniqueFd& fd : fds) all.push_back(fd.get());
  }
  return all;
}

std::map<std::string, std::vector<UniqueFd>> KeptDescriptors::Unpack(const stage::Kept& kept,
                                                                     std::vector<UniqueFd> fds) {
  size_t sum = 0;
  for (const stage::Kept::Item& item : kept.items()) sum += item.descriptors();
  if (sum != fds.size()) return {};
  std::map<std::string, std::vector<UniqueFd>> items;
  auto next = std::make_move_iterator(fds.begin());
  for (const stage::Kept::Item& item : kept.items()) {
    items[item.name()] = std::vector<UniqueFd>(next, next + item.descriptors());
    next += item.descriptors();
  }
  return items;
}

}  // namespace air
