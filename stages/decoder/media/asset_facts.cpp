#include "stages/decoder/media/asset_facts.h"

extern "C" {
#include <libavutil/dict.h>
#include <libavutil/intreadwrite.h>
}

#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "stages/decoder/media/packet_feed.h"
#include "stages/decoder/media/stream_decoder.h"

namespace air {
namespace {

constexpr AVRational kMilliseconds{1, 1000};
constexpr AVRational kMicroseconds{1, 1'000'000};
constexpr int64_t kTailUs = 10'000'000;
// Beyond this, even an asset whose stamps may jump is measured by its tail: to read all of it takes too long.
constexpr int64_t kReadWholeBytes = int64_t{512} << 20;
constexpr size_t kMostChapters = 200;
constexpr size_t kMostTracks = 32;
constexpr int kMostFramesTried = 64;

std::string TextOf(const AVDictionary* metadata, const char* key) {
  const AVDictionaryEntry* entry = av_dict_get(metadata, key, nullptr, 0);
  return entry != nullptr ? entry->value : "";
}

// Whether a stream of this kind shows or sounds anything.
bool Decodes(Demuxer& demuxer, PacketFeed& feed, StreamKind kind, int64_t& errors) {
  if (demuxer.stream(kind) == nullptr) return false;
  auto decoder = StreamDecoder::Open(*demuxer.stream(kind), kind);
  if (!decoder.ok()) return false;
  const AvFramePtr frame(av_frame_alloc());
  bool decoded = false;
  for (int tries = 0; !decoded && tries < kMostFramesTried; ++tries) {
    if (frame == nullptr || decoder->Next(feed, *frame) != Pulled::kOne) break;
    decoded = kind == StreamKind::kPicture ? frame->width > 0 : frame->nb_samples > 0;
  }
  errors += decoder->errors();
  return decoded;
}

// Samples in front that are not heard, the encoder's delay: as SoundSource has it.
int64_t DelayOf(const AVPacket& first, const AVCodecParameters& codec) {
  size_t bytes = 0;
  const uint8_t* skip = av_packet_get_side_data(&first, AV_PKT_DATA_SKIP_SAMPLES, &bytes);
  return skip != nullptr && bytes >= 4 ? AV_RL32(skip) : std::max(codec.initial_padding, 0);
}

// The same at the end.
int64_t PaddingOf(const AVPacket& packet) {
  size_t bytes = 0;
  const uint8_t* skip = av_packet_get_side_data(&packet, AV_PKT_DATA_SKIP_SAMPLES, &bytes);
  return skip != nullptr && bytes >= 8 ? AV_RL32(skip + 4) : 0;
}

int64_t LengthOf(const AVStream& stream, const AVPacket& packet) {
  if (packet.duration > 0) return packet.duration;
  const AVRational rate = stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate : stream.r_frame_rate;
  return rate.num > 0 && rate.den > 0 ? av_rescale_q(1, av_inv_q(rate), stream.time_base) : 0;
}

// Where the streams end, each in its own time base.
class Ends {
 public:
  explicit Ends(const Demuxer& demuxer) : demuxer_(demuxer) {}

  void Take(const AVPacket& packet, StreamKind kind) {
    const AVStream& stream = *demuxer_.stream(kind);
    Line& line = lines_[static_cast<size_t>(kind)];
    const bool airs = (packet.flags & AV_PKT_FLAG_DISCARD) == 0;  // an edit list may leave packets out
    const int64_t length = LengthOf(stream, packet);
    int64_t begin = StampOf(packet);
    if (begin == AV_NOPTS_VALUE) {  // raw streams: pictures are counted
      if (!line.next) return;
      begin = *line.next;
    }
    line.next = begin + length;
    if (!airs) return;
    int64_t end = begin + length;
    if (kind == StreamKind::kSound && stream.codecpar->sample_rate > 0) {
      end -= FloorTo({PaddingOf(packet), {1, stream.codecpar->sample_rate}}, stream.time_base);
    }
    line.end = std::max(line.end.value_or(end), end);
  }

