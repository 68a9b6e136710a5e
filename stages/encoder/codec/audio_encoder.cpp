#include "stages/encoder/codec/audio_encoder.h"

extern "C" {
#include <libavutil/opt.h>
}

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

constexpr int kSampleRate = 48'000;
constexpr int kChannels = 2;
constexpr float kFullScale = 32768.0f;

absl::Status Failed(const char* what, int error) {
  return absl::InternalError(absl::StrCat("AAC encoder: ", what, ": ", CodecError(error)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<AudioEncoder>> AudioEncoder::Open(int64_t first_unit,
                                                                 int64_t bits_per_second) {
  std::unique_ptr<AudioEncoder> encoder(new AudioEncoder(first_unit));
  if (absl::Status s = encoder->Start(bits_per_second); !s.ok()) return s;
  return encoder;
}

absl::Status AudioEncoder::Start(int64_t bits_per_second) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_AAC);
  if (codec == nullptr) return absl::InternalError("AAC encoder: libavcodec was built without it");
  context_.reset(avcodec_alloc_context3(codec));
  samples_.reset(av_frame_alloc());
  packet_.reset(av_packet_alloc());
  context_->sample_rate = kSampleRate;
  context_->ch_layout = AV_CHANNEL_LAYOUT_STEREO;
  context_->sample_fmt = AV_SAMPLE_FMT_FLTP;
  context_->time_base = {1, kSampleRate};
  context_->bit_rate = bits_per_second;
  // The default coder (twoloop) never forgets where it began: joined in a tone, it stays off by 0.016 of full
  // scale for good. This one is back to the same output within the priming.
  if (int r = av_opt_set(context_->priv_data, "aac_coder", "fast", 0); r < 0) return Failed("coder", r);
  if (int r = avcodec_open2(context_.get(), codec, nullptr); r < 0) return Failed("open", r);
  if (context_->frame_size != kAacFrame || context_->initial_padding != kAacFrame) {
    return absl::InternalError(absl::StrCat("AAC encoder: frames of ", context_->frame_size,
                                            " samples and priming of ", context_->initial_padding,
                                            ", the grid is built on 1024 and 1024"));
  }
  samples_->format = context_->sample_fmt;
  samples_->sample_rate = kSampleRate;
  samples_->nb_samples = static_cast<int>(kAacFrame);
  samples_->ch_layout = context_->ch_layout;
  if (int r = av_frame_get_buffer(samples_.get(), 0); r < 0) return Failed("sample buffer", r);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<AacUnit>> AudioEncoder::Feed(std::span<const int16_t> sound) {
  std::vector<AacUnit> out;
  while (!sound.empty()) {
    if (filled_ == 0) {
      if (int r = av_frame_make_writable(samples_.get()); r < 0) return Failed("sample buffer", r);
    }
    const int take =
        std::min<int>(static_cast<int>(kAacFrame) - filled_, static_cast<int>(sound.size()) / kChannels);
    for (int channel = 0; channel < kChannels; ++channel) {
      auto* plane = reinterpret_cast<float*>(samples_->data[channel]) + filled_;
      for (int i = 0; i < take; ++i)
        plane[i] = float(sound[static_cast<size_t>(i * kChannels + channel)]) / kFullScale;
    }
    sound = sound.subspan(static_cast<size_t>(take) * kChannels);
    filled_ += take;
    if (filled_ == kAacFrame) {
      if (absl::Status s = EncodeFrame(out); !s.ok()) return s;
    }
  }
  return out;
}

absl::Status AudioEncoder::EncodeFrame(std::vector<AacUnit>& out) {
  samples_->pts = frame_ * kAacFrame;
  ++frame_;
  filled_ = 0;
  if (int r = avcodec_send_frame(context_.get(), samples_.get()); r < 0) return Failed("send", r);
  while (true) {
    av_packet_unref(packet_.get());
    const int r = avcodec_receive_packet(context_.get(), packet_.get());
    if (r == AVERROR(EAGAIN)) return absl::OkStatus();
    if (r < 0) return Failed("receive", r);
    const int64_t unit = packet_->pts / kAacFrame + 1;
    if (packet_->pts % kAacFrame != 0)
      return absl::InternalError(absl::StrCat("AAC encoder: stamp ", packet_->pts, " is off the grid"));
    if (unit < first_unit_) continue;  // priming
    out.push_back({unit, {packet_->data, packet_->data + packet_->size}});
  }
}

}  // namespace air
