// PostgreSQL, one schema, one writer: every writing transaction takes the same advisory lock, so that both databases behave
// alike.
#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

#include <soci/postgresql/soci-postgresql.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "core/store/database.h"
#include "core/store/store.h"

namespace retrovue {
namespace {

// "retrovue" in ASCII: the advisory lock of all that write.
constexpr long long kWriterLock = 0x726574726f767565;

struct Setting {
  std::string name;
  std::string value;
};

std::string ConnectString(const std::vector<Setting>& settings) {
  std::string text;
  for (const Setting& setting : settings) {
    absl::StrAppend(&text, setting.name, "='",
                    absl::StrReplaceAll(setting.value, {{"\\", "\\\\"}, {"'", "\\'"}}), "' ");
  }
  return text;
}

// The line that says it, without what SOCI and libpq put before it.
std::string FirstLine(std::string message) {
  constexpr absl::string_view kOfSoci = "Cannot establish connection to the database.";
  if (absl::StartsWith(message, kOfSoci)) message.erase(0, message.find_first_not_of("\n ", kOfSoci.size()));
  const std::string line = message.substr(0, message.find('\n'));
  const std::size_t error = line.find("ERROR:  ");
  return error == std::string::npos ? line : line.substr(error + 8);
}

// libpq looks at a port only when it connects.
bool IsPort(const std::string& text) {
  int port = 0;
  return absl::SimpleAtoi(text, &port) && port > 0 && port < 65536;
}

class Postgres : public Database {
 public:
  Postgres(std::vector<Setting> settings, std::string public_name, Millis busy_timeout)
      : settings_(std::move(settings)), public_name_(std::move(public_name)), busy_timeout_(busy_timeout) {}

  std::string PublicName() const override { return public_name_; }

  absl::StatusOr<std::unique_ptr<soci::session>> Open() override {
    absl::StatusOr<std::unique_ptr<soci::session>> session = Connect(settings_);
    if (!session.ok() && !known_to_exist_) {
      if (absl::Status made = MakeDatabase(); !made.ok()) return session.status();
      session = Connect(settings_);
    }
    if (!session.ok()) return session.status();
    known_to_exist_ = true;
    try {
      std::string encoding;
      **session << "SHOW server_encoding", soci::into(encoding);
      if (encoding != "UTF8") {
        return absl::FailedPreconditionError(absl::StrCat(
            "the database ", public_name_, " is in ", encoding,
            ": make one with ENCODING 'UTF8', or name one that is not there yet, and it is made"));
      }
      **session << absl::StrCat("SET lock_timeout = ", busy_timeout_.count());
      **session << "SET statement_timeout = 60000";
      **session << "SET idle_in_transaction_session_timeout = 60000";
      **session << "SET client_min_messages = warning";
    } catch (const soci::soci_error& error) {
      return Explain(**session, error, "");
    }
    return session;
  }

  void Begin(soci::session& session, Access access) const override {
    if (access == Access::kRead) {
      session << "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
      return;
    }
    session << "BEGIN";
    session << absl::StrCat("SELECT 1 FROM pg_advisory_xact_lock(", kWriterLock, ")");
  }

  absl::Status Explain(soci::session& session, const soci::soci_error& error,
                       const std::string& noun) const override {
    const std::string message = FirstLine(error.get_error_message());
    const auto* own = dynamic_cast<const soci::postgresql_soci_error*>(&error);
    const std::string state = own == nullptr ? "" : own->sqlstate();
    const std::string what = noun.empty() ? "a row" : noun;
    auto* backend = static_cast<soci::postgresql_session_backend*>(session.get_backend());
    // An error without a state is libpq's own: the server has said nothing any more.
    const bool lost = backend == nullptr || backend->conn_ == nullptr ||
                      PQstatus(backend->conn_) != CONNECTION_OK ||
                      (own != nullptr && absl::StripAsciiWhitespace(state).empty());
    if (lost || absl::StartsWith(state, "08") || absl::StartsWith(state, "57")) return Gone(message);
    if (state == "55P03" || state == "40P01" || state == "40001") {
      return absl::DeadlineExceededError(
          absl::StrCat("the database ", public_name_, " was locked by another process for ",
                       busy_timeout_.count(), " ms: try again when it is done"));
    }
    if (absl::StartsWith(state, "53")) {
      return absl::ResourceExhaustedError(absl::StrCat("the database ", public_name_, " has no room (",
                                                       message,
                                                       "): make room on its server. Nothing was stored"));
    }
    if (state == "42501" || state == "25006") {
      return absl::PermissionDeniedError(absl::StrCat("the database ", public_name_, " may not be written (",
                                                      message, "): give its user the right to"));
    }
    if (state == "23505") {
      return absl::AlreadyExistsError(absl::StrCat(what, " with that name or key is there already (", message,
                                                   "): choose another name, or change what is there"));
    }
    if (state == "23503") {
      return absl::FailedPreconditionError(absl::StrCat(
          what, " belongs to what is not there, or something still refers to it: look at both sides first"));
    }
    if (absl::StartsWith(state, "23")) {
      return absl::InvalidArgumentError(absl::StrCat(what, " breaks a rule of the database (", message, ")"));
    }
    if (absl::StartsWith(state, "58") || absl::StartsWith(state, "XX")) {
      return absl::UnavailableError(absl::StrCat("the database ", public_name_, " cannot read or write (",
                                                 message, "): look after its server's disk"));
    }
    return absl::InternalError(absl::StrCat("the database ", public_name_, ": ", message));
  }

