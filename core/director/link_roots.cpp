#include "core/director/link_roots.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/director/decisions/media_roots.h"

namespace retrovue {
namespace {

std::optional<std::string> RealPath(const std::string& path) {
  std::error_code error;
  const std::filesystem::path real = std::filesystem::canonical(path, error);
  return error ? std::nullopt : std::optional<std::string>(real.string());
}

bool IsLink(const std::string& path) {
  std::error_code error;
  return std::filesystem::is_symlink(path, error);
}

class Search {
 public:
  explicit Search(const std::vector<std::string>& roots) : roots_(roots) {
    for (const std::string& root : roots) inside_.insert(RealPath(root).value_or(root));
  }

  void LookAt(const std::string& path) {
    const auto root =
        std::find_if(roots_.begin(), roots_.end(), [&](const std::string& r) { return LiesUnder(path, r); });
    if (root == roots_.end()) return;
    if (!IsLink(path) && FolderIsInside(path.substr(0, path.rfind('/')))) return;
    // From the root on down: the first link that leads out, and those behind it.
    for (std::size_t end = root->size(); end < path.size() && !found_.more;) {
      end = std::min(path.find('/', end + 1), path.size());
      const std::string part = path.substr(0, end);
      if (!IsLink(part)) continue;
      if (const auto real = RealPath(part); real.has_value() && !IsInside(*real)) Add(*real);
    }
  }

  LinkRoots Result() && { return std::move(found_); }

 private:
  bool IsInside(const std::string& real) const {
    return std::any_of(inside_.begin(), inside_.end(),
                       [&](const std::string& r) { return LiesUnder(real, r); });
  }
  bool FolderIsInside(const std::string& folder) {
    const auto [known, is_new] = folders_.emplace(folder, false);
    if (is_new) {
      const auto real = RealPath(folder);
      known->second = !real.has_value() || IsInside(*real);
    }
    return known->second;
  }
  void Add(const std::string& real) {
    if (found_.roots.size() >= LinkRoots::kMost) {
      found_.more = true;
      return;
    }
    inside_.insert(real);
    found_.roots.insert(std::upper_bound(found_.roots.begin(), found_.roots.end(), real), real);
  }

  const std::vector<std::string>& roots_;
  std::set<std::string> inside_;
  std::map<std::string, bool> folders_;  // whether all that is in them, and is no link, lies inside
  LinkRoots found_;
};

// Each root ends with a NUL, which is in no path; the last one of a file that was cut short does not.
std::string FileOf(const std::string& run_folder) { return absl::StrCat(run_folder, "/link-roots"); }

}  // namespace

LinkRoots FindLinkRoots(const std::vector<std::string>& roots, const std::vector<std::string>& assets) {
  Search search(roots);
  for (const std::string& path : assets) search.LookAt(path);
  return std::move(search).Result();
}

std::vector<std::string> RememberedLinkRoots(const std::string& run_folder) {
  std::ifstream file(FileOf(run_folder), std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::vector<std::string> roots = absl::StrSplit(text, '\0');
  roots.pop_back();
  std::erase_if(roots, [](const std::string& root) { return root.size() < 2 || root[0] != '/'; });
  if (roots.size() > LinkRoots::kMost) roots.resize(LinkRoots::kMost);
  return roots;
}

void RememberLinkRoots(const std::string& run_folder, const std::vector<std::string>& roots) {
  const std::string path = FileOf(run_folder), next = path + ".new";
  std::ofstream file(next, std::ios::binary | std::ios::trunc);
  for (const std::string& root : roots) file << root << '\0';
  file.close();
  if (file.good())
    std::rename(next.c_str(), path.c_str());
  else
    std::remove(next.c_str());
}

}  // namespace retrovue
