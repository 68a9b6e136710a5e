#include "stages/decoder/program/decoder_stage.h"

#include "absl/strings/match.h"
#include "media/house_time.h"
#include "stages/decoder/file/file_producer.h"
#include "stages/decoder/pattern/programmatic_producer.h"
#include "stages/decoder/program/fault_producer.h"

namespace air {

namespace {

// What the predecessor has left with the unit before `next`, if that unit is in the ring.
std::span<const uint8_t> KeptBehind(const RingView& ring, uint64_t next) {
  if (next == 0 || ring.slot(next - 1).commit.load(std::memory_order_acquire) != next) return {};
  return std::span<const uint8_t>(ring.side_data(next - 1), kSideDataBytes).subspan(kKeptOffset);
}

}  // namespace

std::unique_ptr<IProducer> MakeProducer(const std::string& asset_uri) {
  if (absl::StartsWith(asset_uri, kFaultScheme)) {
    // One that is not understood is refused by its name, as a file that is not there.
    if (absl::StatusOr<FaultSpec> spec = ParseFaultUri(asset_uri); spec.ok()) {
      std::unique_ptr<IProducer> asset = MakeProducer(spec->asset_uri);
      return std::make_unique<FaultProducer>(*std::move(spec), std::move(asset));
    }
  }
  if (absl::StartsWith(asset_uri, "pattern:")) return std::make_unique<ProgrammaticProducer>();
  return std::make_unique<FileProducer>();
}

DecoderStage::DecoderStage(MasterClock& clock, const RingView& ring, const ReaderPage& reader, uint32_t pid)
    : clock_(clock), writer_(ring, &reader, pid), period_ns_(HouseTime(ring.format()).NanosOf(Tick(1))) {
  writer_.SetPhase(WriterPhase::kOpening);
  writer_.Beat(clock_.Now().value());
}

absl::Status DecoderStage::Run(IProducer& producer, ProducerRequest request, Presentation presentation,
                               const OnProducing& on_producing) {
  if (writer_.view().writer().end.load(std::memory_order_acquire) != kEndUnknown) return absl::OkStatus();
  request.format = writer_.view().format();
  const UnitIndex missing(static_cast<int64_t>(writer_.next()));
  request.skips = request.first_unit > missing;
  if (!request.skips) request.first_unit = missing;
  request.bad_unit = missing;
  if (!request.skips) request.kept = KeptBehind(writer_.view(), writer_.next());
  request.on_progress = [this] { writer_.Beat(clock_.Now().value()); };
  treatment_.emplace(presentation.treatment, request.format, request.skip_units);
  enrichers_ = presentation.enrichers;
  if (absl::Status s = producer.Open(request.asset_uri, request.on_progress); !s.ok()) return s;
  if (enrichers_ != nullptr) enrichers_->Prepare(request.format);
  writer_.SetPhase(WriterPhase::kSeeking);
  if (absl::Status s = producer.Start(request); !s.ok()) return s;
  if (request.skips) writer_.JumpTo(static_cast<uint64_t>(producer.Next().value()));

  for (bool first = true;; first = false) {
    AwaitRoom();
    writer_.SetPhase(first ? WriterPhase::kFirstUnit : WriterPhase::kProducing);
    absl::StatusOr<bool> produced = ProduceUnit(producer);
    if (!produced.ok()) return produced.status();
    if (!*produced) {
      writer_.SetEnd();
      writer_.SetPhase(WriterPhase::kEnded);
      return absl::OkStatus();
    }
    if (first) on_producing(writer_.next());
  }
}

void DecoderStage::AwaitRoom() {
  writer_.Beat(clock_.Now().value());
  if (writer_.HasRoom()) return;
  writer_.SetPhase(WriterPhase::kWaiting);
  while (!writer_.WaitForRoom(period_ns_)) writer_.Beat(clock_.Now().value());
}

// A fade takes with it what is laid over the picture: its last frame is black.
void DecoderStage::Present(UnitIndex i, const UnitBuffer& unit, UnitInfo& info) {
  if (enrichers_ != nullptr) enrichers_->Decorate(i, unit.video);
  treatment_->TreatPicture(i, unit.video);
  treatment_->TreatSound(i, unit.audio.first(size_t{info.samples} * writer_.view().format().channels),
                         info.last);
  if (treatment_->ChangesAt(i)) info.repeat = false;
}

absl::StatusOr<bool> DecoderStage::ProduceUnit(IProducer& producer) {
  const RingView& ring = writer_.view();
  const HouseFormat& format = ring.format();
  const uint64_t i = writer_.next();
  const Nanos opened = clock_.Now();
  writer_.Open();
  UnitInfo info;
  const UnitIndex unit(static_cast<int64_t>(i));
  const UnitBuffer buffer{.video = {ring.video(i), format.VideoBytes()},
                          .audio = {ring.audio(i), size_t{format.MaxUnitSamples()} * format.channels},
                          .side_data = {ring.side_data(i), kSideDataBytes}};
  absl::StatusOr<Rendered> rendered = producer.Render(unit, buffer, info);
  if (!rendered.ok()) return rendered.status();
  if (*rendered == Rendered::kEndOfStream) return false;
  Present(unit, buffer, info);

  SlotMeta meta;
  meta.flags = kFlagContent | (info.repeat ? kFlagRepeat : 0u);
  meta.samples = info.samples;
  meta.video_bytes = static_cast<uint32_t>(format.VideoBytes());
  meta.side_bytes = info.side_bytes;
  meta.journal.media_position_us = info.media_position_us;
  meta.opened_ns = opened.value();
  meta.committed_ns = clock_.Now().value();
  writer_.Publish(meta);
  return true;
}

}  // namespace air
