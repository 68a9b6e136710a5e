#include "tests/support/stream_viewer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace air::e2e {
namespace {

namespace wire = ::retrovue::playout;
using namespace std::chrono_literals;

constexpr size_t kPacketBytes = 188;

}  // namespace

std::unique_ptr<StreamViewer> StreamViewer::OnUnixSocket(const std::string& path) {
  UniqueFd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_un address{.sun_family = AF_UNIX};
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return nullptr;
  listen(listener.get(), 1);
  return std::unique_ptr<StreamViewer>(
      new StreamViewer(std::move(listener), wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET, path));
}

std::unique_ptr<StreamViewer> StreamViewer::OnTcp() {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), size) != 0) return nullptr;
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  listen(listener.get(), 1);
  return std::unique_ptr<StreamViewer>(
      new StreamViewer(std::move(listener), wire::STREAM_TRANSPORT_TCP_LOOPBACK,
                       "127.0.0.1:" + std::to_string(ntohs(address.sin_port))));
}

std::unique_ptr<StreamViewer> StreamViewer::ToPort(int port) {
  UniqueFd viewer(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address{.sin_family = AF_INET,
                            .sin_port = htons(static_cast<uint16_t>(port)),
                            .sin_addr = {htonl(INADDR_LOOPBACK)},
                            .sin_zero = {}};
  if (connect(viewer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return nullptr;
  std::unique_ptr<StreamViewer> made(new StreamViewer(UniqueFd(), wire::STREAM_TRANSPORT_TCP_LOOPBACK, ""));
  const std::lock_guard lock(made->mutex_);
  made->connections_.push_back({.socket = std::move(viewer)});
  eventfd_write(made->wake_.get(), 1);
  return made;
}

StreamViewer::StreamViewer(UniqueFd listener, wire::StreamTransport transport, std::string endpoint)
    : listener_(std::move(listener)),
      transport_(transport),
      endpoint_(std::move(endpoint)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { Run(); }) {}

StreamViewer::~StreamViewer() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
  }
  eventfd_write(wake_.get(), 1);
  thread_.join();
  if (transport_ == wire::STREAM_TRANSPORT_UNIX_DOMAIN_SOCKET) unlink(endpoint_.c_str());
}

void StreamViewer::Run() {
  while (true) {
    std::vector<pollfd> watched = {{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      if (over_) return;
      for (const Connection& connection : connections_) {
        if (!connection.stalled) watched.push_back({connection.socket.get(), POLLIN, 0});
      }
    }
    poll(watched.data(), watched.size(), -1);
    const std::lock_guard lock(mutex_);
    eventfd_t ignored = 0;
    eventfd_read(wake_.get(), &ignored);
    for (Connection& connection : connections_) Read(connection);
    UniqueFd accepted(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (accepted.valid()) connections_.push_back({.socket = std::move(accepted)});
  }
}

void StreamViewer::Read(Connection& connection) {
  std::array<uint8_t, 64 * 1024> buffer;
  while (connection.socket.valid() && !connection.stalled) {
    const ssize_t count = recv(connection.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return connection.socket.Reset();
    const auto now = std::chrono::steady_clock::now();
    if (!connection.marks.empty())
      connection.longest_silence = std::max(connection.longest_silence, now - connection.marks.back().at);
    connection.bytes.insert(connection.bytes.end(), buffer.begin(), buffer.begin() + count);
    connection.marks.push_back({connection.bytes.size(), now});
  }
}

template <class Condition>
bool StreamViewer::WaitUntil(std::chrono::milliseconds limit, Condition condition) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (true) {
    {
      const std::lock_guard lock(mutex_);
      if (condition()) return true;
    }
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(5ms);
  }
}

bool StreamViewer::WaitForConnection(size_t connection, std::chrono::milliseconds limit) const {
  return WaitUntil(limit, [&] { return connections_.size() > connection; });
}

bool StreamViewer::WaitForBytes(size_t connection, size_t bytes, std::chrono::milliseconds limit) const {
  return WaitUntil(limit, [&] {
    return connections_.size() > connection && connections_[connection].bytes.size() >= bytes;
  });
}

bool StreamViewer::WaitForEnd(size_t connection, std::chrono::milliseconds limit) const {
  return WaitUntil(
      limit, [&] { return connections_.size() > connection && !connections_[connection].socket.valid(); });
}

std::vector<uint8_t> StreamViewer::Received(size_t connection) const {
  const std::lock_guard lock(mutex_);
  return connections_.size() > connection ? connections_[connection].bytes : std::vector<uint8_t>();
}

std::chrono::milliseconds StreamViewer::LongestSilence(size_t connection) const {
  const std::lock_guard lock(mutex_);
  if (connections_.size() <= connection) return 0ms;
  return std::chrono::duration_cast<std::chrono::milliseconds>(connections_[connection].longest_silence);
}

std::chrono::steady_clock::time_point StreamViewer::ArrivalOf(size_t connection, size_t bytes) const {
  const std::lock_guard lock(mutex_);
  const auto& marks = connections_.at(connection).marks;
  return std::partition_point(marks.begin(), marks.end(),
                              [&](const Connection::Mark& mark) { return mark.bytes < bytes; })
      ->at;
}

void StreamViewer::StopReading(size_t connection) {
  const std::lock_guard lock(mutex_);
  connections_.at(connection).stalled = true;
  eventfd_write(wake_.get(), 1);
}

void StreamViewer::ReadOn(size_t connection) {
  const std::lock_guard lock(mutex_);
  connections_.at(connection).stalled = false;
  eventfd_write(wake_.get(), 1);
}

void StreamViewer::HangUp(size_t connection) {
  const std::lock_guard lock(mutex_);
  connections_.at(connection).socket.Reset();
  eventfd_write(wake_.get(), 1);
}

std::vector<uint8_t> WholeTicks(std::vector<uint8_t> stream) {
  constexpr std::array<uint8_t, 4> kVideoPes = {0, 0, 1, 0xE0};
  for (size_t end = stream.size() / kPacketBytes * kPacketBytes; end > 0; end -= kPacketBytes) {
    const uint8_t* packet = stream.data() + end - kPacketBytes;
    const bool begins_unit = (packet[1] & 0x40) != 0, has_adaptation = (packet[3] & 0x20) != 0;
    const size_t payload = 4 + (has_adaptation ? 1 + size_t{packet[4]} : 0);
    if (begins_unit && payload + kVideoPes.size() <= kPacketBytes &&
        std::equal(kVideoPes.begin(), kVideoPes.end(), packet + payload)) {
      stream.resize(end - kPacketBytes);
      return stream;
    }
  }
  return {};
}

}  // namespace air::e2e
