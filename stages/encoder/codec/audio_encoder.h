// AudioEncoder: AAC-LC (ISO/IEC 14496-3) by FFmpeg, on one absolute grid for the whole session, whichever
// process codes.
//
//   grid frame f    the samples [1024 f, 1024 f + 1024), counted from tick 0; negative before it (silence)
//   access unit p   what a decoder turns into the samples of grid frame p - 1: its time stamp is sample 1024
//                   (p - 1). The codec's priming is one frame, so unit 0 is stamped 1024 samples before
//                   tick 0. Unit p is there once grid frame p + 1 has been fed.
//
// A fresh encoder that begins at unit p is fed 16 grid frames earlier and their output is thrown away: with
// fewer than eight there is a click at the join, with eight or more the error stays below 0.005 of full
// scale. The grid itself is exact in any case.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "stages/encoder/codec/codec_ptr.h"
#include "stream/stream_budget.h"

namespace air {

inline constexpr int64_t kAacFrame = kSoundUnitSamples;
inline constexpr int64_t kAacPrimingFrames = 16;

struct AacUnit {
  int64_t index = 0;           // p
  std::vector<uint8_t> bytes;  // raw access unit, without ADTS header

  SampleIndex stamp() const { return SampleIndex((index - 1) * kAacFrame); }
};

class AudioEncoder {
 public:
  // The first unit that Feed returns is `first_unit`; `bits_per_second` is the mean rate. Errors: Internal
  // with libavcodec's text.
  static absl::StatusOr<std::unique_ptr<AudioEncoder>> Open(int64_t first_unit,
                                                            int64_t bits_per_second = 160'000);

  // Where feeding begins: the first sample of the priming. May be negative.
  SampleIndex FirstNeededSample() const { return SampleIndex((first_unit_ - kAacPrimingFrames) * kAacFrame); }
  // Takes the samples that follow those fed before (48 kHz stereo, interleaved s16) and returns the units
  // they complete. Errors: Internal when the codec fails or leaves the grid.
  absl::StatusOr<std::vector<AacUnit>> Feed(std::span<const int16_t> sound);

 private:
  explicit AudioEncoder(int64_t first_unit)
      : first_unit_(first_unit), frame_(first_unit - kAacPrimingFrames) {}
  absl::Status Start(int64_t bits_per_second);
  absl::Status EncodeFrame(std::vector<AacUnit>& out);

  int64_t first_unit_;
  int64_t frame_;   // grid frame being filled
  int filled_ = 0;  // samples in it
  CodecContextPtr context_;
  CodecFramePtr samples_;
  CodecPacketPtr packet_;
};

}  // namespace air
