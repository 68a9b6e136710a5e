// FileProducer: a file of any kind FFmpeg can decode, as AV units in house format (see IProducer).
//
//   AssetFile -> Demuxer -> PacketFeed -+-> PictureSource -> house picture of unit i
//                                       +-> SoundSource   -> house samples of unit i
//
// What a unit shows is a function of the request and the unit's index alone: pictures are chosen by time
// stamp at the unit's instant, samples are read from the segment's sample line. So a producer that starts at
// first_unit = k makes the same units k, k + 1, ... as one that started at 0.
//
// An asset begins with its first picture or its first sound, whichever comes first; a picture that comes later is held
// from the beginning on.
//
// How long an asset lasts: until the later of the ends of its picture and its sound, a picture ending with
// its last frame's duration. Up to there the last picture is held over longer sound, and shorter sound goes
// on as silence; a unit exists if it begins at least kEndSlackMs before that end (containers round their
// stamps: 2 ms are not missed, but a repeated picture too many would be seen). Sound alone has a black
// picture, or its cover; a cover does not make it longer. A still picture without sound has no end: the
// segment's fence ends it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "media/house_time.h"
#include "stages/decoder/media/demuxer.h"
#include "stages/decoder/media/media_time.h"
#include "stages/decoder/media/packet_feed.h"
#include "stages/decoder/picture/picture_source.h"
#include "stages/decoder/producer.h"
#include "stages/decoder/sound/sound_source.h"

namespace air {

class FileProducer : public IProducer {
 public:
  absl::Status OpenFiles(const std::string& asset_uri, std::span<const std::string> media_roots) override;
  // Errors: those of AssetFile::Open and Demuxer::Open.
  absl::Status Open(const std::string& asset_uri, const std::function<void()>& on_progress) override;
  // Errors, besides those of Open: InvalidArgument for a request outside its ranges (in-point 0 to
  // 10^11 ms, units 0 to 10^10), for an asset in which not one picture or sound can be decoded; OutOfRange
  // for an in-point at or behind the asset's end.
  absl::Status Start(const ProducerRequest& request) override;
  bool Ready() const override { return ready_; }
  UnitIndex Next() const override { return next_; }
  absl::StatusOr<Rendered> Render(UnitIndex i, const UnitBuffer& out, UnitInfo& info) override;
  void Stop() override;

  // Packets and frames that were damaged or could not be converted, so far. They were stepped over.
  int64_t errors() const;
  // Times the sound did not go on where it had stopped: a hole or an overlap in the asset.
  int64_t sound_joins() const { return sound_ != nullptr ? sound_->joins() : 0; }

 private:
  static constexpr int64_t kEndSlackMs = 2;

  absl::Status Begin(Stamp instant);
  absl::Status MoveToKeyPicture();
  absl::Status OpenSources();
  absl::Status OpenSound();
  absl::Status OpenPicture();
  absl::Status Land(Stamp instant);
  PacketFeed::Landing Seek(Stamp instant, int64_t seek_back_ms, int64_t aim_back_ms);
  absl::Status ReadFromStart(Stamp instant);
  PacketFeed::Target TargetFor(Stamp instant, int64_t aim_back_ms) const;
  bool BeginSources(Stamp instant);
  absl::Status CheckSomethingPlays(Stamp instant);
  bool HasUnit(UnitIndex i);
  int64_t FirstSampleOf(UnitIndex i) const;

  ProducerRequest request_;
  std::optional<UnitInstants> instants_;
  std::unique_ptr<AssetFile> file_;  // from OpenFiles to Open
  std::unique_ptr<Demuxer> demuxer_;
  std::unique_ptr<PacketFeed> feed_;
  Stamp media_zero_;                        // the stamp at which the asset begins
  std::unique_ptr<PictureSource> picture_;  // null: the asset has none that can be decoded
  std::unique_ptr<SoundSource> sound_;      // the same
  UnitIndex next_;
  int64_t shown_serial_ = -1;  // PictureSource::serial() of the unit before next_
  bool opened_ = false;        // by Open, and nothing has been read from it yet
  bool ready_ = false;
};

}  // namespace air
