// Transactions, processes and migrations, on both databases; and what is said when a database cannot be had.
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <set>
#include <thread>

#include "core/store/database.h"
#include "core/store/migrations.h"
#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class StoreOfBoth : public StoreTest {
 protected:
  std::size_t SettingsStored() {
    return Read([](const Snapshot& s) { return s.settings().All(); })->size();
  }
};
INSTANTIATE_TEST_SUITE_P(, StoreOfBoth, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(StoreOfBoth, StoresNothingOfATransactionThatFails) {
  const std::int64_t before = store_->rows_written();
  const absl::Status status = Write([](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    return absl::CancelledError("changed my mind");
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(SettingsStored(), 0u);
  EXPECT_EQ(store_->rows_written(), before);
  EXPECT_EQ(store_->database_errors(), 0);
  EXPECT_OK(Write([](Transaction& t) { return t.settings().Set("a", "2"); }));
}

TEST_P(StoreOfBoth, StoresNothingWhenTheDatabaseRefusesSomethingWhateverIsMadeOfIt) {
  Channel first = AddChannel("one");
  const absl::Status status = Write([](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    Channel second;
    second.slug = "one";
    second.title = "Second";
    second.time_zone = "UTC";
    (void)t.channels().Put(second);  // refused, and not looked at
    return absl::OkStatus();
  });
  EXPECT_EQ(status.code(), absl::StatusCode::kAlreadyExists);
  EXPECT_EQ(SettingsStored(), 0u);
}

TEST_P(StoreOfBoth, RehearsesWithoutStoring) {
  std::size_t seen = 0;
  EXPECT_OK(store_->Rehearse([&](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    seen = t.settings().All()->size();
    return absl::OkStatus();
  }));
  EXPECT_EQ(seen, 1u);
  EXPECT_EQ(SettingsStored(), 0u);
  EXPECT_EQ(store_->rows_written(), 0);
}

TEST_P(StoreOfBoth, ReadsOneInstantWhileAnotherWrites) {
  ASSERT_OK(Write([](Transaction& t) { return t.settings().Set("a", "1"); }));
  EXPECT_OK(store_->Read([&](const Snapshot& s) {
    EXPECT_EQ(*s.settings().Get("a"), "1");
    EXPECT_OK(Write([](Transaction& t) { return t.settings().Set("a", "2"); }));  // waits for no reader
    EXPECT_EQ(*s.settings().Get("a"), "1");
    return absl::OkStatus();
  }));
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.settings().Get("a"); }), "2");
}

TEST_P(StoreOfBoth, TakesThreadsOfOneStoreOneAfterTheOther) {
  ASSERT_OK(Write([](Transaction& t) { return t.settings().Set("n", "0"); }));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 25; ++n) {
        EXPECT_OK(store_->Write([](Transaction& t) -> absl::Status {
          const int count = std::stoi(**t.settings().Get("n"));
          return t.settings().Set("n", absl::StrCat(count + 1));
        }));
        EXPECT_OK(store_->Read([](const Snapshot& s) { return s.settings().All().status(); }));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.settings().Get("n"); }), "100");
}

