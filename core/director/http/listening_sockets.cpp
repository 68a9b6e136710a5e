#include "core/director/http/listening_sockets.h"

#include <systemd/sd-daemon.h>

#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "net/unix_listen.h"

namespace retrovue {
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
  absl::StatusOr<air::UniqueFd> socket = air::ListenUnix(std::string(path), 0600);
  if (absl::IsInvalidArgument(socket.status()))
    return absl::InvalidArgumentError(absl::StrCat(address, ": ", socket.status().message()));
  if (!socket.ok()) return absl::UnavailableError(absl::StrCat(address, ": ", socket.status().message()));
  return air::HttpListener::Adopt(loop, *std::move(socket), limits);
}

}  // namespace retrovue
