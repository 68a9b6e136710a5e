#include "core/channel/sink_listener.h"

#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"

namespace retrovue {
namespace {

using Protocol = boost::asio::local::stream_protocol;
using boost::system::error_code;

}  // namespace

struct SinkListener::Impl : std::enable_shared_from_this<Impl> {
  Impl(boost::asio::io_context& loop, std::string p, TsFanout& f, Handlers h)
      : path(std::move(p)), fanout(f), handlers(std::move(h)), acceptor(loop) {}

  void Accept() {
    acceptor.async_accept([self = shared_from_this()](error_code error, Protocol::socket socket) {
      if (error == boost::asio::error::operation_aborted || self->is_over) return;
      if (error) {
        air::Log().warn("sink: accept: {}", error.message());
      } else {
        self->Take(std::move(socket));
      }
      self->Accept();
    });
  }

  void Take(Protocol::socket socket) {
    if (source) {
      air::Log().info("sink: AIR has connected again; the old connection is closed");
      source->close();
    }
    fanout.Interrupt();
    source = std::make_shared<Protocol::socket>(std::move(socket));
    is_new = true;
    Read(source);
    handlers.on_source(true);
  }

  void Read(std::shared_ptr<Protocol::socket> from) {
    from->async_read_some(boost::asio::buffer(buffer),
                          [self = shared_from_this(), from](error_code error, std::size_t count) {
                            if (from != self->source || self->is_over) return;
                            if (error) return self->Lose(error);
                            if (std::exchange(self->is_new, false))
                              air::NoteStep("first bytes of the stream");
                            self->bytes += count;
                            self->fanout.Consume({self->buffer.data(), count});
                            self->Read(from);
                            self->handlers.on_bytes();
                          });
  }

  void Lose(error_code error) {
    air::Log().info("sink: the stream has ended: {}", error.message());
    source.reset();
    fanout.Interrupt();  // what it sent last is of no use to a viewer that comes now
    handlers.on_source(false);
  }

  const std::string path;
  TsFanout& fanout;
  const Handlers handlers;
  Protocol::acceptor acceptor;
  std::shared_ptr<Protocol::socket> source;  // the present one
  std::array<std::uint8_t, 64 * 1024> buffer;
  std::uint64_t bytes = 0;
  bool is_new = false;  // the source has said nothing yet
  bool is_over = false;
};

absl::StatusOr<std::unique_ptr<SinkListener>> SinkListener::Listen(boost::asio::io_context& loop,
                                                                   const std::string& path, TsFanout& fanout,
                                                                   Handlers handlers) {
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    return absl::InvalidArgumentError(absl::StrCat("socket path ", path, " is longer than ",
                                                   sizeof(sockaddr_un::sun_path) - 1,
                                                   " bytes; choose a shorter --folder"));
  }
  auto impl = std::make_shared<Impl>(loop, path, fanout, std::move(handlers));
  unlink(path.c_str());
  error_code error;
  impl->acceptor.open(Protocol(), error);
  if (!error) impl->acceptor.bind(Protocol::endpoint(path), error);
  if (!error) impl->acceptor.listen(boost::asio::socket_base::max_listen_connections, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot listen on ", path, ": ", error.message()));
  impl->Accept();
  return std::unique_ptr<SinkListener>(new SinkListener(std::move(impl)));
}

SinkListener::~SinkListener() {
  impl_->is_over = true;
  error_code ignored;
  impl_->acceptor.close(ignored);
  if (impl_->source) impl_->source->close(ignored);
  unlink(impl_->path.c_str());
}

std::uint64_t SinkListener::bytes() const { return impl_->bytes; }

}  // namespace retrovue
