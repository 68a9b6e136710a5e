// SQLite in a file: write-ahead log, one writer, every commit on the disk.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <thread>

#include <soci/sqlite3/soci-sqlite3.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "core/store/database.h"

namespace retrovue {
namespace {

sqlite_api::sqlite3* HandleOf(soci::session& session) {
  return static_cast<soci::sqlite3_session_backend*>(session.get_backend())->conn_;
}

class Sqlite : public Database {
 public:
  Sqlite(std::string path, Millis busy_timeout) : path_(std::move(path)), busy_timeout_(busy_timeout) {}

  std::string PublicName() const override { return absl::StrCat("sqlite:", path_); }

  absl::StatusOr<std::unique_ptr<soci::session>> Open() override {
    if (absl::Status made = MakeFile(); !made.ok()) return made;
    auto session = std::make_unique<soci::session>();
    try {
      // Without a "synchronous" here SOCI sets the busy timeout before any pragma; it counts in seconds.
      const auto seconds = std::chrono::ceil<std::chrono::seconds>(busy_timeout_).count();
      session->open(soci::sqlite3, absl::StrCat("dbname=\"", path_, "\" timeout=", seconds));
      sqlite_api::sqlite3_busy_timeout(HandleOf(*session), static_cast<int>(busy_timeout_.count()));
      SwitchToWal(*session);
      *session << "PRAGMA synchronous = FULL";
      *session << "PRAGMA foreign_keys = ON";
      *session << "PRAGMA cache_size = -16384";  // KiB
    } catch (const soci::soci_error& error) {
      return session->get_backend() == nullptr ? CannotOpen(0) : Explain(*session, error, "");
    }
    return session;
  }

  void Begin(soci::session& session, Access access) const override {
    switch (access) {
      case Access::kRead:
        session << "BEGIN";
        break;
      case Access::kWrite:
        session << "BEGIN IMMEDIATE";
        break;
      case Access::kMigrate:
        session << "BEGIN EXCLUSIVE";
        break;
    }
  }

  absl::Status Explain(soci::session& session, const soci::soci_error& error,
                       const std::string& noun) const override {
    sqlite_api::sqlite3* handle = HandleOf(session);
    int code = sqlite_api::sqlite3_extended_errcode(handle);
    if (const auto* own = dynamic_cast<const soci::sqlite3_soci_error*>(&error)) {
      if ((code & 0xff) != (own->result() & 0xff) && own->result() != SQLITE_OK) code = own->result();
    }
    const std::string message = error.get_error_message();
    const int system = sqlite_api::sqlite3_system_errno(handle);
    switch (code & 0xff) {
      case SQLITE_BUSY:
      case SQLITE_LOCKED:
        return absl::DeadlineExceededError(
            absl::StrCat("the database ", path_, " was locked by another process for ", busy_timeout_.count(),
                         " ms: try again when it is done"));
      case SQLITE_FULL:
        return Full("no space is left");
      case SQLITE_READONLY:
      case SQLITE_PERM:
        return absl::PermissionDeniedError(
            absl::StrCat("the database ", path_,
                         " may only be read: give this user the right to write it and its folder"));
      case SQLITE_CANTOPEN:
        return CannotOpen(system);
      case SQLITE_NOTADB:
      case SQLITE_CORRUPT:
        return absl::DataLossError(absl::StrCat(path_, " is damaged, or no database of SQLite (", message,
                                                "): restore it from a backup, or name another file"));
      case SQLITE_IOERR:
        // SQLite calls only ENOSPC full; a quota and a limit of a file's size are errors of the disk to it.
        if (const std::string why = WhyThereIsNoRoom(); !why.empty()) return Full(why);
        return absl::UnavailableError(absl::StrCat(
            "the database ", path_, " cannot be read or written (", message,
            system != 0 ? absl::StrCat(", ", std::strerror(system)) : "", "): look after its disk"));
      case SQLITE_CONSTRAINT:
        return ExplainConstraint(code, message, noun);
      default:
        return absl::InternalError(absl::StrCat("the database ", path_, ": ", message));
    }
  }

