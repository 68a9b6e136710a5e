// PlanExecutor: what it leaves to a successor of this supervisor, and how the successor goes on with it. Ticks,
// seams and serials follow from the blocks as they did before, so that the timeline is what it was.
#include <algorithm>

#include "base/stage_log.h"
#include "supervisor/plan/preview_request.h"
#include "supervisor/playout/plan_executor.h"

namespace air {

void PlanExecutor::Describe(record::Session& session) const {
  rundown_.Describe(session);
  if (preview_.has_value()) {
    session.mutable_preview()->set_serial(preview_->segment.serial);
    *session.mutable_preview()->mutable_request() = preview_->request;
  }
  session.set_prepared_block(prepared_block_);
  for (const DecoderRing& ring : memory_.rings()) session.add_ring_generations(ring.generation);
  for (const auto& [ring, run] : runs_) run->Describe(*session.add_runs());
  const ProgramObserver::Position seen = observer_.position();
  session.mutable_observed()->set_next_tick(seen.next_tick);
  session.mutable_observed()->set_block_serial(seen.block);
  session.mutable_observed()->set_content_segment(seen.content_segment);
}

void PlanExecutor::Restore(const record::Session& session, StoredBlocks::Pointer waiting,
                           Survivors& survivors) {
  rundown_.Restore(session, std::move(waiting));
  rundown_.PlanAhead(now_tick());  // time has passed
  if (session.has_preview()) {
    preview_ = PreviewOf(session.preview().request(), time_, epoch_.utc);
    preview_->segment.serial = session.preview().serial();
  }
  prepared_block_ = session.prepared_block();
  observer_.Restore({.next_tick = session.observed().next_tick(),
                     .block = session.observed().block_serial(),
                     .content_segment = session.observed().content_segment()});
  for (const record::Run& recorded : session.runs()) {
    const SourceRef source{.ring = recorded.ring(), .reserved = 0, .generation = recorded.generation()};
    if (!memory_.Holds(source)) continue;  // its ring is lost; what is left of its decoder goes
    const PlannedSegment* segment = rundown_.FindOnLine(recorded.segment_serial());
    if (preview_.has_value() && preview_->segment.serial == recorded.segment_serial())
      segment = &preview_->segment;
    runs_[source.ring] =
        MakeRun(segment != nullptr ? *segment : PlannedSegment{.serial = recorded.segment_serial()}, source);
    runs_[source.ring]->Restore(recorded, survivors.Take(recorded.decoder()));
  }
}

void PlanExecutor::Resume() {
  observer_.Poll();  // the timeline depends on what is on the air
  for (const auto& [ring, run] : runs_) {
    // Over, and its decoder was ended by the predecessor, or would have been: that is no death.
    if (IsOver(*run) && !run->is_stuck()) run->Leave();
    run->Resume();
  }
  Poll();
}

}  // namespace air
