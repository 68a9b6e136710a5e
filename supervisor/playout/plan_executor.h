// PlanExecutor: carries out the rundown. It gives upcoming segments a ring and a decoder in the order they
// air, and commits who owns which tick to the Timeline. What then happens on its tick happens in the
// selector; nothing here has to be on time for the channel to be.
//
// Two things are prepared before it is known on which tick they will air: what begins a new plan, and
// PREVIEW. Each has a ring and a decoder like any segment, and no tick until it gets one
// (plan_executor_live.cpp).
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/handover/survivors.h"
#include "supervisor/plan/block_plan.h"
#include "supervisor/plan/preview_request.h"
#include "supervisor/plan/rundown.h"
#include "supervisor/playout/decoder_run.h"
#include "supervisor/playout/program_observer.h"

namespace air {

class PlanExecutor {
 public:
  struct Settings {
    size_t max_queue_depth = 2;  // waiting blocks
    std::vector<std::string> media_roots;
    std::string aspect_policy;  // of the session's program format
  };
  struct Callbacks {
    // One block has given way to another at its tick; either may be none (nullptr).
    std::function<void(const PlannedBlock* completed, const PlannedBlock* started)> on_block_change;
    // A segment airs without something that was to be laid over its picture.
    std::function<void(const PlannedBlock&, const PlannedSegment&, const std::vector<std::string>& reasons)>
        on_dropped;
    // Something of a segment cannot be played; `block`: nullptr, it is LIVE. Perhaps told again by a successor.
    std::function<void(const PlannedBlock* block, const PlannedSegment&, PadCause, const std::string& reason)>
        on_failed;
    std::function<void()> on_content;    // a segment's first content frame is on air
    std::function<void()> on_exhausted;  // the last block's fence has passed and no other is there
    std::function<void()> on_changed;    // something a successor of this supervisor has to know
  };

  static absl::StatusOr<std::unique_ptr<PlanExecutor>> Create(EventLoop& loop, StageSupervisor& stages,
                                                              SessionMemory& memory, Settings settings,
                                                              Callbacks callbacks);

  // What a predecessor of this supervisor has recorded. Nothing happens before Resume().
  // `waiting`: what waits of the plan; nullptr: nothing.
  void Restore(const record::Session& session, StoredBlocks::Pointer waiting, Survivors& survivors);
  void Resume();
  void Describe(record::Session& session) const;

  // The plan a session begins with, before its first tick.
  void Accept(const Rundown::Plan& plan);

  // Appends a block. Errors: InvalidArgument (the block itself), FailedPrecondition (starts before the end of
  // the last accepted one), ResourceExhausted (queue full). Nothing that runs is touched by a refused one.
  absl::Status Append(const wire::BlockPlan& plan);

  // Another plan in place of the one that runs: at the next tick at which what it begins with is in the ring,
  // and at the latest so that it happens within kLongestSwap of this call; then it pads until it comes.
  // `blocks`, at least one, have been checked; `relative`: they begin with that tick, whenever it is.
  // `on_decided`: called just before the plan is recorded, for what is to stand in the same record.
  // `done`, once: it is recorded and committed, for that tick. Errors, and what runs goes on: InvalidArgument (it would
  // be over by now), Unavailable (its first asset cannot be played), Aborted (another one is being carried out, or the
  // session ends).
  using OnSwapped = std::function<void(absl::StatusOr<Tick>)>;
  void UpdatePlan(StoredBlocks::Pointer blocks, bool relative, std::function<void()> on_decided,
                  OnSwapped done);
  static constexpr int64_t kLongestSwapNs = 500 * kNanosPerMs;

  // A producer into PREVIEW, in place of the one that is there. `done`, once: true when its first unit is in
  // the ring, false when that takes longer than a client should wait. Errors: Unavailable (it cannot be
  // played, and PREVIEW is empty), Aborted (the session ends).
  using OnLoaded = std::function<void(absl::StatusOr<bool>)>;
  void LoadPreview(const wire::LoadPreviewRequest& request, OnLoaded done);
  const std::optional<Preview>& preview() const { return preview_; }
  bool PreviewHasUnits() const;
  bool preview_is_loading() const { return preview_loaded_ != nullptr; }

  // PREVIEW becomes LIVE at the tick of this instant, or as soon as may be for 0. The same again, when
  // PREVIEW is empty since then: the same answer. Errors: NotFound (PREVIEW is empty), Unavailable (what is
  // in it cannot be played; it is empty then), Aborted (another switch is to come), InvalidArgument (that
  // tick has passed, or the producer's hard stop will have). What is answered is recorded and committed: it happens at
  // that very tick, and a successor of this supervisor that is killed keeps the promise.
  absl::StatusOr<Tick> SwitchToLive(int64_t target_utc_ms);

  // Answers the calls that wait for an update or a preview.
  void CancelPending();

  // Looks at what went on air, retires what is over, prepares what comes. Called a few times per frame period
  // or so; its rhythm matters to events and preparation, never to the program.
  void Poll();

