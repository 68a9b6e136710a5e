// VideoEncoder: H.264 High (ISO/IEC 14496-10) by libx264 through libavcodec, one picture in, its access unit
// out.
//
// No reordering and no look-ahead (no B pictures, no rc-lookahead, no mbtree; slices for threads): encode(n)
// returns picture n, so that a tick can be committed whole. It costs about 0.6 dB and saves 18 % of the CPU.
// Every access unit begins with a delimiter; every IDR carries its parameter sets; GOPs are closed; the rate
// is bound by a VBV as long as the receiver's buffering.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "base/types.h"
#include "media/house_format.h"
#include "stages/encoder/codec/codec_ptr.h"

namespace air {

struct EncoderSettings {
  uint32_t bitrate_kbps = 2500;  // of the picture, mean and peak over the VBV
  double gop_seconds = 1.0;      // distance of IDR pictures, at most 2
  std::string preset = "veryfast";
  uint32_t threads = 2;   // 0: as the encoder likes
  uint32_t vbv_ms = 270;  // buffer the stream may use, below the multiplexer's delay
  // Of the whole stream, constant: how fast the picture's packets may come (avc_level.h). 0: variable.
  uint32_t rate_kbps = 0;
};

// Where an encoder goes on.
struct VideoStart {
  // Of its first IDR picture, 0 or 1; then the other, and so on. Two that follow each other in a stream must
  // differ, also those of two encoders (H.264 7.4.3).
  uint32_t idr_pic_id = 0;
  // Bits in the receiver's buffer in front of the first picture (vbv_account.h). Nothing: a stream begins.
  std::optional<int64_t> vbv_fullness = {};
};

class VideoEncoder {
 public:
  // Errors: Internal with libavcodec's text (also when it is built without libx264).
  static absl::StatusOr<std::unique_ptr<VideoEncoder>> Open(const HouseFormat& house,
                                                            const EncoderSettings& settings,
                                                            const VideoStart& start = {});

  // One house picture (HouseFormat::VideoBytes()), consecutive ticks. Its captions (CEA-708 cc_data, at most
  // 31 triplets) go into its SEI (ATSC A/53, part 4). The result is valid until the next call. Errors:
  // Internal when the codec fails or returns anything but this one picture.
  absl::StatusOr<std::span<const uint8_t>> Encode(Tick tick, std::span<const uint8_t> picture, bool idr,
                                                  std::span<const uint8_t> captions = {});

 private:
  explicit VideoEncoder(const HouseFormat& house) : house_(house) {}
  absl::Status Start(const EncoderSettings& settings, int64_t vbv_fullness);
  // Spends idr_pic_id 0 on a picture that is not sent: libx264 always begins with it.
  absl::Status ThrowAwayAnIdr();
  // Into frame_. False: it is the picture before, to the byte.
  bool TakePicture(std::span<const uint8_t> picture);
  // Of a picture that has been refined enough: libx264 is asked for a coarseness at which nothing is left to
  // code, and finds that out quickly.
  absl::Status AskForRepetition(bool repeat);
  absl::Status AddCaptions(std::span<const uint8_t> captions);
  // Codes what is in frame_ into packet_.
  absl::Status EncodeFrame(int64_t pts, bool idr);

  HouseFormat house_;
  CodecContextPtr context_;
  CodecFramePtr frame_;
  CodecPacketPtr packet_;
  int repeats_ = 0;  // pictures since the last IDR or change that were the picture before
};

}  // namespace air
