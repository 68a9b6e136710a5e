// air-decoder: one asset into one ring, then the end. It is started before it is needed and waits, loaded,
// for its asset; it may block on its full ring and on nothing of anybody else's.
#include <sys/mman.h>
#include <unistd.h>

extern "C" {
#include <libavutil/log.h>
}

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <utility>
#include <variant>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "link/stage_log.h"
#include "link/stage_server.h"
#include "shm/shared_segment.h"
#include "shm/slate_card.h"
#include "stages/decoder/decoder_stage.h"
#include "stages/decoder/fault_producer.h"
#include "stages/decoder/programmatic_producer.h"
#include "stages/decoder/slate_painter.h"

namespace air {
namespace {

struct Assignment {
  stage::PrepareAsset prepare;
  std::vector<UniqueFd> fds;
};

struct SlateOrder {
  stage::PaintSlate paint;
  std::vector<UniqueFd> fds;
};

// What the supervisor asks for, from the link's thread to the main one. An asset to warm replaces one that
// has not been looked at yet; an assignment is the last thing that comes.
class Mailbox {
 public:
  using Errand = std::variant<stage::WarmAsset, Assignment, SlateOrder>;

  void Warm(const stage::WarmAsset& asset) {
    const std::lock_guard lock(mutex_);
    warm_ = asset;
    changed_.notify_one();
  }
  void Assign(std::variant<Assignment, SlateOrder> work) {
    const std::lock_guard lock(mutex_);
    if (assigned_) return;
    assigned_ = true;
    work_ = std::move(work);
    changed_.notify_one();
  }
  Errand Wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return work_.has_value() || warm_.has_value(); });
    if (work_.has_value()) return std::visit([](auto& work) { return Errand(std::move(work)); }, *work_);
    return *std::exchange(warm_, std::nullopt);
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<stage::WarmAsset> warm_;
  std::optional<std::variant<Assignment, SlateOrder>> work_;
  bool assigned_ = false;
};

// An asset that was opened before anybody needed it.
struct WarmProducer {
  std::string asset_uri;
  std::unique_ptr<IProducer> producer;  // null: none, or it could not be opened
};

void ReportState(StageServer& server, const Assignment& a, stage::DecoderState::Phase phase, uint64_t units,
                 const std::string& error = "") {
  stage::FromStage report;
  stage::DecoderState& state = *report.mutable_decoder();
  state.set_segment_serial(a.prepare.segment_serial());
  state.set_phase(phase);
  state.set_units(units);
  state.set_error(error);
  server.Report(report);
}

// A path is admitted when, with every link resolved, it lies under one of the media roots (none given:
// anywhere).
template <class Request>
absl::Status CheckMediaRoots(const Request& request) {
  const std::string asset = PlayedAsset(request.asset_uri());
  if (request.media_roots().empty() || absl::StartsWith(asset, kPatternScheme)) return absl::OkStatus();
  std::error_code error;
  const std::filesystem::path path = std::filesystem::weakly_canonical(asset, error);
  for (const std::string& root : request.media_roots()) {
    const auto relative = path.lexically_relative(std::filesystem::weakly_canonical(root, error));
    if (!relative.empty() && *relative.begin() != "..") return absl::OkStatus();
  }
  return absl::PermissionDeniedError(absl::StrCat(request.asset_uri(), " lies outside every --media-root"));
}

void Warm(const stage::WarmAsset& asset, WarmProducer& warm) {
  warm = {};
  if (!CheckMediaRoots(asset).ok()) return;
  warm = {asset.asset_uri(), MakeProducer(asset.asset_uri())};
  if (!warm.producer->Open(asset.asset_uri()).ok()) warm = {};
}

