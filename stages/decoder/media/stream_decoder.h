// StreamDecoder: one codec over one stream of the feed. Damage is counted and stepped over: a decoder that
// reports an error is simply given the next packet, until the stream ends.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "stages/decoder/media/ffmpeg_ptr.h"
#include "stages/decoder/media/packet_feed.h"

namespace air {

class StreamDecoder {
 public:
  // Errors: InvalidArgument naming the codec, when FFmpeg has no decoder for it or refuses its parameters.
  static absl::StatusOr<StreamDecoder> Open(const AVStream& stream, StreamKind kind);

  // The next frame in presentation order. Its best_effort_timestamp counts in time_base(); sound frames carry
  // the encoder's delay and padding as AV_FRAME_DATA_SKIP_SAMPLES instead of having lost them.
  Pulled Next(PacketFeed& feed, AVFrame& frame);

  // Shows the decoder the stream's first packet without wanting its frame. What is said only there (the
  // encoder's version, which H.264 decoders need to know to work round its faults) would be missed by
  // beginning farther on.
  void Learn(const AVPacket& first);
  // Pictures before `stamp` that no other needs and that cannot be the last one at or before it may be left
  // undecoded.
  void HurryTo(int64_t stamp);
  // Forgets everything but the stream itself; the feed has landed elsewhere.
  void Restart();

  AVRational time_base() const { return context_->pkt_timebase; }
  AVRational frame_rate() const { return context_->framerate; }  // 0/1: unknown
  const AVCodecContext& context() const { return *context_; }
  int64_t errors() const { return errors_; }

 private:
  StreamDecoder(AvCodecPtr context, StreamKind kind) : context_(std::move(context)), kind_(kind) {}
  Pulled Feed(PacketFeed& feed);
  void ChooseDiscard(const AVPacket& packet);

  AvCodecPtr context_;
  StreamKind kind_;
  bool draining_ = false;
  int errors_of_packet_ = 0;
  std::optional<int64_t> hurry_to_;
  std::optional<int64_t> latest_sent_;  // of the packets at or before hurry_to_
  int64_t errors_ = 0;
};

}  // namespace air
