#include "supervisor/plan/rundown.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

// The part of a segment that begins at `from`, as a segment that is entered there.
PlannedSegment EnteredAt(const PlannedSegment& segment, Tick from, uint64_t serial) {
  PlannedSegment rest = segment;
  rest.serial = serial;
  rest.skip_units += from - segment.lock.value_or(segment.start);
  rest.start = from;
  rest.entered = true;
  rest.lock.reset();
  return rest;
}

UnitLine OwnLineOf(const PlannedSegment& segment) {
  return {.serial = segment.serial,
          .in_point_ms = segment.in_point_ms,
          .skip_units = segment.skip_units,
          .fade_in_units = segment.treatment.fade_in_units(),
          .start = segment.lock.value_or(segment.start)};
}

}  // namespace

// Whether this very block was accepted before; an error: another one of this name was.
absl::StatusOr<bool> Rundown::Knows(const wire::BlockPlan& plan) const {
  const absl::Status other = absl::InvalidArgumentError(
      absl::StrCat("block ", plan.block_id(),
                   ": block_id: a block of this name was accepted with other contents, and is immutable"));
  const auto is_same = [&](const wire::BlockPlan& known) {
    return known.SerializeAsString() == plan.SerializeAsString();
  };
  for (const PlannedBlock& block : blocks_) {
    if (block.plan.block_id() != plan.block_id() || IsCut(block)) continue;
    if (is_same(block.plan)) return true;
    return other;
  }
  if (!waiting_.has_value()) return false;
  const uint64_t name = StoredBlocks::NameOf(plan.block_id());
  for (size_t i = waiting_->next; i < waiting_->plan.blocks->size(); ++i) {
    if (waiting_->plan.blocks->at(i).name != name) continue;
    const wire::BlockPlan known = waiting_->plan.blocks->Decode(i, waiting_->plan.shift_ms);
    if (known.block_id() != plan.block_id()) continue;
    if (is_same(known)) return true;
    return other;
  }
  return false;
}

absl::StatusOr<bool> Rundown::Append(const wire::BlockPlan& plan, int32_t channel_id, Tick earliest) {
  if (absl::Status s = CheckBlock(plan, channel_id); !s.ok()) return s;
  const absl::StatusOr<bool> known = Knows(plan);
  if (!known.ok()) return known.status();
  if (*known) return false;
  if (last_end_utc_ms_.has_value() && plan.start_utc_ms() < *last_end_utc_ms_) {
    return absl::FailedPreconditionError(
        absl::StrCat("block ", plan.block_id(), ": start_utc_ms: ", plan.start_utc_ms(),
                     " lies before the end of the last accepted block, ", *last_end_utc_ms_));
  }
  last_end_utc_ms_ = plan.end_utc_ms();
  if (waiting_.has_value() || ReachesFar(earliest)) {
    Wait(plan, earliest);
    return true;
  }
  blocks_.push_back(PlanBlock(plan, time_, epoch_, next_block_serial_++, next_segment_serial_, earliest));
  Compose();
  return true;
}

void Rundown::Wait(const wire::BlockPlan& plan, Tick from) {
  const uint64_t serial = ReserveSegments(static_cast<size_t>(plan.segments_size()));
  if (!waiting_.has_value()) {
    waiting_ = {.plan = {.blocks = StoredBlocks::Of({plan})}, .first_serial = serial, .from = from};
    return;
  }
  wire::BlockPlan stored = plan;
  stored.set_start_utc_ms(plan.start_utc_ms() - waiting_->plan.shift_ms);
  stored.set_end_utc_ms(plan.end_utc_ms() - waiting_->plan.shift_ms);
  waiting_->plan.blocks =
      waiting_->plan.blocks->With(waiting_->next, stored, serial - waiting_->first_serial);
  waiting_->next = 0;
}

Tick Rundown::FenceOf(const Waiting& waiting, size_t i) const {
  return time_.FirstTickAt(epoch_, UtcMs(waiting.plan.blocks->at(i).end_utc_ms + waiting.plan.shift_ms));
}

