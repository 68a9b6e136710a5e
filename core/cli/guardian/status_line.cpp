#include "core/cli/guardian/status_line.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace retrovue::cli {
namespace {

using Json = nlohmann::json;

// A whole number of the object; -1 if it has none of that name.
std::int64_t Number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : -1;
}

std::string Counted(std::int64_t count, const char* noun) {
  return absl::StrCat(count, " ", noun, count == 1 ? "" : "s");
}

}  // namespace

std::string StatusLine(const std::string& page) {
  const Json json = Json::parse(page, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return "the program director says nothing that can be read";
  std::vector<std::string> parts;
  const auto add = [&](const char* name, const char* noun) {
    if (const std::int64_t count = Number(json, name); count >= 0) parts.push_back(Counted(count, noun));
  };
  const auto complain = [&](const char* name, const char* noun) {
    if (const std::int64_t count = Number(json, name); count > 0) parts.push_back(Counted(count, noun));
  };
  add("channels", "channel");
  if (const std::int64_t up = Number(json, "channels_up"); up >= 0)
    parts.push_back(absl::StrCat(up, " on the air"));
  add("viewers", "viewer");
  if (const std::int64_t hours = Number(json, "horizon_hours"); hours >= 0)
    parts.push_back(absl::StrCat("guide ", hours, " h ahead"));
  complain("blocks_late", "late block");
  complain("database_errors", "database error");
  complain("evidence_behind", "piece of evidence behind");
  return parts.empty() ? "running" : absl::StrJoin(parts, " | ");
}

}  // namespace retrovue::cli
