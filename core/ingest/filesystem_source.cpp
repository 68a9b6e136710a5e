#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/one_line.h"
#include "core/ingest/folder_scan.h"
#include "core/ingest/ingest.h"
#include "core/model/text.h"

namespace retrovue {
namespace {

constexpr const char* kType = "filesystem";

bool IsUtf8(const std::string& text) {
  try {
    return !nlohmann::json(text).dump().empty();  // throws for bytes that are none
  } catch (const nlohmann::json::exception&) {
    return false;
  }
}

bool CanBeRead(const std::string& root) { return access(root.c_str(), R_OK) == 0; }

}  // namespace

absl::StatusOr<Source> FilesystemSource(const std::string& name, const std::vector<std::string>& roots) {
  if (roots.empty()) {
    return absl::InvalidArgumentError(
        "a source of type filesystem needs at least one folder or file: name one");
  }
  nlohmann::json config;
  config["roots"] = nlohmann::json::array();
  std::set<std::string> seen;
  for (const std::string& root : roots) {
    std::error_code error;
    const std::filesystem::path found = std::filesystem::canonical(root, error);
    // One that is not there yet may come: a disk that is not mounted.
    std::string absolute =
        error ? std::filesystem::absolute(root).lexically_normal().string() : found.string();
    while (absolute.size() > 1 && absolute.back() == '/') absolute.pop_back();
    if (!IsUtf8(absolute)) {
      return absl::InvalidArgumentError(
          absl::StrCat(air::OneLine(absolute, 4096),
                       ": its name is not UTF-8: rename it (convmv -f latin1 -t utf8 --notest)"));
    }
    if (seen.insert(absolute).second) config["roots"].push_back(absolute);
  }
  Source source;
  source.type = kType;
  source.name = name;
  source.external_id = absl::StrCat(kType, "-", SlugOf(name).empty() ? "source" : SlugOf(name));
  source.config_json = config.dump();
  return source;
}

absl::StatusOr<std::vector<Collection>> DiscoverCollections(const Source& source) {
  if (source.type != kType) {
    return absl::InvalidArgumentError(absl::StrCat("source \"", source.name, "\" is of type \"", source.type,
                                                   "\": there is an importer for \"", kType, "\" alone"));
  }
  const nlohmann::json config =
      nlohmann::json::parse(source.config_json, nullptr, /*allow_exceptions=*/false);
  if (!config.is_object() || !config.contains("roots") || !config["roots"].is_array()) {
    return absl::InvalidArgumentError(
        absl::StrCat("source \"", source.name, "\": its configuration has no \"roots\": give it a folder"));
  }
  std::vector<Collection> collections;
  std::set<std::string> names;
  for (const nlohmann::json& root : config["roots"]) {
    if (!root.is_string()) continue;
    Collection collection;
    collection.source_id = source.id;
    collection.external_id = root.get<std::string>();
    std::string name = std::filesystem::path(collection.external_id).filename().string();
    if (name.empty()) name = collection.external_id;
    collection.name = name;
    for (int i = 2; !names.insert(collection.name).second; ++i) collection.name = absl::StrCat(name, " ", i);
    collection.ingestible = CanBeRead(collection.external_id);
    collections.push_back(std::move(collection));
  }
  return collections;
}

}  // namespace retrovue
