// StreamSink: one viewer transport and the encoder that serves it. The socket, the pipe in front of it and
// the transport journal belong to the sink, not to the encoder: an encoder that dies leaves all three, and
// its successor goes on in the middle of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/hang_watch.h"
#include "supervisor/program_format.h"
#include "supervisor/session_memory.h"
#include "supervisor/stage_supervisor.h"
#include "supervisor/stream_connector.h"

namespace air {

class StreamSink {
 public:
  // `on_gone`: the sink is over (viewer gone, or its encoders failed for good); destroy it, but not from
  // inside.
  StreamSink(EventLoop& loop, StageSupervisor& stages, StreamEndpoint endpoint, UniqueFd socket,
             std::function<void(const std::string& why)> on_gone);

  // Errors: Internal, ResourceExhausted (pipe, journal).
  absl::Status Begin(SessionMemory& memory, const SinkSettings& settings, uint64_t serial);

  const StreamEndpoint& endpoint() const { return endpoint_; }
  bool encoding() const { return encoder_ != nullptr; }

 private:
  void StartEncoder();
  void OnMessage(const stage::EncoderState& state);
  void OnDeath(const StageDeath& death);
  void LookAtEncoder();
  LifeSign EncoderSign() const;
  void Gone(const std::string& why);
  uint64_t TicksSent() const;

  EventLoop& loop_;
  StageSupervisor& stages_;
  StreamEndpoint endpoint_;
  UniqueFd socket_, pipe_read_, pipe_write_;
  std::function<void(const std::string&)> on_gone_;
  std::optional<SharedSegment> journal_;
  SessionMemory* memory_ = nullptr;
  SinkSettings settings_;
  RestartPolicy policy_;
  uint64_t started_at_tick_ = 0;  // ticks coded when the present encoder began
  std::unique_ptr<StageProcess> encoder_;
  HangWatch watch_;
  EventSource retry_, look_;
  bool over_ = false;
};

}  // namespace air
