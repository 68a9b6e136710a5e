// DecoderRun: one segment into one ring, process after process. A decoder that dies or hangs is followed by
// the spare, which goes on in the same ring at the first unit that is missing. A file that cannot be opened
// or decoded is tried again every two seconds until its tick, and once more then: media may arrive late, and
// what it lies on may come back.
//
// What it does when is a table, decoder_run_table.h; what a death means is worked out in decoder_policy.h.
//
// A decoder that was killed and does not die (a read that hangs in the kernel) is stuck: it may still write,
// so its ring cannot be given to another decoder. The run then is over, and the plan gives the rest of the segment
// another ring.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/memory/session_memory.h"
#include "supervisor/plan/block_plan.h"
#include "supervisor/playout/decoder_policy.h"
#include "supervisor/playout/decoder_run_table.h"
#include "supervisor/process/hang_watch.h"
#include "supervisor/process/phase_deadlines.h"
#include "supervisor/process/stage_supervisor.h"

namespace air {

class DecoderRun {
 public:
  // `on_change` is called after every change of state or pad cause; the run may not be destroyed from inside
  // it.
  DecoderRun(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, const PlannedSegment& segment,
             const SourceRef& source, std::vector<std::string> media_roots, std::function<void()> on_change);

  // Told once of all that could not be laid over the segment's picture, each with its reason.
  using OnDropped =
      std::function<void(const PlannedSegment& segment, const std::vector<std::string>& reasons)>;
  void ReportDropped(OnDropped on_dropped) { on_dropped_ = std::move(on_dropped); }
  // Told when something of the segment turns out not to be playable, and, once more, when it is taken up.
  using OnFailed =
      std::function<void(const PlannedSegment& segment, PadCause cause, const std::string& reason)>;
  void ReportFailed(OnFailed on_failed) { on_failed_ = std::move(on_failed); }
  // For what a plan has on a tick: an asset that cannot be opened is looked for again until then. Not for what
  // a call waits for.
  void LookUntilItsTick() { looks_until_its_tick_ = true; }

  // What a predecessor of this supervisor has recorded, and the decoder it had, if that lives. Nothing
  // happens before Resume().
  void Restore(const record::Run& recorded, std::unique_ptr<StageProcess> decoder);
  void Resume();
  void Describe(record::Run& run) const;

  // `soon`: its first unit is wanted within moments, so the spare decoder is not too good for it.
  void Start(bool soon);
  // Several times a second: is the decoder still at it?
  void Look();
  // The segment is over, or its ring is wanted elsewhere: ends the decoder. The ring is free when it is_gone.
  void Leave();
  bool is_gone() const { return state_ == RunState::kLeaving && process_ == nullptr; }

  RunState state() const { return state_; }
  bool is_stuck() const { return state_ == RunState::kStuck; }
  // Its decoders failed too often: the rest of the segment is slate.
  bool shows_slate() const { return slate_; }
  const PlannedSegment& segment() const { return segment_; }
  const SourceRef& source() const { return source_; }
  void AppendStage(std::vector<StageSnapshot>& stages) const;
  uint64_t first_unit() const { return first_unit_; }
  // What pad of this segment is called while a unit is missing; kNone = it is simply late.
  PadCause pad_cause() const { return pad_cause_; }
  const std::string& error() const { return error_; }
  // Units in the ring that the selector has not released.
  uint64_t Depth() const;
  // When its first unit was in the ring.
  std::optional<Nanos> ready_at() const { return ready_at_; }
  // The first unit that is not in the ring: what its decoder says, and no more than a ring holds behind what the
  // selector, in a page no decoder can write, wants next.
  uint64_t RingNext() const;

 private:
  void StartProcess(absl::StatusOr<std::unique_ptr<StageProcess>> process);
  void UseProcess(std::unique_ptr<StageProcess> process);
  void WatchProcess(std::unique_ptr<StageProcess> process);
  absl::Status Assign();
  void OnMessage(const stage::DecoderState& state);
  void TellDropped(const stage::DecoderState& state);
  void OnDeath(const StageDeath& death);
  void Do(RunEvent event);
  void GiveUp(PadCause cause, const std::string& why);
  void Kill();
  bool IsDue() const;  // its first unit should be on the air by now
  bool LooksAgain(const std::string& why);
  void TellFailed(PadCause cause, const std::string& why);
  LifeSign Sign() const;
  LifeSign Step() const;  // the same without its beat
  void KillIfHung(Nanos now, WriterPhase phase, const PhaseDeadline& deadline);
  DecoderPolicy::Witness WitnessOf(const StageDeath& death) const;
  uint64_t NextWanted() const;  // by the selector
  WriterPhase Phase() const;
  std::string Where() const;

  EventLoop& loop_;
  StageSupervisor& stages_;
  SessionMemory& memory_;
  PlannedSegment segment_;
  SourceRef source_;
  const WriterPage& writer_;  // its words are a decoder's: never trusted
  uint64_t first_unit_;       // the ring begins with it
  std::vector<std::string> media_roots_;
  std::function<void()> on_change_;
  OnDropped on_dropped_ = [](const PlannedSegment&, const std::vector<std::string>&) {};
  OnFailed on_failed_ = [](const PlannedSegment&, PadCause, const std::string&) {};
  bool told_dropped_ = false;
  bool looks_until_its_tick_ = false;
  bool told_missing_ = false;  // that it could not be opened so far

  RunState state_ = RunState::kOpening;
  PadCause pad_cause_ = PadCause::kNone;
  std::string error_;
  bool slate_ = false;
  DecoderPolicy policy_;
  int64_t retry_delay_ns_ = 0;
  std::optional<uint64_t> resume_at_;  // what lies before has brought down every decoder that tried
  uint64_t started_at_unit_ = 0;       // the ring's `next` when the present process began
  uint64_t incarnation_at_start_ = 0;  // and its writer_epoch
  HangWatch watch_;                    // of its silence
  HangWatch step_watch_;               // of what it has done
  RecoveryTimer recovery_;
  std::optional<Nanos> ready_at_;
  PadCause expiry_ = PadCause::kCrash;  // what the present process's death will be called
  std::optional<Nanos> killed_at_;
  std::unique_ptr<StageProcess> process_;
  std::unique_ptr<StageProcess> adopted_;  // until Resume()
  EventSource retry_;
};

}  // namespace air
