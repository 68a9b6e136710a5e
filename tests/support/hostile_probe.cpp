// A probe as a hostile file would have it: what it does follows from the name of the file it is handed.
//
//   crash   it is killed by a signal      hang    it says nothing       quit     it ends
//   rubbish its answer is no message      absurd  its answer cannot be true
//   deaf    as a first message it says that it has no sandbox (named so itself)
//
// Anything else "plays" for as many milliseconds as it has bytes.
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>
#include <string>

#include "protos/asset_probe.pb.h"

namespace wire = retrovue::probe;

namespace {

constexpr int kSocket = 3;

template <class Message>
void Send(const Message& message) {
  const std::string bytes = message.SerializeAsString();
  send(kSocket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

int Receive(std::string& name) {
  std::array<char, 65536> bytes;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{bytes.data(), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const ssize_t got = recvmsg(kSocket, &header, 0);
  if (got <= 0) _exit(0);
  wire::ProbeRequest request;
  request.ParseFromArray(bytes.data(), static_cast<int>(got));
  name = request.name();
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof fd);
  return fd;
}

}  // namespace

int main(int, char** argv) {
  wire::Hello hello;
  hello.set_version(1);
  if (std::strstr(argv[0], "deaf") != nullptr) hello.set_failure("there are no seccomp filters here");
  if (std::strstr(argv[0], "stillborn") != nullptr) return 3;
  Send(hello);
  for (;;) {
    std::string name;
    const int fd = Receive(name);
    const auto is = [&](const char* what) { return name.find(what) != std::string::npos; };
    if (is("crash")) raise(SIGSEGV);
    if (is("quit")) return 7;
    while (is("hang")) pause();
    wire::ProbeReply reply;
    if (is("rubbish")) {
      send(kSocket, "\xff\xff\xff", 3, MSG_NOSIGNAL);
      continue;
    }
    struct stat info {};
    fstat(fd, &info);
    close(fd);
    reply.mutable_facts()->set_duration_ms(is("absurd") ? -5 : static_cast<long>(info.st_size));
    reply.mutable_facts()->set_video_codec(std::to_string(getpid()));
    Send(reply);
  }
}
