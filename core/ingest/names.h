// What a file's name says: series, season, episode, date, year, part, and other systems' names for it.
//
// Pure, and for names of strangers: linear in their length, right for any bytes. What it recognizes is in docs/core/ingest.md
// and, name by name, in tests/core/ingest/names_test.cpp.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"

namespace retrovue {

struct NameFacts {
  std::string title;          // never empty
  std::string series;         // empty: not of a series
  std::optional<int> season;  // 0: specials
  std::optional<int> episode;
  std::optional<int> last_episode;  // of a file with several, the last one
  std::optional<int> part;
  std::optional<int> year;
  std::optional<absl::CivilDay> air_date;
  std::vector<std::pair<std::string, std::string>> ids;  // provider ("tvdb", "youtube") and its key
  // From 0 to 100: how sure it is that this is what the name means. From 80 on it is taken as it is.
  int confidence = 0;

  friend bool operator==(const NameFacts&, const NameFacts&) = default;
};

// `path` is the file's below its root, with '/' between its parts; `root_name` is the root folder's own name, which is
// looked at where the path does not say which series it is.
NameFacts ParseName(absl::string_view path, absl::string_view root_name = "");

// The name of a file without its folders and its extension.
std::string StemOf(absl::string_view path);

}  // namespace retrovue
