// PlanExecutor: what changes a plan while it runs: another plan, and PREVIEW that becomes LIVE. Both are
// prepared first and get their tick then; the rundown does the rest.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "supervisor/plan/preview_request.h"
#include "supervisor/playout/plan_executor.h"
#include "supervisor/playout/tick_of_change.h"

namespace air {
namespace {

constexpr int64_t kPreviewAnswerNs = 2 * kNanosPerSecond;
constexpr int64_t kLongestLeadMs = 24LL * 3600 * 1000;  // of a switch

bool HasUnits(const DecoderRun* run) { return run != nullptr && run->RingNext() > run->first_unit(); }
bool IsGivenUp(const DecoderRun* run) { return run != nullptr && run->state() == RunState::kGivenUp; }

}  // namespace

bool PlanExecutor::IsStandby(uint64_t segment_serial) const {
  return (preview_.has_value() && preview_->segment.serial == segment_serial) ||
         (update_.has_value() && update_->begins_with.has_value() &&
          update_->begins_with->serial == segment_serial);
}

Tick PlanExecutor::StartOf(const DecoderRun& run) const {
  const PlannedSegment* segment = rundown_.FindSegment(run.segment().serial);
  return segment != nullptr ? segment->start : run.segment().start;
}

bool PlanExecutor::ServeStandby() {
  const bool update =
      !update_.has_value() || !update_->begins_with.has_value() || ServeStandby(*update_->begins_with);
  return (!preview_.has_value() || ServeStandby(preview_->segment)) && update;
}

bool PlanExecutor::ServeStandby(const PlannedSegment& segment) {
  if (FindRun(segment.serial) != nullptr) return true;
  const std::optional<uint32_t> ring = FreeRing(/*urgent=*/true);
  if (!ring.has_value()) return false;
  runs_[*ring] = MakeRun(segment, memory_.ResetRing(*ring, 0));
  runs_[*ring]->Start(/*soon=*/true);
  return true;
}

Tick PlanExecutor::PutInForce(const std::function<void(Tick at)>& change) {
  const Rundown before = rundown_;
  TickOfChange tick;
  Tick at = tick.Choose(now_tick());
  change(at);
  callbacks_.on_changed();  // before any of it can air
  while (!tick.CanBeKept(now_tick())) {
    Log().warn("tick {} has come too near while the change was recorded: a later one", at.value());
    rundown_ = before;
    at = tick.Choose(now_tick());
    change(at);
    callbacks_.on_changed();
  }
  exhausted_ = false;
  CommitTimeline();
  return at;
}

// As it is when it comes in force with that tick.
Rundown::Plan PlanExecutor::Update::From(const HouseTime& time, UtcMs epoch, Tick tick) const {
  if (!relative) return {.blocks = blocks};
  return {.blocks = blocks, .shift_ms = time.UtcOf(epoch, tick).value() - blocks->at(0).start_utc_ms};
}

void PlanExecutor::UpdatePlan(StoredBlocks::Pointer blocks, bool relative, std::function<void()> on_decided,
                              OnSwapped done) {
  if (update_.has_value()) return done(absl::AbortedError("another plan is just being put in force"));
  Update update{.blocks = std::move(blocks), .relative = relative, .prepared_at = EarliestChange()};
  const int64_t time_to_change =
      time_.NanosOf(update.prepared_at) - time_.NanosOf(now_tick());  // once it is decided
  update.decide_by = loop_.clock().Now() + (kLongestSwapNs - time_to_change);
  update.on_decided = std::move(on_decided);
  update.done = std::move(done);
  update.first_serial = rundown_.ReserveSegments(update.blocks->segments());

  Rundown as_of_now = rundown_;
  as_of_now.ReplaceFrom(update.prepared_at, update.From(time_, epoch_.utc, update.prepared_at),
                        update.first_serial, std::nullopt);
  if (as_of_now.End() <= update.prepared_at)
    return update.done(absl::InvalidArgumentError("plan_handle: every block of the plan is over"));
  for (const PlannedSegment& segment : as_of_now.segments()) {
    const bool owns = segment.start <= update.prepared_at && update.prepared_at < segment.end;
    if (owns && !segment.IsPad()) update.begins_with = segment;
  }
  update_ = std::move(update);
  ServeStandby();
  AdvanceUpdate();
}

void PlanExecutor::AdvanceUpdate() {
  if (!update_.has_value()) return;
  if (update_->begins_with.has_value()) {
    const DecoderRun* run = FindRun(update_->begins_with->serial);
    if (IsGivenUp(run) && !HasUnits(run)) {
      const OnSwapped done = std::move(update_->done);
      const std::string why = absl::StrCat(update_->begins_with->asset_uri, ": ", run->error());
      update_.reset();  // nothing wants its run any more, and the run leaves
      return done(absl::UnavailableError(why));
    }
    const bool late = loop_.clock().Now() >= update_->decide_by;
    if (!HasUnits(run) && !late) return;
    if (!HasUnits(run))
      Log().warn("{} is not there in time: pad until it is", update_->begins_with->asset_uri);
  }
  FinishUpdate();
}

void PlanExecutor::FinishUpdate() {
  Update update = *std::move(update_);
  update_.reset();
  const bool locks = update.begins_with.has_value() && !update.relative;
  update.on_decided();  // first, so that one record has the plan and its fingerprint
  const Tick at = PutInForce([&](Tick from) {
    rundown_.ReplaceFrom(from, update.From(time_, epoch_.utc, from), update.first_serial,
                         locks ? std::optional(update.prepared_at) : std::nullopt);
  });
  Log().info("another plan from tick {} on: {} blocks", at.value(), update.blocks->size());
  update.done(at);
}

void PlanExecutor::LoadPreview(const wire::LoadPreviewRequest& request, OnLoaded done) {
  if (preview_loaded_ != nullptr) std::exchange(preview_loaded_, nullptr)(absl::AbortedError("replaced"));
  preview_ = PreviewOf(request, time_, epoch_.utc);
  preview_->segment.serial = rundown_.ReserveSegments(1);
  preview_loaded_ = std::move(done);
  preview_answer_by_ = loop_.clock().Now() + kPreviewAnswerNs;
  callbacks_.on_changed();
  ServeStandby();
}

void PlanExecutor::AdvancePreview() {
  if (!preview_.has_value() || preview_loaded_ == nullptr) return;
  const DecoderRun* run = FindRun(preview_->segment.serial);
  const auto answer = [&](absl::StatusOr<bool> loaded) {
    std::exchange(preview_loaded_, nullptr)(std::move(loaded));
  };
  if (HasUnits(run)) return answer(true);
  if (IsGivenUp(run)) {
    const std::string why = absl::StrCat(preview_->segment.asset_uri, ": ", run->error());
    preview_.reset();
    callbacks_.on_changed();
    return answer(absl::UnavailableError(why));
  }
  if (loop_.clock().Now() >= preview_answer_by_) answer(false);
}

bool PlanExecutor::PreviewHasUnits() const {
  return preview_.has_value() && HasUnits(FindRun(preview_->segment.serial));
}

absl::StatusOr<Tick> PlanExecutor::SwitchToLive(int64_t target_utc_ms) {
  const Tick earliest = EarliestChange();
  if (!rundown_.inserts().empty()) {
    const LiveInsert& last = rundown_.inserts().back();
    const bool to_come = last.segment.start > now_tick();
    const bool same = target_utc_ms != 0 && last.target_utc_ms == target_utc_ms;
    if (!preview_.has_value() && same) return last.segment.start;
    if (to_come) {
      return absl::AbortedError(absl::StrCat("the switch to ", last.segment.asset_uri, " at tick ",
                                             last.segment.start.value(), " is still to come"));
    }
  }
  if (update_.has_value()) return absl::AbortedError("another plan is just being put in force");
  if (!preview_.has_value()) return absl::NotFoundError("PREVIEW is empty; call LoadPreview first");
  const Tick at = target_utc_ms == 0 ? earliest : time_.FirstTickAt(epoch_.utc, UtcMs(target_utc_ms));
  const int64_t lead_ms = target_utc_ms - UtcNow().value();
  if (at < earliest) {
    return absl::InvalidArgumentError(absl::StrCat(
        "target_boundary_time_ms: ", target_utc_ms, " is tick ", at.value(),
        ", the earliest that can change is ", earliest.value(),
        lead_ms < 0 ? absl::StrCat("; it was ", -lead_ms, " ms ago") : "", "; give 0 for the next tick"));
  }
  if (lead_ms > kLongestLeadMs)
    return absl::InvalidArgumentError("target_boundary_time_ms: more than a day ahead");
  if (preview_->hard_stop.has_value() && *preview_->hard_stop <= at)
    return absl::InvalidArgumentError("hard_stop_time_ms of the preview lies before the switch");
  if (const DecoderRun* run = FindRun(preview_->segment.serial); IsGivenUp(run) && !HasUnits(run)) {
    const std::string why = absl::StrCat(preview_->segment.asset_uri, ": ", run->error());
    preview_.reset();
    callbacks_.on_changed();
    return absl::UnavailableError(why);
  }

  const Preview preview = *std::exchange(preview_, std::nullopt);
  const auto insert = [&](Tick from) {
    LiveInsert live{.segment = preview.segment, .target_utc_ms = target_utc_ms};
    Tick end = Rundown::kNoEnd;
    if (preview.ticks.has_value()) end = std::min(end, from + *preview.ticks);
    if (preview.hard_stop.has_value()) end = std::min(end, *preview.hard_stop);
    live.segment.start = from;
    live.segment.end = std::max(end, from + 1);
    live.open = end == Rundown::kNoEnd;
    if (!live.open) live.asked_end = live.segment.end;
    rundown_.Insert(std::move(live));
  };
  Tick from = at;
  if (target_utc_ms == 0) {
    from = PutInForce(insert);
  } else if (!InsertAt(at, insert)) {
    preview_ = preview;
    callbacks_.on_changed();
    return absl::InvalidArgumentError(
        absl::StrCat("target_boundary_time_ms: ", target_utc_ms, " is tick ", at.value(),
                     ", which has passed while the switch was recorded; give a later instant, or 0"));
  }
  Log().info("{} is LIVE from tick {} on", preview.segment.asset_uri, from.value());
  if (preview_loaded_ != nullptr) std::exchange(preview_loaded_, nullptr)(false);
  return from;
}

bool PlanExecutor::InsertAt(Tick at, const std::function<void(Tick at)>& insert) {
  const Rundown before = rundown_;
  insert(at);
  callbacks_.on_changed();  // before it can air
  if (!TickOfChange::CanBeChanged(at, now_tick())) {
    rundown_ = before;
    return false;
  }
  exhausted_ = false;
  CommitTimeline();
  return true;
}

// An insert that is LIVE to its end gives way to the plan behind its last unit. The last unit is known when it has been
// decoded, which is early enough for what follows to be prepared.
void PlanExecutor::AdvanceLive() {
  if (rundown_.inserts().empty() || !rundown_.inserts().back().open) return;
  const uint64_t serial = rundown_.inserts().back().segment.serial;
  const DecoderRun* run = FindRun(serial);
  if (run == nullptr || observer_.segment_on_air() != serial) return;
  std::optional<Tick> end;
  if (run->state() == RunState::kEnded && observer_.lock_on_air().has_value()) {
    end = *observer_.lock_on_air() + static_cast<int64_t>(run->RingNext());
  } else if (IsGivenUp(run) && !rundown_.blocks().empty() && rundown_.blocks().back().fence > now_tick()) {
    end = EarliestChange();
  }
  if (!end.has_value()) return;
  rundown_.EndInsert(serial, std::max(*end, EarliestChange()));
  callbacks_.on_changed();
}

void PlanExecutor::CancelPending() {
  const absl::Status ends = absl::AbortedError("the session ends");
  if (preview_loaded_ != nullptr) std::exchange(preview_loaded_, nullptr)(ends);
  if (!update_.has_value()) return;
  const OnSwapped done = std::move(update_->done);
  update_.reset();
  done(ends);
}

}  // namespace air
