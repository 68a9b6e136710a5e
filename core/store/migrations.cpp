#include "core/store/migrations.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace retrovue {
namespace {

struct Applied {
  int version = 0;
  std::string name;
  std::string checksum;
};

constexpr char kHistory[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    "version BIGINT PRIMARY KEY NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at_ms BIGINT "
    "NOT NULL)";

std::vector<Applied> ReadHistory(soci::session& session) {
  std::vector<Applied> history;
  Applied row;
  soci::statement statement =
      (session.prepare << "SELECT version, name, checksum FROM schema_migrations ORDER BY version",
       soci::into(row.version), soci::into(row.name), soci::into(row.checksum));
  statement.execute();
  while (statement.fetch()) history.push_back(row);
  return history;
}

absl::Status CheckHistory(const std::vector<Applied>& history, absl::Span<const Migration> migrations,
                          const std::string& database) {
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (i >= migrations.size()) {
      return absl::FailedPreconditionError(absl::StrCat(
          "the database ", database, " was made by a newer program (its version is ", history.back().version,
          ", this program knows ", migrations.size(), "): use that program, or another database"));
    }
    const Migration& known = migrations[i];
    if (history[i].version != known.version || history[i].checksum != known.checksum) {
      return absl::FailedPreconditionError(
          absl::StrCat("the database ", database, " has another history than this program: migration ",
                       history[i].version, " (", history[i].name, ") there is not ", known.name,
                       " here. Use the program that made it, or another database"));
    }
  }
  return absl::OkStatus();
}

// One step, or none if nothing is to be done any more.
absl::StatusOr<bool> Step(soci::session& session, const Database& database, Instant now,
                          absl::Span<const Migration> migrations) {
  const auto undo = [&] {
    try {
      session << "ROLLBACK";
    } catch (const soci::soci_error&) {  // it is over already
    }
  };
  try {
    database.Begin(session, Access::kMigrate);
  } catch (const soci::soci_error& error) {
    return database.Explain(session, error, "");
  }
  try {
    session << kHistory;
    const std::vector<Applied> history = ReadHistory(session);
    if (absl::Status status = CheckHistory(history, migrations, database.PublicName()); !status.ok()) {
      undo();
      return status;
    }
    if (history.size() == migrations.size()) {
      undo();
      return false;
    }
    const Migration& next = migrations[history.size()];
    for (const std::string& statement : StatementsOf(next.text)) session << statement;
    const long long applied_at = UtcMs(now);
    session
        << "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) VALUES (:v, :n, :c, :t)",
        soci::use(next.version, "v"), soci::use(next.name, "n"), soci::use(next.checksum, "c"),
        soci::use(applied_at, "t");
    session << "COMMIT";
    return true;
  } catch (const soci::soci_error& error) {
    absl::Status status = database.Explain(session, error, "");
    undo();
    return status;
  }
}

}  // namespace

std::vector<std::string> StatementsOf(const std::string& text) {
  std::vector<std::string> statements;
  std::string statement;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || absl::StartsWith(line, "--")) continue;
    absl::StrAppend(&statement, line, "\n");
    if (line.back() == ';') statements.push_back(std::exchange(statement, ""));
  }
  if (!statement.empty()) statements.push_back(std::move(statement));
  return statements;
}

absl::Status Migrate(soci::session& session, const Database& database, Instant now,
                     absl::Span<const Migration> migrations) {
  // A database that is up to date is only read, and waits for no other process.
  try {
    const std::vector<Applied> history = ReadHistory(session);
    absl::Status status = CheckHistory(history, migrations, database.PublicName());
    if (!status.ok() || history.size() == migrations.size()) return status;
  } catch (const soci::soci_error&) {  // there is no history yet; or what is wrong shows below, too
  }
  for (;;) {
    const absl::StatusOr<bool> more = Step(session, database, now, migrations);
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
  }
}

}  // namespace retrovue
