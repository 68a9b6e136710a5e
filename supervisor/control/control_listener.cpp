#include "supervisor/control/control_listener.h"

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
#include <cstring>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "net/host_port.h"

namespace air {
namespace {

constexpr int kBacklog = 64;
constexpr uint64_t kReserve = 128;  // stages, rings, viewers, files: a channel with ten viewers has about 80
constexpr size_t kLeastConnections = 8, kMostConnections = 256;

constexpr char kUnix[] = "unix:";

absl::Status Failed(const std::string& address, const std::string& why) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", address, ": ", why));
}

absl::StatusOr<UniqueFd> BindUnix(const std::string& address, const std::string& path) {
  sockaddr_un name{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof name.sun_path) {
    return Failed(address, absl::StrCat("the path has ", path.size(), " bytes, a socket's may have ",
                                        sizeof name.sun_path - 1));
  }
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const auto* where = reinterpret_cast<const sockaddr*>(&name);
  UniqueFd probe(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!probe.valid()) return Failed(address, std::strerror(errno));
  if (connect(probe.get(), where, sizeof name) == 0 || errno == EAGAIN)
    return Failed(address, "another process listens there");
  // A socket on which no process listens is what a predecessor has left. Anything else is not ours to remove.
  struct stat what {};
  if (lstat(path.c_str(), &what) == 0 && S_ISSOCK(what.st_mode)) unlink(path.c_str());
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener.valid() || bind(listener.get(), where, sizeof name) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return Failed(address, std::strerror(errno));
  }
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
  if (!listener.valid() || bind(listener.get(), found->ai_addr, found->ai_addrlen) != 0 ||
      listen(listener.get(), kBacklog) != 0) {
    return Failed(address, absl::StrCat(std::strerror(errno), " (taken by another process?)"));
  }
  return listener;
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

size_t MostControlConnections(uint64_t descriptors) {
  const uint64_t spare = descriptors > kReserve ? (descriptors - kReserve) / 2 : 0;
  return std::clamp<uint64_t>(spare, kLeastConnections, kMostConnections);
}

absl::StatusOr<std::unique_ptr<ControlListener>> ControlListener::Bind(
    const std::vector<std::string>& addresses, size_t most) {
  std::unique_ptr<ControlListener> listener(new ControlListener);
  listener->most_ = most;
  for (const std::string& address : addresses) {
    const bool is_unix = absl::StartsWith(address, kUnix);
    const std::string path = is_unix ? address.substr(sizeof kUnix - 1) : "";
    absl::StatusOr<UniqueFd> bound = is_unix ? BindUnix(address, path) : BindTcp(address);
    if (!bound.ok()) return bound.status();
    listener->bound_.push_back(*std::move(bound));
    if (is_unix) listener->paths_.push_back(path);
  }
  return listener;
}

ControlListener::~ControlListener() {
  for (const std::string& path : paths_) unlink(path.c_str());
}

void ControlListener::Start(EventLoop& loop, OnConnection on_connection) {
  on_connection_ = std::move(on_connection);
  for (UniqueFd& socket : std::exchange(bound_, {})) {
    acceptors_.push_back(std::make_unique<SocketAcceptor>(
        loop, std::move(socket), [this](UniqueFd connection) { Take(std::move(connection)); }));
  }
}

size_t ControlListener::open() {
  std::erase_if(connections_, [](const Connection& c) { return SocketOf(c.fd) != c.socket; });
  return connections_.size();
}

void ControlListener::Take(UniqueFd socket) {
  if (open() >= most_) {
    if (refused_++ == 0)
      Log().warn("a control connection is refused: {} are open, see air_control_connections", most_);
    return;
  }
  connections_.push_back({socket.get(), SocketOf(socket.get())});
  on_connection_(std::move(socket));
}

}  // namespace air
