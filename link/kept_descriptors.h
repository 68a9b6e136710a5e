// KeptDescriptors: second copies of descriptors that have no name (sockets, pipes, sealed memory), which one
// process holds for another that may be killed. As long as one copy is open the kernel keeps what it refers
// to.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "protos/stage.pb.h"

namespace air {

class KeptDescriptors {
 public:
  // More than one message could give back is not kept: the newest names are refused, and the log says so.
  void Keep(const std::string& name, std::vector<UniqueFd> fds);
  void Drop(const std::string& name) { items_.erase(name); }
  // All of them, in the order `kept` states. They stay kept.
  std::vector<int> List(stage::Kept& kept) const;
  size_t size() const;

  // The receiving end: what a Kept message and the descriptors beside it say. A count that does not add up
  // gives nothing.
  static std::map<std::string, std::vector<UniqueFd>> Unpack(const stage::Kept& kept,
                                                             std::vector<UniqueFd> fds);

 private:
  std::map<std::string, std::vector<UniqueFd>> items_;
};

}  // namespace air
