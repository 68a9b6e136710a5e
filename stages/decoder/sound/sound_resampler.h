// SoundResampler: one unbroken run of decoded sound, mixed and resampled to the house format.
//
// The rule it keeps: the output does not depend on where the run began. House samples are counted from the
// same zero as source samples (house sample h lies at source sample h * rate / house rate), and a run always
// starts at a source sample that coincides with a house sample, filled up with silence in front. A decoder
// that takes over in the middle of an asset therefore computes the very samples the dead one would have.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "media/house_format.h"
#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

class SoundResampler {
 public:
  // A run of sound shaped like `frame` whose first sample is source sample `first`. 5.1 and the like are
  // mixed down by the coefficients of ITU-R BS.775, scaled so that they cannot clip; mono goes to both
  // channels at full level. Errors: InvalidArgument when FFmpeg cannot convert this layout, rate or sample
  // format.
  static absl::StatusOr<std::unique_ptr<SoundResampler>> Begin(const AVFrame& frame, int64_t first,
                                                               const HouseFormat& house);
  ~SoundResampler() { av_channel_layout_uninit(&layout_); }
  SoundResampler(const SoundResampler&) = delete;
  SoundResampler& operator=(const SoundResampler&) = delete;

  // `frame` can continue this run.
  bool Fits(const AVFrame& frame) const;
  int rate() const { return rate_; }

  // Takes samples [from, from + count) of the frame and returns what can be made of them, interleaved.
  // Its first sample is at house sample next_house_sample() as it was before the call.
  std::vector<int16_t> Push(const AVFrame& frame, int from, int count);
  // What is still inside at the end of the run.
  std::vector<int16_t> Drain();
  int64_t next_house_sample() const { return next_; }

 private:
  SoundResampler() = default;
  absl::Status Configure(const AVFrame& frame, const HouseFormat& house);
  std::vector<int16_t> Run(const uint8_t** input, int count);

  AvResamplerPtr resampler_;
  uint32_t channels_ = 0;
  int format_ = AV_SAMPLE_FMT_NONE;
  int rate_ = 0;
  AVChannelLayout layout_ = {};
  int64_t next_ = 0;
};

}  // namespace air
