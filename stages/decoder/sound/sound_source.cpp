#include "stages/decoder/sound/sound_source.h"

extern "C" {
#include <libavutil/intreadwrite.h>
}

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/memory/memory.h"
#include "media/house_time.h"

namespace air {
namespace {

constexpr int64_t kFarthestSeconds = int64_t{30} * 366 * 86'400;  // as the demuxer's

AVRational PerSecond(int64_t rate) { return {1, static_cast<int>(rate)}; }

// The sample grid on which frames of a codec begin, counted from the first one.
int64_t GridOf(const AVCodecContext& codec, const AVFrame& frame) {
  switch (codec.codec_id) {
    case AV_CODEC_ID_OPUS:
      return 120;  // RFC 6716: frames of 2.5 ms and multiples
    case AV_CODEC_ID_VORBIS:
      return 64;  // a quarter of the smallest block in use, 256
    default:
      return codec.frame_size > 0 ? codec.frame_size : frame.nb_samples;
  }
}

// A packet's stamp is that of the first frame that begins in it; FFmpeg gives it to the frame that began in
// the packet before and ends here, when it has seen that packet.
bool StampsAreOneFrameLate(const AVCodecContext& codec) { return codec.codec_id == AV_CODEC_ID_WMAVOICE; }

// How far a stamp may be from where the frame before ended without meaning a hole or an overlap. Vorbis files
// in the field stamp a block by its beginning or by its end, so stamps wander by half a block when block
// sizes change.
Stamp JitterOf(const AVCodecContext& codec) {
  constexpr AVRational kMilliseconds{1, 1000};
  if (StampsAreOneFrameLate(codec)) return {60, kMilliseconds};  // 480 samples, of 8000 a second at the least
  return {codec.codec_id == AV_CODEC_ID_VORBIS ? 50 : 10, kMilliseconds};
}

// Samples the encoder has put in front: from the container, or from the codec's own header (Opus).
int64_t DelayOf(const AVPacket* first, const AVCodecContext& codec) {
  size_t bytes = 0;
  const uint8_t* skip =
      first != nullptr ? av_packet_get_side_data(first, AV_PKT_DATA_SKIP_SAMPLES, &bytes) : nullptr;
  return skip != nullptr && bytes >= 4 ? AV_RL32(skip) : std::max(codec.delay, 0);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SoundSource>> SoundSource::Open(const Demuxer& demuxer,
                                                               const HouseFormat& house,
                                                               const AVPacket* first) {
  const AVStream& stream = *demuxer.stream(StreamKind::kSound);
  auto decoder = StreamDecoder::Open(stream, StreamKind::kSound);
  if (!decoder.ok()) return decoder.status();
  const bool stamped = first != nullptr && StampOf(*first) != AV_NOPTS_VALUE;
  const Stamp origin{stamped ? StampOf(*first) : 0, stream.time_base};
  auto source = absl::WrapUnique(new SoundSource(*std::move(decoder), house, origin.value));

  const AVCodecContext& codec = source->decoder_.context();
  const AVRational samples = PerSecond(codec.sample_rate > 0 ? codec.sample_rate : house.sample_rate);
  source->first_heard_ = {RoundTo(origin, samples) + DelayOf(first, codec), samples};
  return source;
}

void SoundSource::SetLine(Stamp media_zero, Stamp segment_start) {
  // Three zeros in three time bases; each is within half a sample, and the sum is fixed for the segment.
  const AVRational samples = PerSecond(house_.sample_rate);
  line_offset_ = RoundTo(media_zero, samples) + RoundTo(segment_start, samples) -
                 RoundTo({origin_, decoder_.time_base()}, samples);
}

void SoundSource::Read(PacketFeed& feed, int64_t first, uint32_t count, std::span<int16_t> out) {
  FillUpTo(feed, first + count);
  line_.Read(first, count, out);
}

bool SoundSource::LastsBeyond(PacketFeed& feed, int64_t sample) {
  FillUpTo(feed, sample + 1);
  return line_.end() > sample;
}

void SoundSource::Restart(int64_t first) {
  decoder_.Restart();
  line_.Restart(first);
  expected_.reset();
  placed_.clear();
  run_.reset();
  skip_ = 0;
  ended_ = false;
}

void SoundSource::FillUpTo(PacketFeed& feed, int64_t end) {
  AvFramePtr frame(av_frame_alloc());
  while (!ended_ && line_.end() < end) {
    const Pulled pulled = frame == nullptr ? Pulled::kEnd : decoder_.Next(feed, *frame);
    if (pulled == Pulled::kAbsent) return;
    if (pulled == Pulled::kEnd) {
      EndRun();
      ended_ = true;
    } else {
      Take(*frame);
    }
  }
}

void SoundSource::Take(const AVFrame& frame) {
  if (frame.nb_samples <= 0 || frame.sample_rate <= 0) return;
  Heard heard = Trim(frame);
  if (heard.count <= 0 || !Join(frame, heard)) return;
  has_sound_ = true;
  const int64_t at = run_->next_house_sample();
  Append(at, run_->Push(frame, heard.from, heard.count));
  run_end_ = heard.first + heard.count;
}

// Places the frame and leaves out the encoder's delay, its padding, and what an edit list cuts away.
SoundSource::Heard SoundSource::Trim(const AVFrame& frame) {
  const int64_t position = PositionOf(frame);
  Remember(frame, position);
  expected_ = position + frame.nb_samples;
  expected_rate_ = frame.sample_rate;

  uint32_t padding = 0;
  if (const AVFrameSideData* side = av_frame_get_side_data(&frame, AV_FRAME_DATA_SKIP_SAMPLES);
      side != nullptr && side->size >= 8) {
    if (const uint32_t skip = AV_RL32(side->data); skip > 0 && skip <= INT32_MAX) skip_ = skip;
    padding = AV_RL32(side->data + 4);
  }
  const auto samples = static_cast<uint32_t>(frame.nb_samples);
  const uint32_t from = std::min(skip_, samples);
  skip_ -= from;
  if (frame.flags & AV_FRAME_FLAG_DISCARD) return {};
  const uint32_t count = samples - from - std::min(padding, samples - from);
  return {position + from, static_cast<int>(from), static_cast<int>(count)};
}

int64_t SoundSource::PositionOf(const AVFrame& frame) const {
  std::optional<int64_t> expected = expected_;
  if (expected && expected_rate_ != frame.sample_rate) {
    expected = RoundTo({*expected, PerSecond(expected_rate_)}, PerSecond(frame.sample_rate));
  }
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return expected.value_or(0);
  const int64_t stamped =
      RoundTo({frame.best_effort_timestamp - origin_, decoder_.time_base()}, PerSecond(frame.sample_rate));
  const bool known = predecessors_ && predecessors_->stamp == frame.best_effort_timestamp;
  if (known && std::abs(stamped - predecessors_->position) <= frame.sample_rate)
    return predecessors_->position;
  const int64_t jitter = RoundTo(JitterOf(decoder_.context()), PerSecond(frame.sample_rate));
  if (expected && std::abs(stamped - *expected) <= jitter) return *expected;
  return SnapToGrid(stamped, frame);
}

// The one to be kept lies so far back that it will have been decoded again before the first sample that is
// wanted, and not so far that it will not be decoded any more (kPreRoll).
void SoundSource::Remember(const AVFrame& frame, int64_t position) {
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE || StampsAreOneFrameLate(decoder_.context())) return;
  placed_.push_back({frame.best_effort_timestamp, position});
  while (placed_.size() > 1 && placed_[1].position <= position - frame.sample_rate / 5) placed_.pop_front();
}

void SoundSource::Keep(std::span<uint8_t> out) const {
  const Placed kept = placed_.empty() ? Placed{AV_NOPTS_VALUE, 0} : placed_.front();
  const std::array<int64_t, 2> words = {kept.stamp, kept.position};
  if (out.size() >= sizeof words) std::memcpy(out.data(), words.data(), sizeof words);
}

void SoundSource::TakeUp(std::span<const uint8_t> kept) {
  std::array<int64_t, 2> words{};
  if (kept.size() < sizeof words) return;
  std::memcpy(words.data(), kept.data(), sizeof words);
  const int64_t farthest = kFarthestSeconds * std::max(decoder_.context().sample_rate, 1);
  if (words[0] != AV_NOPTS_VALUE && words[1] >= -farthest && words[1] <= farthest)
    predecessors_ = Placed{words[0], words[1]};
}

// A stamp is good to one tick of its time base. If a frame can begin on the codec's grid within that, it
// does.
int64_t SoundSource::SnapToGrid(int64_t position, const AVFrame& frame) const {
  const int64_t grid = GridOf(decoder_.context(), frame);
  const int64_t nearest = FloorMulDiv(2 * position + grid, 1, 2 * grid) * grid;
  const int64_t tick = RoundTo({1, decoder_.time_base()}, PerSecond(frame.sample_rate)) + 1;
  return std::abs(nearest - position) <= std::min<int64_t>(tick, frame.sample_rate / 100) ? nearest
                                                                                          : position;
}

// Makes run_ one that takes the frame at its place; cuts what overlaps the run so far. False: nothing is left
// of it.
bool SoundSource::Join(const AVFrame& frame, Heard& heard) {
  const bool fits = run_ != nullptr && run_->Fits(frame);
  if (fits && heard.first <= run_end_) {
    const int64_t overlap = std::min<int64_t>(run_end_ - heard.first, heard.count);
    if (overlap > 0) ++joins_;
    heard.first += overlap;
    heard.from += static_cast<int>(overlap);
    heard.count -= static_cast<int>(overlap);
    return heard.count > 0;
  }
  if (run_ != nullptr) ++joins_;
  EndRun();
  auto run = SoundResampler::Begin(frame, heard.first, house_);
  if (!run.ok()) {
    ++conversion_errors_;
    return false;
  }
  run_ = *std::move(run);
  return true;
}

void SoundSource::EndRun() {
  if (run_ == nullptr) return;
  const int64_t at = run_->next_house_sample();
  Append(at, run_->Drain());
  run_.reset();
}

void SoundSource::Append(int64_t house_sample, std::vector<int16_t> samples) {
  line_.Append(house_sample - line_offset_, std::move(samples));
}

}  // namespace air