  // Pictures without a single stamp are counted from the beginning.
  void CountFrom(StreamKind kind, int64_t stamp) { lines_[static_cast<size_t>(kind)].next = stamp; }

  std::optional<Stamp> Of(StreamKind kind) const {
    const auto& end = lines_[static_cast<size_t>(kind)].end;
    if (!end) return std::nullopt;
    return Stamp{*end, demuxer_.stream(kind)->time_base};
  }

 private:
  struct Line {
    std::optional<int64_t> end;
    std::optional<int64_t> next;  // where the next packet is, if it does not say
  };
  const Demuxer& demuxer_;
  std::array<Line, kStreamKinds> lines_;
};

void ReadOn(Demuxer& demuxer, Ends& ends) {
  const AvPacketPtr packet(av_packet_alloc());
  StreamKind kind{};
  while (packet != nullptr && demuxer.Read(*packet, kind)) ends.Take(*packet, kind);
}

class Measurement {
 public:
  Measurement(Demuxer& demuxer, Stamp zero) : demuxer_(demuxer), zero_(zero), anchor_(demuxer.anchor()) {}

  // 0: cannot be found out.
  absl::StatusOr<int64_t> DurationMs() {
    const std::optional<int64_t> stated = demuxer_.stated_duration_us();
    const int64_t bytes = avio_size(demuxer_.container().pb);
    const bool small = bytes >= 0 && bytes <= kReadWholeBytes;
    if (stated && !(demuxer_.stamps_may_jump() && small)) {
      const int64_t ms = BetweenMs(EndsBehind(std::max<int64_t>(*stated - kTailUs, 0)));
      if (ms > 0) return ms;
    }
    // Of a large file that cannot be seeked in, what it says is taken.
    if (!small && stated) return *stated / 1000;
    if (absl::Status rewound = demuxer_.Rewind(); !rewound.ok()) return rewound;
    Ends ends(demuxer_);
    const AVStream& anchor = *demuxer_.stream(demuxer_.anchor());
    ends.CountFrom(demuxer_.anchor(), FloorTo(demuxer_.anchor_start(), anchor.time_base));
    ReadOn(demuxer_, ends);
    const int64_t ms = BetweenMs(ends);
    return ms > 0 || !stated ? ms : *stated / 1000;
  }

 private:
  Ends EndsBehind(int64_t offset_us) {
    Ends ends(demuxer_);
    const AVRational base = demuxer_.stream(anchor_)->time_base;
    const int64_t stamp = FloorTo(demuxer_.anchor_start(), base) + FloorTo({offset_us, kMicroseconds}, base);
    if (demuxer_.Seek(stamp)) ReadOn(demuxer_, ends);
    return ends;
  }

  int64_t SinceZeroMs(const std::optional<Stamp>& end) const {
    if (!end) return 0;
    const AVRational base = end->base;
    return FloorTo({end->value - FloorTo(zero_, base), base}, kMilliseconds);
  }

  int64_t BetweenMs(const Ends& ends) const {
    const int64_t sound = SinceZeroMs(ends.Of(StreamKind::kSound));
    const bool moving = anchor_ == StreamKind::kPicture && !demuxer_.still_picture();
    if (!moving) return sound;
    const int64_t picture = SinceZeroMs(ends.Of(StreamKind::kPicture));
    return sound > picture + kSoundTailMs ? sound : picture;
  }

