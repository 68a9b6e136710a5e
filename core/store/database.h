// What differs between the two databases: how a connection is opened, how a transaction begins, and what an error means.
#pragma once

#include <memory>
#include <string>

#include <soci/soci.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/model/time.h"

namespace retrovue {

enum class Access {
  kRead,     // one snapshot
  kWrite,    // alone among all writers, of all processes
  kMigrate,  // alone in the whole database
};

// May be used by many threads; a session only by one at a time.
class Database {
 public:
  virtual ~Database() = default;

  // For people, without a password.
  virtual std::string PublicName() const = 0;

  // A connection, set up. Connections are opened one after the other. The first one makes the database if it is not there.
  virtual absl::StatusOr<std::unique_ptr<soci::session>> Open() = 0;

  // These throw what SOCI throws.
  virtual void Begin(soci::session& session, Access access) const = 0;

  // A Status of the kinds store.h lists. `noun` is what was to be written, "a source".
  virtual absl::Status Explain(soci::session& session, const soci::soci_error& error,
                               const std::string& noun) const = 0;
};

// INVALID_ARGUMENT, with an example, for what is no URL of either database.
absl::StatusOr<std::unique_ptr<Database>> DatabaseOf(const std::string& url, Millis busy_timeout);

std::unique_ptr<Database> MakeSqlite(const std::string& path, Millis busy_timeout);
absl::StatusOr<std::unique_ptr<Database>> MakePostgres(const std::string& url, Millis busy_timeout);

}  // namespace retrovue