void Rundown::Accept(const Plan& plan) {
  Waiting waiting{.plan = plan, .first_serial = ReserveSegments(plan.blocks->segments())};
  const size_t last = plan.blocks->size() - 1;
  while (waiting.next < last && FenceOf(waiting, waiting.next) <= Tick(0)) ++waiting.next;
  last_end_utc_ms_ = plan.blocks->at(last).end_utc_ms + plan.shift_ms;
  waiting_ = std::move(waiting);
  PlanAhead(Tick(0));
}

void Rundown::ReplaceFrom(Tick from, const Plan& plan, uint64_t first_serial, std::optional<Tick> prepared) {
  CutAt(from);
  Waiting waiting{.plan = plan, .first_serial = first_serial, .from = from};
  while (waiting.next < plan.blocks->size() && FenceOf(waiting, waiting.next) <= from) ++waiting.next;
  if (waiting.next == plan.blocks->size()) {
    waiting_.reset();
    return Compose();
  }
  last_end_utc_ms_ = plan.blocks->at(plan.blocks->size() - 1).end_utc_ms + plan.shift_ms;
  waiting_ = std::move(waiting);
  PlanNext();
  if (prepared.has_value() && !blocks_.empty()) LockTo(*prepared, blocks_.back());
  Compose();
  PlanAhead(from);
}

// Whether enough is planned behind tick `now`.
bool Rundown::ReachesFar(Tick now) const {
  const Tick far = now + time_.TickAt(Nanos(0), Nanos(kTimeAheadNs)).value();
  if (blocks_.empty() || blocks_.back().fence < far) return false;
  size_t ahead = 0;
  for (auto block = blocks_.rbegin(); block != blocks_.rend() && block->fence > now; ++block) {
    const auto& segments = block->segments;
    const auto first = std::partition_point(
        segments.begin(), segments.end(), [&](const PlannedSegment& segment) { return segment.end <= now; });
    ahead += static_cast<size_t>(segments.end() - first);
    if (ahead >= kSegmentsAhead) return true;
  }
  return false;
}

void Rundown::PlanNext() {
  Waiting& waiting = *waiting_;
  uint64_t serial = waiting.first_serial + waiting.plan.blocks->at(waiting.next).first_segment;
  const wire::BlockPlan plan = waiting.plan.blocks->Decode(waiting.next, waiting.plan.shift_ms);
  if (plan.segments_size() > 0)
    blocks_.push_back(PlanBlock(plan, time_, epoch_, next_block_serial_++, serial, waiting.from));
  if (++waiting.next == waiting.plan.blocks->size()) waiting_.reset();
}

size_t Rundown::PlanAhead(Tick now) {
  const size_t before = blocks_.size();
  while (waiting_.has_value() && !ReachesFar(now)) PlanNext();
  if (blocks_.size() > before) Compose();
  return blocks_.size() - before;
}

// The segment that is entered at the block's first tick, if it was already what was due at `prepared`.
void Rundown::LockTo(Tick prepared, PlannedBlock& block) {
  block.prepared = prepared;
  for (PlannedSegment& segment : block.segments) {
    const int64_t passed = segment.start - prepared;
    if (segment.start != block.from || segment.IsEmpty() || passed > segment.skip_units) continue;
    segment.skip_units -= passed;
    segment.lock = prepared;
  }
}

void Rundown::CutAt(Tick from) {
  std::erase_if(blocks_, [&](const PlannedBlock& block) { return block.start >= from; });
  for (PlannedBlock& block : blocks_) Cut(block, from);
  std::erase_if(inserts_, [&](const LiveInsert& insert) { return insert.segment.start >= from; });
  for (LiveInsert& insert : inserts_) {
    if (insert.segment.end <= from) continue;
    insert.segment.end = from;
    insert.open = false;
  }
}

