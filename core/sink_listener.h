// Where AIR's stream comes in: a UNIX socket AIR connects to when it is asked to attach a sink.
//
// The rule: one source at a time. A later connection comes from a successor, takes the place of the earlier
// one, and the viewers are told that the source has changed.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/ts_fanout.h"

namespace air {

class SinkListener {
 public:
  using Log = std::function<void(const std::string&)>;

  // Listens at `path`, removing what a dead predecessor left there. Everything happens on the loop's thread;
  // loop, fan-out and listener end together.
  static absl::StatusOr<std::unique_ptr<SinkListener>> Listen(boost::asio::io_context& loop,
                                                              const std::string& path, TsFanout& fanout,
                                                              Log log);
  ~SinkListener();

  const std::string& path() const { return path_; }

 private:
  using Protocol = boost::asio::local::stream_protocol;

  SinkListener(boost::asio::io_context& loop, std::string path, TsFanout& fanout, Log log);
  void Accept();
  void Read(std::shared_ptr<Protocol::socket> source);

  const std::string path_;
  TsFanout& fanout_;
  const Log log_;
  Protocol::acceptor acceptor_;
  std::shared_ptr<Protocol::socket> source_;  // the present one
  std::array<std::uint8_t, 64 * 1024> buffer_;
};

}  // namespace air