 private:
  // What is in it (a source's configuration may hold a secret) is for its owner alone. A file that is there is never opened
  // here: the close would take the locks away that SQLite holds on it in this process (POSIX drops them all with any
  // descriptor of the file), and another process would take the write-ahead log, with what is committed in it, for its own.
  absl::Status MakeFile() const {
    const int fd = ::open(path_.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return errno == EEXIST ? absl::OkStatus() : CannotOpen(errno);
    ::close(fd);
    return absl::OkStatus();
  }

  // The switch does not wait for others by itself.
  void SwitchToWal(soci::session& session) const {
    const auto until = std::chrono::steady_clock::now() + busy_timeout_;
    for (;;) {
      try {
        std::string mode;
        session << "PRAGMA journal_mode", soci::into(mode);
        if (mode != "wal") session << "PRAGMA journal_mode = WAL", soci::into(mode);
        return;
      } catch (const soci::soci_error&) {
        const int code = sqlite_api::sqlite3_errcode(HandleOf(session)) & 0xff;
        if ((code != SQLITE_BUSY && code != SQLITE_LOCKED) || std::chrono::steady_clock::now() >= until)
          throw;
      }
      std::this_thread::sleep_for(Millis(10));
    }
  }

  absl::Status CannotOpen(int error) const {
    const std::string why = error != 0 ? absl::StrCat(" (", std::strerror(error), ")") : "";
    if (error == ENOSPC || error == EDQUOT) return Full(std::strerror(error));
    if (error == EACCES || error == EPERM || error == EROFS) {
      return absl::PermissionDeniedError(absl::StrCat("the database ", path_, " cannot be opened", why,
                                                      ": give this user the right to it and its folder"));
    }
    return absl::UnavailableError(absl::StrCat("the database ", path_, " cannot be opened", why,
                                               ": make its folder, or name another one with --db"));
  }

  // Tries to write beside the database. Empty if there is room.
  std::string WhyThereIsNoRoom() const {
    constexpr std::uint64_t kSome = 65'536;
    rlimit limit{};
    if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
      for (const char* suffix : {"", "-wal"}) {
        struct stat file {};
        if (::stat(absl::StrCat(path_, suffix).c_str(), &file) != 0) continue;
        if (static_cast<std::uint64_t>(file.st_size) + kSome > limit.rlim_cur)
          return "this process may write no longer file";
      }
    }
    const std::size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    const int fd = ::open(folder.c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd < 0) return errno == ENOSPC || errno == EDQUOT ? std::strerror(errno) : "";
    const std::string some(kSome, '\0');
    const ssize_t written = ::write(fd, some.data(), some.size());
    const int error = written < 0 ? errno : 0;
    ::close(fd);
    if (written >= 0) return written < static_cast<ssize_t>(kSome) ? "no space is left" : "";
    return error == ENOSPC || error == EDQUOT || error == EFBIG ? std::strerror(error) : "";
  }

  absl::Status Full(const std::string& why) const {
    return absl::ResourceExhaustedError(absl::StrCat("the database ", path_, " cannot grow (", why,
                                                     "): make room on its disk. Nothing was stored"));
  }

  static absl::Status ExplainConstraint(int code, const std::string& message, const std::string& noun) {
    const std::string what = noun.empty() ? "a row" : noun;
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY) {
      return absl::AlreadyExistsError(absl::StrCat(what, " with that name or key is there already (", message,
                                                   "): choose another name, or change what is there"));
    }
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY) {
      return absl::FailedPreconditionError(absl::StrCat(
          what, " belongs to what is not there, or something still refers to it: look at both sides first"));
    }
    return absl::InvalidArgumentError(absl::StrCat(what, " breaks a rule of the database (", message, ")"));
  }

  std::string path_;
  Millis busy_timeout_;
};

}  // namespace

std::unique_ptr<Database> MakeSqlite(const std::string& path, Millis busy_timeout) {
  return std::make_unique<Sqlite>(path, busy_timeout);
}

}  // namespace retrovue
