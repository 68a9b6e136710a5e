#include "core/store/store.h"

#include <random>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/store/migrations.h"
#include "core/store/repositories.h"
#include "core/store/sql.h"

namespace retrovue {
namespace {

constexpr std::size_t kIdleReaders = 4;  // connections that are kept for the next reads

const char* RowOf(Part part) { return part == Part::kCatalogue ? "catalogue" : "channels"; }

std::uint64_t RandomBits() {
  std::random_device device;
  return static_cast<std::uint64_t>(device()) << 32 | device();
}

void Undo(soci::session& session) {
  try {
    session << "ROLLBACK";
  } catch (const soci::soci_error&) {  // it is over already, or the connection is
  }
}

}  // namespace

struct Store::Connection {
  Connection(std::unique_ptr<soci::session> opened, const Database& database)
      : session(std::move(opened)), sql(*session, database), repositories(sql) {}

  std::unique_ptr<soci::session> session;
  Sql sql;  // its statements end before the session does
  Repositories repositories;
};

const Sources& Snapshot::sources() const { return repositories_.sources; }
const Collections& Snapshot::collections() const { return repositories_.collections; }
const Assets& Snapshot::assets() const { return repositories_.assets; }
const Channels& Snapshot::channels() const { return repositories_.channels; }
const Plans& Snapshot::plans() const { return repositories_.plans; }
const Programs& Snapshot::programs() const { return repositories_.programs; }
const VirtualAssets& Snapshot::virtual_assets() const { return repositories_.virtual_assets; }
const SyntheticAssets& Snapshot::synthetic_assets() const { return repositories_.synthetic_assets; }
const CursorMarks& Snapshot::cursor_marks() const { return repositories_.cursor_marks; }
const ScheduleDays& Snapshot::schedule_days() const { return repositories_.schedule_days; }
const Playlog& Snapshot::playlog() const { return repositories_.playlog; }
const AsRun& Snapshot::as_run() const { return repositories_.as_run; }
const Settings& Snapshot::settings() const { return repositories_.settings; }

absl::StatusOr<std::int64_t> Snapshot::Revision(Part part) const {
  Sql& sql = repositories_.sql;
  return sql.Guarded([&]() -> absl::StatusOr<std::int64_t> {
    return sql.Query("SELECT number FROM revisions WHERE part = :part", 1, {{"part", RowOf(part)}})
        .at(0)
        .Number();
  });
}

Sources& Transaction::sources() { return repositories_.sources; }
Collections& Transaction::collections() { return repositories_.collections; }
Assets& Transaction::assets() { return repositories_.assets; }
Channels& Transaction::channels() { return repositories_.channels; }
Plans& Transaction::plans() { return repositories_.plans; }
Programs& Transaction::programs() { return repositories_.programs; }
VirtualAssets& Transaction::virtual_assets() { return repositories_.virtual_assets; }
SyntheticAssets& Transaction::synthetic_assets() { return repositories_.synthetic_assets; }
CursorMarks& Transaction::cursor_marks() { return repositories_.cursor_marks; }
ScheduleDays& Transaction::schedule_days() { return repositories_.schedule_days; }
Playlog& Transaction::playlog() { return repositories_.playlog; }
AsRun& Transaction::as_run() { return repositories_.as_run; }
Settings& Transaction::settings() { return repositories_.settings; }
IdSource& Transaction::ids() { return repositories_.sql.ids(); }
Instant Transaction::now() const { return repositories_.sql.now(); }

std::string PublicUrl(const std::string& url) {
  const std::size_t scheme = url.find("://");
  if (scheme == std::string::npos) return url;
  const std::size_t begin = scheme + 3;
  const std::size_t host = url.find_first_of("/?", begin);
  const std::size_t at = url.substr(0, host).rfind('@');
  std::string shown = url;
  if (at != std::string::npos) {
    const std::size_t colon = url.find(':', begin);
    if (colon < at) shown = absl::StrCat(url.substr(0, colon), ":***", url.substr(at));
  }
  const std::size_t password = shown.find("password=");
  if (password != std::string::npos) {
    const std::size_t end = shown.find('&', password);
    shown = absl::StrCat(shown.substr(0, password), "password=***",
                         end == std::string::npos ? "" : shown.substr(end));
  }
  return shown;
}

absl::StatusOr<std::unique_ptr<Database>> DatabaseOf(const std::string& url, Millis busy_timeout) {
  if (absl::StartsWith(url, "sqlite:")) {
    const std::string path = url.substr(std::string("sqlite:").size());
    if (path.empty() || path.find('"') != std::string::npos || path.find('\0') != std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("the database's URL \"", url,
                                                     "\" names no file that can be used",
                                                     ": write it as sqlite:/var/lib/retrovue/retrovue.db"));
    }
    return MakeSqlite(path, busy_timeout);
  }
  if (absl::StartsWith(url, "postgresql://") || absl::StartsWith(url, "postgres://")) {
    return MakePostgres(url, busy_timeout);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("\"", PublicUrl(url), "\" is no URL of a database",
                   ": write it as sqlite:PATH or postgresql://USER@HOST:PORT/NAME"));
}

