// Rundown: who owns which tick, as far as it has been decided. Two layers:
//
//   blocks   the accepted BlockPlans in order, each with its segments on the tick line
//   inserts  what was switched from PREVIEW to LIVE: it takes its ticks from the blocks' segments. The blocks
//            themselves, their fences and events stay as they are; behind the insert the plan goes on where
//            the clock says, in the middle of a segment if need be.
//
// Whatever changes the program is one of three operations: Append, ReplaceFrom, Insert. What comes out is one
// list of segments, sorted and without overlap, that becomes the Timeline. A segment that is entered in the
// middle is another segment (another serial): its units are counted from where it is entered. A segment that
// goes on where the one before it ended (GoesOnFrom) shows the units of the segment before it, from the same
// decoder, for as long as it follows it without a gap: its `line` says whose they are.
//
// What airs later than all calls and decoders can need is not planned yet: it waits as bytes (StoredBlocks), and
// PlanAhead plans it when its time comes nearer. So nothing here takes longer because a plan is long. Segments are
// numbered when their block is accepted, so that they are the same whenever it is planned.
//
// Pure: no clock, no process. Serials are counted through the session and recorded, so that a successor of
// this supervisor works out the very same list.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "protos/session_record.pb.h"
#include "supervisor/plan/block_plan.h"
#include "supervisor/plan/stored_blocks.h"

namespace air {

// A producer that is LIVE from `segment.start` on.
struct LiveInsert {
  PlannedSegment segment;         // block_serial 0
  bool open = false;              // until something else is known to follow; segment.end is then kNoEnd
  uint64_t resume_serial = 0;     // of the plan's segment that is entered behind it
  int64_t target_utc_ms = 0;      // as it was asked for; 0 = the next tick
  std::optional<Tick> asked_end;  // by its frames or its hard stop; something else may have come before
};

class Rundown {
 public:
  // At least so much is planned behind the present tick, if there is so much: of segments as many as the timeline takes
  // for granted, and of time more than anything is prepared ahead. A block's worth more than that is the most.
  static constexpr size_t kSegmentsAhead = 512;
  static constexpr int64_t kTimeAheadNs = 120 * kNanosPerSecond;

  // Later than any session lasts; still an instant that fits its nanoseconds.
  static constexpr Tick kNoEnd{int64_t{1} << 37};

  Rundown(const HouseTime& time, UtcMs epoch) : time_(time), epoch_(epoch) {}

  // Appends a block behind the last one; what lies before tick `earliest` is not its any more. True: it is
  // new; false: this very block was accepted before. Errors: InvalidArgument (the block itself, or another
  // one of this name), FailedPrecondition (starts before the end of the last one).
  absl::StatusOr<bool> Append(const wire::BlockPlan& plan, int32_t channel_id, Tick earliest = Tick(0));

  // Blocks that are in order and have been checked, and by how much they are later than they say.
  struct Plan {
    StoredBlocks::Pointer blocks;
    int64_t shift_ms = 0;
  };
  // The plan a session begins with. Blocks that are over at tick 0 are left out, but for the last one.
  void Accept(const Plan& plan);

  // From tick `from` on these blocks and nothing else: what was planned there, or switched to LIVE, goes.
  // Those over by then are left out. Their segments are numbered from `first_serial` on, which was reserved: what
  // airs first was prepared before it was known when it would. `prepared`: it was prepared to be entered at that
  // tick, and what has passed since is left out of what was prepared.
  void ReplaceFrom(Tick from, const Plan& plan, uint64_t first_serial, std::optional<Tick> prepared);

  // Plans what waits, as far as is wanted at tick `now`. How many blocks that were: the last ones of blocks().
  size_t PlanAhead(Tick now);
  // Blocks that are accepted and not planned yet.
  size_t waiting() const { return waiting_.has_value() ? waiting_->plan.blocks->size() - waiting_->next : 0; }
  // They and perhaps others, for the session's record (StoredBlocks::file); nullptr: none waits.
  std::shared_ptr<const std::string> stored() const {
    return waiting_.has_value() ? waiting_->plan.blocks->file() : nullptr;
  }

