// What viewers get: the answer to a request that the director has read, header included, and then the stream.
//
// The rules: a viewer costs a queue in the fan-out and a connection here, and nothing else. The header is written with the first byte
// of the stream, so that a channel that does not come on the air can still say why. One that stops reading for kStallLimit is
// disconnected; one that is slow loses its place (TsFanout). One thread, the loop's.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "core/channel/ts_fanout.h"
#include "core/model/answer_code.h"
#include "protos/channel_link.pb.h"

namespace retrovue {

// The head of the answer with the stream: a stream has no length, the end of the connection is its end.
std::string StreamHeader(std::uint32_t http_minor);
// A whole answer that refuses, with a JSON body {"status":"error","code","message"}; for a HEAD request without the body.
std::string RefusalAnswer(std::uint32_t http_minor, bool head, AnswerCode code, const std::string& message,
                          std::optional<int> retry_after_s);

class ViewerServer {
 public:
  static constexpr std::chrono::seconds kStallLimit{30};

  struct Handlers {
    std::function<void()> on_count;  // of viewers: it has changed
    std::function<void(const channel_link::ViewerLeft&)> on_left;
  };

  ViewerServer(boost::asio::io_context& loop, TsFanout& fanout, Handlers handlers);
  // Ends all of them.
  ~ViewerServer();
  ViewerServer(const ViewerServer&) = delete;
  ViewerServer& operator=(const ViewerServer&) = delete;

  // Takes a stream socket of any family. A HEAD request is answered, but does not count as a viewer.
  void Add(const channel_link::Viewer& viewer, air::UniqueFd socket);

  // Viewers that get the stream or wait for it.
  int count() const;

  // Answers the viewers that have not got a byte yet, and closes their connections.
  void RefuseWaiting(AnswerCode code, const std::string& message, std::optional<int> retry_after_s);
  // Closes all of them.
  void EndAll();

 private:
  struct Shared;  // outlives us while a viewer's coroutine runs
  std::shared_ptr<Shared> shared_;
};

}  // namespace retrovue
