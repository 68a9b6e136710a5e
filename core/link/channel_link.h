// ChannelLink: the director's end of the line to one channel manager.
//
// The manager's folder is DIR (run/channel/<slug>/, at most kLongestChannelFolder bytes): it listens at DIR/link.sock. A director
// that comes dials, learns from the Hello who is there and what it holds, and says what the channel is (SendSetup) and what plays
// (SendBlocks). Nothing depends on the director afterwards but viewers that are still to come.
//
// Threads: one. All calls are made, and all handlers called, on the thread that runs the loop. A handler may call anything of the
// link, but not destroy it (post that). Loop and link end together, or the link first.
//
// Sending never waits: messages are queued (up to kMostQueuedBytes) and written as the manager reads.
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "protos/channel_link.pb.h"

namespace retrovue {

class LinkConnection;

// DIR/air/ is AIR's runtime directory, which may have 80 bytes.
inline constexpr std::size_t kLongestChannelFolder = 76;
// A manager that has said nothing for so long hangs; the director kills it.
inline constexpr std::chrono::seconds kManagerSilence{5};

std::string ChannelLinkPath(const std::string& channel_folder);

class ChannelLink {
 public:
  static constexpr std::size_t kMostQueuedBytes = 32 << 20;

  // Any may be empty.
  struct Handlers {
    std::function<void(const channel_link::Hello&)> on_hello;  // once, first
    std::function<void(const channel_link::State&)> on_state;  // at changes, and once a second
    std::function<void(const channel_link::BlockNews&)> on_block_news;
    std::function<void(const channel_link::ViewerLeft&)> on_viewer_left;
    // Once, last. FAILED_PRECONDITION: the manager is gone. ABORTED: another director is in charge now. INVALID_ARGUMENT: it sent what
    // is no message. RESOURCE_EXHAUSTED: it does not read, and the queue is full.
    std::function<void(const absl::Status&)> on_closed;
  };

  // Connects to the manager in `channel_folder`; returns at once, with a handler to be called later.
  // Errors: NOT_FOUND: no manager listens there. INVALID_ARGUMENT: the path is too long. UNAVAILABLE: it has too many waiting to be
  // accepted: try again. PERMISSION_DENIED: the manager is another user's.
  static absl::StatusOr<std::unique_ptr<ChannelLink>> Dial(boost::asio::io_context& loop,
                                                           const std::string& channel_folder,
                                                           Handlers handlers);
  ~ChannelLink();
  ChannelLink(const ChannelLink&) = delete;
  ChannelLink& operator=(const ChannelLink&) = delete;

  // The process that listens, as the kernel says: for a pidfd.
  pid_t manager_pid() const { return manager_pid_; }
  bool is_open() const;

  // All four: FAILED_PRECONDITION when the line is closed; RESOURCE_EXHAUSTED when too much is queued: the line is closed then.
  absl::Status SendSetup(const channel_link::Setup& setup);
  // INVALID_ARGUMENT: a block alone is larger than 4 MiB. See channel_link.proto for what replaces what.
  absl::Status SendBlocks(const channel_link::Blocks& blocks);
  // Hands over a viewer's accepted socket, with nothing read from it but the request. It is closed here in any case: on an error the
  // viewer is lost (so look at is_open() and duplicate it before, to answer 503).
  absl::Status SendViewer(const channel_link::Viewer& viewer, air::UniqueFd socket);
  absl::Status SendStop(const std::string& reason);

 private:
  ChannelLink(Handlers handlers, pid_t manager_pid);
  absl::Status Send(const channel_link::ToManager& message, std::vector<air::UniqueFd> fds = {});
  void Receive(const std::string& bytes);

  const Handlers handlers_;
  const pid_t manager_pid_;
  absl::Status superseded_;  // not OK once the manager has said so
  std::unique_ptr<LinkConnection> connection_;
};

}  // namespace retrovue