  // LIVE from its start on. What was LIVE there before ends.
  void Insert(LiveInsert insert);
  // An insert that is open ends at `end`.
  void EndInsert(uint64_t serial, Tick end);

  // This segment, and those that go on from it, get a line of units of their own: nothing good will come of
  // the one it was to go on with. Not for one that is on the air.
  void BeginLine(uint64_t segment_serial);

  // Serials for so many segments: the first of them.
  uint64_t ReserveSegments(size_t count) {
    return std::exchange(next_segment_serial_, next_segment_serial_ + count);
  }

  // Who owns which tick: sorted, no overlap, none empty. A segment that crosses a fence is there once a
  // block, under one serial.
  const std::vector<PlannedSegment>& segments() const { return segments_; }
  // In order; behind them may be others that wait.
  const std::deque<PlannedBlock>& blocks() const { return blocks_; }
  const std::vector<LiveInsert>& inserts() const { return inserts_; }

  const PlannedBlock* FindBlock(uint64_t serial) const;
  // Also one that owns no tick (any more).
  const PlannedSegment* FindSegment(uint64_t serial) const;
  // The tick behind the last one a segment owns; nothing when it owns none.
  std::optional<Tick> EndOf(uint64_t serial) const;
  // The same for all segments that show this line's units.
  std::optional<Tick> EndOfLine(uint64_t line_serial) const;
  // One of the segments that show this line's units; nullptr: none does (any more).
  const PlannedSegment* FindOnLine(uint64_t line_serial) const;
  // Behind everything that is planned; kNoEnd under an open insert.
  Tick End() const;
  // The end of the last accepted block.
  std::optional<int64_t> last_end_utc_ms() const { return last_end_utc_ms_; }

  // Drops what ended before tick `n`; the last block stays, and what was LIVE while the segment behind it
  // lasts, and what goes on from that: by it they are known.
  void Forget(Tick n);

  void Describe(record::Session& session) const;
  // `waiting`: what stored() was; nullptr: nothing waited. PlanAhead goes on with it.
  void Restore(const record::Session& session, StoredBlocks::Pointer waiting);

 private:
  struct Waiting {
    Plan plan;
    size_t next = 0;            // the first that is not planned
    uint64_t first_serial = 0;  // of the segment that has number 0 there
    Tick from;                  // no tick before it is theirs
  };
  Tick FenceOf(const Waiting& waiting, size_t i) const;
  void PlanNext();
  void Wait(const wire::BlockPlan& plan, Tick from);
  bool ReachesFar(Tick now) const;
  absl::StatusOr<bool> Knows(const wire::BlockPlan& plan) const;
  void CutAt(Tick from);
  static void Cut(PlannedBlock& block, Tick from);
  static void LockTo(Tick prepared, PlannedBlock& block);
  bool IsCut(const PlannedBlock& block) const {
    return block.fence < time_.FirstTickAt(epoch_, UtcMs(block.plan.end_utc_ms()));
  }
  void Compose();
  void TakeFrom(const LiveInsert& insert, std::vector<PlannedSegment>& plan) const;
  void MarkChains();
  void GiveLines();
  CarriedLine LineInto(const PlannedBlock& block) const;
  void AddByBlock(const PlannedSegment& segment, std::vector<PlannedSegment>& out) const;

  HouseTime time_;
  UtcMs epoch_;
  std::deque<PlannedBlock> blocks_;
  std::optional<Waiting> waiting_;
  std::vector<LiveInsert> inserts_;  // by start; they do not overlap
  std::vector<PlannedSegment> segments_;
  std::set<uint64_t> own_lines_;  // segments that are not to go on with another's
  std::optional<int64_t> last_end_utc_ms_;
  uint64_t next_block_serial_ = 1, next_segment_serial_ = 1;
};

}  // namespace air
