#include "net/unix_listen.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

absl::Status SystemError() { return absl::UnavailableError(std::strerror(errno)); }

UniqueFd Socket() { return UniqueFd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)); }

}  // namespace

absl::StatusOr<UniqueFd> ListenUnix(const std::string& path, mode_t mode, int backlog) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof name.sun_path) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the path has ", path.size(), " bytes, a socket's may have 1 to ", sizeof name.sun_path - 1));
  }
  std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
  const auto* const address = reinterpret_cast<const sockaddr*>(&name);
  const UniqueFd probe = Socket();
  if (!probe.valid()) return SystemError();
  // EAGAIN: its queue is full.
  if (connect(probe.get(), address, sizeof name) == 0 || errno == EAGAIN)
    return absl::AlreadyExistsError("another process listens there");
  struct stat what {};
  if (lstat(path.c_str(), &what) == 0) {
    if (!S_ISSOCK(what.st_mode)) return absl::FailedPreconditionError("there is a file of that name");
    unlink(path.c_str());
  }
  UniqueFd listener = Socket();
  if (!listener.valid()) return SystemError();
  fchmod(listener.get(), mode);  // what bind() gives the name
  if (bind(listener.get(), address, sizeof name) != 0 || listen(listener.get(), backlog) != 0)
    return SystemError();
  return listener;
}

}  // namespace air
