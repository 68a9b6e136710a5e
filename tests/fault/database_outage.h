// A database that a test can take away for a while, and bring back.
#pragma once

#include <memory>
#include <string>

#include "tests/core/store/store_fixture.h"
#include "tests/support/child_program.h"
#include "tests/support/test_channel.h"

namespace retrovue {

class DatabaseOutage {
 public:
  // "postgres": a server of our own, which is stopped at once. "lock": an SQLite file, locked by another process. "disk": one on a small
  // disk of this process and its children, which is filled. An unknown kind is "lock".
  explicit DatabaseOutage(std::string kind);
  ~DatabaseOutage();
  DatabaseOutage(const DatabaseOutage&) = delete;
  DatabaseOutage& operator=(const DatabaseOutage&) = delete;

  // Why it cannot be had on this machine; empty: it can.
  const std::string& cannot() const { return cannot_; }
  const std::string& url() const { return url_; }
  void Begin();
  void End();

 private:
  std::string FileIn(const std::string& name) const {
    return folder_.Path(kind_ == "disk" ? "disk/" + name : name);
  }
  void Fill();
  void Lock();

  const std::string kind_;
  air::e2e::TestFolder folder_;
  std::string url_, cannot_;
  std::unique_ptr<TestDatabase> postgres_;
  std::unique_ptr<air::e2e::ChildProgram> locker_;
};

}  // namespace retrovue
