// Where a network lives on a machine: its folder, its database, its sockets. One reader of flags and environment for all of
// Core's programs. Pure: nothing is made and nothing is looked for.
#pragma once

#include <functional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace retrovue {

// Answers the value of an environment variable; empty: not set.
using Environment = std::function<std::string(const char* name)>;
// The process's own.
Environment ProcessEnvironment();

struct Home {
  std::string folder;        // absolute, without a slash at its end
  std::string database_url;  // "sqlite:PATH", "postgresql://…" or "postgres://…"

  // Held (flock) as long as a network runs on this home; holds the process id of its guardian as text.
  std::string LockPath() const { return folder + "/network.lock"; }
  // Of the programs that `retrovue start` runs.
  std::string LogPath() const { return folder + "/log/program-director.log"; }
};

// `home_flag` and `db_flag`: what --home and --db say, empty if they are not given. Else RETROVUE_HOME and RETROVUE_DB; else
// $XDG_DATA_HOME/retrovue (~/.local/share/retrovue), and the database "retrovue.db" in it.
// Errors: InvalidArgument, with what to write.
absl::StatusOr<Home> FindHome(const std::string& home_flag, const std::string& db_flag,
                              const std::string& working_directory, const Environment& environment);

// The database's URL as it may be shown: without a password.
std::string WithoutPassword(const std::string& database_url);

}  // namespace retrovue
