#include "supervisor/session/playout_instance.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "supervisor/process/phase_deadlines.h"

namespace air {
namespace {

constexpr int64_t kLookaheadMs = 10'000;  // a block that comes later than that before its start came late

LifeSign SignOf(const StageLine& line) {
  return {.beat_ns = line.beat_ns.load(std::memory_order_relaxed),
          .progress = line.Get(SelectorCounter::kFrames),
          .incarnation = 0,
          .phase = 0};
}

}  // namespace

PlayoutInstance::PlayoutInstance(EventLoop& loop, StageSupervisor& stages, DescriptorStore& store,
                                 PlayoutControl& control, EventHub& events, Settings settings,
                                 Callbacks callbacks)
    : loop_(loop),
      stages_(stages),
      control_(control),
      events_(events),
      settings_(std::move(settings)),
      callbacks_(std::move(callbacks)),
      keeper_(store),
      selector_watch_(stages.hang_ns()) {}

absl::StatusOr<std::unique_ptr<PlayoutInstance>> PlayoutInstance::Create(
    EventLoop& loop, StageSupervisor& stages, DescriptorStore& store, PlayoutControl& control,
    EventHub& events, Settings settings, Callbacks callbacks) {
  std::unique_ptr<PlayoutInstance> instance(
      new PlayoutInstance(loop, stages, store, control, events, std::move(settings), std::move(callbacks)));
  const Settings& s = instance->settings_;
  absl::StatusOr<std::unique_ptr<SessionMemory>> memory =
      SessionMemory::Create({.facts = {.session_id = RandomId(),
                                       .format = s.format.house,
                                       .pts_origin = s.format.pts_origin,
                                       .channel_id = s.channel_id},
                             .decoder_rings = s.decoder_rings,
                             .ring_seconds = s.ring_seconds});
  if (!memory.ok()) return memory.status();
  instance->UseMemory(*std::move(memory));
  NoteStep("session memory made");
  // The memory is there: now tick 0 can be, and it is now.
  MasterClock& clock = loop.clock();
  const UtcMs utc = s.join_utc_ms != 0 ? UtcMs(s.join_utc_ms) : clock.UtcNow();
  const Nanos mono = clock.Now();
  instance->drift_.emplace(mono, clock.UtcNow());
  if (absl::Status set = instance->memory_->SetEpoch({mono, utc}); !set.ok()) return set;
  if (absl::Status made = instance->MakePlan(SessionEvidence::Origin::kBegins); !made.ok()) return made;
  Log().info("session of channel {}: {}x{} at {}, {} MB of shared memory ({}.*)", s.channel_id,
             s.format.house.width, s.format.house.height, ToString(s.format.house.rate),
             SessionMemory::BytesNeeded(s.format.house, s.decoder_rings, s.ring_seconds) >> 20,
             instance->memory_->prefix());
  return instance;
}

void PlayoutInstance::UseMemory(std::unique_ptr<SessionMemory> memory) {
  memory_ = std::move(memory);
  memory_->AllocateRings([&loop = loop_, failed = callbacks_.on_failed](const absl::Status& why) {
    loop.Post([failed, text = std::string(why.message())] { failed(text); });
  });
  keeper_.Keep(kPageName, {memory_->page().fd()});
  keeper_.Keep(kSlateName, {memory_->slate().fd()});
  for (size_t i = 0; i < memory_->rings().size(); ++i) {
    const DecoderRing& ring = memory_->rings()[i];
    keeper_.Keep(RingName(i), {ring.ring.fd(), ring.reader_page.fd()});
  }
}

absl::Status PlayoutInstance::MakePlan(SessionEvidence::Origin origin) {
  PlanExecutor::Settings plan_settings = settings_.plan;
  plan_settings.aspect_policy = settings_.format.aspect_policy;
  absl::StatusOr<std::unique_ptr<PlanExecutor>> plan = PlanExecutor::Create(
      loop_, stages_, *memory_, plan_settings,
      {.on_block_change = [this](const PlannedBlock* completed,
                                 const PlannedBlock* started) { PublishBlockChange(completed, started); },
       .on_dropped =
           [this](const PlannedBlock& block, const PlannedSegment& segment,
                  const std::vector<std::string>& reasons) { PublishDropped(block, segment, reasons); },
       .on_failed = [this](const PlannedBlock* block, const PlannedSegment& segment, PadCause cause,
                           const std::string& reason) { PublishFailed(block, segment, cause, reason); },
       .on_content =
           [this] {
             if (!control_.Apply(PlayoutEvent::kContentOnAir)) return;
             NoteStep("content on the air");
             callbacks_.on_changed();
           },
       .on_exhausted = [this] { loop_.Post(callbacks_.on_exhausted); },
       .on_changed = callbacks_.on_changed});
  if (!plan.ok()) return plan.status();
  plan_ = *std::move(plan);
  evidence_ = std::make_unique<SessionEvidence>(*settings_.evidence, loop_.clock(), memory_->session(),
                                                origin, settings_.channel_name, settings_.evidence_endpoint);
  return absl::OkStatus();
}

absl::Status PlayoutInstance::Append(const wire::BlockPlan& block) {
  const std::optional<int64_t> end_before = plan_->rundown().last_end_utc_ms();
  absl::Status appended = plan_->Append(block);
  evidence_->Know(plan_->rundown());
  const bool is_new = appended.ok() && plan_->rundown().last_end_utc_ms() != end_before;
  if (is_new && selector_started_) TellOfFed(block, end_before);
  return appended;
}

int64_t PlayoutInstance::EditorialNowMs() const {
  const Epoch& epoch = memory_->session().facts().epoch;
  return epoch.utc.value() + (loop_.clock().Now() - epoch.mono) / kNanosPerMs;
}

int64_t PlayoutInstance::LookaheadMs() const {
  return plan_->rundown().last_end_utc_ms().value_or(EditorialNowMs()) - EditorialNowMs();
}

// What is to be said of a block that was fed: that it leaves a hole, that it comes late, or too late.
void PlayoutInstance::TellOfFed(const wire::BlockPlan& block, std::optional<int64_t> end_before) {
  std::vector<wire::BlockEvent> events;
  const int64_t start_ms = block.start_utc_ms();
  const int64_t lead_ms = start_ms - EditorialNowMs();
  if (end_before.has_value() && start_ms > *end_before) {
    Log().warn("the plan has a hole of {} ms before block {}: pad", start_ms - *end_before, block.block_id());
    wire::PlanHole& hole = *events.emplace_back().mutable_plan_hole();
    hole.set_start_utc_ms(*end_before);
    hole.set_end_utc_ms(start_ms);
  }
  if (lead_ms < kLookaheadMs) {
    ++lookahead_low_;
    Log().warn("lookahead_low: block {} came {} ms before its start", block.block_id(), lead_ms);
    wire::LookaheadLow& low = *events.emplace_back().mutable_lookahead_low();
    low.set_block_id(block.block_id());
    low.set_lead_ms(lead_ms);
  }
  // All of it is over: it begins and ends now, so that a client that feeds on events goes on.
  const PlannedBlock& last = plan_->rundown().blocks().back();
  if (plan_->rundown().waiting() == 0 && last.fence <= plan_->now_tick()) {
    events.push_back(StartedEvent(last));
    events.push_back(CompletedEvent(last));
  }
  for (wire::BlockEvent& event : events) event.set_channel_id(settings_.channel_id);
  if (!events.empty()) events_.Publish(events);
}

void PlayoutInstance::LookAtClock() {
  const Nanos now = loop_.clock().Now();
  if (now - drift_at_ < kNanosPerSecond) return;
  drift_at_ = now;
  callbacks_.on_changed();  // what could not be recorded, for want of room, is tried again
  if (!drift_->Look(now, loop_.clock().UtcNow())) return;
  Log().warn("the clock on the wall is {} ms ahead of where the session has it; nothing on the air moves",
             drift_->drift_ms());
  wire::BlockEvent event;
  event.set_channel_id(settings_.channel_id);
  event.mutable_clock_drift()->set_drift_ms(drift_->drift_ms());
  events_.Publish(event);
  if (drift_->is_beyond()) loop_.Post(callbacks_.on_drift);
}

void PlayoutInstance::Conclude(const std::string& reason, const std::string& detail) {
  evidence_->Terminate(reason, detail);
}

void PlayoutInstance::Begin(const Rundown::Plan& plan) {
  // Planned before the first tick is made, so that even tick 0 has an owner.
  plan_->Accept(plan);
  evidence_->Know(plan_->rundown());
  control_.Apply(PlayoutEvent::kSessionStarted);
  selector_started_ = true;
  StartSelector();
  slate_ = MakeSlate();
  Poll();
}

std::unique_ptr<SlateCard> PlayoutInstance::MakeSlate() {
  return std::make_unique<SlateCard>(
      loop_, stages_, *memory_,
      SlateSettings{.file = settings_.slate_file,
                    .title = settings_.format.sink.service_name,
                    .subtitle = absl::StrCat("CHANNEL ", settings_.channel_id)});
}

absl::StatusOr<std::unique_ptr<PlayoutInstance>> PlayoutInstance::Adopt(
    EventLoop& loop, StageSupervisor& stages, DescriptorStore& store, PlayoutControl& control,
    EventHub& events, Settings settings, Callbacks callbacks, const record::Session& session,
    const SessionRecord::Plan& waiting, Survivors& survivors) {
  StoredBlocks::Pointer waiting_blocks;
  if (waiting != nullptr) {
    absl::StatusOr<StoredBlocks::Pointer> parsed = StoredBlocks::Parse(waiting);
    if (!parsed.ok()) return parsed.status();
    waiting_blocks = *std::move(parsed);
  }
  std::unique_ptr<PlayoutInstance> instance(
      new PlayoutInstance(loop, stages, store, control, events, std::move(settings), std::move(callbacks)));
  const std::vector<uint64_t> generations(session.ring_generations().begin(),
                                          session.ring_generations().end());
  survivors.TakeKept(kPageName);  // found by its name
  std::vector<std::vector<UniqueFd>> rings;
  for (size_t i = 0; i < generations.size(); ++i) rings.push_back(survivors.TakeKept(RingName(i)));
  absl::StatusOr<std::unique_ptr<SessionMemory>> memory = SessionMemory::Adopt(
      session.segment_prefix(), survivors.TakeKept(kSlateName), generations, std::move(rings));
  if (!memory.ok()) return memory.status();
  if ((*memory)->session().facts().session_id[0] != session.session_id()) {
    return absl::FailedPreconditionError("its shared memory is another session's");
  }
  instance->UseMemory(*std::move(memory));
  instance->settings_.format.house = instance->memory_->session().facts().format;
  instance->blocks_executed_ = session.blocks_executed();
  instance->selector_started_ = true;
  instance->lookahead_low_ = session.lookahead_low();
  instance->drift_.emplace(instance->memory_->session().facts().epoch.mono, UtcMs(session.wall_utc_ms()));
  if (absl::Status made = instance->MakePlan(SessionEvidence::Origin::kIsTakenUp); !made.ok()) return made;
  instance->plan_->Restore(session, std::move(waiting_blocks), survivors);
  instance->evidence_->Know(instance->plan_->rundown());
  instance->selector_ = survivors.Take(session.selector());
  return instance;
}

void PlayoutInstance::Resume() {
  const std::vector<DecoderRing>& rings = memory_->rings();
  const bool lost = std::any_of(rings.begin(), rings.end(), [](const DecoderRing& r) { return r.is_new; });
  if (selector_ != nullptr && lost) {
    // It lives and has not given back the rings it reads: there is no way to bring the two together.
    selector_->KillHung("without its rings");
  }
  if (selector_ != nullptr) {
    UseSelector(std::move(selector_));
  } else {
    OnSelectorDeath({StageDeath::Kind::kUnknown, "gone (adopted)", /*from_outside=*/true});
  }
  plan_->Resume();
  slate_ = MakeSlate();
  Poll();
}

void PlayoutInstance::Describe(record::Session& session) const {
  const SessionFacts& facts = memory_->session().facts();
  session.set_segment_prefix(memory_->prefix());
  session.set_session_id(facts.session_id[0]);
  session.set_channel_id(settings_.channel_id);
  session.set_max_queue_depth(static_cast<uint32_t>(settings_.plan.max_queue_depth));
  session.set_blocks_executed(blocks_executed_);
  session.set_lookahead_low(lookahead_low_);
  session.set_wall_utc_ms(drift_->base_utc().value());
  if (selector_ != nullptr) *session.mutable_selector() = selector_->Describe();
  plan_->Describe(session);
}

void PlayoutInstance::StartSelector() {
  absl::StatusOr<std::unique_ptr<StageProcess>> process = stages_.Take(StageKind::kSelector);
  if (!process.ok()) return OnSelectorDeath({StageDeath::Kind::kSpawn, process.status().ToString()});
  selector_started_at_ = memory_->session().selector().Get(SelectorCounter::kFrames);
  UseSelector(*std::move(process));
}

void PlayoutInstance::UseSelector(std::unique_ptr<StageProcess> process) {
  absl::StatusOr<UniqueFd> handover = OpenForHandover(memory_->program().fd());
  if (!handover.ok()) return OnSelectorDeath({StageDeath::Kind::kSpawn, handover.status().ToString()});

  selector_watch_.Begin(loop_.clock().Now(), SignOf(memory_->session().selector()));
  selector_ = std::move(process);
  selector_->Watch(
      [this](const stage::FromStage& message) {
        if (!message.selector().error().empty())
          Log().error("{}: {}", selector_->id(), message.selector().error());
      },
      [this](const StageDeath& death) { OnSelectorDeath(death); });
  keeper_.EntrustTo(selector_.get());  // first: one that has its work keeps all there is
  stage::ToStage message;
  message.mutable_selector()->set_decoder_rings(static_cast<uint32_t>(memory_->rings().size()));
  message.mutable_selector()->set_segment_prefix(memory_->prefix() + ".");
  if (SelectorBeginsAnew()) {
    const std::optional<Tick> lock = plan_->observer().lock_on_air();
    message.mutable_selector()->set_begins_anew(true);
    message.mutable_selector()->set_lock_segment(lock.has_value() ? plan_->LineOnAir() : 0);
    message.mutable_selector()->set_lock_tick(lock.value_or(Tick(0)).value());
    Log().error("{} selectors within a second: the next one begins anew with the tick that is due",
                selector_deaths_.size());
  }
  std::vector<int> fds = {memory_->page().fd(), memory_->timeline().fd(), handover->get(),
                          memory_->slate().fd()};
  for (const DecoderRing& ring : memory_->rings()) {
    fds.push_back(ring.ring.fd());
    fds.push_back(ring.reader_page.fd());
  }
  if (absl::Status s = selector_->GiveWork(message, fds); !s.ok()) {
    Log().error("{}: {}", selector_->id(), s.ToString());
    selector_->Kill();  // its death brings the next one
  }
}

void PlayoutInstance::AppendStages(std::vector<StageSnapshot>& stages) const {
  plan_->AppendStages(stages);
  if (selector_ != nullptr) stages.push_back(SnapshotOf(*selector_, selector_watch_));
}

void PlayoutInstance::LookAtSelector() {
  if (selector_ == nullptr) return;
  const int64_t allowance = AllowanceOf(selector_watch_.has_begun(), selector_watch_.hang_ns());
  if (selector_watch_.IsHung(loop_.clock().Now(), SignOf(memory_->session().selector()), allowance,
                             *selector_)) {
    selector_->KillHung(absl::StrCat("hung (silent for ", selector_watch_.SilentNs() / kNanosPerMs, " ms)"));
  }
  if (selector_watch_.has_begun())
    stages_.NoteRecovery(StageKind::kSelector, selector_recovery_.Delivered(loop_.clock().Now()));
}

bool PlayoutInstance::SelectorBeginsAnew() const {
  return selector_deaths_.size() == 3 &&
         selector_deaths_.back() - selector_deaths_.front() <= kNanosPerSecond;
}

void PlayoutInstance::OnSelectorDeath(const StageDeath& death) {
  keeper_.Forget(selector_.get());
  selector_.reset();
  const std::string what =
      absl::StrCat("selector: ", death.text, " at tick ", plan_->observer().next_tick().value());
  stages_.NoteDeath(StageKind::kSelector, death, what);
  selector_recovery_.Died(loop_.clock().Now());
  selector_deaths_.push_back(loop_.clock().Now());
  if (selector_deaths_.size() > 3) selector_deaths_.pop_front();
  const uint64_t frames = memory_->session().selector().Get(SelectorCounter::kFrames);
  const FrameRate rate = settings_.format.house.rate;
  Log().warn("{}", what);
  const std::optional<int64_t> delay =
      selector_policy_.OnDeath(loop_.clock().Now(), frames - selector_started_at_ >= rate.num / rate.den);
  if (!delay.has_value()) {
    loop_.Post([failed = callbacks_.on_failed] { failed("the selector died again and again"); });
  } else if (*delay == 0) {
    StartSelector();
  } else {
    selector_retry_ = loop_.After(*delay, [this] { StartSelector(); });
  }
}

void PlayoutInstance::Poll() {
  evidence_->Know(plan_->rundown());
  plan_->Poll();
  evidence_->Look();
  LookAtClock();
  if (plan_->LiveDepth() > 0) control_.Apply(PlayoutEvent::kContentPrepared);
  if (plan_->LiveGivenUp() && !plan_->observer().content_on_air())
    control_.Apply(PlayoutEvent::kContentGivenUp);
  LookAtSelector();
  poll_ = loop_.After(kLookNs, [this] { Poll(); });
}

PlayoutInstance::Final PlayoutInstance::GetFinal() const {
  const HouseTime time = memory_->session().time();
  return {.ct_ms = time.NanosOf(plan_->observer().next_tick()) / kNanosPerMs,
          .blocks_executed = blocks_executed_};
}

// Together: the observer is past both of them.
void PlayoutInstance::PublishBlockChange(const PlannedBlock* completed, const PlannedBlock* started) {
  std::vector<wire::BlockEvent> events;
  if (completed != nullptr) events.push_back(CompletedEvent(*completed));
  if (started != nullptr) events.push_back(StartedEvent(*started));
  if (!events.empty()) events_.Publish(events);
}

void PlayoutInstance::PublishDropped(const PlannedBlock& block, const PlannedSegment& segment,
                                     const std::vector<std::string>& reasons) {
  std::vector<wire::BlockEvent> events;
  for (const std::string& reason : reasons) {
    wire::BlockEvent& event = events.emplace_back();
    event.set_channel_id(settings_.channel_id);
    wire::EnricherDropped& dropped = *event.mutable_enricher_dropped();
    dropped.set_block_id(block.plan.block_id());
    dropped.set_segment_index(segment.index);
    dropped.set_reason(reason);
  }
  events_.PublishOnce(std::move(events));
}

void PlayoutInstance::PublishFailed(const PlannedBlock* block, const PlannedSegment& segment, PadCause cause,
                                    const std::string& reason) {
  evidence_->NoteFailure(segment.serial, reason);
  wire::BlockEvent event;
  event.set_channel_id(settings_.channel_id);
  wire::SegmentFailed& failed = *event.mutable_segment_failed();
  if (block != nullptr) failed.set_block_id(block->plan.block_id());
  failed.set_segment_index(block != nullptr ? segment.index : -1);
  failed.set_asset_uri(segment.asset_uri);
  failed.set_cause(ToString(cause));
  failed.set_reason(reason);
  events_.PublishOnce(event);
}

wire::BlockEvent PlayoutInstance::StartedEvent(const PlannedBlock& block) const {
  wire::BlockEvent event;
  event.set_channel_id(settings_.channel_id);
  wire::BlockStarted& started = *event.mutable_block_started();
  started.set_block_id(block.plan.block_id());
  started.set_block_start_utc_ms(block.plan.start_utc_ms());
  started.set_block_end_utc_ms(block.plan.end_utc_ms());
  Log().info("block {} started", block.plan.block_id());
  return event;
}

wire::BlockEvent PlayoutInstance::CompletedEvent(const PlannedBlock& block) {
  ++blocks_executed_;
  wire::BlockEvent event;
  event.set_channel_id(settings_.channel_id);
  wire::BlockCompleted& completed = *event.mutable_block_completed();
  completed.set_block_id(block.plan.block_id());
  completed.set_block_start_utc_ms(block.plan.start_utc_ms());
  completed.set_block_end_utc_ms(block.plan.end_utc_ms());
  completed.set_final_ct_ms(memory_->session().time().NanosOf(block.fence) / kNanosPerMs);
  completed.set_blocks_executed_total(blocks_executed_);
  return event;
}

}  // namespace air
