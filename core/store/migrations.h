// The schema's history: numbered SQL files, built into the program with their checksums.
//
// Each runs in a transaction of its own, with the database to itself, and is written down in schema_migrations. What ran once
// is never changed: another text under its number is refused.
#pragma once

#include <string>
#include <vector>

#include <soci/soci.h>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "core/store/database.h"

namespace retrovue {

struct Migration {
  int version = 0;       // from 1, one by one
  std::string name;      // "001_network"
  std::string checksum;  // SHA-256 of `text`, in hex
  std::string
      text;  // statements; each ends with a semicolon at the end of a line, and none has a colon in it
};

// Those of core/store/migrations/.
const std::vector<Migration>& Migrations();

// Brings the database to the last one of `migrations`. FAILED_PRECONDITION, and nothing is changed, if it is newer or has
// another history.
absl::Status Migrate(soci::session& session, const Database& database, Instant now,
                     absl::Span<const Migration> migrations);

// The statements of a migration.
std::vector<std::string> StatementsOf(const std::string& text);

}  // namespace retrovue
