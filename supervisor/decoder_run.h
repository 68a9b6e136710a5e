// DecoderRun: one segment into one ring, process after process. A decoder that dies is followed by the spare,
// which goes on in the same ring at the first unit that is missing; a file that cannot be opened or decoded
// is not tried again.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/block_plan.h"
#include "supervisor/session_memory.h"
#include "supervisor/stage_supervisor.h"

namespace air {

class DecoderRun {
 public:
  enum class State { kOpening, kProducing, kEnded, kGivenUp };

  // `on_change` is called after every change of state or pad cause; the run may not be destroyed from inside
  // it.
  DecoderRun(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, const PlannedSegment& segment,
             const SourceRef& source, std::vector<std::string> media_roots, std::function<void()> on_change);

  void Start();

  State state() const { return state_; }
  const SourceRef& source() const { return source_; }
  uint64_t segment_serial() const { return segment_.serial; }
  // What pad of this segment is called while a unit is missing; kNone = it is simply late.
  PadCause pad_cause() const { return pad_cause_; }
  const std::string& error() const { return error_; }
  // Units in the ring that the selector has not released.
  uint64_t Depth() const;

 private:
  void OnMessage(const stage::DecoderState& state);
  void OnDeath(const std::string& cause);
  void GiveUp(PadCause cause, const std::string& why);
  uint64_t RingNext() const { return ring_.writer().next.load(std::memory_order_acquire); }

  EventLoop& loop_;
  StageSupervisor& stages_;
  SessionMemory& memory_;
  PlannedSegment segment_;
  SourceRef source_;
  RingView ring_;
  std::vector<std::string> media_roots_;
  std::function<void()> on_change_;

  State state_ = State::kOpening;
  PadCause pad_cause_ = PadCause::kNone;
  std::string error_;
  RestartPolicy policy_;
  uint64_t started_at_unit_ = 0;  // the ring's `next` when the present process began
  std::unique_ptr<StageProcess> process_;
  EventSource retry_;
};

}  // namespace air
