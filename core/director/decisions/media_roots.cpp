#include "core/director/decisions/media_roots.h"

#include <algorithm>

#include "absl/strings/match.h"

namespace retrovue {

bool LiesUnder(absl::string_view path, absl::string_view root) {
  if (!absl::StartsWith(path, root)) return false;
  return path.size() == root.size() || root == "/" || path[root.size()] == '/';
}

std::vector<std::string> CatalogueRoots(const std::vector<Collection>& collections,
                                        const std::vector<Channel>& channels) {
  std::vector<std::string> roots;
  for (const Collection& collection : collections) roots.push_back(RootOf(collection));
  for (const Channel& channel : channels)
    if (!channel.station_card_path.empty()) roots.push_back(channel.station_card_path);
  std::sort(roots.begin(), roots.end());
  return roots;
}

std::vector<std::string> MediaRoots(const std::vector<std::vector<std::string>>& parts) {
  std::vector<std::string> all;
  for (const std::vector<std::string>& part : parts)
    for (const std::string& root : part)
      if (absl::StartsWith(root, "/")) all.push_back(root);
  std::vector<std::string> roots;
  for (const std::string& root : all) {
    const bool is_covered = std::any_of(all.begin(), all.end(), [&](const std::string& other) {
      return other.size() < root.size() && LiesUnder(root, other);
    });
    if (!is_covered) roots.push_back(root);
  }
  std::sort(roots.begin(), roots.end());
  roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
  if (roots.empty()) roots.emplace_back(kNoMedia);
  return roots;
}

}  // namespace retrovue
