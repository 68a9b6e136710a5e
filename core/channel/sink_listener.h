// Where AIR's stream comes in: a UNIX socket AIR connects to when it is asked to attach a sink.
//
// The rule: one source at a time. A later connection comes from a successor, takes the place of the earlier
// one, and the viewers are told that the source has changed.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/channel/ts_fanout.h"

namespace retrovue {

class SinkListener {
 public:
  struct Handlers {
    std::function<void(bool connected)> on_source;  // it has come, or has gone and no other came in its place
    std::function<void()> on_bytes;                 // after the fan-out has had them
  };

  // Listens at `path`, removing what a dead predecessor left there. Everything happens on the loop's thread; the fan-out and what the
  // handlers use outlive it. Errors: INVALID_ARGUMENT: the path is too long. UNAVAILABLE with the system's text.
  static absl::StatusOr<std::unique_ptr<SinkListener>> Listen(boost::asio::io_context& loop,
                                                              const std::string& path, TsFanout& fanout,
                                                              Handlers handlers);
  ~SinkListener();
  SinkListener(const SinkListener&) = delete;
  SinkListener& operator=(const SinkListener&) = delete;

  std::uint64_t bytes() const;  // that came in all

 private:
  struct Impl;  // outlives us while a read of the loop's is on
  explicit SinkListener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace retrovue
