// SQLite beside other processes: as long as a store is open its locks stand, or another process removes the write-ahead log.
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/core/store/store_fixture.h"

namespace retrovue {
namespace {

// The locks this process holds on a file, as the kernel lists them.
int LocksOn(const std::string& path) {
  struct stat found {};
  if (stat(path.c_str(), &found) != 0) return -1;
  const std::string pid = absl::StrCat(" ", getpid(), " ");
  const std::string inode = absl::StrCat(":", found.st_ino, " ");
  int locks = 0;
  std::ifstream list("/proc/locks");
  for (std::string line; std::getline(list, line);) {
    const bool ours = line.find(pid) != std::string::npos && line.find(inode) != std::string::npos;
    locks += ours && line.find("POSIX") != std::string::npos ? 1 : 0;
  }
  return locks;
}

TEST(SqliteLocks, StandForAsLongAsTheStoreIsOpenHoweverManyConnectionsItOpens) {
  const TestDatabase database(Kind::kSqlite);
  const auto now = [] { return At("2026-03-01T12:00:00Z"); };
  auto store = Store::Open(database.url(), {.now = now});
  ASSERT_TRUE(store.ok()) << store.status();
  const auto read = [](const Snapshot& snapshot) { return snapshot.settings().All().status(); };
  EXPECT_OK((*store)->Write([](Transaction& t) { return t.settings().Set("a", "b"); }));
  EXPECT_OK((*store)->Read(read));
  EXPECT_GT(LocksOn(database.path()), 0);
  auto another = Store::Open(database.url(), {.now = now});
  ASSERT_TRUE(another.ok()) << another.status();
  EXPECT_OK((*another)->Read(read));
  another->reset();
  EXPECT_OK((*store)->Read(read));
  EXPECT_GT(LocksOn(database.path()), 0);
}

}  // namespace
}  // namespace retrovue
