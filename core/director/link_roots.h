// Where links inside of the media lead. An ingest follows links, so what it has taken in may lie elsewhere; AIR plays
// what lies under a root with every link followed.
#pragma once

#include <string>
#include <vector>

namespace retrovue {

struct LinkRoots {
  std::vector<std::string> roots;  // where links lead out of the media: folders or files, real paths, sorted
  bool more = false;               // there are more than kMost
  static constexpr std::size_t kMost = 64;
};

// Looks at the assets' paths, each under one of the `roots` (others are passed over). Waits for disks, also for a dead
// mount.
LinkRoots FindLinkRoots(const std::vector<std::string>& roots, const std::vector<std::string>& assets);

// What was found last, beside the network's sockets: a director that begins while a mount hangs goes on with it, so
// that what AIR plays behind the other links stays on the air. Nothing that is damaged is read; a write that fails
// costs only this.
std::vector<std::string> RememberedLinkRoots(const std::string& run_folder);
void RememberLinkRoots(const std::string& run_folder, const std::vector<std::string>& roots);

}  // namespace retrovue
