#include "core/link/channel_link.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "core/link/link_connection.h"

namespace retrovue {
namespace {

constexpr std::size_t kMostBlocksBytes = 4 << 20;

absl::Status DialError(const std::string& path, int error) {
  const std::string text = absl::StrCat("dialing the channel manager at ", path, ": ", std::strerror(error));
  if (error == ENOENT || error == ECONNREFUSED) return absl::NotFoundError(text);
  if (error == EAGAIN) return absl::UnavailableError(text);
  if (error == EACCES || error == EPERM) return absl::PermissionDeniedError(text);
  return absl::InternalError(text);
}

// Who listens at the other end. Errors: PERMISSION_DENIED: another user.
absl::StatusOr<pid_t> TrustedPeer(int socket, const std::string& path) {
  ucred peer = {};
  socklen_t size = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return DialError(path, errno);
  if (peer.uid != geteuid()) {
    return absl::PermissionDeniedError(absl::StrCat(path, " is served by user ", peer.uid, ", not by us"));
  }
  return peer.pid;
}

}  // namespace

std::string ChannelLinkPath(const std::string& channel_folder) {
  return absl::StrCat(channel_folder, "/link.sock");
}

absl::StatusOr<std::unique_ptr<ChannelLink>> ChannelLink::Dial(boost::asio::io_context& loop,
                                                               const std::string& channel_folder,
                                                               Handlers handlers) {
  const std::string path = ChannelLinkPath(channel_folder);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (channel_folder.size() > kLongestChannelFolder) {
    return absl::InvalidArgumentError(absl::StrCat("the channel's folder ", channel_folder,
                                                   " is longer than ", kLongestChannelFolder,
                                                   " bytes; choose a shorter home"));
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  air::UniqueFd socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return DialError(path, errno);
  if (connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    return DialError(path, errno);
  }
  const absl::StatusOr<pid_t> peer = TrustedPeer(socket.get(), path);
  if (!peer.ok()) return peer.status();

  std::unique_ptr<ChannelLink> link(new ChannelLink(std::move(handlers), *peer));
  link->connection_ = std::make_unique<LinkConnection>(loop, std::move(socket), kMostQueuedBytes);
  link->connection_->Start(
      [link = link.get()](const std::string& bytes, std::vector<air::UniqueFd>) { link->Receive(bytes); },
      [link = link.get()](const absl::Status& why) {
        const absl::Status reason = link->superseded_.ok() ? why : link->superseded_;
        if (link->handlers_.on_closed) link->handlers_.on_closed(reason);
      });
  return link;
}

ChannelLink::ChannelLink(Handlers handlers, pid_t manager_pid)
    : handlers_(std::move(handlers)), manager_pid_(manager_pid) {}

ChannelLink::~ChannelLink() = default;

bool ChannelLink::is_open() const { return connection_->is_open(); }

absl::Status ChannelLink::Send(const channel_link::ToManager& message, std::vector<air::UniqueFd> fds) {
  return connection_->Send(message.SerializeAsString(), std::move(fds));
}

absl::Status ChannelLink::SendSetup(const channel_link::Setup& setup) {
  channel_link::ToManager message;
  *message.mutable_setup() = setup;
  return Send(message);
}

absl::Status ChannelLink::SendBlocks(const channel_link::Blocks& blocks) {
  channel_link::ToManager message;
  *message.mutable_blocks() = blocks;
  if (message.ByteSizeLong() <= kMostBlocksBytes) return Send(message);
  // In several messages: the first one replaces, those behind it follow on.
  channel_link::Blocks part;
  part.set_replace_from_utc_ms(blocks.replace_from_utc_ms());
  std::size_t part_bytes = 0;
  const auto send_part = [&] {
    *message.mutable_blocks() = std::exchange(part, {});
    part_bytes = 0;
    return Send(message);
  };
  for (const playout::BlockPlan& block : blocks.blocks()) {
    const std::size_t bytes = block.ByteSizeLong();
    if (bytes > kMostBlocksBytes) {
      return absl::InvalidArgumentError(
          absl::StrCat("block ", block.block_id(), " has ", bytes, " bytes, more than ", kMostBlocksBytes));
    }
    if (part_bytes + bytes > kMostBlocksBytes) {
      if (absl::Status sent = send_part(); !sent.ok()) return sent;
    }
    *part.add_blocks() = block;
    part_bytes += bytes;
  }
  return part.blocks().empty() ? absl::OkStatus() : send_part();
}

absl::Status ChannelLink::SendViewer(const channel_link::Viewer& viewer, air::UniqueFd socket) {
  channel_link::ToManager message;
  *message.mutable_viewer() = viewer;
  std::vector<air::UniqueFd> fds;
  fds.push_back(std::move(socket));
  return Send(message, std::move(fds));
}

absl::Status ChannelLink::SendStop(const std::string& reason) {
  channel_link::ToManager message;
  message.mutable_stop()->set_reason(reason);
  return Send(message);
}

void ChannelLink::Receive(const std::string& bytes) {
  channel_link::ToDirector message;
  if (!message.ParseFromString(bytes)) return;  // of a manager that is newer than we are, at worst
  switch (message.body_case()) {
    case channel_link::ToDirector::kHello:
      if (handlers_.on_hello) handlers_.on_hello(message.hello());
      break;
    case channel_link::ToDirector::kState:
      if (handlers_.on_state) handlers_.on_state(message.state());
      break;
    case channel_link::ToDirector::kBlockNews:
      if (handlers_.on_block_news) handlers_.on_block_news(message.block_news());
      break;
    case channel_link::ToDirector::kViewerLeft:
      if (handlers_.on_viewer_left) handlers_.on_viewer_left(message.viewer_left());
      break;
    case channel_link::ToDirector::kSuperseded:
      superseded_ = absl::AbortedError("another director is in charge of the channel now");
      break;
    case channel_link::ToDirector::BODY_NOT_SET:
      break;
  }
}

}  // namespace retrovue
