#include "supervisor/playout/plan_executor.h"

#include <algorithm>
#include <set>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"

namespace air {
namespace {

constexpr int64_t kPrepareAheadNs =
    30 * kNanosPerSecond;  // no earlier: a prepared ring is missing in the pool
// Of one segment: a mount that is dead would take every ring there is.
constexpr size_t kMostStuck = 2;
constexpr int64_t kDepthWindowNs = 30 * kNanosPerSecond;
constexpr int64_t kSoonNs = 2 * kNanosPerSecond;     // what airs later than this may wait its turn
constexpr int64_t kHistoryNs = 5 * kNanosPerSecond;  // entries kept for a selector that has to catch up

// A segment goes on with what the one before it began. Not when that is later than this, ...
constexpr int64_t kMostLateNs = kNanosPerSecond;
// ... nor when nothing of it has come so long before.
constexpr int64_t kLastChanceNs = 500 * kNanosPerMs;

constexpr size_t kMostEntries = kTimelineCapacity / 2;  // the rest is for what the selector still may ask for
static_assert(kMostEntries <= Rundown::kSegmentsAhead);

}  // namespace

absl::StatusOr<std::unique_ptr<PlanExecutor>> PlanExecutor::Create(EventLoop& loop, StageSupervisor& stages,
                                                                   SessionMemory& memory, Settings settings,
                                                                   Callbacks callbacks) {
  absl::StatusOr<TimelineWriter> timeline = TimelineWriter::Attach(memory.timeline().bytes());
  if (!timeline.ok()) return timeline.status();
  return std::unique_ptr<PlanExecutor>(new PlanExecutor(loop, stages, memory, std::move(settings),
                                                        std::move(callbacks), *std::move(timeline)));
}

PlanExecutor::PlanExecutor(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory, Settings settings,
                           Callbacks callbacks, TimelineWriter timeline)
    : loop_(loop),
      stages_(stages),
      memory_(memory),
      settings_(std::move(settings)),
      callbacks_(std::move(callbacks)),
      time_(memory.session().time()),
      epoch_(memory.session().facts().epoch),
      timeline_(std::move(timeline)),
      rundown_(time_, epoch_.utc),
      observer_(memory.program_view(), timeline_.current(),
                {.on_block = [this](Tick, uint64_t from, uint64_t to) { OnBlockChange(from, to); },
                 .on_content =
                     [this](Tick n, uint64_t segment) {
                       NotePreparation(n, segment);
                       callbacks_.on_content();
                     }}) {}

Tick PlanExecutor::now_tick() const { return time_.TickAt(epoch_.mono, loop_.clock().Now()); }

absl::Status PlanExecutor::Append(const wire::BlockPlan& plan) {
  if (update_.has_value())
    return absl::ResourceExhaustedError("the plan is being replaced; feed again in half a second");
  const int32_t channel_id = memory_.session().facts().channel_id;
  if (waiting_blocks() >= settings_.max_queue_depth) {
    // Also then a block that is wrong is wrong, and one that is there already is there.
    absl::StatusOr<bool> is_new = Rundown(rundown_).Append(plan, channel_id);
    if (!is_new.ok() || !*is_new) return is_new.status();
    return absl::ResourceExhaustedError(
        absl::StrCat("the queue holds ", waiting_blocks(), " waiting blocks, its depth is ",
                     settings_.max_queue_depth, "; feed again after the next BlockStarted"));
  }
  // A block that comes when its time has begun is joined in progress, at the first tick that is still free.
  const bool running = observer_.next_tick() > Tick(0);
  const Tick earliest = running ? now_tick() + kFreezeTicks + 1 : Tick(0);
  const absl::StatusOr<bool> is_new = rundown_.Append(plan, channel_id, earliest);
  if (!is_new.ok() || !*is_new) return is_new.status();
  exhausted_ = false;
  callbacks_.on_changed();  // before it is called accepted, and before any of it can air
  if (rundown_.waiting() == 0) TellOfSkipped(1);
  AssignRings();
  CommitTimeline();
  return absl::OkStatus();
}

void PlanExecutor::Accept(const Rundown::Plan& plan) {
  rundown_.Accept(plan);
  callbacks_.on_changed();  // before any of it can air
  TellOfSkipped(rundown_.blocks().size());
  AssignRings();
  CommitTimeline();
}

void PlanExecutor::PlanAhead() {
  const size_t planned = rundown_.PlanAhead(now_tick());
  if (planned == 0) return;
  callbacks_.on_changed();  // before any of it can air
  TellOfSkipped(planned);
}

void PlanExecutor::TellOfSkipped(size_t blocks) const {
  for (auto block = rundown_.blocks().end() - static_cast<int64_t>(blocks); block != rundown_.blocks().end();
       ++block) {
    for (const PlannedSegment& segment : block->segments) {
      if (segment.IsEmpty())
        Log().warn("block {}: segment {} owns no tick and is SKIPPED", block->plan.block_id(), segment.index);
    }
  }
}

void PlanExecutor::Poll() {
  observer_.Poll();
  for (const auto& [ring, run] : runs_) run->Look();
  AdvanceUpdate();
  AdvancePreview();
  AdvanceLive();
  RetireFinished();
  PlanAhead();
  BreakLines();
  AssignRings();
  KeepSpareWarm();
  NoteDepth();
  CommitTimeline();
  if (!exhausted_ && !rundown_.blocks().empty() && observer_.next_tick() > rundown_.End()) {
    exhausted_ = true;
    Log().warn("no block follows {}: pad until one is fed", rundown_.blocks().back().plan.block_id());
    callbacks_.on_exhausted();
  }
}

void PlanExecutor::OnBlockChange(uint64_t from, uint64_t to) {
  callbacks_.on_block_change(rundown_.FindBlock(from), rundown_.FindBlock(to));
}

// A ring is free again once the program has passed its segment for good (what the selector has published it
// will not ask for again) and its decoder is dead.
void PlanExecutor::RetireFinished() {
  for (const auto& [ring, run] : runs_) {
    if (IsOver(*run) && !run->is_stuck()) run->Leave();
  }
  std::erase_if(runs_, [](const auto& entry) { return entry.second->is_gone(); });
  const Tick forget = now_tick() - time_.TickAt(Nanos(0), Nanos(kHistoryNs)).value();
  rundown_.Forget(std::min(forget, observer_.next_tick()));
}

// What the selector has published it will not ask for again; what lost its ticks to something else never will
// be asked for.
bool PlanExecutor::IsOver(const DecoderRun& run) const {
  if (IsStandby(run.segment().serial)) return false;
  return rundown_.EndOfLine(run.segment().serial).value_or(Tick(INT64_MIN)) < observer_.next_tick();
}

void PlanExecutor::AssignRings() {
  const Tick now = now_tick();
  const Tick soon = now + time_.TickAt(Nanos(0), Nanos(kSoonNs)).value();
  const Tick horizon = now + time_.TickAt(Nanos(0), Nanos(kPrepareAheadNs)).value();
  const bool standby_waits = !ServeStandby();
  for (const PlannedSegment& segment : rundown_.segments()) {
    if (segment.end <= now + kFreezeTicks) continue;
    if (segment.start > horizon || (segment.start > soon && standby_waits)) return;
    if (segment.IsPad()) {
      prepared_block_ = std::max(prepared_block_, segment.block_serial);
      continue;
    }
    const DecoderRun* run = FindRun(segment.line.serial);
    if (segment.GoesOn() && run != nullptr) prepared_block_ = std::max(prepared_block_, segment.block_serial);
    if (run != nullptr && !run->is_stuck()) continue;
    if (StuckRuns(segment.line.serial) >= kMostStuck) continue;
    const std::optional<uint32_t> ring = FreeRing(/*urgent=*/run != nullptr);
    if (!ring.has_value()) return;  // in order: no later segment gets a ring first

    prepared_block_ = std::max(prepared_block_, segment.block_serial);
    // What airs later does not compete with what is about to deliver its first picture.
    if (segment.start > soon && IsOpening()) return;
    runs_[*ring] = MakeRun(segment, memory_.ResetRing(*ring, FirstUnitOf(segment, run)));
    runs_[*ring]->Start(/*soon=*/segment.start < soon);
  }
}

const PlannedSegment& PlanExecutor::ServedBy(const PlannedSegment& run_segment) const {
  const PlannedSegment* on_air = SegmentOnAir();
  return on_air != nullptr && on_air->line.serial == run_segment.serial ? *on_air : run_segment;
}

uint64_t PlanExecutor::LineOnAir() const {
  const PlannedSegment* segment = SegmentOnAir();
  return segment != nullptr && segment->line.serial != 0 ? segment->line.serial : observer_.segment_on_air();
}

bool PlanExecutor::IsLost(const DecoderRun& run, Tick next_start) const {
  const bool given_up = run.state() == RunState::kGivenUp || StuckRuns(run.segment().serial) >= kMostStuck;
  if (given_up || LineOnAir() != run.segment().serial) return given_up;
  const PlannedSegment* on_air = SegmentOnAir();
  const std::optional<Tick> lock = observer_.lock_on_air();
  if (on_air == nullptr) return false;
  if (!lock.has_value()) return time_.NanosOf(next_start) - time_.NanosOf(now_tick()) <= kLastChanceNs;
  return time_.NanosOf(*lock) - time_.NanosOf(on_air->line.start) > kMostLateNs;
}

void PlanExecutor::BreakLines() {
  const Tick earliest = EarliestChange();
  std::set<uint64_t> looked_at;
  std::vector<uint64_t> lost;
  for (const PlannedSegment& segment : rundown_.segments()) {
    if (!segment.GoesOn() || segment.start < earliest) continue;
    if (!looked_at.insert(segment.line.serial).second) continue;
    const DecoderRun* run = FindRun(segment.line.serial);
    if (run != nullptr && IsLost(*run, segment.start)) lost.push_back(segment.serial);
  }
  for (uint64_t serial : lost) rundown_.BeginLine(serial);
  if (!lost.empty()) callbacks_.on_changed();
}

// The spare decoder has open what is on the air: its recovery is then to seek and to decode.
void PlanExecutor::KeepSpareWarm() {
  const PlannedSegment* segment = SegmentOnAir();
  // What has not been seen to play is no use to be had ready.
  if (segment == nullptr || segment->IsPad() || !observer_.content_on_air()) return;
  stages_.KeepWarm(segment->asset_uri, settings_.media_roots, segment->treatment);
}

void PlanExecutor::NoteDepth() {
  const Nanos now = loop_.clock().Now();
  if (now - lowest_since_ > kDepthWindowNs) {
    lowest_before_ = std::exchange(lowest_, UINT64_MAX);
    least_ahead_before_ = std::exchange(least_ahead_, INT64_MAX);
    lowest_since_ = now;
  }
  const DecoderRun* run = FindRun(LineOnAir());
  const bool more_to_come = run != nullptr && run->state() != RunState::kEnded;
  if (more_to_come && observer_.lock_on_air().has_value()) lowest_ = std::min(lowest_, run->Depth());
}

// A segment that a predecessor of this supervisor has prepared counts from when it was ready there.
void PlanExecutor::NotePreparation(Tick on_air_at, uint64_t segment_serial) {
  const PlannedSegment* segment = rundown_.FindSegment(segment_serial);
  if (segment == nullptr || segment->GoesOn()) return;  // nothing had to be prepared for it
  const DecoderRun* run = FindRun(segment_serial);
  if (run == nullptr || !run->ready_at().has_value()) return;
  ahead_ = std::max<int64_t>(time_.Deadline(epoch_.mono, on_air_at) - *run->ready_at(), 0);
  least_ahead_ = std::min(least_ahead_, ahead_);
}

void PlanExecutor::AppendStages(std::vector<StageSnapshot>& stages) const {
  for (const auto& [ring, run] : runs_) run->AppendStage(stages);
}

bool PlanExecutor::IsOpening() const {
  return std::any_of(runs_.begin(), runs_.end(), [](const auto& entry) {
    return entry.second->state() == RunState::kOpening && !entry.second->is_stuck();
  });
}

std::optional<uint32_t> PlanExecutor::FreeRing(bool urgent) {
  uint32_t ring = 0;
  while (runs_.contains(ring)) ++ring;
  if (ring < memory_.rings().size()) return ring;
  if (!urgent) return std::nullopt;
  DecoderRun* farthest = nullptr;
  for (const auto& [used, run] : runs_) {
    if (run->state() == RunState::kLeaving) return std::nullopt;  // it will be free in a moment
    if (run->is_stuck() || run->segment().serial == LineOnAir()) continue;
    if (IsStandby(run->segment().serial)) continue;
    if (farthest == nullptr || StartOf(*run) > StartOf(*farthest)) farthest = run.get();
  }
  if (farthest != nullptr) farthest->Leave();
  return std::nullopt;
}

uint64_t PlanExecutor::FirstUnitOf(const PlannedSegment& segment, const DecoderRun* before) const {
  const std::optional<Tick> lock = observer_.lock_on_air();
  if (LineOnAir() != segment.line.serial || !lock.has_value())
    return static_cast<uint64_t>(segment.GoesOn() ? std::max<int64_t>(segment.start - segment.line.start, 0)
                                                  : 0);
  if (before != nullptr) return before->RingNext();
  // Its ring is lost, with the selector and a predecessor of this supervisor: what is late by now stays pad.
  return static_cast<uint64_t>(std::max<int64_t>(now_tick() - *lock, 0));
}

std::unique_ptr<DecoderRun> PlanExecutor::MakeRun(const PlannedSegment& segment, const SourceRef& source) {
  PlannedSegment presented = segment;
  if (segment.GoesOn()) {  // the segment the line began with, which may be forgotten
    presented.serial = segment.line.serial;
    presented.in_point_ms = segment.line.in_point_ms;
    presented.skip_units = segment.line.skip_units;
    presented.start = segment.line.start;
    presented.treatment.set_fade_in_units(segment.line.fade_in_units);
  }
  presented.treatment.set_aspect_policy(settings_.aspect_policy);
  auto run =
      std::make_unique<DecoderRun>(loop_, stages_, memory_, presented, source, settings_.media_roots, [this] {
        CommitTimeline();
        callbacks_.on_changed();
      });
  run->ReportDropped([this](const PlannedSegment& run_segment, const std::vector<std::string>& reasons) {
    const PlannedSegment& of = ServedBy(run_segment);
    if (const PlannedBlock* block = rundown_.FindBlock(of.block_serial))
      callbacks_.on_dropped(*block, of, reasons);
  });
  run->ReportFailed([this](const PlannedSegment& run_segment, PadCause cause, const std::string& reason) {
    if (IsStandby(run_segment.serial)) return;  // the call that waits for it is answered
    const PlannedSegment& of = ServedBy(run_segment);
    callbacks_.on_failed(rundown_.FindBlock(of.block_serial), of, cause, reason);
  });
  if (!IsStandby(segment.serial)) run->LookUntilItsTick();
  return run;
}

std::vector<TimelineEntry> PlanExecutor::Entries(Tick now) const {
  std::vector<TimelineEntry> entries;
  // What is over by now stands in the timeline as it was; but for the first time nothing does.
  const Tick from = timeline_.current().version() == 0 ? Tick(INT64_MIN) : now;
  for (const PlannedSegment& segment : rundown_.segments()) {
    if (segment.end <= from) continue;
    AppendEntries(segment, entries);
    if (entries.size() >= kMostEntries) break;
  }
  return entries;
}

// One entry a segment; two where what has been decoded already is followed by something else: by the ring
// that replaces one whose decoder is stuck, or by the slate.
void PlanExecutor::AppendEntries(const PlannedSegment& segment, std::vector<TimelineEntry>& entries) const {
  TimelineEntry entry{.start_tick = segment.start.value(),
                      .end_tick = segment.end.value(),
                      .kind = segment.IsPad() ? EntryKind::kPad : EntryKind::kContent,
                      .segment_serial = segment.serial,
                      .block_serial = segment.block_serial,
                      .lock_tick = segment.lock.value_or(Tick(kNoLock)).value(),
                      .line_serial = 0};
  if (segment.GoesOn()) {
    // Should nothing of its line have come before it, it is on the clock all the same.
    entry.lock_tick = segment.line.start.value();
    entry.line_serial = segment.line.serial;
  }
  const DecoderRun* run = FindRun(segment.line.serial);
  if (run == nullptr) return entries.push_back(entry);
  entry.source = run->source();
  entry.pad_cause = run->pad_cause();

  const DecoderRun* stuck = FindStuckRun(segment.line.serial);
  const bool replaces = stuck != nullptr && stuck != run;
  if (replaces || run->shows_slate()) {
    TimelineEntry before = entry;
    if (replaces) before.source = stuck->source();
    const uint64_t decoded = replaces ? run->first_unit() : run->RingNext();
    const bool locked = LineOnAir() == segment.line.serial && observer_.lock_on_air().has_value();
    const int64_t border =
        locked ? (*observer_.lock_on_air() + static_cast<int64_t>(decoded)).value() : entry.start_tick;
    before.end_tick = entry.start_tick = std::clamp(border, entry.start_tick, entry.end_tick);
    if (before.end_tick > before.start_tick) entries.push_back(before);
    if (run->shows_slate()) entry.kind = EntryKind::kSlate;
  }
  if (entry.end_tick > entry.start_tick) entries.push_back(entry);
}

void PlanExecutor::CommitTimeline() {
  const Tick now = now_tick();
  // A selector that has to catch up asks for ticks of the past: what it has not made yet stays.
  const Tick keep_from =
      std::min(now - time_.TickAt(Nanos(0), Nanos(kHistoryNs)).value(), observer_.next_tick());
  if (absl::Status s = timeline_.Commit(Entries(now), now, keep_from); !s.ok()) {
    Log().error("the timeline keeps its last version: {}", s.ToString());
  }
}

DecoderRun* PlanExecutor::FindRun(uint64_t line_serial) const {
  for (const auto& [ring, run] : runs_) {
    const bool works = !run->is_stuck() && run->state() != RunState::kLeaving;
    if (works && run->segment().serial == line_serial) return run.get();
  }
  return FindStuckRun(line_serial);
}

size_t PlanExecutor::StuckRuns(uint64_t line_serial) const {
  return static_cast<size_t>(std::count_if(runs_.begin(), runs_.end(), [&](const auto& entry) {
    return entry.second->is_stuck() && entry.second->segment().serial == line_serial;
  }));
}

DecoderRun* PlanExecutor::FindStuckRun(uint64_t line_serial) const {
  for (const auto& [ring, run] : runs_) {
    if (run->is_stuck() && run->segment().serial == line_serial) return run.get();
  }
  return nullptr;
}

size_t PlanExecutor::waiting_blocks() const {
  return static_cast<size_t>(
             std::count_if(rundown_.blocks().begin(), rundown_.blocks().end(),
                           [&](const PlannedBlock& b) { return b.serial > prepared_block_; })) +
         rundown_.waiting();
}

uint64_t PlanExecutor::LiveDepth() const {
  const DecoderRun* run = FindRun(LineOnAir());
  return run != nullptr ? run->Depth() : 0;
}

bool PlanExecutor::LiveGivenUp() const {
  const DecoderRun* run = FindRun(LineOnAir());
  return run != nullptr && run->state() == RunState::kGivenUp;
}

}  // namespace air