 private:
  absl::Status Gone(const std::string& why) const {
    return absl::UnavailableError(absl::StrCat("the database ", public_name_, " cannot be reached (", why,
                                               "): start its server, or name another one with --db"));
  }

  absl::StatusOr<std::unique_ptr<soci::session>> Connect(const std::vector<Setting>& settings) const {
    auto session = std::make_unique<soci::session>();
    try {
      session->open(soci::postgresql, ConnectString(settings));
    } catch (const soci::soci_error& error) {
      return Gone(FirstLine(error.get_error_message()));
    }
    return session;
  }

  // Makes the database the URL names, by way of the one that every server has. OK also if another process was quicker.
  absl::Status MakeDatabase() const {
    std::string name;
    std::vector<Setting> settings = settings_;
    for (Setting& setting : settings) {
      if (setting.name == "dbname") name = std::exchange(setting.value, "postgres");
    }
    if (name.empty()) return absl::NotFoundError("no name");
    absl::StatusOr<std::unique_ptr<soci::session>> session = Connect(settings);
    if (!session.ok()) return session.status();
    try {
      int there = 0;
      **session << "SELECT COUNT(*) FROM pg_database WHERE datname = :name", soci::use(name, "name"),
          soci::into(there);
      if (there != 0) return absl::AlreadyExistsError("it is there");
      **session << absl::StrCat("CREATE DATABASE \"", absl::StrReplaceAll(name, {{"\"", "\"\""}}),
                                "\" ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0");
    } catch (const soci::postgresql_soci_error& error) {
      if (error.sqlstate() == "42P04" || error.sqlstate() == "23505") return absl::OkStatus();
      return absl::InternalError(error.get_error_message());
    } catch (const soci::soci_error& error) {
      return absl::InternalError(error.get_error_message());
    }
    return absl::OkStatus();
  }

  std::vector<Setting> settings_;
  std::string public_name_;
  Millis busy_timeout_;
  bool known_to_exist_ = false;  // under the store's lock for opening
};

}  // namespace

absl::StatusOr<std::unique_ptr<Database>> MakePostgres(const std::string& url, Millis busy_timeout) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(
      PQconninfoParse(url.c_str(), &error), &PQconninfoFree);
  if (options == nullptr) {
    const std::string why = error == nullptr ? "" : FirstLine(error);
    PQfreemem(error);
    return absl::InvalidArgumentError(absl::StrCat("the database's URL cannot be read (", why,
                                                   "): write it as postgresql://USER@HOST:PORT/NAME"));
  }
  std::vector<Setting> settings = {{"application_name", "retrovue"},
                                   {"connect_timeout", "10"},
                                   {"client_encoding", "UTF8"},
                                   {"tcp_user_timeout", "15000"},
                                   {"options", "-c standard_conforming_strings=on"}};
  bool named = false;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    const std::string keyword = option->keyword;
    named = named || keyword == "dbname";
    if (keyword == "port" && !IsPort(option->val)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the database's URL has the port \"", option->val,
                       "\": write it as postgresql://USER@HOST:PORT/NAME, with a number"));
    }
    // What the URL says stands behind, and wins.
    settings.push_back({keyword, option->val});
  }
  if (!named) settings.push_back({"dbname", "retrovue"});
  return std::make_unique<Postgres>(std::move(settings), PublicUrl(url), busy_timeout);
}

}  // namespace retrovue
