#include "supervisor/playout_instance.h"

#include "absl/strings/str_cat.h"
#include "link/stage_log.h"
#include "supervisor/phase_deadlines.h"

namespace air {
namespace {

LifeSign SignOf(const StageLine& line) {
  return {.beat_ns = line.beat_ns.load(std::memory_order_relaxed),
          .progress = line.Get(SelectorCounter::kFrames),
          .incarnation = 0,
          .phase = 0};
}

}  // namespace

PlayoutInstance::PlayoutInstance(EventLoop& loop, StageSupervisor& stages, PlayoutControl& control,
                                 EventHub& events, Settings settings)
    : loop_(loop),
      stages_(stages),
      control_(control),
      events_(events),
      settings_(std::move(settings)),
      selector_watch_(stages.hang_ns()) {}

absl::StatusOr<std::unique_ptr<PlayoutInstance>> PlayoutInstance::Start(
    EventLoop& loop, StageSupervisor& stages, PlayoutControl& control, EventHub& events, Settings settings,
    std::function<void(const std::string&)> on_failed, std::function<void()> on_exhausted) {
  std::unique_ptr<PlayoutInstance> instance(
      new PlayoutInstance(loop, stages, control, events, std::move(settings)));
  instance->on_failed_ = std::move(on_failed);
  const Settings& s = instance->settings_;
  absl::StatusOr<std::unique_ptr<SessionMemory>> memory =
      SessionMemory::Create({.facts = {.session_id = RandomId(),
                                       .format = s.format.house,
                                       .pts_origin = s.format.pts_origin,
                                       .channel_id = s.channel_id},
                             .decoder_rings = s.decoder_rings,
                             .ring_seconds = s.ring_seconds});
  if (!memory.ok()) return memory.status();
  instance->memory_ = *std::move(memory);
  PlayoutInstance* self = instance.get();
  instance->memory_->AllocateRings([&loop, failed = instance->on_failed_](const absl::Status& why) {
    loop.Post([failed, text = std::string(why.message())] { failed(text); });
  });
  // The memory is there: now tick 0 can be, and it is now.
  MasterClock& clock = loop.clock();
  const UtcMs utc = s.join_utc_ms != 0 ? UtcMs(s.join_utc_ms) : clock.UtcNow();
  if (absl::Status set = instance->memory_->SetEpoch({clock.Now(), utc}); !set.ok()) return set;

  absl::StatusOr<std::unique_ptr<PlanExecutor>> plan = PlanExecutor::Create(
      loop, stages, *self->memory_, s.plan,
      {.on_block_started = [self](const PlannedBlock& b) { self->PublishStarted(b); },
       .on_block_completed = [self](const PlannedBlock& b) { self->PublishCompleted(b); },
       .on_content = [self] { self->control_.Apply(PlayoutEvent::kContentOnAir); },
       .on_exhausted = [&loop, on_exhausted] { loop.Post(on_exhausted); }});
  if (!plan.ok()) return plan.status();
  instance->plan_ = *std::move(plan);

  Log().info("session of channel {}: {}x{} at {}, {} MB of shared memory ({}.*)", s.channel_id,
             s.format.house.width, s.format.house.height, ToString(s.format.house.rate),
             SessionMemory::BytesNeeded(s.format.house, s.decoder_rings, s.ring_seconds) >> 20,
             self->memory_->prefix());
  // Planned before the first tick is made, so that even tick 0 has an owner.
  for (const wire::BlockPlan& block : s.blocks) {
    if (absl::Status appended = self->plan_->Append(block); !appended.ok()) return appended;
  }
  control.Apply(PlayoutEvent::kSessionStarted);
  instance->StartSelector();
  instance->slate_ =
      std::make_unique<SlateCard>(loop, stages, *self->memory_,
                                  SlateSettings{.file = s.slate_file,
                                                .title = s.format.sink.service_name,
                                                .subtitle = absl::StrCat("CHANNEL ", s.channel_id)});
  instance->Poll();
  return instance;
}

void PlayoutInstance::StartSelector() {
  absl::StatusOr<std::unique_ptr<StageProcess>> process = stages_.Take(StageKind::kSelector);
  if (!process.ok()) return OnSelectorDeath({StageDeath::Kind::kSpawn, process.status().ToString()});
  absl::StatusOr<UniqueFd> handover = OpenForHandover(memory_->program().fd());
  if (!handover.ok()) return OnSelectorDeath({StageDeath::Kind::kSpawn, handover.status().ToString()});

  selector_started_at_ = memory_->session().selector().Get(SelectorCounter::kFrames);
  selector_watch_.Begin(loop_.clock().Now(), SignOf(memory_->session().selector()));
  selector_ = *std::move(process);
  selector_->Watch(
      [this](const stage::FromStage& message) {
        if (!message.selector().error().empty())
          Log().error("{}: {}", selector_->id(), message.selector().error());
      },
      [this](const StageDeath& death) { OnSelectorDeath(death); });
  stage::ToStage message;
  message.mutable_selector()->set_decoder_rings(static_cast<uint32_t>(memory_->rings().size()));
  message.mutable_selector()->set_segment_prefix(memory_->prefix() + ".");
  std::vector<int> fds = {memory_->page().fd(), memory_->timeline().fd(), handover->get(),
                          memory_->slate().fd()};
  for (const DecoderRing& ring : memory_->rings()) {
    fds.push_back(ring.ring.fd());
    fds.push_back(ring.reader_page.fd());
  }
  if (absl::Status s = selector_->Send(message, fds); !s.ok()) {
    Log().error("{}: {}", selector_->id(), s.ToString());
    selector_->Kill();  // its death brings the next one
  }
}

void PlayoutInstance::AppendStages(std::vector<StageSnapshot>& stages) const {
  plan_->AppendStages(stages);
  if (selector_ == nullptr) return;
  stages.push_back({.stage = ProgramOf(StageKind::kSelector),
                    .id = selector_->id(),
                    .pid = selector_->pid(),
                    .silent_seconds = static_cast<double>(selector_watch_.SilentNs()) / 1e9});
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

void PlayoutInstance::OnSelectorDeath(const StageDeath& death) {
  selector_.reset();
  const std::string what =
      absl::StrCat("selector: ", death.text, " at tick ", plan_->observer().next_tick().value());
  stages_.NoteDeath(StageKind::kSelector, death, what);
  selector_recovery_.Died(loop_.clock().Now());
  const uint64_t frames = memory_->session().selector().Get(SelectorCounter::kFrames);
  const FrameRate rate = settings_.format.house.rate;
  Log().warn("{}", what);
  const std::optional<int64_t> delay =
      selector_policy_.OnDeath(loop_.clock().Now(), frames - selector_started_at_ >= rate.num / rate.den);
  if (!delay.has_value()) {
    loop_.Post([failed = on_failed_] { failed("the selector died again and again"); });
  } else if (*delay == 0) {
    StartSelector();
  } else {
    selector_retry_ = loop_.After(*delay, [this] { StartSelector(); });
  }
}

void PlayoutInstance::Poll() {
  plan_->Poll();
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

void PlayoutInstance::PublishStarted(const PlannedBlock& block) {
  wire::BlockEvent event;
  event.set_channel_id(settings_.channel_id);
  wire::BlockStarted& started = *event.mutable_block_started();
  started.set_block_id(block.plan.block_id());
  started.set_block_start_utc_ms(block.plan.start_utc_ms());
  started.set_block_end_utc_ms(block.plan.end_utc_ms());
  Log().info("block {} started", block.plan.block_id());
  events_.Publish(event);
}

void PlayoutInstance::PublishCompleted(const PlannedBlock& block) {
  ++blocks_executed_;
  wire::BlockEvent event;
  event.set_channel_id(settings_.channel_id);
  wire::BlockCompleted& completed = *event.mutable_block_completed();
  completed.set_block_id(block.plan.block_id());
  completed.set_block_start_utc_ms(block.plan.start_utc_ms());
  completed.set_block_end_utc_ms(block.plan.end_utc_ms());
  completed.set_final_ct_ms(memory_->session().time().NanosOf(block.fence) / kNanosPerMs);
  completed.set_blocks_executed_total(blocks_executed_);
  events_.Publish(event);
}

}  // namespace air