TEST_P(StoreOfBoth, TakesProcessesOneAfterTheOther) {
  ASSERT_OK(Write([](Transaction& t) { return t.settings().Set("n", "0"); }));
  store_.reset();  // a connection is not taken into a child
  std::vector<pid_t> children;
  for (int i = 0; i < 2; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = Store::Open(database_->url(), {.now = [] { return FromUtcMs(0); }});
      bool well = store.ok();
      for (int n = 0; well && n < 50; ++n) {
        well = (*store)
                   ->Write([](Transaction& t) -> absl::Status {
                     const int count = std::stoi(**t.settings().Get("n"));
                     return t.settings().Set("n", absl::StrCat(count + 1));
                   })
                   .ok();
      }
      _exit(well ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  Open();
  EXPECT_EQ(*Read([](const Snapshot& s) { return s.settings().Get("n"); }), "100");
}

TEST_P(StoreOfBoth, IsMadeOnceByProcessesThatComeAtOnce) {
  TestDatabase fresh(GetParam());
  std::vector<pid_t> children;
  for (int i = 0; i < 4; ++i) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto store = Store::Open(fresh.url(), {.now = [] { return FromUtcMs(0); }});
      if (!store.ok()) std::fprintf(stderr, "%s\n", store.status().ToString().c_str());
      _exit(store.ok() ? 0 : 1);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
}

TEST_P(StoreOfBoth, SaysWhenAnotherProcessKeepsTheDatabaseLocked) {
  const auto impatient = OpenAnother({.busy_timeout = Millis(200)});
  EXPECT_OK(Write([&](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    const absl::Status refused =
        impatient->Write([](Transaction& other) { return other.settings().Set("b", "1"); });
    EXPECT_EQ(refused.code(), absl::StatusCode::kDeadlineExceeded) << refused;
    EXPECT_THAT(std::string(refused.message()), HasSubstr("try again"));
    return absl::OkStatus();
  }));
  EXPECT_EQ(impatient->database_errors(), 1);
  EXPECT_OK(impatient->Write([](Transaction& t) { return t.settings().Set("b", "1"); }));
  EXPECT_EQ(SettingsStored(), 2u);
}

TEST_P(StoreOfBoth, GivesKeysInTheOrderTheyWereMade) {
  std::string last;
  EXPECT_OK(Write([&](Transaction& t) {
    for (int i = 0; i < 5000; ++i) {
      const std::string id = t.ids().Next();
      EXPECT_TRUE(IsUuidV7(id));
      EXPECT_GT(id, last);
      last = id;
    }
    return absl::OkStatus();
  }));
}

// Migrations, as a program of three versions had them.
class Migrating : public StoreTest {
 protected:
  Migrating() : fresh_(GetParam()) {
    database_of_fresh_ = *DatabaseOf(fresh_.url(), Millis(2000));
    session_ = *database_of_fresh_->Open();
  }

  static std::vector<Migration> Of(int versions) {
    std::vector<Migration> all = {
        {1, "001_first", "aa",
         "-- A table; with a comment.\nCREATE TABLE one (\n  -- inside\n  a BIGINT NOT NULL\n);\n"
         "INSERT INTO one (a) VALUES (7);\n"},
        {2, "002_second", "bb", "ALTER TABLE one ADD COLUMN b TEXT NOT NULL DEFAULT 'new';\n"},
        {3, "003_third", "cc",
         "CREATE TABLE two (a BIGINT NOT NULL);\nINSERT INTO no_such_table (a) VALUES (1);\n"}};
    all.resize(static_cast<std::size_t>(versions));
    return all;
  }
  absl::Status Run(const std::vector<Migration>& migrations) {
    return Migrate(*session_, *database_of_fresh_, now_, migrations);
  }
  int Number(const std::string& query) {
    int number = -1;
    *session_ << query, soci::into(number);
    return number;
  }

  TestDatabase fresh_;
  std::unique_ptr<Database> database_of_fresh_;
  std::unique_ptr<soci::session> session_;
};
INSTANTIATE_TEST_SUITE_P(, Migrating, testing::Values(Kind::kSqlite, Kind::kPostgres), KindName);

TEST_P(Migrating, BringsAnOlderDatabaseForwardWithWhatItHolds) {
  ASSERT_OK(Run(Of(1)));
  EXPECT_EQ(Number("SELECT a FROM one"), 7);
  ASSERT_OK(Run(Of(2)));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM one WHERE a = 7 AND b = 'new'"), 1);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migrations"), 2);
  ASSERT_OK(Run(Of(2)));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM one"), 1);
}

TEST_P(Migrating, RunsAllOfThemOnAnEmptyDatabase) {
  ASSERT_OK(Run(Of(2)));
  EXPECT_EQ(Number("SELECT COUNT(*) FROM one WHERE b = 'new'"), 1);
}

TEST_P(Migrating, UndoesAMigrationThatFailsAndKeepsThoseBeforeIt) {
  const absl::Status failed = Run(Of(3));
  EXPECT_FALSE(failed.ok());
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migrations"), 2);
  ASSERT_OK(Run(Of(2)));
  std::vector<Migration> mended = Of(3);
  mended[2].text = "CREATE TABLE two (a BIGINT NOT NULL);\n";  // it would fail if half of it were there
  ASSERT_OK(Run(mended));
}

