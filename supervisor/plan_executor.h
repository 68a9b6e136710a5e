// PlanExecutor: carries out the BlockPlans. It keeps the queue of blocks, gives upcoming segments a ring and
// a decoder in the order they air, and commits who owns which tick to the Timeline. What then happens on its
// tick happens in the selector; nothing here has to be on time for the channel to be.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/block_plan.h"
#include "supervisor/decoder_run.h"
#include "supervisor/program_observer.h"
#include "supervisor/rundown.h"
#include "supervisor/survivors.h"

namespace air {

class PlanExecutor {
 public:
  struct Settings {
    size_t max_queue_depth = 2;  // waiting blocks
    std::vector<std::string> media_roots;
  };
  struct Callbacks {
    // One block has given way to another at its tick; either may be none (nullptr).
    std::function<void(const PlannedBlock* completed, const PlannedBlock* started)> on_block_change;
    std::function<void()> on_content;    // a segment's first content frame is on air
    std::function<void()> on_exhausted;  // the last block's fence has passed and no other is there
    std::function<void()> on_changed;    // something a successor of this supervisor has to know
  };

  static absl::StatusOr<std::unique_ptr<PlanExecutor>> Create(EventLoop& loop, StageSupervisor& stages,
                                                              SessionMemory& memory, Settings settings,
                                                              Callbacks callbacks);

  // What a predecessor of this supervisor has recorded. Nothing happens before Resume().
  void Restore(const record::Session& session, Survivors& survivors);
  void Resume();
  void Describe(record::Session& session) const;

  // Appends a block. Errors: InvalidArgument (the block itself), FailedPrecondition (starts before the end of
  // the last accepted one), ResourceExhausted (queue full). Nothing that runs is touched by a refused one.
  absl::Status Append(const wire::BlockPlan& plan);

  // Looks at what went on air, retires what is over, prepares what comes. Called a few times per frame period
  // or so; its rhythm matters to events and preparation, never to the program.
  void Poll();

  Tick now_tick() const;
  const ProgramObserver& observer() const { return observer_; }
  const Rundown& rundown() const { return rundown_; }
  const PlannedBlock* BlockOnAir() const { return rundown_.FindBlock(observer_.block_on_air()); }
  const PlannedSegment* SegmentOnAir() const { return rundown_.FindSegment(observer_.segment_on_air()); }
  size_t waiting_blocks() const;
  // Units in the ring of the segment on air that have not aired; 0 without content.
  uint64_t LiveDepth() const;
  // The lowest that was within the last minute or so, while more was to come.
  uint64_t LowestDepth() const { return std::min(lowest_, lowest_before_); }
  void AppendStages(std::vector<StageSnapshot>& stages) const;
  // Publication of the last program frame after its deadline, nanoseconds.
  int64_t LastFrameGapNs() const { return observer_.last_gap_ns(); }
  // Whether the content of the segment on air was given up.
  bool LiveGivenUp() const;

 private:
  PlanExecutor(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, Settings settings,
               Callbacks callbacks, TimelineWriter timeline);

  // The run that works for the segment; failing that, one of its that got stuck.
  DecoderRun* FindRun(uint64_t segment_serial) const;
  DecoderRun* FindStuckRun(uint64_t segment_serial) const;
  void OnBlockChange(uint64_t from, uint64_t to);
  void RetireFinished();
  bool IsOver(const DecoderRun& run) const;
  void AssignRings();
  void KeepSpareWarm();
  void NoteDepth();
  bool IsOpening() const;
  // An unused ring; when there is none, the one prepared for the farthest segment is cleared for a segment
  // that is on the air without one. Nothing: not now.
  std::optional<uint32_t> FreeRing(bool urgent);
  std::unique_ptr<DecoderRun> MakeRun(const PlannedSegment& segment, const SourceRef& source);
  // The unit to begin with when the segment gets a ring; `before`: what worked for it until now.
  uint64_t FirstUnitOf(const PlannedSegment& segment, const DecoderRun* before) const;
  void CommitTimeline();
  std::vector<TimelineEntry> Entries() const;
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

  uint64_t prepared_block_ = 0;  // highest block serial whose preparation has started
  std::map<uint32_t, std::unique_ptr<DecoderRun>> runs_;  // by ring
  bool exhausted_ = false;
  uint64_t lowest_ = UINT64_MAX, lowest_before_ = UINT64_MAX;  // depth, in this half minute and the last one
  Nanos lowest_since_;
};

}  // namespace air
