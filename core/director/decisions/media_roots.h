// Which folders and files AIR may play from. Pure.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/model/catalogue.h"
#include "core/model/channel.h"

namespace retrovue {

// What no media lies under: the root of a network that may play nothing. AIR takes no root for all files.
inline constexpr const char* kNoMedia = "/dev/null";

// True if `path` is `root` or lies under it, name by name. Both absolute, without "..".
bool LiesUnder(absl::string_view path, absl::string_view root);

// The roots of all collections, enabled or not (their assets may be planned still), and the channels' station cards. Sorted.
std::vector<std::string> CatalogueRoots(const std::vector<Collection>& collections,
                                        const std::vector<Channel>& channels);

// All of `parts` together: absolute paths, sorted, none twice or under another one; kNoMedia where there is none.
std::vector<std::string> MediaRoots(const std::vector<std::vector<std::string>>& parts);

}  // namespace retrovue
