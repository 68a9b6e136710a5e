// What is said, and what is kept, when a database cannot be had: locked, full, gone, damaged, another user's.
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

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
