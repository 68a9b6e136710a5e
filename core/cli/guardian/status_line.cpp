#include "core/cli/guardian/status_line.h"

#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/one_line.h"

namespace retrovue::cli {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLongestReason = 120;  // bytes

// A whole number of the object; -1 if it has none of that name.
std::int64_t Number(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number() ? found->get<std::int64_t>() : -1;
}

std::string Counted(std::int64_t count, const char* one, const char* several) {
  return absl::StrCat(count, " ", count == 1 ? one : several);
}

}  // namespace

std::string StatusLine(const std::string& page) {
  const Json json = Json::parse(page, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return "the program director says nothing that can be read";
  if (const auto starting = json.find("starting"); starting != json.end() && *starting == true)
    return "starting";  // what it counts means nothing yet
  std::vector<std::string> parts;
  const auto add = [&](const char* name, const char* one, const char* several) {
    if (const std::int64_t count = Number(json, name); count >= 0)
      parts.push_back(Counted(count, one, several));
  };
  const auto complain = [&](const char* name, const char* one, const char* several) {
    if (const std::int64_t count = Number(json, name); count > 0)
      parts.push_back(Counted(count, one, several));
  };
  add("channels", "channel", "channels");
  if (const std::int64_t up = Number(json, "channels_up"); up >= 0)
    parts.push_back(absl::StrCat(up, " on the air"));
  add("viewers", "viewer", "viewers");
  if (const std::int64_t hours = Number(json, "horizon_hours"); hours >= 0)
    parts.push_back(absl::StrCat("guide ", hours, " h ahead"));
  complain("blocks_late", "late block", "late blocks");
  complain("database_errors", "database error", "database errors");
  complain("evidence_behind", "piece of evidence behind", "pieces of evidence behind");
  if (const auto why = json.find("why_not_ready"); why != json.end() && why->is_array()) {
    for (const Json& reason : *why) {
      if (reason.is_string()) parts.push_back(air::OneLine(reason.get<std::string>(), kLongestReason));
    }
  }
  return parts.empty() ? "running" : absl::StrJoin(parts, " | ");
}

}  // namespace retrovue::cli