  Demuxer& demuxer_;
  Stamp zero_;
  StreamKind anchor_;
};

void Describe(const Demuxer& demuxer, Stamp zero, AssetFacts& facts) {
  const AVFormatContext& container = demuxer.container();
  facts.container = container.iformat->name;
  facts.still = demuxer.still_picture();
  if (const AVStream* picture = demuxer.stream(StreamKind::kPicture)) {
    facts.width = picture->codecpar->width;
    facts.height = picture->codecpar->height;
    if (!facts.still) {
      facts.picture_codec = avcodec_get_name(picture->codecpar->codec_id);
      facts.rate = picture->avg_frame_rate.num > 0 ? picture->avg_frame_rate : picture->r_frame_rate;
    }
  }
  const AVStream* plays = demuxer.stream(StreamKind::kSound);
  const auto add = [&](const AVStream& stream) {
    if (facts.sound.size() >= kMostTracks) return;
    facts.sound.push_back({avcodec_get_name(stream.codecpar->codec_id),
                           stream.codecpar->ch_layout.nb_channels, TextOf(stream.metadata, "language")});
  };
  if (plays != nullptr) add(*plays);
  for (unsigned i = 0; i < container.nb_streams; ++i) {
    const AVStream& stream = *container.streams[i];
    if (&stream != plays && stream.codecpar->codec_type == AVMEDIA_TYPE_AUDIO) add(stream);
  }
  const int64_t zero_ms = FloorTo(zero, kMilliseconds);
  for (unsigned i = 0; i < container.nb_chapters && facts.chapters.size() < kMostChapters; ++i) {
    const AVChapter& chapter = *container.chapters[i];
    facts.chapters.push_back({TextOf(chapter.metadata, "title"),
                              FloorTo({chapter.start, chapter.time_base}, kMilliseconds) - zero_ms,
                              FloorTo({chapter.end, chapter.time_base}, kMilliseconds) - zero_ms});
  }
}

// The stamp the asset is counted from. Sound that leads begins behind its encoder's delay.
Stamp BeginningOf(Demuxer& demuxer, PacketFeed& feed) {
  const AVStream* sound = demuxer.stream(StreamKind::kSound);
  const AVPacket* first = sound != nullptr ? feed.Peek(StreamKind::kSound) : nullptr;
  if (first == nullptr || StampOf(*first) == AV_NOPTS_VALUE) return demuxer.anchor_start();
  const AVRational samples{1, std::max(sound->codecpar->sample_rate, 1)};
  const Stamp heard{RoundTo({StampOf(*first), sound->time_base}, samples) + DelayOf(*first, *sound->codecpar),
                    samples};
  return demuxer.anchor() == StreamKind::kSound ? heard : MediaZero(demuxer.anchor_start(), heard);
}

// Media zero, once something could be decoded. A picture that cannot be is given up, as it is on the air.
absl::StatusOr<Stamp> Begin(Demuxer& demuxer, int64_t& errors) {
  {
    PacketFeed feed(demuxer, [] {});
    const Stamp zero = BeginningOf(demuxer, feed);
    if (Decodes(demuxer, feed, demuxer.anchor(), errors)) return zero;
    if (demuxer.anchor() == StreamKind::kSound || !Decodes(demuxer, feed, StreamKind::kSound, errors)) {
      return absl::InvalidArgumentError(absl::StrCat("no decodable picture or sound in asset '",
                                                     demuxer.path(),
                                                     "' (damaged, encrypted, or of an unknown codec)"));
    }
  }
  if (absl::Status sound_alone = demuxer.GiveUpPicture(); !sound_alone.ok()) return sound_alone;
  PacketFeed feed(demuxer, [] {});
  return BeginningOf(demuxer, feed);
}

}  // namespace

absl::StatusOr<AssetFacts> FactsOf(Demuxer& demuxer) {
  AssetFacts facts;
  const auto zero = Begin(demuxer, facts.errors);
  if (!zero.ok()) return zero.status();
  Describe(demuxer, *zero, facts);
  if (facts.still && demuxer.stream(StreamKind::kSound) == nullptr) return facts;  // a photo
  const auto duration = Measurement(demuxer, *zero).DurationMs();
  if (!duration.ok()) return duration.status();
  if (*duration <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("the duration of asset '", demuxer.path(), "' cannot be found out"));
  }
  facts.duration_ms = *duration;
  facts.errors += demuxer.read_errors();
  return facts;
}

}  // namespace air