  Tick now_tick() const;
  // Editorial time: the session's own, which a step of the wall clock does not move.
  UtcMs UtcNow() const { return time_.UtcOf(epoch_.utc, now_tick()); }
  const ProgramObserver& observer() const { return observer_; }
  const Rundown& rundown() const { return rundown_; }
  const PlannedBlock* BlockOnAir() const { return rundown_.FindBlock(observer_.block_on_air()); }
  const PlannedSegment* SegmentOnAir() const { return rundown_.FindSegment(observer_.segment_on_air()); }
  size_t waiting_blocks() const;
  // Units in the ring of the segment on air that have not aired; 0 without content.
  uint64_t LiveDepth() const;
  // The lowest that was within the last minute or so, while more was to come.
  uint64_t LowestDepth() const { return std::min(lowest_, lowest_before_); }
  // How long before its tick the first unit of the segment that came on the air last was in its ring; 0: it
  // was not. And the least that was within the last minute or so.
  int64_t PreparedAheadNs() const { return ahead_; }
  int64_t LeastPreparedAheadNs() const {
    const int64_t least = std::min(least_ahead_, least_ahead_before_);
    return least == INT64_MAX ? 0 : least;
  }
  void AppendStages(std::vector<StageSnapshot>& stages) const;
  // Publication of the last program frame after its deadline, nanoseconds.
  int64_t LastFrameGapNs() const { return observer_.last_gap_ns(); }
  // Whose units the segment on air shows: its own serial, or that of the segment it goes on from.
  uint64_t LineOnAir() const;
  // Whether the content of the segment on air was given up.
  bool LiveGivenUp() const;

 private:
  PlanExecutor(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, Settings settings,
               Callbacks callbacks, TimelineWriter timeline);

  // The run that makes this line of units; failing that, one of its that got stuck. A run's segment is the
  // one its line began with.
  DecoderRun* FindRun(uint64_t line_serial) const;
  DecoderRun* FindStuckRun(uint64_t line_serial) const;
  size_t StuckRuns(uint64_t line_serial) const;
  // Where its line has come to nothing or is not on time, the next segment that was to go on with it begins
  // one of its own.
  void BreakLines();
  bool IsLost(const DecoderRun& run, Tick next_start) const;
  // The segment a run works for now: the one on the air, if that shows its units.
  const PlannedSegment& ServedBy(const PlannedSegment& run_segment) const;
  void OnBlockChange(uint64_t from, uint64_t to);
  void RetireFinished();
  bool IsOver(const DecoderRun& run) const;
  // What is prepared without a tick.
  bool IsStandby(uint64_t segment_serial) const;
  // Gives it a ring each; false while one is still to be freed for it.
  bool ServeStandby();
  bool ServeStandby(const PlannedSegment& segment);
  void AdvanceUpdate();
  void FinishUpdate();
  // Makes the change at the earliest tick that can be kept, records it and commits it; returns that tick. `change` is
  // made again, on the rundown as it was, when its tick has come too near while it was recorded.
  Tick PutInForce(const std::function<void(Tick at)>& change);
  // The same for a tick that was asked for; false, and nothing is changed: it has come too near.
  bool InsertAt(Tick at, const std::function<void(Tick at)>& insert);
  void AdvancePreview();
  void AdvanceLive();
  Tick EarliestChange() const { return now_tick() + kFreezeTicks + 1; }
  Tick StartOf(const DecoderRun& run) const;
  // Plans what waits, as far as is wanted by now, and records it.
  void PlanAhead();
  void TellOfSkipped(size_t blocks) const;  // the last ones
  void AssignRings();
  void KeepSpareWarm();
  void NoteDepth();
  void NotePreparation(Tick on_air_at, uint64_t segment_serial);
  bool IsOpening() const;
  // An unused ring; when there is none, the one prepared for the farthest segment is cleared for a segment
  // that is on the air without one. Nothing: not now.
  std::optional<uint32_t> FreeRing(bool urgent);
  std::unique_ptr<DecoderRun> MakeRun(const PlannedSegment& segment, const SourceRef& source);
  // The unit to begin with when the segment gets a ring; `before`: what worked for it until now.
  uint64_t FirstUnitOf(const PlannedSegment& segment, const DecoderRun* before) const;
  void CommitTimeline();
  // Of what is not over at tick `now`.
  std::vector<TimelineEntry> Entries(Tick now) const;
  void AppendEntries(const PlannedSegment& segment, std::vector<TimelineEntry>& entries) const;

  EventLoop& loop_;
  StageSupervisor& stages_;
  SessionMemory& memory_;
  Settings settings_;
  Callbacks callbacks_;
  HouseTime time_;
  Epoch epoch_;
  TimelineWriter timeline_;
  Rundown rundown_;
  ProgramObserver observer_;

  struct Update {
    StoredBlocks::Pointer blocks;
    bool relative = false;
    Rundown::Plan From(const HouseTime& time, UtcMs epoch, Tick tick) const;
    uint64_t first_serial = 0;
    std::optional<PlannedSegment> begins_with;  // content to be had ready; nothing: planned pad
    Tick prepared_at;                           // its unit 0
    Nanos decide_by;
    std::function<void()> on_decided;
    OnSwapped done;
  };
  std::optional<Update> update_;
  std::optional<Preview> preview_;
  OnLoaded preview_loaded_;
  Nanos preview_answer_by_;

  uint64_t prepared_block_ = 0;  // highest block serial whose preparation has started
  std::map<uint32_t, std::unique_ptr<DecoderRun>> runs_;  // by ring
  bool exhausted_ = false;
  uint64_t lowest_ = UINT64_MAX, lowest_before_ = UINT64_MAX;  // depth, in this half minute and the last one
  int64_t ahead_ = 0, least_ahead_ = INT64_MAX, least_ahead_before_ = INT64_MAX;  // the same of preparation
  Nanos lowest_since_;
};

}  // namespace air
