#include "stages/encoder/codec/video_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "stages/encoder/codec/avc_level.h"
#include "stages/encoder/codec/vbv_account.h"

namespace air {
namespace {

absl::Status Failed(const char* what, int error) {
  return absl::InternalError(absl::StrCat("H.264 encoder: ", what, ": ", CodecError(error)));
}

// Copies a plane from its first line that differs on. False: none does.
bool UpdatePlane(const uint8_t* from, int width, int height, uint8_t* to, int stride) {
  const auto line = static_cast<size_t>(width);
  int y = 0;
  while (y < height && std::memcmp(to + ptrdiff_t{y} * stride, from + ptrdiff_t{y} * width, line) == 0) ++y;
  const bool differs = y < height;
  for (; y < height; ++y) std::memcpy(to + ptrdiff_t{y} * stride, from + ptrdiff_t{y} * width, line);
  return differs;
}

// A still is refined over this many pictures behind its first one and behind each IDR, and then only
// repeated.
constexpr int kRefinements = 4;

}  // namespace

absl::StatusOr<std::unique_ptr<VideoEncoder>> VideoEncoder::Open(const HouseFormat& house,
                                                                 const EncoderSettings& settings,
                                                                 const VideoStart& start) {
  const VbvAccount vbv(HouseTime(house), settings.bitrate_kbps, settings.vbv_ms);
  int64_t fullness = start.vbv_fullness.value_or(vbv.Initial());
  // Behind the picture that is thrown away below, a tick's worth will have entered.
  if (start.idr_pic_id == 1) fullness -= vbv.Refill(Tick(0));
  std::unique_ptr<VideoEncoder> encoder(new VideoEncoder(house));
  if (absl::Status s = encoder->Start(settings, fullness); !s.ok()) return s;
  if (start.idr_pic_id == 1) {
    if (absl::Status s = encoder->ThrowAwayAnIdr(); !s.ok()) return s;
  }
  return encoder;
}

absl::Status VideoEncoder::Start(const EncoderSettings& settings, int64_t vbv_fullness) {
  const AVCodec* codec = avcodec_find_encoder_by_name("libx264");
  if (codec == nullptr) return absl::InternalError("H.264 encoder: libavcodec was built without libx264");
  context_.reset(avcodec_alloc_context3(codec));
  frame_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  AVCodecContext& c = *context_;
  c.width = static_cast<int>(house_.width);
  c.height = static_cast<int>(house_.height);
  c.pix_fmt = AV_PIX_FMT_YUV420P;
  c.sample_aspect_ratio = {1, 1};
  c.framerate = {static_cast<int>(house_.rate.num), static_cast<int>(house_.rate.den)};
  c.time_base = {c.framerate.den, c.framerate.num};
  c.bit_rate = int64_t{settings.bitrate_kbps} * 1000;
  c.rc_max_rate = c.bit_rate;
  c.rc_buffer_size = static_cast<int>(c.bit_rate * settings.vbv_ms / 1000);
  // With a quarter to spare for headers and for PCR packets, which count as the picture's.
  const uint32_t arriving_kbps =
      settings.rate_kbps != 0 ? settings.rate_kbps : settings.bitrate_kbps * 5 / 4 + 200;
  c.level = LeastAvcLevel(house_, arriving_kbps, c.rc_buffer_size / 1000);
  // 0 would mean "not given". libx264 itself starts with no less than a tick's worth.
  c.rc_initial_buffer_occupancy = static_cast<int>(std::clamp<int64_t>(vbv_fullness, 1, c.rc_buffer_size));
  c.max_b_frames = 0;
  c.gop_size = -1;  // IDR pictures are where we say, see Encode
  c.flags |= AV_CODEC_FLAG_CLOSED_GOP;
  c.thread_count = static_cast<int>(settings.threads);
  c.thread_type = FF_THREAD_SLICE;
  c.color_range = AVCOL_RANGE_MPEG;
  const bool hd = house_.IsBt709();
  c.color_primaries = hd ? AVCOL_PRI_BT709 : AVCOL_PRI_SMPTE170M;
  c.color_trc = hd ? AVCOL_TRC_BT709 : AVCOL_TRC_SMPTE170M;
  c.colorspace = hd ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;

  av_opt_set(c.priv_data, "preset", settings.preset.c_str(), 0);
  av_opt_set(c.priv_data, "profile", "high", 0);
  av_opt_set(c.priv_data, "forced-idr", "1", 0);
  constexpr char kParams[] =
      "8x8dct=1:keyint=infinite:scenecut=0:bframes=0:rc-lookahead=0:sync-lookahead=0:mbtree=0:"
      "sliced-threads=1:aud=1:repeat-headers=1:force-cfr=1";
  av_opt_set(c.priv_data, "x264-params", kParams, 0);
  if (int r = avcodec_open2(&c, codec, nullptr); r < 0) return Failed("open", r);

  frame_->format = c.pix_fmt;
  frame_->width = c.width;
  frame_->height = c.height;
  if (int r = av_frame_get_buffer(frame_.get(), 0); r < 0) return Failed("picture buffer", r);
  return absl::OkStatus();
}

absl::StatusOr<std::span<const uint8_t>> VideoEncoder::Encode(Tick tick, std::span<const uint8_t> picture,
                                                              bool idr, std::span<const uint8_t> captions) {
  if (int r = av_frame_make_writable(frame_.get()); r < 0) return Failed("picture buffer", r);
  const bool differs = TakePicture(picture);
  repeats_ = idr || differs ? 0 : repeats_ + 1;
  if (absl::Status s = AskForRepetition(repeats_ > kRefinements); !s.ok()) return s;
  if (absl::Status s = AddCaptions(captions); !s.ok()) return s;
  if (absl::Status s = EncodeFrame(tick.value(), idr); !s.ok()) return s;
  return std::span<const uint8_t>(packet_->data, static_cast<size_t>(packet_->size));
}

bool VideoEncoder::TakePicture(std::span<const uint8_t> picture) {
  bool differs = false;
  const uint8_t* plane = picture.data();
  for (int p = 0; p < 3; ++p) {
    const int width = p == 0 ? frame_->width : frame_->width / 2;
    const int height = p == 0 ? frame_->height : frame_->height / 2;
    if (UpdatePlane(plane, width, height, frame_->data[p], frame_->linesize[p])) differs = true;
    plane += ptrdiff_t{width} * height;
  }
  return differs;
}

absl::Status VideoEncoder::AskForRepetition(bool repeat) {
  av_frame_remove_side_data(frame_.get(), AV_FRAME_DATA_REGIONS_OF_INTEREST);
  if (!repeat) return absl::OkStatus();
  AVFrameSideData* side =
      av_frame_new_side_data(frame_.get(), AV_FRAME_DATA_REGIONS_OF_INTEREST, sizeof(AVRegionOfInterest));
  if (side == nullptr) return Failed("side data", AVERROR(ENOMEM));
  AVRegionOfInterest everything{};
  everything.self_size = sizeof(everything);
  everything.bottom = frame_->height;
  everything.right = frame_->width;
  everything.qoffset = {1, 1};
  std::memcpy(side->data, &everything, sizeof(everything));
  return absl::OkStatus();
}

absl::Status VideoEncoder::AddCaptions(std::span<const uint8_t> captions) {
  av_frame_remove_side_data(frame_.get(), AV_FRAME_DATA_A53_CC);
  if (captions.empty()) return absl::OkStatus();
  AVFrameSideData* side = av_frame_new_side_data(frame_.get(), AV_FRAME_DATA_A53_CC, captions.size());
  if (side == nullptr) return Failed("side data", AVERROR(ENOMEM));
  std::memcpy(side->data, captions.data(), captions.size());
  return absl::OkStatus();
}

// Black: it costs next to nothing of the VBV and tells the rate control nothing.
absl::Status VideoEncoder::ThrowAwayAnIdr() {
  for (int p = 0; p < 3; ++p) {
    const int height = p == 0 ? frame_->height : frame_->height / 2;
    std::memset(frame_->data[p], p == 0 ? 16 : 128, static_cast<size_t>(frame_->linesize[p] * height));
  }
  return EncodeFrame(-1, true);  // before every tick there is
}

absl::Status VideoEncoder::EncodeFrame(int64_t pts, bool idr) {
  frame_->pts = pts;
  frame_->pict_type = idr ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
  if (int r = avcodec_send_frame(context_.get(), frame_.get()); r < 0) return Failed("send", r);
  av_packet_unref(packet_.get());
  if (int r = avcodec_receive_packet(context_.get(), packet_.get()); r < 0) return Failed("receive", r);
  if (packet_->pts != pts) {
    return absl::InternalError(
        absl::StrCat("H.264 encoder: picture ", packet_->pts, " came out for picture ", pts));
  }
  return absl::OkStatus();
}

}  // namespace air
