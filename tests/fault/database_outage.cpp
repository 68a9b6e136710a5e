#include "tests/fault/database_outage.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/core/network/live_network.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kDiskBytes = 24 << 20;
constexpr const char* kPython = "/usr/bin/python3";

}  // namespace

DatabaseOutage::DatabaseOutage(std::string kind) : kind_(std::move(kind)) {
  if (kind_ == "postgres") {
    postgres_ = std::make_unique<TestDatabase>(Kind::kPostgres);
    url_ = postgres_->url();
    return;
  }
  url_ = absl::StrCat("sqlite:", FileIn("retrovue.db"));
  if (kind_ != "disk") return;
  const std::string disk = folder_.Path("disk");
  std::filesystem::create_directories(disk);
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
      mount("tmpfs", disk.c_str(), "tmpfs", 0, absl::StrCat("size=", kDiskBytes).c_str()) != 0)
    cannot_ = absl::StrCat("a small disk cannot be mounted here: ", std::strerror(errno));
}

DatabaseOutage::~DatabaseOutage() {
  if (kind_ == "disk") umount2(folder_.Path("disk").c_str(), MNT_DETACH);
}

void DatabaseOutage::Begin() {
  if (postgres_ != nullptr) return PostgresServer::Get().Stop();
  kind_ == "disk" ? Fill() : Lock();
}

void DatabaseOutage::End() {
  if (postgres_ != nullptr) return PostgresServer::Get().Start();
  if (kind_ == "disk") {
    std::filesystem::remove(FileIn("full"));
    return;
  }
  locker_->Signal(SIGKILL);
  locker_->WaitForEnd(5s);
}

void DatabaseOutage::Fill() {
  // An old write-ahead log has room in it, for a while.
  const air::e2e::Finished emptied = air::e2e::RunProgram(
      {kPython, "-c",
       absl::StrCat("import sqlite3; c=sqlite3.connect('", FileIn("retrovue.db"),
                    "',timeout=20); print(c.execute('PRAGMA wal_checkpoint(TRUNCATE)').fetchall())")},
      folder_.Path("checkpoint.log"));
  EXPECT_EQ(emptied.status, 0) << emptied.output;
  for (std::size_t size = 1 << 16; size > 0; size /= 2) {
    std::ofstream full(FileIn("full"), std::ios::binary | std::ios::app);
    const std::string some(size, 'x');
    while (full.write(some.data(), static_cast<std::streamsize>(size)).flush()) {
    }
  }
}

void DatabaseOutage::Lock() {
  locker_ = std::make_unique<air::e2e::ChildProgram>(
      std::vector<std::string>{
          kPython, "-c",
          absl::StrCat("import sqlite3,time; c=sqlite3.connect('", FileIn("retrovue.db"),
                       "',timeout=60,isolation_level=None); c.execute('BEGIN EXCLUSIVE'); "
                       "print('locked', flush=True); time.sleep(3600)")},
      folder_.Path("lock.log"));
  EXPECT_TRUE(Within(60s, [&] { return absl::StrContains(locker_->Output(), "locked"); }))
      << locker_->Output();
}

}  // namespace retrovue
