// OutputStreams: every viewer transport of the channel. Streams may be attached before there is a session
// (they only connect), while it runs (they are on the air at once), and in any number up to kMaxSinks; each
// has its own encoder and its own settings. The channel never depends on any of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "supervisor/handover/survivors.h"
#include "supervisor/output/stream_connector.h"
#include "supervisor/output/stream_listener.h"
#include "supervisor/output/stream_sink.h"

namespace air {

class OutputStreams {
 public:
  using OnAttached = std::function<void(absl::Status)>;

  // `on_changed`: something a successor of this supervisor has to know.
  OutputStreams(EventLoop& loop, StageSupervisor& stages, std::function<void()> on_changed)
      : loop_(loop), stages_(stages), on_changed_(std::move(on_changed)) {}

  // Connects to a listener; `done` is called once, from the loop, when the stream is attached or why it is
  // not. `output_json` changes the session's encoder and mux settings for this stream (program_format.proto).
  // With `replace` the streams attached before end as soon as this one is connected. Errors: AlreadyExists (a
  // stream to that endpoint), ResourceExhausted (kMaxSinks), InvalidArgument (settings, endpoint),
  // Unavailable and DeadlineExceeded (no viewer listens).
  void Attach(const StreamEndpoint& endpoint, const std::string& output_json, bool replace, OnAttached done);
  // Serves the stream on a loopback TCP port from now on. Errors: those of StreamListener.
  absl::Status Listen(uint16_t port);
  void StopListening() { listener_.reset(); }
  // Ends the stream to `address`, or all of them if it is empty.
  void Detach(const std::string& address);

  // A session begins: every stream gets its encoder. Errors: InvalidArgument, naming the stream whose
  // settings do not suit the house format; those of StreamSink::Begin. The memory must outlive EndSession().
  absl::Status BeginSession(const StreamSink::Session& session, const std::string& program_format_json);
  // Goes on with the streams of a session that is taken up; one whose connection is lost is left out, and the
  // log says so. Nothing happens before Resume().
  void Restore(const StreamSink::Session& session, const record::Session& recorded, Survivors& survivors);
  void Resume();
  void Describe(record::Session& session) const;
  // Every stream ends with its session, and the port is closed.
  void EndSession();
  // Answers the calls that still wait for a connection.
  void CancelPending();

  bool empty() const { return streams_.empty(); }
  struct Stream {
    StreamEndpoint endpoint;
    std::string output_json;
    std::unique_ptr<StreamSink> sink;
  };
  const std::vector<Stream>& streams() const { return streams_; }

 private:
  struct Pending {
    StreamEndpoint endpoint;
    std::unique_ptr<StreamConnector> connector;
  };

  absl::Status Check(const StreamEndpoint& endpoint, const std::string& output_json, bool replace) const;
  void Finish(const StreamEndpoint& endpoint, const std::string& output_json, bool replace,
              absl::StatusOr<UniqueFd> socket, const OnAttached& done);
  absl::Status Add(const StreamEndpoint& endpoint, const std::string& output_json, UniqueFd socket);
  absl::Status Begin(Stream& stream);
  std::unique_ptr<StreamSink> MakeSink(uint32_t line, uint64_t serial, UniqueFd socket);
  absl::Status RestoreStream(const record::Sink& recorded, Survivors& survivors);
  void Remove(uint64_t serial, const std::string& why);
  std::optional<uint32_t> FreeLine() const;
  bool ServedOnPort() const;

  EventLoop& loop_;
  StageSupervisor& stages_;
  std::function<void()> on_changed_;
  std::vector<Pending> pending_;
  std::vector<Stream> streams_;
  std::unique_ptr<StreamListener> listener_;
  std::optional<StreamSink::Session> session_;  // that runs
  std::string format_json_;                     // of that session
  uint64_t serial_ = 0;                         // sinks made: names their journals
};

}  // namespace air
