// FaultProducer: an asset that brings its decoder down at one place, every time it is played. For tests of
// the recovery, and for operators who want to see it: without AIR_ALLOW_FAULTS=1 in the environment the asset
// is refused.
//
// Asset URI: "fault:FAULT=WHERE:ASSET", for example "fault:crash_at=300:/media/film.mkv" or
// "fault:hang_at=open:pattern:clip=3". ASSET is any other asset.
//   crash_at   SIGSEGV
//   hang_at    never returns, and gives no sign of life
//   exit_at    the process ends with status 0
//   kill_at    SIGKILL, as from a kernel without memory
// A decoder that is to begin at that place comes to grief while it seeks, as it does with a real file.
// WHERE is the number of a unit (0 is the segment's first), or "open". Without a fault the asset is
// unchanged.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "stages/decoder/producer.h"

namespace air {

inline constexpr char kFaultScheme[] = "fault:";
inline constexpr char kFaultsVariable[] = "AIR_ALLOW_FAULTS";

struct FaultSpec {
  enum class Fault { kCrash, kHang, kExit, kKill };
  static constexpr int64_t kAtOpen = -1;

  Fault fault = Fault::kCrash;
  int64_t unit = 0;
  std::string asset_uri;  // the asset itself
};

// Errors: InvalidArgument saying what would be accepted.
absl::StatusOr<FaultSpec> ParseFaultUri(const std::string& uri);
class FaultProducer : public IProducer {
 public:
  FaultProducer(FaultSpec spec, std::unique_ptr<IProducer> asset)
      : spec_(std::move(spec)), asset_(std::move(asset)) {}

  absl::Status OpenFiles(const std::string&, std::span<const std::string> media_roots) override {
    return asset_->OpenFiles(spec_.asset_uri, media_roots);
  }
  absl::Status Open(const std::string& asset_uri, const std::function<void()>& on_progress) override;
  absl::Status Start(const ProducerRequest& request) override;
  bool Ready() const override { return asset_->Ready(); }
  UnitIndex Next() const override { return asset_->Next(); }
  absl::StatusOr<Rendered> Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) override;
  void Stop() override { asset_->Stop(); }

 private:
  void Strike() const;

  FaultSpec spec_;
  std::unique_ptr<IProducer> asset_;
};

}  // namespace air
