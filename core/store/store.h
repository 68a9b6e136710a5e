// The database of the network: SQLite in a file, or PostgreSQL. One SQL text for both.
//
//   Store::Open(url) ── Read(fn)   one snapshot: all that `fn` reads is of one instant
//                    ── Write(fn)  one transaction: all of it or nothing. One writer at a time, in all processes
//
// A repository a noun (sources.h, assets.h, ...) hangs on both: from a Snapshot it can only be read. Errors, of all of
// them, in words that name the next step:
//
//   INVALID_ARGUMENT     what was to be stored breaks its noun's rule (the Validate functions), or the URL is none
//   NOT_FOUND            no such row
//   ALREADY_EXISTS       another row has that name or key
//   FAILED_PRECONDITION  something refers to it, or the database is newer than this program
//   ABORTED              the row was changed in between (optimistic lock)
//   DEADLINE_EXCEEDED    another process kept the database locked for longer than `busy_timeout`: try again
//   RESOURCE_EXHAUSTED   the disk is full. Nothing of the transaction is stored
//   PERMISSION_DENIED    the database may not be written
//   UNAVAILABLE          the database cannot be reached. It is looked for again at the next call
//   DATA_LOSS            what is stored cannot be understood
//
// Texts may hold any bytes: what is no UTF-8 is stored in an escaped form (text_codec.h).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/model/id.h"
#include "core/model/time.h"

namespace retrovue {

class AsRun;
class Assets;
class Channels;
class Collections;
class CursorMarks;
class Database;
class Playlog;
class Plans;
class Programs;
class Repositories;
class ScheduleDays;
class Settings;
class Sources;
class Sql;
class SyntheticAssets;
class VirtualAssets;

struct StoreOptions {
  // The network's clock: what is stamped is stamped with it. Called from every thread that writes.
  std::function<Instant()> now;
  // 64 random bits, for keys. Not set: of the system's source.
  std::function<std::uint64_t()> random;
  // How long a call waits for another writer before it answers DEADLINE_EXCEEDED.
  Millis busy_timeout{10'000};
};

// Which part of what is stored a revision counts.
enum class Part {
  kCatalogue,  // assets, programs, virtual and synthetic assets
  kChannels,   // channels, plans, zones, cursor marks
};

// What one Read sees. For the thread that Read calls, and for the length of the call.
class Snapshot {
 public:
  const Sources& sources() const;
  const Collections& collections() const;
  const Assets& assets() const;
  const Channels& channels() const;
  const Plans& plans() const;
  const Programs& programs() const;
  const VirtualAssets& virtual_assets() const;
  const SyntheticAssets& synthetic_assets() const;
  const CursorMarks& cursor_marks() const;
  const ScheduleDays& schedule_days() const;
  const Playlog& playlog() const;
  const AsRun& as_run() const;
  const Settings& settings() const;

  // Grows by one with every transaction, of any process, that changed something of that part.
  absl::StatusOr<std::int64_t> Revision(Part part) const;

 protected:
  friend class Store;
  explicit Snapshot(Repositories& repositories) : repositories_(repositories) {}
  Repositories& repositories_;
};

// What one Write does. For the thread that Write calls, and for the length of the call.
class Transaction : public Snapshot {
 public:
  Sources& sources();
  Collections& collections();
  Assets& assets();
  Channels& channels();
  Plans& plans();
  Programs& programs();
  VirtualAssets& virtual_assets();
  SyntheticAssets& synthetic_assets();
  CursorMarks& cursor_marks();
  ScheduleDays& schedule_days();
  Playlog& playlog();
  AsRun& as_run();
  Settings& settings();

  IdSource& ids();
  Instant now() const;  // one instant for the whole transaction

 private:
  friend class Store;
  using Snapshot::Snapshot;
};

// Where a URL leads, for people: without a password.
std::string PublicUrl(const std::string& url);

// May be used by many threads at once. Writes wait for each other; reads do not wait for writes. A function that is given to
// Write or Rehearse must not call either.
class Store {
 public:
  // "sqlite:PATH" (also a relative one) or "postgresql://...". The database is made and brought to this program's version on
  // first use; its folder must be there. FAILED_PRECONDITION if a newer program has made it newer, or if a migration that ran
  // is not the one this program has.
  static absl::StatusOr<std::unique_ptr<Store>> Open(const std::string& url, StoreOptions options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Stored for good when it answers OK: it outlives a loss of power. Nothing is stored if `fn` or Write answers anything else,
  // but for UNAVAILABLE from a PostgreSQL that was lost in the middle of the commit: then look, or do it again.
  absl::Status Write(absl::FunctionRef<absl::Status(Transaction&)> fn);

  // The same, and all of it is undone at the end: what --dry-run does.
  absl::Status Rehearse(absl::FunctionRef<absl::Status(Transaction&)> fn);

  absl::Status Read(absl::FunctionRef<absl::Status(const Snapshot&)> fn);

  // Rows that transactions of this Store have added, changed or deleted for good. What is put as it already is counts nothing.
  std::int64_t rows_written() const { return rows_written_.load(std::memory_order_relaxed); }
  // Calls that failed because of the database itself (busy, full, gone), for the metrics page.
  std::int64_t database_errors() const { return database_errors_.load(std::memory_order_relaxed); }

 private:
  struct Connection;

  Store(std::unique_ptr<Database> database, StoreOptions options);

  absl::Status Run(absl::FunctionRef<absl::Status(Transaction&)> fn, bool keep);
  absl::StatusOr<std::unique_ptr<Connection>> Connect();
  absl::Status Noted(absl::Status status);

  std::unique_ptr<Database> database_;
  StoreOptions options_;
  std::mutex opening_;  // connections are opened one after the other
  std::mutex writing_;
  std::unique_ptr<Connection> writer_;  // under writing_; empty: to be opened
  IdSource ids_;                        // under writing_
  std::mutex idle_readers_lock_;
  std::vector<std::unique_ptr<Connection>> idle_readers_;
  std::atomic<std::int64_t> rows_written_{0};
  std::atomic<std::int64_t> database_errors_{0};
};

}  // namespace retrovue