absl::Status Produce(StageServer& server, Assignment& a, WarmProducer warm, uint64_t& units) {
  SystemClock clock;
  if (a.fds.size() != 2)
    return absl::InvalidArgumentError(absl::StrCat("got ", a.fds.size(), " descriptors, not 2"));
  const UniqueFd lock(dup(a.fds[0].get()));
  if (absl::Status s = LockOutPredecessor(clock, lock); !s.ok()) return s;
  absl::StatusOr<SharedSegment> ring = SharedSegment::Map(std::move(a.fds[0]), Access::kReadWrite, 2 * kPage);
  if (!ring.ok()) return ring.status();
  absl::StatusOr<SharedSegment> page = SharedSegment::Map(std::move(a.fds[1]), Access::kReadOnly, kPage);
  if (!page.ok()) return page.status();
  absl::StatusOr<RingView> view = RingView::Attach(ring->bytes(), RingPolicy::kBackpressure);
  if (!view.ok()) return view.status();
  if (absl::Status s = CheckMediaRoots(a.prepare); !s.ok()) return s;

  DecoderStage stage(clock, *view, *reinterpret_cast<const ReaderPage*>(page->bytes().data()),
                     static_cast<uint32_t>(getpid()));
  const std::unique_ptr<IProducer> producer =
      warm.producer != nullptr && warm.asset_uri == a.prepare.asset_uri()
          ? std::move(warm.producer)
          : MakeProducer(a.prepare.asset_uri());
  absl::Status status =
      stage.Run(*producer,
                {.asset_uri = a.prepare.asset_uri(),
                 .format = {},
                 .in_point_ms = a.prepare.in_point_ms(),
                 .skip_units = a.prepare.skip_units(),
                 .first_unit = UnitIndex(static_cast<int64_t>(a.prepare.resume_unit())),
                 .skips = false},
                [&](uint64_t next) { ReportState(server, a, stage::DecoderState::PRODUCING, next); });
  units = stage.next();
  return status;
}

absl::Status PaintSlate(SlateOrder& order) {
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
  } else if (absl::Status s = PaintFile(format, order.paint.file(), picture); !s.ok()) {
    return s;
  }
  PublishSlateCard(card->bytes(), format);
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  const StageOptions options = ParseStageFlags(argc, argv, "air-decoder");
  InitLog(options.id);
  av_log_set_level(
      AV_LOG_QUIET);  // it writes to stderr itself, whose reader may stall; errors come back as codes

  StageServer server(options);
  Mailbox mailbox;
  server.Start([&](const stage::ToStage& message, std::vector<UniqueFd> fds) {
    if (message.has_warm()) mailbox.Warm(message.warm());
    if (message.has_prepare()) mailbox.Assign(Assignment{message.prepare(), std::move(fds)});
    if (message.has_slate()) mailbox.Assign(SlateOrder{message.slate(), std::move(fds)});
  });
  stage::FromStage loaded;
  loaded.mutable_loaded();
  server.Report(loaded);

  WarmProducer warm;
  Mailbox::Errand errand = mailbox.Wait();
  for (; std::holds_alternative<stage::WarmAsset>(errand); errand = mailbox.Wait()) {
    Warm(std::get<stage::WarmAsset>(errand), warm);
    loaded.mutable_loaded()->set_warm(true);
    server.Report(loaded);
  }
  if (auto* order = std::get_if<SlateOrder>(&errand)) {
    const absl::Status painted = PaintSlate(*order);
    if (!painted.ok()) Log().error("slate: {}", std::string(painted.message()));
    Log().flush();
    EndStage(painted.ok() ? kExitDone : kExitRefused);
  }
  Assignment assignment = std::get<Assignment>(std::move(errand));
  ReportState(server, assignment, stage::DecoderState::OPENING, 0);
  uint64_t units = 0;
  const absl::Status status = Produce(server, assignment, std::move(warm), units);
  if (!status.ok()) Log().error("{}: {}", assignment.prepare.asset_uri(), std::string(status.message()));
  ReportState(server, assignment, status.ok() ? stage::DecoderState::ENDED : stage::DecoderState::FAILED,
              units, std::string(status.message()));
  Log().flush();
  EndStage(status.ok() ? kExitDone : kExitRefused);
}

}  // namespace
}  // namespace air

int main(int argc, char** argv) { return air::Main(argc, argv); }
