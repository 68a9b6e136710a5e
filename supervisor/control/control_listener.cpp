#include "supervisor/control/control_listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "net/host_port.h"
#include "net/keep_alive.h"
#include "net/unix_listen.h"

namespace air {
namespace {

constexpr int kBacklog = 64;
constexpr uint64_t kReserve = 128;  // stages, rings, viewers, files: a channel with ten viewers has about 80
constexpr size_t kLeastConnections = 8, kMostConnections = 256;

constexpr char kUnix[] = "unix:";
constexpr char kPassed[] = "fd:";

absl::Status Failed(const std::string& address, const std::string& why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why));
}

absl::StatusOr<UniqueFd> BindUnix(const std::string& address, const std::string& path) {
  absl::StatusOr<UniqueFd> listener = ListenUnix(path, 0777, kBacklog);
  if (!listener.ok()) return Failed(address, std::string(listener.status().message()));
  return listener;
}

absl::StatusOr<UniqueFd> BindTcp(const std::string& address) {
  const absl::StatusOr<HostPort> parsed = ParseHostPort(address, PortRange::kNotZero);
  if (!parsed.ok()) return Failed(address, std::string(parsed.status().message()));
  addrinfo hints{}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  const int error = getaddrinfo(parsed->host.c_str(), absl::StrCat(parsed->port).c_str(), &hints, &found);
  if (error != 0) return Failed(address, gai_strerror(error));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
  UniqueFd listener(socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const int on = 1;
  // Connections of a predecessor linger; two that listen at the same time are refused all the same.
  setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // connections inherit it
  KeepAlive(listener.get());
  if (!listener.valid() || bind(listener.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return Failed(address, absl::StrCat(std::strerror(errno), " (taken by another process?)"));
  }
  return listener;
}

struct Bound {
  UniqueFd socket;
  std::string path;  // of a UNIX socket
};

absl::StatusOr<Bound> TakePassed(const std::string& address) {
  int fd = -1, listens = 0;
  socklen_t size = sizeof listens;
  const bool is_listener = absl::SimpleAtoi(address.substr(sizeof kPassed - 1), &fd) &&
                           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
  sockaddr_un name{};
  size = sizeof name;
  if (!is_listener || getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0 ||
      name.sun_family != AF_UNIX)
    return Failed(address, "it is no UNIX socket that listens");
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
  const size_t longest = size > offsetof(sockaddr_un, sun_path) ? size - offsetof(sockaddr_un, sun_path) : 0;
  return Bound{UniqueFd(fd), std::string(name.sun_path, strnlen(name.sun_path, longest))};
}

// "pid 4711", "127.0.0.1", "2001:db8:0:1::/64": whose connection it is.
std::string PeerOf(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return "";
  char text[INET6_ADDRSTRLEN] = "";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    return text;
  }
  if (address.ss_family == AF_INET6) {
    in6_addr network = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr;
    const bool is_v4 = IN6_IS_ADDR_V4MAPPED(&network);
    if (!is_v4) std::memset(network.s6_addr + 8, 0, 8);
    inet_ntop(AF_INET6, &network, text, sizeof text);
    return absl::StrCat(text, is_v4 ? "" : "/64");
  }
  ucred process{};
  size = sizeof process;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &process, &size) != 0) return "";
  return absl::StrCat("pid ", process.pid);
}

ino_t SocketOf(int fd) {
  struct stat what {};
  return fstat(fd, &what) == 0 && S_ISSOCK(what.st_mode) ? what.st_ino : 0;
}

}  // namespace

uint64_t RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

ControlLimits ControlLimitsFor(uint64_t descriptors) {
  const uint64_t spare = descriptors > kReserve ? (descriptors - kReserve) / 2 : 0;
  const size_t most = std::clamp<uint64_t>(spare, kLeastConnections, kMostConnections);
  return {.connections = most, .of_one_peer = most / 2};
}

absl::StatusOr<std::unique_ptr<ControlListener>> ControlListener::Bind(
    const std::vector<std::string>& addresses, ControlLimits limits) {
  std::unique_ptr<ControlListener> listener(new ControlListener(limits));
  for (const std::string& address : addresses) {
    Listening listening;
    if (absl::StartsWith(address, kPassed)) {
      absl::StatusOr<Bound> passed = TakePassed(address);
      if (!passed.ok()) return passed.status();
      listening = {.bound = std::move(passed->socket), .path = std::move(passed->path), .is_passed = true};
    } else {
      const bool is_unix = absl::StartsWith(address, kUnix);
      if (is_unix) listening.path = address.substr(sizeof kUnix - 1);
      absl::StatusOr<UniqueFd> bound = is_unix ? BindUnix(address, listening.path) : BindTcp(address);
      if (!bound.ok()) return bound.status();
      listening.bound = *std::move(bound);
    }
    listener->listening_.push_back(std::move(listening));
  }
  return listener;
}

ControlListener::~ControlListener() {
  for (const Listening& listening : listening_) {
    if (!listening.path.empty()) unlink(listening.path.c_str());
  }
}

std::unique_ptr<SocketAcceptor> ControlListener::AcceptorOf(UniqueFd socket) {
  return std::make_unique<SocketAcceptor>(*loop_, std::move(socket),
                                          [this](UniqueFd connection) { Take(std::move(connection)); });
}

void ControlListener::Start(EventLoop& loop, OnConnection on_connection) {
  loop_ = &loop;
  on_connection_ = std::move(on_connection);
  for (Listening& listening : listening_) listening.acceptor = AcceptorOf(std::move(listening.bound));
}

void ControlListener::Stop() {
  loop_ = nullptr;
  for (Listening& listening : listening_) listening.acceptor.reset();
}

// One that was passed is its parent's to look after.
void ControlListener::KeepNames() {
  if (loop_ == nullptr) return;
  for (Listening& listening : listening_) {
    struct stat what {};
    if (listening.path.empty() || listening.is_passed) continue;
    if (lstat(listening.path.c_str(), &what) == 0 || errno != ENOENT) continue;
    absl::StatusOr<UniqueFd> bound = BindUnix(kUnix + listening.path, listening.path);
    if (!bound.ok()) continue;  // its folder is gone, too
    Log().warn("{} was gone; it is there again", listening.path);
    listening.acceptor = AcceptorOf(*std::move(bound));
  }
}

size_t ControlListener::open() {
  std::erase_if(connections_, [](const Connection& c) { return SocketOf(c.fd) != c.socket; });
  return connections_.size();
}

void ControlListener::Take(UniqueFd socket) {
  const size_t all = open();
  std::string peer = PeerOf(socket.get());
  const auto its = static_cast<size_t>(std::count_if(connections_.begin(), connections_.end(),
                                                     [&](const Connection& c) { return c.peer == peer; }));
  if (all >= limits_.connections || its >= limits_.of_one_peer) {
    if (refused_++ == 0) {
      Log().warn(
          "a control connection of {} is refused: {} are open, {} of them its own, see "
          "air_control_connections",
          peer, all, its);
    }
    return;
  }
  connections_.push_back({socket.get(), SocketOf(socket.get()), std::move(peer)});
  on_connection_(std::move(socket));
}

}  // namespace air
