#include "tests/core/store/postgres_server.h"

#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

namespace retrovue {
namespace {

[[noreturn]] void Die(const std::string& why) {
  std::fprintf(stderr, "The tests cannot have a PostgreSQL of their own: %s\n", why.c_str());
  std::abort();
}

// PostgreSQL does not run as root.
const passwd* Servant() {
  if (geteuid() != 0) return nullptr;
  const passwd* user = getpwnam("postgres");
  if (user == nullptr) user = getpwnam("nobody");
  if (user == nullptr) Die("there is no user postgres or nobody to run it as");
  return user;
}

// Starts a program as that user, its words in `log`; it ends when this process does.
pid_t Spawn(const std::vector<std::string>& words, const std::string& log) {
  const passwd* user = Servant();
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) Die("fork failed");
  if (child > 0) return child;
  const int out = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int in = open("/dev/null", O_RDONLY);
  dup2(in, 0);
  dup2(out, 1);
  dup2(out, 2);
  if (user != nullptr &&
      (setgroups(0, nullptr) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
    _exit(126);
  prctl(PR_SET_PDEATHSIG, SIGQUIT);  // a change of the user would have taken it away
  if (getppid() != parent) _exit(126);
  if (chdir("/") != 0) _exit(126);
  execv(argv[0], argv.data());
  _exit(127);
}

std::string FindPrograms() {
  for (int version = 20; version >= 13; --version) {
    const std::string folder = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
    if (std::filesystem::exists(folder + "/initdb")) return folder;
  }
  Die("there is no initdb under /usr/lib/postgresql: install the package postgresql "
      "(scripts/install-packages)");
}

}  // namespace

PostgresServer& PostgresServer::Get() {
  static PostgresServer server;
  return server;
}

PostgresServer::PostgresServer() : programs_(FindPrograms()) {
  char folder[] = "/tmp/retrovue-pg-XXXXXX";
  if (mkdtemp(folder) == nullptr) Die("no temporary folder can be made");
  folder_ = folder;
  if (const passwd* user = Servant(); user != nullptr && chown(folder, user->pw_uid, user->pw_gid) != 0) {
    Die("the temporary folder cannot be given to another user");
  }
  const pid_t init = Spawn({programs_ + "/initdb", "-D", folder_ + "/data", "-U", "retrovue", "-A", "trust",
                            "-N", "--encoding=UTF8", "--locale=C"},
                           folder_ + "/log");
  int status = 0;
  waitpid(init, &status, 0);
  if (status != 0) Die("initdb failed; see " + folder_ + "/log");
  Start();
}

PostgresServer::~PostgresServer() {
  Stop();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void PostgresServer::Start() {
  server_ = Spawn({programs_ + "/postgres",
                   "-D",
                   folder_ + "/data",
                   "-k",
                   folder_,
                   "-c",
                   "listen_addresses=",
                   "-c",
                   "fsync=off",
                   "-c",
                   "shared_buffers=16MB",
                   "-c",
                   "max_connections=40",
                   "-c",
                   "full_page_writes=off",
                   "-c",
                   "autovacuum=off",
                   "-c",
                   "wal_level=minimal",
                   "-c",
                   "max_wal_senders=0"},
                  folder_ + "/log");
  const std::string conninfo = "host=" + folder_ + " user=retrovue dbname=postgres connect_timeout=2";
  for (int attempt = 0; attempt < 300; ++attempt) {
    PGconn* connection = PQconnectdb(conninfo.c_str());
    const bool up = PQstatus(connection) == CONNECTION_OK;
    PQfinish(connection);
    if (up) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  Die("it does not answer; see " + folder_ + "/log");
}

void PostgresServer::Stop() {
  if (server_ <= 0) return;
  kill(server_, SIGQUIT);  // at once
  waitpid(server_, nullptr, 0);
  server_ = -1;
}

std::string PostgresServer::UrlOf(const std::string& database) const {
  return "postgresql:///" + database + "?host=" + folder_ + "&user=retrovue";
}

void PostgresServer::Drop(const std::string& database) {
  PGconn* connection = PQconnectdb(("host=" + folder_ + " user=retrovue dbname=postgres").c_str());
  PQclear(PQexec(connection, ("DROP DATABASE IF EXISTS \"" + database + "\" WITH (FORCE)").c_str()));
  PQfinish(connection);
}

}  // namespace retrovue