void Rundown::Cut(PlannedBlock& block, Tick from) {
  if (block.fence <= from) return;
  block.fence = from;
  std::erase_if(block.segments, [&](const PlannedSegment& s) { return s.start >= from && !s.IsEmpty(); });
  for (PlannedSegment& segment : block.segments) segment.end = std::min(segment.end, from);
}

void Rundown::Insert(LiveInsert insert) {
  const Tick start = insert.segment.start;
  std::erase_if(inserts_, [&](const LiveInsert& before) { return before.segment.start >= start; });
  for (LiveInsert& before : inserts_) {
    if (before.segment.end <= start) continue;
    before.segment.end = start;
    before.open = false;
  }
  if (insert.open) insert.segment.end = kNoEnd;
  insert.resume_serial = ReserveSegments(1);
  inserts_.push_back(std::move(insert));
  Compose();
}

void Rundown::EndInsert(uint64_t serial, Tick end) {
  for (LiveInsert& insert : inserts_) {
    if (insert.segment.serial != serial || !insert.open) continue;
    insert.segment.end = end;
    insert.open = false;
    insert.resume_serial = ReserveSegments(1);
  }
  Compose();
}

void Rundown::BeginLine(uint64_t segment_serial) {
  own_lines_.insert(segment_serial);
  Compose();
}

void Rundown::MarkChains() {
  const PlannedSegment* before = nullptr;
  for (PlannedBlock& block : blocks_) {
    for (PlannedSegment& segment : block.segments) {
      const bool goes_on = before != nullptr && GoesOnFrom(*before, segment, block.from);
      segment.chain = goes_on ? before->chain : segment.serial;
      segment.chain_offset_ms = goes_on ? before->chain_offset_ms : segment.in_point_ms - segment.seam_utc_ms;
      if (before == nullptr && block.carried.has_value())
        segment.chain_offset_ms = block.carried->chain_offset_ms;
      before = &segment;
    }
  }
}

// What comes between two segments of a chain, and what is entered in its middle, ends the line.
void Rundown::GiveLines() {
  CarriedLine carried;
  if (!blocks_.empty()) carried = blocks_.front().carried.value_or(carried);
  const PlannedSegment* before = nullptr;
  for (PlannedSegment& segment : segments_) {
    const bool adjacent = before != nullptr && before->end == segment.start;
    const bool same = adjacent && before->serial == segment.serial;  // in the next block
    const bool follows = adjacent && segment.chain != 0 && before->chain == segment.chain &&
                         !segment.entered && !own_lines_.contains(segment.serial);
    if (carried.segment_serial == segment.serial) {
      segment.line = carried.line;
    } else {
      segment.line = same || follows ? before->line : OwnLineOf(segment);
    }
    before = &segment;
  }
}

CarriedLine Rundown::LineInto(const PlannedBlock& block) const {
  CarriedLine carried{.chain_offset_ms = block.segments.front().chain_offset_ms};
  const auto first = std::find_if(segments_.begin(), segments_.end(), [&](const auto& segment) {
    return segment.block_serial == block.serial && segment.chain != 0;
  });
  if (first != segments_.end() && first->GoesOn() && !first->entered) {
    carried.segment_serial = first->serial;
    carried.line = first->line;
  }
  return carried;
}

void Rundown::Compose() {
  MarkChains();
  std::vector<PlannedSegment> plan;
  for (const PlannedBlock& block : blocks_) {
    for (const PlannedSegment& segment : block.segments) {
      if (!segment.IsEmpty()) plan.push_back(segment);
    }
  }
  for (const LiveInsert& insert : inserts_) TakeFrom(insert, plan);
  std::vector<PlannedSegment> live;
  for (const LiveInsert& insert : inserts_) AddByBlock(insert.segment, live);
  segments_.clear();
  std::merge(plan.begin(), plan.end(), live.begin(), live.end(), std::back_inserter(segments_),
             [](const PlannedSegment& a, const PlannedSegment& b) { return a.start < b.start; });
  GiveLines();
}

