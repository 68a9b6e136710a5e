// A PostgreSQL server of the test's own: in a temporary folder, at a socket there and nowhere else. It ends with the process that
// started it, however that ends.
#pragma once

#include <sys/types.h>

#include <string>

namespace retrovue {

class PostgresServer {
 public:
  // Starts it, once a process. Aborts, saying why, if it cannot.
  static PostgresServer& Get();

  // "postgresql:///NAME?host=FOLDER&user=retrovue"
  std::string UrlOf(const std::string& database) const;
  void Drop(const std::string& database);

  // As a server that crashes, and comes back.
  void Stop();
  void Start();

  PostgresServer();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

 private:
  std::string folder_;
  std::string programs_;  // where initdb and postgres are
  pid_t server_ = -1;
};

}  // namespace retrovue
