#include "supervisor/decoder_run.h"

#include "link/stage_log.h"
#include "shm/house_time.h"

namespace air {

DecoderRun::DecoderRun(EventLoop& loop, StageSupervisor& stages, SessionMemory& memory,
                       const PlannedSegment& segment, const SourceRef& source,
                       std::vector<std::string> media_roots, std::function<void()> on_change)
    : loop_(loop),
      stages_(stages),
      memory_(memory),
      segment_(segment),
      source_(source),
      ring_(memory.RingOf(source)),
      media_roots_(std::move(media_roots)),
      on_change_(std::move(on_change)) {}

uint64_t DecoderRun::Depth() const {
  const DecoderRing& pooled = memory_.rings()[source_.ring];
  const auto& reader = *reinterpret_cast<const ReaderPage*>(pooled.reader_page.bytes().data());
  const uint64_t next = RingNext(), wanted = reader.next_wanted.load(std::memory_order_acquire);
  return next > wanted ? next - wanted : 0;
}

void DecoderRun::Start() {
  absl::StatusOr<std::unique_ptr<StageProcess>> process = stages_.Take(StageKind::kDecoder);
  if (!process.ok()) return OnDeath(process.status().ToString());
  DecoderRing& ring = memory_.rings()[source_.ring];
  absl::StatusOr<UniqueFd> handover = OpenForHandover(ring.ring.fd());
  if (!handover.ok()) return GiveUp(PadCause::kCrash, handover.status().ToString());

  started_at_unit_ = RingNext();
  process_ = *std::move(process);
  process_->Watch(
      [this](const stage::FromStage& message) {
        if (message.has_decoder()) OnMessage(message.decoder());
      },
      [this](const std::string& cause) { OnDeath(cause); });
  stage::ToStage message;
  stage::PrepareAsset& prepare = *message.mutable_prepare();
  prepare.set_segment_serial(segment_.serial);
  prepare.set_asset_uri(segment_.asset_uri);
  prepare.set_in_point_ms(segment_.in_point_ms);
  prepare.set_skip_units(segment_.skip_units);
  for (const std::string& root : media_roots_) prepare.add_media_roots(root);
  const int fds[] = {handover->get(), ring.reader_page.fd()};
  if (absl::Status s = process_->Send(message, fds); !s.ok()) {
    Log().error("{}: {}", process_->id(), s.ToString());
    process_->Kill();  // its death brings the next one
  }
}

void DecoderRun::OnMessage(const stage::DecoderState& message) {
  if (message.segment_serial() != segment_.serial) return;
  switch (message.phase()) {
    case stage::DecoderState::PRODUCING:
      state_ = State::kProducing;
      pad_cause_ = PadCause::kNone;
      return on_change_();
    case stage::DecoderState::ENDED:
      state_ = State::kEnded;
      pad_cause_ = PadCause::kNone;
      return on_change_();
    case stage::DecoderState::FAILED:
      return GiveUp(message.units() == 0 ? PadCause::kOpenFailed : PadCause::kCrash, message.error());
    default:
      return;
  }
}

void DecoderRun::OnDeath(const std::string& cause) {
  const std::string who = process_ == nullptr ? "decoder" : process_->id();
  process_.reset();
  if (state_ == State::kEnded || state_ == State::kGivenUp) return;

  const HouseFormat& format = memory_.session().facts().format;
  const bool delivered = RingNext() - started_at_unit_ >= format.rate.num / format.rate.den;
  stages_.CountDeath(StageKind::kDecoder);
  Log().warn("{}: {} while producing {} (segment {}, unit {})", who, cause, segment_.asset_uri,
             segment_.serial, RingNext());
  const std::optional<int64_t> delay = policy_.OnDeath(loop_.clock().Now(), delivered);
  if (!delay.has_value()) return GiveUp(PadCause::kCrash, "its decoder died again and again");
  pad_cause_ = PadCause::kCrash;
  if (*delay == 0) {
    Start();
  } else {
    retry_ = loop_.After(*delay, [this] { Start(); });
  }
  on_change_();
}

void DecoderRun::GiveUp(PadCause cause, const std::string& why) {
  state_ = State::kGivenUp;
  pad_cause_ = cause;
  error_ = why;
  Log().error("segment {} ({}) is given up: {}", segment_.serial, segment_.asset_uri, why);
  on_change_();
}

}  // namespace air
