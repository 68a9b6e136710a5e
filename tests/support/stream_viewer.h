// A viewer of the channel: listens and takes every connection AIR makes, or connects itself; and keeps what
// comes, byte for byte.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "protos/playout.pb.h"

namespace air::e2e {

class StreamViewer {
 public:
  static std::unique_ptr<StreamViewer> OnUnixSocket(const std::string& path);
  static std::unique_ptr<StreamViewer> OnTcp();  // any free loopback port
  // Connects to the port on which AIR serves its stream; its one connection is number 0. Null: no process
  // listens there.
  static std::unique_ptr<StreamViewer> ToPort(int port);
  ~StreamViewer();
  StreamViewer(const StreamViewer&) = delete;
  StreamViewer& operator=(const StreamViewer&) = delete;

  // As AttachStream wants them.
  ::retrovue::playout::StreamTransport transport() const { return transport_; }
  const std::string& endpoint() const { return endpoint_; }

  // Connections are numbered from 0 in the order they were made. The Waits are true when it happened in time.
  bool WaitForConnection(size_t connection, std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  bool WaitForBytes(size_t connection, size_t bytes,
                    std::chrono::milliseconds limit = std::chrono::seconds(10)) const;
  bool WaitForEnd(size_t connection, std::chrono::milliseconds limit = std::chrono::seconds(10)) const;

  // What came so far.
  std::vector<uint8_t> Received(size_t connection) const;
  // The longest time without a byte, from the first byte to the last.
  std::chrono::milliseconds LongestSilence(size_t connection) const;
  // When the first `bytes` bytes had come; they must have.
  std::chrono::steady_clock::time_point ArrivalOf(size_t connection, size_t bytes) const;
  // Leaves what comes in the pipe, until it reads on.
  void StopReading(size_t connection);
  void ReadOn(size_t connection);
  // Closes this end.
  void HangUp(size_t connection);

 private:
  struct Connection {
    UniqueFd socket;  // invalid: ended, by either side
    bool stalled = false;
    std::vector<uint8_t> bytes;
    struct Mark {
      size_t bytes;  // so many had come
      std::chrono::steady_clock::time_point at;
    };
    std::vector<Mark> marks;  // one a read
    std::chrono::nanoseconds longest_silence{0};
  };

  StreamViewer(UniqueFd listener, ::retrovue::playout::StreamTransport transport, std::string endpoint);
  void Run();
  void Read(Connection& connection);
  template <class Condition>
  bool WaitUntil(std::chrono::milliseconds limit, Condition condition) const;

  const UniqueFd listener_;
  const ::retrovue::playout::StreamTransport transport_;
  const std::string endpoint_;
  UniqueFd wake_;  // eventfd: the set of sockets changed, or the end
  mutable std::mutex mutex_;
  bool over_ = false;  // guarded by mutex_, like the connections
  std::vector<Connection> connections_;
  std::thread thread_;
};

// A capture as the analysers want it: whole ticks. The last tick may have been cut short when the capture was
// ended, so everything from the beginning of the last picture on is left out.
std::vector<uint8_t> WholeTicks(std::vector<uint8_t> stream);

}  // namespace air::e2e
