// One message of the stage link: bytes and file descriptors over SOCK_SEQPACKET, whole or not at all.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"

namespace air {

inline constexpr size_t kMaxMessageBytes = 64 * 1024;
inline constexpr size_t kMaxMessageFds = 64;

struct SeqpacketMessage {
  std::string bytes;
  std::vector<UniqueFd> fds;  // close-on-exec
};

// Never blocks. Errors: Unavailable (queue full: the peer does not read), FailedPrecondition (peer gone),
// InvalidArgument (too large).
absl::Status SendMessage(int socket, const std::string& bytes, std::span<const int> fds = {});

// Never blocks. Errors: Unavailable (nothing there now), FailedPrecondition (peer gone), InvalidArgument
// (truncated).
absl::StatusOr<SeqpacketMessage> ReceiveMessage(int socket);

// A listening socket at `path`, replacing a stale one. Errors: Internal with the path and the system's text.
absl::StatusOr<UniqueFd> ListenSeqpacket(const std::string& path);
// One that no other process can dial, because it has no name, and the one connection to it. Errors: Internal.
struct NamelessSocket {
  UniqueFd listener, link;
};
absl::StatusOr<NamelessSocket> ListenWithoutAName();
// Whether a process has the socket at `path` bound; its listener does not notice. False when there is none.
bool IsBound(const std::string& path);
// Succeeds at once on a listening socket, even before it accepts.
absl::StatusOr<UniqueFd> DialSeqpacket(const std::string& path);

}  // namespace air