TEST_P(Migrating, RefusesAnotherHistory) {
  ASSERT_OK(Run(Of(2)));
  std::vector<Migration> other = Of(2);
  other[0].checksum = "ab";
  const absl::Status refused = Run(other);
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("migration 1 (001_first) there is not 001_first here"));
  // With one to come, too.
  other.push_back({3, "003_new", "dd", "CREATE TABLE three (a BIGINT);\n"});
  EXPECT_EQ(Run(other).code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(Number("SELECT COUNT(*) FROM schema_migrations"), 2);
}

TEST_P(Migrating, RefusesANewerDatabase) {
  ASSERT_OK(Run(Of(2)));
  const absl::Status refused = Run(Of(1));
  EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(refused.message()),
              HasSubstr("newer program (its version is 2, this program knows 1)"));
}

TEST_P(Migrating, RefusesANewerNetworkWhenItIsOpened) {
  auto session = (*DatabaseOf(database_->url(), Millis(2000)))->Open();
  ASSERT_TRUE(session.ok());
  **session
      << "INSERT INTO schema_migrations (version, name, checksum, applied_at_ms) VALUES (9999, 'x', 'y', 0)";
  const auto store = Store::Open(database_->url(), {.now = [] { return FromUtcMs(0); }});
  EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(store.status().message()), HasSubstr("newer program"));
}

TEST(Migrations, AreNumberedOneByOneAndHoldNoColonOutsideComments) {
  int version = 0;
  for (const Migration& migration : Migrations()) {
    EXPECT_EQ(migration.version, ++version);
    EXPECT_THAT(migration.checksum, SizeIs(64));
    for (const std::string& statement : StatementsOf(migration.text))
      EXPECT_THAT(statement, Not(HasSubstr(":")));
  }
  EXPECT_GE(version, 1);
}

// SQLite and its file.

absl::Status OpenAndWrite(const std::string& url) {
  auto store = Store::Open(url, {.now = [] { return FromUtcMs(0); }, .busy_timeout = Millis(500)});
  if (!store.ok()) return store.status();
  return (*store)->Write([](Transaction& t) { return t.settings().Set("a", "1"); });
}

// Runs `f` in a child and answers what it writes.
std::string InAChild(const std::function<std::string()>& f) {
  int ends[2];
  EXPECT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    const std::string said = f();
    const ssize_t n = write(ends[1], said.data(), said.size());
    _exit(n == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  close(ends[1]);
  std::string said;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(ends[0], buffer, sizeof buffer)) > 0;)
    said.append(buffer, static_cast<std::size_t>(n));
  close(ends[0]);
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return said;
}

// A process that was there before this one opened a database, and does something when it is told to.
class OtherProcess {
 public:
  explicit OtherProcess(const std::function<std::string()>& f) {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_), 0);
    child_ = fork();
    if (child_ != 0) return;
    char go = 0;
    if (read(ends_[1], &go, 1) != 1) _exit(1);
    const std::string said = f();
    _exit(write(ends_[1], said.data(), said.size()) == static_cast<ssize_t>(said.size()) ? 0 : 1);
  }
  ~OtherProcess() {
    kill(child_, SIGKILL);
    waitpid(child_, nullptr, 0);
    for (const int end : ends_) close(end);
  }

  // What it says, in at most 1000 bytes.
  std::string Run() {
    char said[1000];
    const ssize_t n = write(ends_[0], "g", 1) == 1 ? read(ends_[0], said, sizeof said) : -1;
    return n > 0 ? std::string(said, static_cast<std::size_t>(n)) : "";
  }

 private:
  int ends_[2] = {-1, -1};
  pid_t child_ = -1;
};

void BecomeNobody() {
  if (geteuid() != 0) return;
  if (setgroups(0, nullptr) != 0 || setgid(65534) != 0 || setuid(65534) != 0) _exit(9);
}

