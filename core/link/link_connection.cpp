#include "core/link/link_connection.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "link/seqpacket.h"

namespace retrovue {
namespace {

using boost::asio::posix::stream_descriptor;
using boost::system::error_code;

constexpr char kLast = 0;
constexpr char kMoreFollows = 1;
constexpr std::size_t kPacketBytes = 48 * 1024;  // several fit into a socket's default buffer
// Read or written in one go before the loop gets its turn.
constexpr int kPacketsATurn = 64;

}  // namespace

struct LinkConnection::Impl : std::enable_shared_from_this<Impl> {
  struct Packet {
    std::string bytes;
    std::vector<air::UniqueFd> fds;
  };

  Impl(boost::asio::io_context& loop, air::UniqueFd socket, std::size_t most)
      : descriptor(loop, socket.Release()), most_queued(most) {}

  void WaitToRead() {
    descriptor.async_wait(stream_descriptor::wait_read, [self = shared_from_this()](error_code error) {
      if (!error) self->Read();
    });
  }

  void WaitToWrite() {
    if (waits_to_write) return;
    waits_to_write = true;
    descriptor.async_wait(stream_descriptor::wait_write, [self = shared_from_this()](error_code error) {
      self->waits_to_write = false;
      if (!error) self->Write();
    });
  }

  void Read() {
    Drain();
    if (is_open) WaitToRead();
  }

  void Drain() {
    for (int i = 0; i < kPacketsATurn && is_open; ++i) {
      absl::StatusOr<air::SeqpacketMessage> packet = air::ReceiveMessage(descriptor.native_handle());
      if (absl::IsUnavailable(packet.status())) break;
      if (!packet.ok()) return End(packet.status());
      Take(*std::move(packet));
    }
  }

  void Take(air::SeqpacketMessage packet) {
    const char mark = packet.bytes[0];
    if (mark != kLast && mark != kMoreFollows) return End(absl::InvalidArgumentError("a packet of no link"));
    if (received.size() + packet.bytes.size() > kMostMessageBytes ||
        packet.fds.size() > kMostMessageDescriptors) {
      return End(absl::InvalidArgumentError("a message of the link is too long"));
    }
    received.append(packet.bytes, 1);
    if (mark == kMoreFollows) return;
    // What it is told may be the end of it.
    const OnMessage tell = on_message;
    tell(std::exchange(received, {}), std::move(packet.fds));
  }

  void Write() {
    for (int i = 0; i < kPacketsATurn && is_open && !queue.empty(); ++i) {
      std::vector<int> fds;
      for (const air::UniqueFd& fd : queue.front().fds) fds.push_back(fd.get());
      const absl::Status sent = air::SendMessage(descriptor.native_handle(), queue.front().bytes, fds);
      if (absl::IsUnavailable(sent)) break;
      // A peer that is gone may have said something before, which is read first; it ends the connection, too.
      if (!sent.ok()) return Forget();
      queued_bytes -= queue.front().bytes.size();
      queue.pop_front();
    }
    if (is_open && !queue.empty()) WaitToWrite();
  }

  void End(const absl::Status& why) {
    if (!is_open) return;
    const OnClosed tell = std::move(on_closed);
    Close();
    if (tell) tell(why);
  }

  void Forget() {
    queue.clear();
    queued_bytes = 0;
  }

  void Close() {
    if (!is_open) return;
    is_open = false;
    on_message = nullptr;
    on_closed = nullptr;
    Forget();
    error_code ignored;
    descriptor.close(ignored);
  }

  stream_descriptor descriptor;
  const std::size_t most_queued;
  OnMessage on_message;
  OnClosed on_closed;
  bool is_open = true;
  bool waits_to_write = false;
  std::string received;  // of a message whose end has not come
  std::deque<Packet> queue;
  std::size_t queued_bytes = 0;
};

LinkConnection::LinkConnection(boost::asio::io_context& loop, air::UniqueFd socket, std::size_t most_queued)
    : impl_(std::make_shared<Impl>(loop, std::move(socket), most_queued)) {}

LinkConnection::~LinkConnection() { impl_->Close(); }

void LinkConnection::Start(OnMessage on_message, OnClosed on_closed) {
  impl_->on_message = std::move(on_message);
  impl_->on_closed = std::move(on_closed);
  impl_->WaitToRead();
}

absl::Status LinkConnection::Send(const std::string& bytes, std::vector<air::UniqueFd> fds) {
  if (!is_open()) return absl::FailedPreconditionError("the link is closed");
  if (bytes.size() + 1 > kMostMessageBytes || fds.size() > kMostMessageDescriptors) {
    return absl::InvalidArgumentError(
        absl::StrCat("a message of ", bytes.size(), " bytes and ", fds.size(), " descriptors is too long"));
  }
  if (impl_->queued_bytes + bytes.size() > impl_->most_queued) {
    const absl::Status full = absl::ResourceExhaustedError(
        absl::StrCat("the other end does not read: ", impl_->queued_bytes, " bytes wait for it"));
    boost::asio::post(impl_->descriptor.get_executor(), [impl = impl_, full] { impl->End(full); });
    return full;
  }
  for (std::size_t at = 0;;) {
    const std::size_t size = std::min(kPacketBytes, bytes.size() - at);
    const bool is_last = at + size == bytes.size();
    Impl::Packet& packet = impl_->queue.emplace_back();
    packet.bytes = absl::StrCat(std::string(1, is_last ? kLast : kMoreFollows), bytes.substr(at, size));
    if (is_last) packet.fds = std::move(fds);
    impl_->queued_bytes += packet.bytes.size();
    at += size;
    if (is_last) break;
  }
  if (!impl_->waits_to_write) impl_->Write();
  return absl::OkStatus();
}

void LinkConnection::ReadNow() {
  const std::shared_ptr<Impl> impl = impl_;    // what it tells may be the end of us
  for (int i = 0; i < 16; ++i) impl->Drain();  // all that a socket holds
}

void LinkConnection::Close() { impl_->Close(); }
bool LinkConnection::is_open() const { return impl_->is_open; }
bool LinkConnection::is_flushed() const { return impl_->queue.empty(); }

}  // namespace retrovue
