#include "link/seqpacket.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

absl::StatusOr<sockaddr_un> Address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return absl::InvalidArgumentError(absl::StrCat("socket path ", path, " is longer than ",
                                                   sizeof address.sun_path - 1,
                                                   " bytes; use a shorter --runtime-dir"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

absl::Status SystemError(const std::string& what) {
  return absl::InternalError(absl::StrCat(what, ": ", std::strerror(errno)));
}

absl::StatusOr<UniqueFd> NewSocket() {
  UniqueFd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return SystemError("socket");
  return fd;
}

absl::Status IoError(const char* what) {
  if (errno == EAGAIN || errno == EWOULDBLOCK) return absl::UnavailableError(what);
  return absl::FailedPreconditionError(absl::StrCat(what, ": ", std::strerror(errno)));
}

}  // namespace

absl::Status SendMessage(int socket, const std::string& bytes, std::span<const int> fds) {
  if (bytes.empty() || bytes.size() > kMaxMessageBytes || fds.size() > kMaxMessageFds) {
    return absl::InvalidArgumentError(
        absl::StrCat("stage message of ", bytes.size(), " bytes, ", fds.size(), " fds"));
  }
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxMessageFds * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
  }
  if (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return IoError("sending to a stage");
  return absl::OkStatus();
}

absl::StatusOr<SeqpacketMessage> ReceiveMessage(int socket) {
  SeqpacketMessage result;
  result.bytes.resize(kMaxMessageBytes);
  iovec part{result.bytes.data(), result.bytes.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMaxMessageFds * sizeof(int))> control;
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (size < 0) return IoError("receiving");
  for (cmsghdr* h = CMSG_FIRSTHDR(&message); h != nullptr; h = CMSG_NXTHDR(&message, h)) {
    if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS) continue;
    for (size_t i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / sizeof(int); ++i) {
      int fd;
      std::memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof fd);
      result.fds.emplace_back(fd);
    }
  }
  if (size == 0) return absl::FailedPreconditionError("the peer is gone");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return absl::InvalidArgumentError("stage message longer than its bound");
  }
  result.bytes.resize(static_cast<size_t>(size));
  return result;
}

absl::StatusOr<UniqueFd> ListenSeqpacket(const std::string& path) {
  absl::StatusOr<sockaddr_un> address = Address(path);
  if (!address.ok()) return address.status();
  absl::StatusOr<UniqueFd> fd = NewSocket();
  if (!fd.ok()) return fd;
  unlink(path.c_str());
  if (bind(fd->get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address) != 0 ||
      listen(fd->get(), 4) != 0) {
    return SystemError(absl::StrCat("listening on ", path));
  }
  return fd;
}

// It has a name until it is dialed, in a folder that is ours alone. Shared memory is always there.
absl::StatusOr<NamelessSocket> ListenWithoutAName() {
  std::string folder = "/dev/shm/air-link-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return SystemError(folder);
  const std::string path = folder + "/socket";
  NamelessSocket socket;
  absl::StatusOr<UniqueFd> made = ListenSeqpacket(path);
  if (made.ok()) {
    socket.listener = *std::move(made);
    made = DialSeqpacket(path);
    if (made.ok()) socket.link = *std::move(made);
  }
  unlink(path.c_str());
  rmdir(folder.c_str());
  if (!socket.link.valid()) return made.status();
  return socket;
}

bool IsBound(const std::string& path) {
  absl::StatusOr<sockaddr_un> address = Address(path);
  const UniqueFd probe(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!address.ok() || !probe.valid()) return false;
  // A socket of another kind is refused as such only where there is one.
  return connect(probe.get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address) == 0 ||
         errno == EPROTOTYPE;
}

absl::StatusOr<UniqueFd> DialSeqpacket(const std::string& path) {
  absl::StatusOr<sockaddr_un> address = Address(path);
  if (!address.ok()) return address.status();
  absl::StatusOr<UniqueFd> fd = NewSocket();
  if (!fd.ok()) return fd;
  if (connect(fd->get(), reinterpret_cast<sockaddr*>(&*address), sizeof *address) != 0) {
    return SystemError(absl::StrCat("dialing ", path));
  }
  return fd;
}

}  // namespace air
