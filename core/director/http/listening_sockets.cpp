#include "core/director/http/listening_sockets.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace retrovue {
namespace {

bool Dials(const sockaddr_un& address) {
  const air::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;
}

absl::StatusOr<air::UniqueFd> ListenUnix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(
        absl::StrCat("unix:", path, ": the path must have 1 to ", sizeof address.sun_path - 1, " bytes"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  air::UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const auto failed = [&] {
    return absl::UnavailableError(absl::StrCat("unix:", path, ": ", std::strerror(errno)));
  };
  if (!socket.valid()) return failed();
  fchmod(socket.get(), 0600);  // what bind() gives the name
  const auto* bound = reinterpret_cast<const sockaddr*>(&address);
  if (bind(socket.get(), bound, sizeof address) != 0) {
    struct stat found {};
    const bool stale =
        errno == EADDRINUSE && lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) && !Dials(address);
    if (!stale) {
      errno = EADDRINUSE;
      return failed();
    }
    unlink(path.c_str());
    if (bind(socket.get(), bound, sizeof address) != 0) return failed();
  }
  chmod(path.c_str(), 0600);
  if (listen(socket.get(), SOMAXCONN) != 0) return failed();
  return socket;
}

}  // namespace

absl::StatusOr<std::vector<PassedSocket>> TakePassedSockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(1, &names);
  if (count < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the sockets this program was started with (LISTEN_FDS): ", std::strerror(-count)));
  }
  std::vector<PassedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({names != nullptr && names[i] != nullptr ? names[i] : "unknown",
                       air::UniqueFd(SD_LISTEN_FDS_START + i)});
    if (names != nullptr) free(names[i]);
  }
  free(names);
  return sockets;
}

absl::StatusOr<std::unique_ptr<air::HttpListener>> ListenHttp(boost::asio::io_context& loop,
                                                              const std::string& address,
                                                              air::HttpLimits limits) {
  absl::string_view path = address;
  if (!absl::ConsumePrefix(&path, "unix:")) return air::HttpListener::Bind(loop, address, limits);
  absl::StatusOr<air::UniqueFd> socket = ListenUnix(std::string(path));
  if (!socket.ok()) return socket.status();
  return air::HttpListener::Adopt(loop, *std::move(socket), limits);
}

}  // namespace retrovue
