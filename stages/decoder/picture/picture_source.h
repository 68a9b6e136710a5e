// PictureSource: which decoded picture is on at an instant. Pictures are chosen by their time stamps alone
// (LaterIsOn, media_time.h); a declared frame rate is never believed, so variable rates, wrong rates and every
// conversion (23.976 to 29.97, 25 to 29.97, 60 to 30) are one and the same case, and nothing accumulates.
//
// Interlaced pictures are deinterlaced before they are chosen from (deinterlacer.h).
//
// Before its first picture a line shows that picture, behind its last one it goes on showing the last.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "absl/status/statusor.h"
#include "media/house_format.h"
#include "stages/decoder/media/demuxer.h"
#include "stages/decoder/media/ffmpeg_ptr.h"
#include "stages/decoder/media/media_time.h"
#include "stages/decoder/media/packet_feed.h"
#include "stages/decoder/media/stream_decoder.h"
#include "stages/decoder/picture/caption_line.h"
#include "stages/decoder/picture/deinterlacer.h"
#include "stages/decoder/picture/picture_scaler.h"

namespace air {

class PictureSource {
 public:
  // For the picture stream of `demuxer`, which must have one; its line begins at the stamp `media_zero`.
  // Errors: those of StreamDecoder::Open.
  static absl::StatusOr<std::unique_ptr<PictureSource>> Open(const Demuxer& demuxer, const HouseFormat& house,
                                                             AspectPolicy policy, Stamp media_zero);

  // See StreamDecoder::Learn; before the first landing elsewhere than at the asset's start.
  void Learn(const AVPacket& first) { decoder_.Learn(first); }

  // Makes the picture that is on at `instant` (from media zero) the current one, decoding up to the one behind
  // it. Instants never decrease between two Restarts.
  void Choose(PacketFeed& feed, Stamp instant);
  // The current picture in house format; black as long as there is none.
  void Paint(std::span<uint8_t> house_picture);

  // The captions that go with unit i, whose picture is the current one: cc_data, as many bytes of `out` as
  // are returned.
  uint32_t TakeCaptions(UnitIndex i, std::span<uint8_t> out);
  // Those of the pictures before the current one belong to no picture; with `through`, its own neither.
  void DropCaptions(bool through);
  // See CaptionLine.
  void KeepCaptions(std::span<uint8_t> out) const { captions_.Keep(out); }
  void TakeUpCaptions(std::span<const uint8_t> kept) { captions_.TakeUp(kept); }

  bool has_picture() const { return current_.frame != nullptr; }
  // Another number means another picture became the current one; 0: there has been none.
  int64_t serial() const { return serial_; }
  // The first picture since Restart lies at or before `instant`, so that none the instant needs can be
  // missing.
  bool BeganBy(Stamp instant) const;
  // Where the current picture stands on the asset's line.
  Stamp position() const { return {current_.half_ticks >> 1, decoder_.time_base()}; }
  // Every picture has been seen.
  bool ended() const { return ended_; }
  // The line has a picture of its own behind `instant`, not only a last one that is held. Valid for the
  // instant of the last Choose or a little later. A still has no end of its own.
  bool LastsBeyond(Stamp instant) const;

  // The feed has landed elsewhere; pictures not needed for what is on at `instant` may be left out. A still
  // stays.
  void Restart(Stamp instant);

  // Damaged packets, and pictures that could not be converted.
  int64_t errors() const { return decoder_.errors() + conversion_errors_; }

 private:
  PictureSource(StreamDecoder decoder, PictureScaler scaler, const HouseFormat& house, int64_t zero,
                bool still);
  bool Pull(PacketFeed& feed, TimedPicture& picture);
  void Take(AvFramePtr frame);
  bool FetchNext(PacketFeed& feed);
  int64_t StampOf(const AVFrame& frame) const;
  int64_t DurationOf(const AVFrame& frame) const;

  StreamDecoder decoder_;
  CaptionLine captions_;
  Deinterlacer deinterlacer_;
  PictureScaler scaler_;
  HouseFormat house_;
  int64_t zero_;  // media zero in the stream's time base
  bool still_;

  TimedPicture current_;  // from media zero, as all stamps here
  TimedPicture next_;
  AvFramePtr converted_;  // the current picture in house format, or the last one that could be converted
  bool convert_ = false;  // the current picture has not been converted yet
  int64_t serial_ = 0;
  bool ended_ = false;
  // Of the first picture since Restart that is as it should be: the second one where the first lacked the
  // neighbour that tells how to deinterlace it.
  std::optional<int64_t> first_stamp_;
  std::optional<int64_t> last_stamp_;  // of the last picture decoded
  int64_t decoded_ = 0;                // since Restart
  bool first_has_fields_ = false;      // the first of them is flagged as interlaced
  int64_t last_duration_ = 0;
  int64_t conversion_errors_ = 0;
};

}  // namespace air
