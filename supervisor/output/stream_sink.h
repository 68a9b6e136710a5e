// StreamSink: one connected viewer transport and the encoder that serves it. The socket, the pipe in front of
// it and the transport journal belong to the sink, not to the encoder: an encoder that dies leaves all three,
// and its successor goes on in the middle of them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "plans/program_format.h"
#include "supervisor/handover/descriptor_keeper.h"
#include "supervisor/memory/session_memory.h"
#include "supervisor/process/hang_watch.h"
#include "supervisor/process/stage_supervisor.h"

namespace air {

class StreamSink {
 public:
  // `on_gone`: the sink is over (viewer gone, or its encoders failed for good); destroy it, but not from
  // inside.
  // `line`: its StageLine on the session page, free for it alone, below kMaxSinks. `serial` names its
  // journal, never twice in a session.
  StreamSink(EventLoop& loop, StageSupervisor& stages, uint32_t line, uint64_t serial, UniqueFd socket,
             std::function<void(const std::string& why)> on_gone);

  ~StreamSink();

  // What it works with in a session; all of it outlives the sink.
  struct Session {
    SessionMemory& memory;
    DescriptorKeeper& keeper;
  };
  // Errors: Internal, ResourceExhausted (pipe, journal).
  absl::Status Begin(const Session& session, const SinkSettings& settings);
  // Goes on with the sink of a predecessor of this supervisor: its pipe, and its encoder if that lives.
  // Nothing happens before Resume(). Errors: FailedPrecondition (the journal is not as it should be).
  absl::Status Restore(const Session& session, const SinkSettings& settings, UniqueFd pipe_read,
                       UniqueFd pipe_write, std::unique_ptr<StageProcess> encoder);
  void Resume();
  // Serial, line and encoder.
  void Describe(record::Sink& sink) const;

  uint32_t line() const { return line_; }
  uint64_t serial() const { return serial_; }
  // What its sender has counted; nothing before the session.
  const SenderPage* sender() const { return sender_; }
  void AppendStage(std::vector<StageSnapshot>& stages) const;
  // Ticks the program has made and the encoder has not committed.
  uint64_t LagTicks() const;

 private:
  absl::Status UseJournal(absl::StatusOr<SharedSegment> journal);
  void StartEncoder();
  void UseEncoder(std::unique_ptr<StageProcess> process);
  void OnMessage(const stage::EncoderState& state);
  void OnDeath(const StageDeath& death);
  void LookAtEncoder();
  LifeSign EncoderSign() const;
  void Gone(const std::string& why);
  uint64_t TicksSent() const;
  // The first tick that is not in the journal.
  std::optional<uint64_t> NextTick() const;
  void BlameTick(const StageDeath& death);

  EventLoop& loop_;
  StageSupervisor& stages_;
  uint32_t line_;
  uint64_t serial_;
  UniqueFd socket_, pipe_read_, pipe_write_;
  std::function<void(const std::string&)> on_gone_;
  std::optional<SharedSegment> journal_;
  std::jthread allocator_;              // of the journal; joined before it goes
  const SenderPage* sender_ = nullptr;  // in the journal
  SessionMemory* memory_ = nullptr;
  DescriptorKeeper* keeper_ = nullptr;
  SinkSettings settings_;
  RestartPolicy policy_;
  std::optional<uint64_t> failed_at_;  // the tick at which the last encoder brought itself down
  std::optional<uint64_t> pad_tick_;   // the one at which two have
  uint64_t started_at_tick_ = 0;       // ticks coded when the present encoder began
  std::unique_ptr<StageProcess> encoder_;
  HangWatch watch_;
  RecoveryTimer recovery_;
  EventSource retry_, look_;
  bool over_ = false;
};

}  // namespace air
