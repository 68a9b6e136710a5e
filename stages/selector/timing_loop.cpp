#include "stages/selector/timing_loop.h"

#include <utility>

namespace air {

TimingLoop::TimingLoop(MasterClock& clock, const SessionPage& session, TimelineController& timeline,
                       InputBus& inputs, ProgramOutput& program, std::optional<MappingLock> anew)
    : clock_(clock),
      line_(session.selector()),
      pacer_(session.time(), session.facts().epoch.mono),
      period_ns_(session.time().NanosOf(Tick(1))),
      timeline_(timeline),
      inputs_(inputs),
      program_(program),
      aired_(session.aired()),
      anew_(anew.has_value()),
      last_(session.facts().epoch.mono - period_ns_) {
  if (anew_) timeline_.Restore(*anew);
  const std::optional<SlotMeta> last = anew_ ? std::nullopt : program_.Last();
  if (!last.has_value()) return;
  CatchUpWithTheRing();
  timeline_.Restore(last->journal);
  // The predecessor may have died before it gave the last tick's unit back.
  if (last->journal.locked != 0) inputs_.ReleaseThrough(last->journal.source, last->journal.source_index);
}

void TimingLoop::CatchUpWithTheRing() {
  const Tick next = program_.next_tick();
  for (Tick n = aired_.end().value_or(next - 1); n < next; ++n) {
    if (const std::optional<SlotMeta> frame = program_.At(n); frame.has_value()) aired_.Append(*frame);
  }
}

void TimingLoop::RunTick() {
  const Tick due = program_.next_tick();
  clock_.SleepUntil(pacer_.WakeTime(due, last_));
  const Nanos opened = clock_.Now();
  line_.beat_ns.store(opened.value(), std::memory_order_relaxed);

  const Tick n = std::exchange(anew_, false) ? pacer_.Current(due, opened) : pacer_.Catch(due, opened);
  if (n != due) {
    program_.JumpTo(n);
    line_.Add(SelectorCounter::kDiscontinuities);
    line_.Add(SelectorCounter::kTicksGivenUp, static_cast<uint64_t>(n - due));
  }

  const Decision decision = timeline_.Decide(n, inputs_);
  aired_.Append(program_.Emit(decision, inputs_, {.deadline = pacer_.Deadline(n), .opened = opened}, clock_));
  if (decision.wanted) inputs_.ReleaseThrough(decision.source, decision.unit);

  last_ = opened;
  Count(decision, opened);
}

void TimingLoop::Count(const Decision& decision, Nanos opened) {
  line_.Add(SelectorCounter::kFrames);
  line_.Set(SelectorCounter::kTimelineVersion, decision.timeline_version);
  if (opened - pacer_.Deadline(decision.tick) > period_ns_) line_.Add(SelectorCounter::kLateTicks);
  if (decision.show == EntryKind::kContent) line_.Add(SelectorCounter::kContentFrames);
  if (decision.show == EntryKind::kSlate) line_.Add(SelectorCounter::kSlateFrames);
  if (decision.show == EntryKind::kPad) {
    line_.Add(static_cast<SelectorCounter>(static_cast<size_t>(SelectorCounter::kPadFirst) +
                                           static_cast<size_t>(decision.cause)));
  }
  if (decision.unit_refused) line_.Add(SelectorCounter::kRefusedUnits);
}

}  // namespace air