void Rundown::TakeFrom(const LiveInsert& insert, std::vector<PlannedSegment>& plan) const {
  const Tick from = insert.segment.start, to = insert.segment.end;
  std::vector<PlannedSegment> left;
  for (const PlannedSegment& segment : plan) {
    PlannedSegment before = segment;
    before.end = std::min(segment.end, from);
    if (!before.IsEmpty()) left.push_back(before);
    if (segment.start >= to) {
      left.push_back(segment);
    } else if (segment.end > to) {
      left.push_back(EnteredAt(segment, to, insert.resume_serial));
    }
  }
  plan = std::move(left);
}

void Rundown::AddByBlock(const PlannedSegment& segment, std::vector<PlannedSegment>& out) const {
  PlannedSegment piece = segment;
  const auto add_until = [&](Tick end, uint64_t block_serial) {
    piece.end = std::min(end, segment.end);
    piece.block_serial = block_serial;
    if (!piece.IsEmpty()) out.push_back(piece);
    piece.start = std::max(piece.start, piece.end);
  };
  for (const PlannedBlock& block : blocks_) {
    if (block.fence <= piece.start) continue;
    add_until(block.start, 0);
    add_until(block.fence, block.serial);
  }
  add_until(segment.end, 0);
}

const PlannedBlock* Rundown::FindBlock(uint64_t serial) const {
  const auto found =
      std::find_if(blocks_.begin(), blocks_.end(), [&](const auto& b) { return b.serial == serial; });
  return found == blocks_.end() ? nullptr : &*found;
}

const PlannedSegment* Rundown::FindSegment(uint64_t serial) const {
  const auto is_it = [&](const PlannedSegment& segment) { return segment.serial == serial; };
  const auto owner = std::find_if(segments_.begin(), segments_.end(), is_it);
  if (owner != segments_.end()) return &*owner;
  for (const PlannedBlock& block : blocks_) {
    const auto found = std::find_if(block.segments.begin(), block.segments.end(), is_it);
    if (found != block.segments.end()) return &*found;
  }
  return nullptr;
}

std::optional<Tick> Rundown::EndOf(uint64_t serial) const {
  std::optional<Tick> end;
  for (const PlannedSegment& segment : segments_) {
    if (segment.serial == serial) end = segment.end;
  }
  return end;
}

std::optional<Tick> Rundown::EndOfLine(uint64_t line_serial) const {
  std::optional<Tick> end;
  for (const PlannedSegment& segment : segments_) {
    if (segment.line.serial == line_serial) end = segment.end;
  }
  return end;
}

const PlannedSegment* Rundown::FindOnLine(uint64_t line_serial) const {
  const auto found = std::find_if(segments_.begin(), segments_.end(),
                                  [&](const auto& s) { return s.line.serial == line_serial; });
  return found == segments_.end() ? nullptr : &*found;
}

Tick Rundown::End() const {
  Tick end = blocks_.empty() ? Tick(0) : blocks_.back().fence;
  if (waiting_.has_value()) end = FenceOf(*waiting_, waiting_->plan.blocks->size() - 1);
  for (const LiveInsert& insert : inserts_) end = std::max(end, insert.segment.end);
  return end;
}

void Rundown::Forget(Tick n) {
  const size_t before = blocks_.size() + inserts_.size();
  while (blocks_.size() > 1 && blocks_.front().fence < n) {
    blocks_[1].carried = LineInto(blocks_[1]);
    blocks_.pop_front();
  }
  std::erase_if(inserts_, [&](const LiveInsert& insert) {
    return insert.segment.end < n && EndOfLine(insert.resume_serial).value_or(insert.segment.end) < n;
  });
  if (blocks_.size() + inserts_.size() == before) return;
  Compose();
  std::erase_if(own_lines_, [&](uint64_t serial) { return FindSegment(serial) == nullptr; });
}

}  // namespace air