// A process that closes any descriptor of the file loses its locks on it; the next one to come then takes the write-ahead
// log away when it goes, and all that is committed afterwards is lost.
TEST(SqliteFile, KeepsWhatIsCommittedWhileOtherProcessesComeAndGo) {
  TestDatabase database(Kind::kSqlite);
  ASSERT_OK(OpenAndWrite(database.url()));
  const auto look = [&database]() -> std::string {
    auto store = Store::Open(database.url(), {.now = [] { return FromUtcMs(0); }});
    std::string found = "nothing";
    if (!store.ok()) return store.status().ToString();
    const absl::Status read = (*store)->Read([&](const Snapshot& s) -> absl::Status {
      const auto value = s.settings().Get("b");
      if (value.ok() && value->has_value()) found = **value;
      return value.status();
    });
    return read.ok() ? found : read.ToString();
  };
  OtherProcess before(look), after(look);

  auto store = Store::Open(database.url(), {.now = [] { return FromUtcMs(0); }});
  ASSERT_OK(store.status());
  const auto set = [&](const char* value) {
    EXPECT_OK((*store)->Write([&](Transaction& t) { return t.settings().Set("b", value); }));
  };
  set("first");
  // A reader is a connection more, which is opened beside the writer's.
  EXPECT_OK((*store)->Read([](const Snapshot& s) { return s.settings().All().status(); }));
  EXPECT_EQ(before.Run(), "first");
  set("second");
  EXPECT_EQ(after.Run(), "second");
}

