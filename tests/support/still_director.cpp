// Stands in for the program director where the guardian is tested: takes the sockets it is handed, says in a file what it was
// given, and answers each request with a status page until it is told to end.
//
//   program-director --home DIR --db URL [--now TIME]
//
// A file DIR/die makes it end at once, with status 3; DIR/deaf makes it ignore SIGTERM; while there is a DIR/mute it answers
// nothing.
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace {

volatile sig_atomic_t told = 0;
void Tell(int) { told = 1; }

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

void Answer(int listener) {
  const int client = accept(listener, nullptr, nullptr);
  if (client < 0) return;
  char request[4096];
  (void)!read(client, request, sizeof(request));
  const std::string body =
      "{\"channels\":2,\"channels_up\":1,\"viewers\":3,\"pid\":" + std::to_string(getpid()) + "}";
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\nConnection: close\r\n\r\n" + body;
  (void)!write(client, answer.data(), answer.size());
  close(client);
}

}  // namespace

int main(int argc, char** argv) {
  std::string home;
  std::ofstream said;
  for (int i = 1; i + 1 < argc; ++i) {
    if (std::string(argv[i]) == "--home") home = argv[i + 1];
  }
  if (home.empty()) return 2;
  if (std::filesystem::exists(home + "/die")) return 3;
  signal(SIGTERM, std::filesystem::exists(home + "/deaf") ? SIG_IGN : Tell);
  signal(SIGPIPE, SIG_IGN);

  said.open(home + "/given.partly");
  for (int i = 1; i < argc; ++i) said << argv[i] << "\n";
  said << "LISTEN_FDS=" << Variable("LISTEN_FDS") << "\nLISTEN_FDNAMES=" << Variable("LISTEN_FDNAMES")
       << "\nLISTEN_PID is ours: " << (Variable("LISTEN_PID") == std::to_string(getpid())) << "\n";
  for (int fd = 3; fd < 64; ++fd) {
    int is_listening = 0;
    socklen_t size = sizeof(is_listening);
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &is_listening, &size) == 0 && is_listening != 0)
      said << "listens on " << fd << "\n";
  }
  said << "pid=" << getpid() << "\n";
  said.close();
  std::filesystem::rename(home + "/given.partly", home + "/given");

  while (told == 0) {
    pollfd sockets[] = {{3, POLLIN, 0}, {4, POLLIN, 0}};
    if (std::filesystem::exists(home + "/mute")) {
      usleep(20'000);
      continue;
    }
    if (poll(sockets, 2, 100) <= 0) continue;
    for (const pollfd& socket : sockets) {
      if ((socket.revents & POLLIN) != 0) Answer(socket.fd);
    }
  }
  return 0;
}
