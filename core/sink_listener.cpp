#include "core/sink_listener.h"

#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {

absl::StatusOr<std::unique_ptr<SinkListener>> SinkListener::Listen(boost::asio::io_context& loop,
                                                                   const std::string& path, TsFanout& fanout,
                                                                   Log log) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket path ", path, " is longer than ",
                                                   sizeof(sockaddr_un::sun_path) - 1,
                                                   " bytes; choose a shorter --runtime-dir"));
  }
  std::unique_ptr<SinkListener> listener(new SinkListener(loop, path, fanout, std::move(log)));
  unlink(path.c_str());
  boost::system::error_code error;
  listener->acceptor_.open(Protocol(), error);
  if (!error) listener->acceptor_.bind(Protocol::endpoint(path), error);
  if (!error) listener->acceptor_.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot listen on ", path, ": ", error.message()));
  listener->Accept();
  return listener;
}

SinkListener::SinkListener(boost::asio::io_context& loop, std::string path, TsFanout& fanout, Log log)
    : path_(std::move(path)), fanout_(fanout), log_(std::move(log)), acceptor_(loop) {}

SinkListener::~SinkListener() { unlink(path_.c_str()); }

void SinkListener::Accept() {
  acceptor_.async_accept([this](boost::system::error_code error, Protocol::socket socket) {
    if (error == boost::asio::error::operation_aborted) return;
    if (error) {
      log_(absl::StrCat("sink: accept: ", error.message()));
    } else {
      if (source_) {
        log_("sink: AIR has connected again; the old connection is closed");
        source_->close();
      }
      fanout_.Interrupt();
      source_ = std::make_shared<Protocol::socket>(std::move(socket));
      Read(source_);
    }
    Accept();
  });
}

void SinkListener::Read(std::shared_ptr<Protocol::socket> source) {
  source->async_read_some(boost::asio::buffer(buffer_),
                          [this, source](boost::system::error_code error, std::size_t bytes) {
                            if (source != source_) return;
                            if (error) {
                              log_(absl::StrCat("sink: the stream has ended: ", error.message()));
                              source_.reset();
                              return;
                            }
                            fanout_.Consume({buffer_.data(), bytes});
                            Read(source);
                          });
}

}  // namespace air
