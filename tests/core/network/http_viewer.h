// A viewer over HTTP: asks, and keeps what comes, until it hangs up.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/unique_fd.h"

namespace retrovue {

// A port of the loopback; no process listens there at the moment.
inline int FreePort() {
  const air::UniqueFd socket(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size);
  getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

class HttpViewer {
 public:
  HttpViewer(int port, const std::string& path, const std::string& method = "GET") {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    socket_ = air::UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (connect(socket_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      over_ = true;
      return;
    }
    const std::string request = absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    (void)send(socket_.get(), request.data(), request.size(), MSG_NOSIGNAL);
    last_ = std::chrono::steady_clock::now();
    thread_ = std::thread([this] { Read(); });
  }
  ~HttpViewer() { HangUp(); }
  HttpViewer(const HttpViewer&) = delete;
  HttpViewer& operator=(const HttpViewer&) = delete;

  void HangUp() {
    stop_ = true;
    if (thread_.joinable()) thread_.join();
    socket_.Reset();
  }
  // Whether the other side has ended it.
  bool is_over() const { return over_; }
  bool WaitForEnd(std::chrono::milliseconds limit) const {
    return Within(limit, [this] { return over_.load(); });
  }
  // Waits for so many bytes more than there are.
  bool WaitForMore(std::size_t bytes, std::chrono::milliseconds limit) const {
    const std::size_t wanted = size() + bytes;
    return Within(limit, [&] { return size() >= wanted; });
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return bytes_.size();
  }
  std::string text() const {
    const std::lock_guard lock(mutex_);
    return bytes_;
  }
  std::string beginning(std::size_t bytes) const {
    const std::lock_guard lock(mutex_);
    return bytes_.substr(0, bytes);
  }
  // "HTTP/1.1 200 OK"
  std::string status_line() const {
    const std::string head = beginning(1000);
    return head.substr(0, head.find("\r\n"));
  }
  std::string body() const {
    const std::string all = text();
    const std::size_t end = all.find("\r\n\r\n");
    return end == std::string::npos ? "" : all.substr(end + 4);
  }
  std::vector<std::uint8_t> stream() const {
    const std::string all = body();
    return {all.begin(), all.end()};
  }
  // When the first byte of the answer came.
  std::chrono::system_clock::time_point first_byte_at() const {
    const std::lock_guard lock(mutex_);
    return first_byte_at_;
  }
  // Without a byte, from the first one on.
  std::chrono::milliseconds longest_silence() const {
    const std::lock_guard lock(mutex_);
    return longest_;
  }

 private:
  template <typename Condition>
  static bool Within(std::chrono::milliseconds limit, Condition condition) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return true;
  }
  void Read() {
    char buffer[65536];
    while (!stop_) {
      pollfd ready = {socket_.get(), POLLIN, 0};
      if (poll(&ready, 1, 50) <= 0) continue;
      const ssize_t got = recv(socket_.get(), buffer, sizeof buffer, 0);
      if (got <= 0) {
        over_ = true;
        return;
      }
      const auto now = std::chrono::steady_clock::now();
      const std::lock_guard lock(mutex_);
      if (bytes_.empty()) first_byte_at_ = std::chrono::system_clock::now();
      if (!bytes_.empty())
        longest_ = std::max(longest_, std::chrono::duration_cast<std::chrono::milliseconds>(now - last_));
      last_ = now;
      bytes_.append(buffer, static_cast<std::size_t>(got));
    }
  }

  air::UniqueFd socket_;
  mutable std::mutex mutex_;
  // Guarded by mutex_:
  std::string bytes_;
  std::chrono::steady_clock::time_point last_;
  std::chrono::milliseconds longest_{0};
  std::chrono::system_clock::time_point first_byte_at_;

  std::atomic<bool> stop_ = false, over_ = false;
  std::thread thread_;
};

// A page, whole; the answer's head and body.
inline std::string FetchText(int port, const std::string& path, const std::string& method = "GET") {
  HttpViewer viewer(port, path, method);
  viewer.WaitForEnd(std::chrono::seconds(20));
  return viewer.text();
}

}  // namespace retrovue
