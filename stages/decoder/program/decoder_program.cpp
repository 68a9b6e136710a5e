#include "stages/decoder/program/decoder_program.h"

#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "base/sealed_log.h"
#include "base/stage_log.h"
#include "link/stage_server.h"
#include "shm/shared_segment.h"
#include "shm/slate_card.h"
#include "stages/decoder/dress/slate_painter.h"
#include "stages/decoder/program/decoder_stage.h"
#include "stages/decoder/program/errands.h"
#include "stages/decoder/program/sandbox.h"

namespace air {
namespace {

// The asset of this process: its files are open and the sandbox is closed.
struct OwnAsset {
  std::string uri;
  std::unique_ptr<IProducer> producer;
  Enrichers enrichers;
};

const auto& EnrichersOf(const stage::PrepareAsset& prepare) { return prepare.treatment().enrichers(); }
const auto& EnrichersOf(const stage::WarmAsset& asset) { return asset.enrichers(); }

TreatmentSpec SpecOf(const stage::Treatment& treatment) {
  return {.gain_db = treatment.gain_db(),
          .segment_units = treatment.segment_units(),
          .fade_in_units = treatment.fade_in_units(),
          .fade_out_units = treatment.fade_out_units(),
          .soft_joins = true};
}

template <class Request>
absl::StatusOr<OwnAsset> OpenAndLockIn(const Request& request, const ProducerFactory& make_producer) {
  const std::vector<std::string> roots(request.media_roots().begin(), request.media_roots().end());
  OwnAsset own{request.asset_uri(), make_producer(request.asset_uri()), {}};
  if (absl::Status s = own.producer->OpenFiles(own.uri, roots); !s.ok()) return s;
  own.enrichers = Enrichers(EnrichersOf(request), roots);
  if (absl::Status s = LockIn(); !s.ok()) return s;
  return own;
}

// Where the units go.
struct OwnRing {
  SharedSegment ring, reader_page;
  RingView view;
};

absl::StatusOr<OwnRing> TakeOverRing(MasterClock& clock, std::vector<UniqueFd> fds) {
  if (fds.size() != 3)
    return absl::InvalidArgumentError(absl::StrCat("got ", fds.size(), " descriptors, not 3"));
  if (absl::Status s = LockOutPredecessor(clock, fds[1]); !s.ok()) return s;
  absl::StatusOr<SharedSegment> ring =
      SharedSegment::MapForRingWriter(std::move(fds[0]), std::move(fds[1]), 2 * kPage);
  if (!ring.ok()) return ring.status();
  absl::StatusOr<SharedSegment> page = SharedSegment::Map(std::move(fds[2]), Access::kReadOnly, kPage);
  if (!page.ok()) return page.status();
  absl::StatusOr<RingView> view = RingView::Attach(ring->bytes(), RingPolicy::kBackpressure);
  if (!view.ok()) return view.status();
  return OwnRing{*std::move(ring), *std::move(page), *view};
}

class Decoder {
 public:
  Decoder(const StageOptions& options, const ProducerFactory& make_producer)
      : server_(options), make_producer_(make_producer) {}

  [[noreturn]] void Run() {
    server_.Start([this](const stage::ToStage& message, std::vector<UniqueFd> fds) {
      if (message.has_warm()) errands_.Warm(message.warm());
      if (message.has_prepare()) errands_.Assign(Assignment{message.prepare(), std::move(fds)});
      if (message.has_slate()) errands_.Assign(SlateOrder{message.slate(), std::move(fds)});
    });
    ReportLoaded(/*warm=*/false);
    while (true) {
      Errands::Errand errand = errands_.Wait();
      if (const auto* asset = std::get_if<stage::WarmAsset>(&errand)) {
        Warm(*asset);
      } else if (auto* order = std::get_if<SlateOrder>(&errand)) {
        PaintAndEnd(*order);
      } else {
        PlayAndEnd(std::get<Assignment>(std::move(errand)));
      }
    }
  }

 private:
  void Warm(const stage::WarmAsset& asset) {
    if (own_.has_value()) return;
    absl::StatusOr<OwnAsset> own = OpenAndLockIn(asset, make_producer_);
    if (own.ok()) {
      own_ = *std::move(own);
      // Confined to an asset that it cannot read: no use to the channel.
      if (!own_->producer->Open(own_->uri, [] {}).ok()) End(kExitRefused);
    }
    ReportLoaded(/*warm=*/true);
  }

  [[noreturn]] void PlayAndEnd(Assignment a) {
    ReportState(a, stage::DecoderState::OPENING, 0);
    if (own_.has_value() && own_->uri != a.prepare.asset_uri()) {
      Log().error("confined to {}, asked for {}", own_->uri, a.prepare.asset_uri());
      End(kExitRefused);  // another process will do
    }
    uint64_t units = 0;
    const absl::Status status = Play(a, units);
    if (!status.ok()) Log().error("{}: {}", a.prepare.asset_uri(), std::string(status.message()));
    ReportState(a, status.ok() ? stage::DecoderState::ENDED : stage::DecoderState::FAILED, units, status);
    End(status.ok() ? kExitDone : kExitRefused);
  }