TEST(SqliteFile, IsForItsOwnerAlone) {
  TestDatabase database(Kind::kSqlite);
  ASSERT_OK(OpenAndWrite(database.url()));
  struct stat status {};
  ASSERT_EQ(stat(database.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(SqliteFile, ThatMayOnlyBeReadIsSaidSo) {
  TestDatabase database(Kind::kSqlite);
  ASSERT_OK(OpenAndWrite(database.url()));
  ASSERT_EQ(chmod(database.folder().c_str(), 0555), 0);
  ASSERT_EQ(chmod(database.path().c_str(), 0444), 0);
  const std::string said = InAChild([&] {
    BecomeNobody();
    return OpenAndWrite(database.url()).ToString();
  });
  chmod(database.folder().c_str(), 0755);
  EXPECT_THAT(said, AnyOf(HasSubstr("PERMISSION_DENIED"), HasSubstr("UNAVAILABLE")));
  EXPECT_THAT(said, HasSubstr(database.path()));
  chmod(database.path().c_str(), 0600);
  EXPECT_OK(OpenAndWrite(database.url()));
}

TEST(SqliteFile, InAFolderThatMayNotBeWrittenIsSaidSo) {
  TestDatabase database(Kind::kSqlite);
  ASSERT_EQ(chmod(database.folder().c_str(), 0555), 0);
  const std::string said = InAChild([&] {
    BecomeNobody();
    return OpenAndWrite(database.url()).ToString();
  });
  chmod(database.folder().c_str(), 0755);
  EXPECT_THAT(said, HasSubstr("PERMISSION_DENIED"));
  EXPECT_THAT(said, HasSubstr("give this user the right to it and its folder"));
}

TEST(SqliteFile, InAFolderThatIsNotThereIsSaidSo) {
  const absl::Status status = OpenAndWrite("sqlite:/no such folder/network.db");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr("make its folder"));
}

TEST(SqliteFile, ThatIsNoDatabaseIsLeftAsItIs) {
  TestDatabase database(Kind::kSqlite);
  const std::string text(5000, 'x');
  std::ofstream(database.path()) << text;
  const absl::Status status = OpenAndWrite(database.url());
  EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << status;
  std::ifstream file(database.path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

TEST(SqliteFile, ThatCannotGrowLosesNothingThatWasStored) {
  TestDatabase database(Kind::kSqlite);
  ASSERT_OK(OpenAndWrite(database.url()));
  const std::string said = InAChild([&]() -> std::string {
    signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1'000'000, 1'000'000};
    auto store = Store::Open(database.url(), {.now = [] { return FromUtcMs(0); }});
    if (!store.ok()) return store.status().ToString();
    setrlimit(RLIMIT_FSIZE, &limit);
    for (int i = 0; i < 1000; ++i) {
      // Two rows, which stay together.
      const absl::Status status = (*store)->Write([&](Transaction& t) -> absl::Status {
        if (absl::Status set = t.settings().Set(absl::StrCat("big ", i), std::string(20'000, 'x')); !set.ok())
          return set;
        return t.settings().Set(absl::StrCat("last"), absl::StrCat(i));
      });
      if (!status.ok()) return absl::StrCat(i, " ", status.ToString());
    }
    return "it never became full";
  });
  const int stored = std::atoi(said.c_str());
  EXPECT_GT(stored, 10) << said;
  EXPECT_THAT(said, HasSubstr("RESOURCE_EXHAUSTED"));
  EXPECT_THAT(said, HasSubstr("make room on its disk"));
  auto store = Store::Open(database.url(), {.now = [] { return FromUtcMs(0); }});
  ASSERT_TRUE(store.ok()) << store.status();
  EXPECT_OK((*store)->Read([&](const Snapshot& s) {
    EXPECT_EQ(**s.settings().Get("last"), absl::StrCat(stored - 1));
    EXPECT_EQ(s.settings().All()->size(), static_cast<std::size_t>(stored) + 2);  // with "a"
    return absl::OkStatus();
  }));
  EXPECT_OK(OpenAndWrite(database.url()));
}

// PostgreSQL and its server.

TEST(PostgresServerOfTheNetwork, MayGoAndComeBack) {
  TestDatabase database(Kind::kPostgres);
  auto store = Store::Open(database.url(), {.now = [] { return FromUtcMs(0); }});
  ASSERT_TRUE(store.ok()) << store.status();
  const auto set = [&](const std::string& name) {
    return (*store)->Write([&](Transaction& t) { return t.settings().Set(name, "1"); });
  };
  const auto count = [&](std::size_t* n) {
    return (*store)->Read([&](const Snapshot& s) {
      const auto all = s.settings().All();
      if (all.ok()) *n = all->size();
      return all.status();
    });
  };
  std::size_t n = 0;
  ASSERT_OK(set("a"));
  ASSERT_OK(count(&n));
  PostgresServer::Get().Stop();
  for (int i = 0; i < 2; ++i) {
    const absl::Status gone = set("b");
    EXPECT_EQ(gone.code(), absl::StatusCode::kUnavailable) << gone;
    EXPECT_THAT(std::string(gone.message()), HasSubstr("start its server"));
    EXPECT_EQ(count(&n).code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ((*store)->database_errors(), 4);
  PostgresServer::Get().Start();
  EXPECT_OK(count(&n));
  EXPECT_EQ(n, 1u);
  EXPECT_OK(set("b"));
  EXPECT_OK(count(&n));
  EXPECT_EQ(n, 2u);
}

TEST(PostgresServerOfTheNetwork, MayGoInTheMiddleOfATransaction) {
  TestDatabase database(Kind::kPostgres);
  auto store = Store::Open(database.url(), {.now = [] { return FromUtcMs(0); }});
  ASSERT_TRUE(store.ok()) << store.status();
  const absl::Status lost = (*store)->Write([](Transaction& t) -> absl::Status {
    if (absl::Status set = t.settings().Set("a", "1"); !set.ok()) return set;
    PostgresServer::Get().Stop();
    return t.settings().Set("b", "1");
  });
  EXPECT_EQ(lost.code(), absl::StatusCode::kUnavailable) << lost;
  PostgresServer::Get().Start();
  EXPECT_OK((*store)->Read([](const Snapshot& s) {
    EXPECT_THAT(*s.settings().All(), IsEmpty());
    return absl::OkStatus();
  }));
  EXPECT_OK((*store)->Write([](Transaction& t) { return t.settings().Set("a", "1"); }));
}

TEST(DatabaseUrl, IsRefusedWithAnExampleWhereItIsNone) {
  for (const char* url :
       {"", "network.db", "mysql://host/db", "sqlite:", "sqlite:a\"b", "postgresql://host:port/x"}) {
    const auto store = Store::Open(url, {.now = [] { return FromUtcMs(0); }});
    EXPECT_EQ(store.status().code(), absl::StatusCode::kInvalidArgument) << url << ": " << store.status();
    EXPECT_THAT(std::string(store.status().message()),
                AnyOf(HasSubstr("sqlite:"), HasSubstr("postgresql://")))
        << url;
  }
}

TEST(DatabaseUrl, IsShownWithoutItsPassword) {
  EXPECT_EQ(PublicUrl("postgresql://me:se@cr:et@host:5432/db?sslmode=require"),
            "postgresql://me:***@host:5432/db?sslmode=require");
  EXPECT_EQ(PublicUrl("postgresql://me@host/db"), "postgresql://me@host/db");
  EXPECT_EQ(PublicUrl("postgresql:///db?host=/tmp&password=secret&user=me"),
            "postgresql:///db?host=/tmp&password=***&user=me");
  EXPECT_EQ(PublicUrl("sqlite:/a:b@c"), "sqlite:/a:b@c");
}

}  // namespace
}  // namespace retrovue
