#include "core/home/home.h"

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace retrovue {
namespace {

std::string Absolute(std::string path, const std::string& working_directory) {
  if (!absl::StartsWith(path, "/")) path = absl::StrCat(working_directory, "/", path);
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

absl::StatusOr<std::string> FolderOf(const std::string& flag, const Environment& environment) {
  if (!flag.empty()) return flag;
  if (std::string home = environment("RETROVUE_HOME"); !home.empty()) return home;
  // The XDG base directory specification: a relative path there counts as none.
  if (const std::string data = environment("XDG_DATA_HOME"); absl::StartsWith(data, "/"))
    return data + "/retrovue";
  if (const std::string user = environment("HOME"); absl::StartsWith(user, "/"))
    return user + "/.local/share/retrovue";
  return absl::InvalidArgumentError(
      "there is no folder for the network: give one with --home DIR, or set RETROVUE_HOME");
}

}  // namespace

Environment ProcessEnvironment() {
  return [](const char* name) -> std::string {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
  };
}

absl::StatusOr<Home> FindHome(const std::string& home_flag, const std::string& db_flag,
                              const std::string& working_directory, const Environment& environment) {
  const absl::StatusOr<std::string> folder = FolderOf(home_flag, environment);
  if (!folder.ok()) return folder.status();
  Home home;
  home.folder = Absolute(*folder, working_directory);
  home.database_url = db_flag.empty() ? environment("RETROVUE_DB") : db_flag;
  if (home.database_url.empty()) home.database_url = absl::StrCat("sqlite:", home.folder, "/retrovue.db");
  if (absl::string_view path = home.database_url; absl::ConsumePrefix(&path, "sqlite:")) {
    if (path.empty()) {
      return absl::InvalidArgumentError(
          "--db sqlite: names no file: write it like sqlite:/var/lib/retrovue/retrovue.db");
    }
    home.database_url = absl::StrCat("sqlite:", Absolute(std::string(path), working_directory));
  } else if (!absl::StartsWith(path, "postgresql://") && !absl::StartsWith(path, "postgres://")) {
    return absl::InvalidArgumentError(absl::StrCat("\"", WithoutPassword(home.database_url),
                                                   "\" is not a database: write it like sqlite:PATH or "
                                                   "postgresql://USER@HOST/NAME (--db or RETROVUE_DB)"));
  }
  return home;
}

std::string WithoutPassword(const std::string& database_url) {
  const std::size_t scheme = database_url.find("://");
  const std::size_t at = database_url.find('@');
  if (scheme == std::string::npos || at == std::string::npos) return database_url;
  const std::size_t colon = database_url.find(':', scheme + 3);
  if (colon == std::string::npos || colon > at) return database_url;
  return absl::StrCat(database_url.substr(0, colon), ":***", database_url.substr(at));
}

}  // namespace retrovue
