#include "supervisor/output/output_streams.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "plans/program_format.h"

namespace air {
namespace {

constexpr int64_t kConnectTimeoutNs = 4 * kNanosPerSecond;  // Core gives AttachStream five

}  // namespace

absl::Status OutputStreams::Check(const StreamEndpoint& endpoint, const std::string& output_json,
                                  bool replace) const {
  const auto same = [&](const auto& other) { return other.endpoint == endpoint; };
  if (std::any_of(pending_.begin(), pending_.end(), same)) {
    return absl::AlreadyExistsError(
        absl::StrCat("a stream to ", endpoint.address, " is being attached; wait for that call's answer"));
  }
  if (!replace && std::any_of(streams_.begin(), streams_.end(), same)) {
    return absl::AlreadyExistsError(absl::StrCat("a stream is attached to ", endpoint.address,
                                                 "; detach it first or set replace_existing"));
  }
  if (!replace && streams_.size() + pending_.size() >= kMaxSinks) {
    return absl::ResourceExhaustedError(
        absl::StrCat(streams_.size(), " streams are attached, the most there can be; detach one"));
  }
  return CheckOutputSettings(output_json, session_.has_value() ? format_json_ : "");
}

void OutputStreams::Attach(const StreamEndpoint& endpoint, const std::string& output_json, bool replace,
                           OnAttached done) {
  if (absl::Status s = Check(endpoint, output_json, replace); !s.ok()) return done(s);
  pending_.push_back({endpoint, nullptr});
  pending_.back().connector = StreamConnector::Connect(
      loop_, endpoint, kConnectTimeoutNs,
      [this, endpoint, output_json, replace, done = std::move(done)](absl::StatusOr<UniqueFd> socket) {
        Finish(endpoint, output_json, replace, std::move(socket), done);
      });
}

void OutputStreams::Finish(const StreamEndpoint& endpoint, const std::string& output_json, bool replace,
                           absl::StatusOr<UniqueFd> socket, const OnAttached& done) {
  const auto pending = std::find_if(pending_.begin(), pending_.end(),
                                    [&](const Pending& p) { return p.endpoint == endpoint; });
  // The arguments live in the connector's closure: it goes when this function has returned.
  const std::unique_ptr<StreamConnector> connector = std::move(pending->connector);
  pending_.erase(pending);
  if (!socket.ok()) return done(socket.status());
  if (replace) Detach("");
  const absl::Status added = Add(endpoint, output_json, *std::move(socket));
  if (added.ok()) Log().info("stream attached to {}", endpoint.address);
  done(added);
}

absl::Status OutputStreams::Add(const StreamEndpoint& endpoint, const std::string& output_json,
                                UniqueFd socket) {
  const std::optional<uint32_t> line = FreeLine();
  if (!line.has_value()) return absl::ResourceExhaustedError("as many streams as there can be are attached");
  ++serial_;
  streams_.push_back({endpoint, output_json, MakeSink(*line, serial_, std::move(socket))});
  if (!session_.has_value()) return absl::OkStatus();
  absl::Status begun = Begin(streams_.back());
  if (!begun.ok()) streams_.pop_back();
  return begun;
}

std::unique_ptr<StreamSink> OutputStreams::MakeSink(uint32_t line, uint64_t serial, UniqueFd socket) {
  return std::make_unique<StreamSink>(loop_, stages_, line, serial, std::move(socket),
                                      [this, serial](const std::string& why) { Remove(serial, why); });
}

absl::Status OutputStreams::Begin(Stream& stream) {
  const absl::StatusOr<SessionFormat> format = ParseProgramFormat(format_json_, stream.output_json);
  if (!format.ok()) return format.status();
  return stream.sink->Begin(*session_, format->sink);
}

absl::Status OutputStreams::Listen(uint16_t port) {
  absl::StatusOr<std::unique_ptr<StreamListener>> listener =
      StreamListener::Listen(loop_, port, [this, port](UniqueFd socket) {
        if (ServedOnPort()) return false;
        const StreamEndpoint viewer{StreamEndpoint::Transport::kPort, absl::StrCat("127.0.0.1:", port)};
        const absl::Status added = Add(viewer, "", std::move(socket));
        if (!added.ok()) Log().warn("a viewer on port {}: {}", port, std::string(added.message()));
        return added.ok();
      });
  if (!listener.ok()) return listener.status();
  listener_ = *std::move(listener);
  return absl::OkStatus();
}

void OutputStreams::Detach(const std::string& address) {
  std::erase_if(streams_, [&](const Stream& stream) {
    const bool goes = address.empty() || stream.endpoint.address == address;
    if (goes) Log().info("stream to {} detached", stream.endpoint.address);
    return goes;
  });
  on_changed_();
}

void OutputStreams::Remove(uint64_t serial, const std::string& why) {
  std::erase_if(streams_, [&](const Stream& stream) {
    const bool goes = stream.sink->serial() == serial;
    if (goes) Log().warn("the stream to {} is detached: {}", stream.endpoint.address, why);
    return goes;
  });
  on_changed_();
}

absl::Status OutputStreams::BeginSession(const StreamSink::Session& session,
                                         const std::string& program_format_json) {
  session_.emplace(session);
  format_json_ = program_format_json;
  for (Stream& stream : streams_) {
    if (absl::Status s = Begin(stream); !s.ok())
      return absl::Status(s.code(),
                          absl::StrCat("the stream to ", stream.endpoint.address, ": ", s.message()));
  }
  return absl::OkStatus();
}

void OutputStreams::Restore(const StreamSink::Session& session, const record::Session& recorded,
                            Survivors& survivors) {
  session_.emplace(session);
  format_json_ = recorded.program_format_json();
  serial_ = recorded.sinks_made();
  for (const record::Sink& sink : recorded.sinks()) {
    if (absl::Status s = RestoreStream(sink, survivors); !s.ok())
      Log().error("the stream to {} is lost: {}", sink.address(), std::string(s.message()));
  }
  // Journals of sinks that are not taken up.
  for (const std::string& name : ListNamedSegments(absl::StrCat(session_->memory.prefix(), ".journal-"))) {
    const bool used = std::any_of(streams_.begin(), streams_.end(), [&](const Stream& stream) {
      return absl::EndsWith(name, absl::StrCat(".journal-", stream.sink->serial()));
    });
    if (!used) RemoveNamedSegment(name);
  }
}

absl::Status OutputStreams::RestoreStream(const record::Sink& recorded, Survivors& survivors) {
  std::unique_ptr<StageProcess> encoder = survivors.Take(recorded.encoder());
  std::vector<UniqueFd> fds = survivors.TakeKept(SinkName(recorded.serial()));
  if (fds.size() != 3) return absl::NotFoundError("no process keeps its connection");
  if (recorded.line() >= kMaxSinks) return absl::OutOfRangeError("its line does not exist");
  const absl::StatusOr<SessionFormat> format = ParseProgramFormat(format_json_, recorded.output_json());
  if (!format.ok()) return format.status();
  std::unique_ptr<StreamSink> sink = MakeSink(recorded.line(), recorded.serial(), std::move(fds[0]));
  absl::Status s =
      sink->Restore(*session_, format->sink, std::move(fds[1]), std::move(fds[2]), std::move(encoder));
  if (!s.ok()) return s;
  const StreamEndpoint endpoint{static_cast<StreamEndpoint::Transport>(recorded.transport()),
                                recorded.address()};
  streams_.push_back({endpoint, recorded.output_json(), std::move(sink)});
  return absl::OkStatus();
}

void OutputStreams::Resume() {
  for (Stream& stream : streams_) stream.sink->Resume();
}

void OutputStreams::Describe(record::Session& session) const {
  session.set_sinks_made(serial_);
  for (const Stream& stream : streams_) {
    record::Sink& sink = *session.add_sinks();
    sink.set_transport(static_cast<uint32_t>(stream.endpoint.transport));
    sink.set_address(stream.endpoint.address);
    sink.set_output_json(stream.output_json);
    stream.sink->Describe(sink);
  }
}

void OutputStreams::EndSession() {
  listener_.reset();
  streams_.clear();  // before the memory they read
  session_.reset();
}

void OutputStreams::CancelPending() {
  while (!pending_.empty()) pending_.back().connector->Cancel();
}

std::optional<uint32_t> OutputStreams::FreeLine() const {
  for (uint32_t line = 0; line < kMaxSinks; ++line) {
    const bool taken = std::any_of(streams_.begin(), streams_.end(),
                                   [&](const Stream& stream) { return stream.sink->line() == line; });
    if (!taken) return line;
  }
  return std::nullopt;
}

bool OutputStreams::ServedOnPort() const {
  return std::any_of(streams_.begin(), streams_.end(), [](const Stream& stream) {
    return stream.endpoint.transport == StreamEndpoint::Transport::kPort;
  });
}

}  // namespace air
