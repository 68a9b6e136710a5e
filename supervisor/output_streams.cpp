#include "supervisor/output_streams.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "link/stage_log.h"
#include "supervisor/program_format.h"

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
  return CheckOutputSettings(output_json, memory_ != nullptr ? format_json_ : "");
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
  auto sink = std::make_unique<StreamSink>(
      loop_, stages_, *line, serial_ + 1, std::move(socket),
      [this, serial = serial_ + 1](const std::string& why) { Remove(serial, why); });
  ++serial_;
  streams_.push_back({endpoint, output_json, std::move(sink)});
  if (memory_ == nullptr) return absl::OkStatus();
  absl::Status begun = Begin(streams_.back());
  if (!begun.ok()) streams_.pop_back();
  return begun;
}

absl::Status OutputStreams::Begin(Stream& stream) {
  const absl::StatusOr<SessionFormat> format = ParseProgramFormat(format_json_, stream.output_json);
  if (!format.ok()) return format.status();
  return stream.sink->Begin(*memory_, format->sink);
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
}

void OutputStreams::Remove(uint64_t serial, const std::string& why) {
  std::erase_if(streams_, [&](const Stream& stream) {
    const bool goes = stream.sink->serial() == serial;
    if (goes) Log().warn("the stream to {} is detached: {}", stream.endpoint.address, why);
    return goes;
  });
}

absl::Status OutputStreams::BeginSession(SessionMemory& memory, const std::string& program_format_json) {
  memory_ = &memory;
  format_json_ = program_format_json;
  for (Stream& stream : streams_) {
    if (absl::Status s = Begin(stream); !s.ok())
      return absl::Status(s.code(),
                          absl::StrCat("the stream to ", stream.endpoint.address, ": ", s.message()));
  }
  return absl::OkStatus();
}

void OutputStreams::EndSession() {
  listener_.reset();
  streams_.clear();  // before the memory they read
  memory_ = nullptr;
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