  absl::Status Play(Assignment& a, uint64_t& units) {
    absl::StatusOr<OwnRing> ring = TakeOverRing(clock_, std::move(a.fds));
    if (!ring.ok()) return ring.status();
    DecoderStage stage(clock_, ring->view,
                       *reinterpret_cast<const ReaderPage*>(ring->reader_page.bytes().data()),
                       static_cast<uint32_t>(getpid()));
    if (!own_.has_value()) {
      absl::StatusOr<OwnAsset> own = OpenAndLockIn(a.prepare, make_producer_);
      if (!own.ok()) return own.status();
      own_ = *std::move(own);
    }
    const stage::Treatment& treatment = a.prepare.treatment();
    const absl::StatusOr<AspectPolicy> policy = ParseAspectPolicy(treatment.aspect_policy());
    if (!policy.ok()) return policy.status();
    const absl::Status status =
        stage.Run(*own_->producer,
                  {.asset_uri = a.prepare.asset_uri(),
                   .format = {},
                   .in_point_ms = a.prepare.in_point_ms(),
                   .aspect_policy = *policy,
                   .audio_language = treatment.audio_language(),
                   .skip_units = a.prepare.skip_units(),
                   .first_unit = UnitIndex(static_cast<int64_t>(a.prepare.resume_unit())),
                   .skips = false},
                  {.treatment = SpecOf(treatment), .enrichers = &own_->enrichers},
                  [&](uint64_t next) { ReportState(a, stage::DecoderState::PRODUCING, next); });
    units = stage.next();
    return status;
  }

  [[noreturn]] void PaintAndEnd(SlateOrder& order) {
    const absl::Status painted = Paint(order);
    if (!painted.ok()) Log().error("slate: {}", std::string(painted.message()));
    End(painted.ok() ? kExitDone : kExitRefused);
  }

  absl::Status Paint(SlateOrder& order) {
    if (order.fds.size() != 1) return absl::InvalidArgumentError("the slate is one descriptor");
    HouseFormat format;
    format.width = order.paint.width();
    format.height = order.paint.height();
    format.rate = {order.paint.rate_num(), order.paint.rate_den()};
    if (absl::Status s = Validate(format); !s.ok()) return s;
    absl::StatusOr<SharedSegment> card =
        SharedSegment::Map(std::move(order.fds[0]), Access::kReadWrite, SlateCardBytes(format));
    if (!card.ok()) return card.status();
    const std::span<uint8_t> picture = SlateCardCanvas(card->bytes(), format);
    if (order.paint.file().empty()) {
      PaintPlainCard(format, order.paint.title(), order.paint.subtitle(), picture);
    } else {
      FileProducer producer;
      if (absl::Status s = producer.OpenFiles(order.paint.file(), {}); !s.ok()) return s;
      if (absl::Status s = LockIn(); !s.ok()) return s;
      if (absl::Status s = PaintFile(format, order.paint.file(), producer, picture); !s.ok()) return s;
    }
    PublishSlateCard(card->bytes(), format);
    return absl::OkStatus();
  }

  void ReportLoaded(bool warm) {
    stage::FromStage loaded;
    loaded.mutable_loaded()->set_warm(warm);
    server_.Report(loaded);
  }

  void ReportState(const Assignment& a, stage::DecoderState::Phase phase, uint64_t units,
                   const absl::Status& status = absl::OkStatus()) {
    stage::FromStage report;
    stage::DecoderState& state = *report.mutable_decoder();
    state.set_segment_serial(a.prepare.segment_serial());
    state.set_phase(phase);
    state.set_units(units);
    state.set_error(std::string(status.message()));
    state.set_refused(absl::IsPermissionDenied(status));
    if (own_.has_value()) {
      for (const std::string& dropped : own_->enrichers.dropped()) state.add_dropped_enrichers(dropped);
    }
    server_.Report(report);
  }

  [[noreturn]] static void End(int status) {
    Log().flush();
    EndStage(status);
  }

  StageServer server_;
  const ProducerFactory& make_producer_;
  SystemClock clock_;
  Errands errands_;
  std::optional<OwnAsset> own_;
};

}  // namespace

void RunDecoder(int argc, char** argv, const char* version, const ProducerFactory& make_producer) {
  const StageOptions options = ParseStageFlags(argc, argv, "air-decoder", version);
  InitSealedLog(options.id);
  av_log_set_level(
      AV_LOG_QUIET);  // it writes to stderr itself, whose reader may stall; errors come back as codes
  Decoder(options, make_producer).Run();
}

}  // namespace air
