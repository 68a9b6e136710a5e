#include "stages/decoder/media/stream_decoder.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace air {
namespace {

// All cores of a small machine: what matters is how soon a successor has decoded its way to its first unit.
constexpr int kMostDecoderThreads = 8;
// A picture of 8192 x 8192 is 100 MB decoded; what claims to be larger is damage or an attack on the memory,
// unless its decoder can make a smaller one of it (JPEG).
constexpr int64_t kMostPixels = int64_t{8192} * 8192;
// More errors than this from one packet are the decoder's own loop, not the stream's damage.
constexpr int kMostErrorsPerPacket = 64;

int PictureThreads() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 2, kMostDecoderThreads);
}

// Codecs whose "not a reference" holds without reserve: not HEVC's, which is about its own temporal
// sub-layer, nor VP9's, whose unreferenced pictures may still leave their probabilities to the next.
bool MaySkipUnreferenced(AVCodecID codec) {
  return codec == AV_CODEC_ID_H264 || codec == AV_CODEC_ID_MPEG1VIDEO || codec == AV_CODEC_ID_MPEG2VIDEO ||
         codec == AV_CODEC_ID_MPEG4;
}

// How often width and height are halved while decoding, so that the picture is small enough. Nothing: it never is.
std::optional<int> HalvingsOf(const AVCodec& codec, const AVCodecParameters& picture) {
  const int64_t pixels = int64_t{picture.width} * picture.height;
  int halvings = 0;
  while (pixels >> (2 * halvings) > kMostPixels) {
    if (++halvings > codec.max_lowres) return std::nullopt;
  }
  return halvings;
}

}  // namespace

absl::StatusOr<StreamDecoder> StreamDecoder::Open(const AVStream& stream, StreamKind kind) {
  const char* const name = avcodec_get_name(stream.codecpar->codec_id);
  const AVCodec* const codec = avcodec_find_decoder(stream.codecpar->codec_id);
  if (codec == nullptr) return absl::InvalidArgumentError(absl::StrCat("no decoder for codec ", name));
  AvCodecPtr context(avcodec_alloc_context3(codec));
  if (context == nullptr) return absl::ResourceExhaustedError("out of memory for a codec context");

  int error = avcodec_parameters_to_context(context.get(), stream.codecpar);
  context->pkt_timebase = stream.time_base;
  context->framerate = stream.avg_frame_rate;
  const std::optional<int> halvings = HalvingsOf(*codec, *stream.codecpar);
  if (!halvings.has_value()) {
    return absl::InvalidArgumentError(
        absl::StrCat("a picture of ", stream.codecpar->width, " x ", stream.codecpar->height, " (", name,
                     ") is too large: at most ", kMostPixels / 1'000'000, " million pixels are decoded"));
  }
  context->lowres = *halvings;
  context->max_pixels = kMostPixels << (2 * *halvings);
  context->flags2 |= AV_CODEC_FLAG2_SKIP_MANUAL;
  context->thread_count = kind == StreamKind::kPicture ? PictureThreads() : 1;
  context->thread_type = FF_THREAD_FRAME | FF_THREAD_SLICE;
  if (error >= 0) error = avcodec_open2(context.get(), codec, nullptr);
  if (error < 0) {
    return absl::InvalidArgumentError(absl::StrCat("cannot decode codec ", name, ": ", AvErrorText(error)));
  }
  return StreamDecoder(std::move(context), kind);
}

Pulled StreamDecoder::Next(PacketFeed& feed, AVFrame& frame) {
  for (;;) {
    const int error = avcodec_receive_frame(context_.get(), &frame);
    if (error >= 0) return Pulled::kOne;
    if (draining_ && (error == AVERROR_EOF || error == AVERROR(EAGAIN))) return Pulled::kEnd;
    if (error == AVERROR_EOF) {
      avcodec_flush_buffers(context_.get());  // it has ended by itself; the stream has not
    } else if (error != AVERROR(EAGAIN)) {
      ++errors_;
      if (++errors_of_packet_ < kMostErrorsPerPacket) continue;
      if (draining_) return Pulled::kEnd;
    }
    if (Feed(feed) == Pulled::kAbsent) return Pulled::kAbsent;
  }
}

Pulled StreamDecoder::Feed(PacketFeed& feed) {
  AvPacketPtr packet;
  const Pulled pulled = feed.Next(kind_, packet);
  if (pulled == Pulled::kAbsent) return pulled;
  errors_of_packet_ = 0;
  if (pulled == Pulled::kEnd) {
    draining_ = true;
  } else {
    ChooseDiscard(*packet);
  }
  if (avcodec_send_packet(context_.get(), packet.get()) < 0) ++errors_;
  return pulled;
}

// A picture may stay undecoded when one that is shown later, but not behind the target either, has been sent
// already. That holds for nearly every B picture on the way and never for the picture that is looked for.
void StreamDecoder::ChooseDiscard(const AVPacket& packet) {
  context_->skip_frame = AVDISCARD_DEFAULT;
  if (!hurry_to_ || packet.pts == AV_NOPTS_VALUE || packet.pts > *hurry_to_) return;
  if (latest_sent_ && *latest_sent_ > packet.pts) {
    context_->skip_frame = AVDISCARD_NONREF;
  } else {
    latest_sent_ = packet.pts;
  }
}

void StreamDecoder::Learn(const AVPacket& first) {
  AvFramePtr unwanted(av_frame_alloc());
  if (unwanted == nullptr || avcodec_send_packet(context_.get(), &first) < 0) return;
  avcodec_send_packet(context_.get(), nullptr);
  for (int i = 0; i < kMostErrorsPerPacket; ++i) {
    if (avcodec_receive_frame(context_.get(), unwanted.get()) == AVERROR_EOF) break;
  }
  avcodec_flush_buffers(context_.get());
}

void StreamDecoder::HurryTo(int64_t stamp) {
  if (!MaySkipUnreferenced(context_->codec_id)) return;
  hurry_to_ = stamp;
  latest_sent_.reset();
}

void StreamDecoder::Restart() {
  avcodec_flush_buffers(context_.get());
  draining_ = false;
  errors_of_packet_ = 0;
  hurry_to_.reset();
  latest_sent_.reset();
}

}  // namespace air