Store::Store(std::unique_ptr<Database> database, StoreOptions options)
    : database_(std::move(database)), options_(std::move(options)), ids_(options_.now, options_.random) {}

Store::~Store() = default;

absl::StatusOr<std::unique_ptr<Store>> Store::Open(const std::string& url, StoreOptions options) {
  if (!options.random) options.random = RandomBits;
  absl::StatusOr<std::unique_ptr<Database>> database = DatabaseOf(url, options.busy_timeout);
  if (!database.ok()) return database.status();
  std::unique_ptr<Store> store(new Store(*std::move(database), std::move(options)));
  absl::StatusOr<std::unique_ptr<Connection>> connection = store->Connect();
  if (!connection.ok()) return connection.status();
  absl::Status migrated =
      Migrate(*(*connection)->session, *store->database_, store->options_.now(), Migrations());
  if (!migrated.ok()) return migrated;
  store->writer_ = *std::move(connection);
  return store;
}

absl::StatusOr<std::unique_ptr<Store::Connection>> Store::Connect() {
  const std::lock_guard lock(opening_);
  absl::StatusOr<std::unique_ptr<soci::session>> session = database_->Open();
  if (!session.ok()) return session.status();
  return std::make_unique<Connection>(*std::move(session), *database_);
}

absl::Status Store::Noted(absl::Status status) {
  switch (status.code()) {
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDataLoss:
      database_errors_.fetch_add(1, std::memory_order_relaxed);
      break;
    default:
      break;
  }
  return status;
}

absl::Status Store::Write(absl::FunctionRef<absl::Status(Transaction&)> fn) { return Noted(Run(fn, true)); }

absl::Status Store::Rehearse(absl::FunctionRef<absl::Status(Transaction&)> fn) {
  return Noted(Run(fn, false));
}

absl::Status Store::Run(absl::FunctionRef<absl::Status(Transaction&)> fn, bool keep) {
  const std::lock_guard lock(writing_);
  // A connection that was lost while it was idle shows when the transaction begins: once, another one is tried.
  for (int attempt = 0;; ++attempt) {
    if (writer_ == nullptr) {
      absl::StatusOr<std::unique_ptr<Connection>> connection = Connect();
      if (!connection.ok()) return connection.status();
      writer_ = *std::move(connection);
    }
    try {
      database_->Begin(*writer_->session, Access::kWrite);
      break;
    } catch (const soci::soci_error& error) {
      absl::Status status = database_->Explain(*writer_->session, error, "");
      Undo(*writer_->session);
      if (status.code() != absl::StatusCode::kUnavailable) return status;
      writer_.reset();
      if (attempt > 0) return status;
    }
  }
  Sql& sql = writer_->sql;
  sql.Begin(options_.now(), &ids_);
  Transaction transaction(writer_->repositories);
  absl::Status status = fn(transaction);
  // What the database has refused cannot be kept, whatever the function makes of it.
  if (status.ok()) status = sql.failure();
  if (status.ok() && keep) {
    status = sql.Guarded([&] {
      for (const Part part : sql.touched()) {
        sql.Run("UPDATE revisions SET number = number + 1 WHERE part = :part", {{"part", RowOf(part)}});
      }
      *writer_->session << "COMMIT";
      return absl::OkStatus();
    });
    if (status.ok()) rows_written_.fetch_add(sql.rows_written(), std::memory_order_relaxed);
  }
  if (!status.ok() || !keep) Undo(*writer_->session);
  if (sql.failure().code() == absl::StatusCode::kUnavailable) writer_.reset();
  return status;
}

absl::Status Store::Read(absl::FunctionRef<absl::Status(const Snapshot&)> fn) {
  for (int attempt = 0;; ++attempt) {
    std::unique_ptr<Connection> reader;
    {
      const std::lock_guard lock(idle_readers_lock_);
      if (!idle_readers_.empty()) {
        reader = std::move(idle_readers_.back());
        idle_readers_.pop_back();
      }
    }
    if (reader == nullptr) {
      absl::StatusOr<std::unique_ptr<Connection>> connection = Connect();
      if (!connection.ok()) return Noted(connection.status());
      reader = *std::move(connection);
    }
    try {
      database_->Begin(*reader->session, Access::kRead);
    } catch (const soci::soci_error& error) {
      absl::Status status = database_->Explain(*reader->session, error, "");
      // The idle ones are likely lost, too.
      if (status.code() == absl::StatusCode::kUnavailable && attempt == 0) {
        const std::lock_guard lock(idle_readers_lock_);
        idle_readers_.clear();
        continue;
      }
      return Noted(status);
    }
    reader->sql.Begin(options_.now(), nullptr);
    absl::Status status = fn(Snapshot(reader->repositories));
    if (status.ok()) status = reader->sql.failure();
    const bool whole = reader->sql.failure().ok();
    Undo(*reader->session);
    if (whole) {
      const std::lock_guard lock(idle_readers_lock_);
      if (idle_readers_.size() < kIdleReaders) idle_readers_.push_back(std::move(reader));
    }
    return Noted(status);
  }
}

}  // namespace retrovue
