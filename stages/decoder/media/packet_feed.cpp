#include "stages/decoder/media/packet_feed.h"

#include <utility>

namespace air {
namespace {

int64_t DecodeStampOf(const AVPacket& packet) {
  return packet.dts != AV_NOPTS_VALUE ? packet.dts : packet.pts;
}

}  // namespace

int64_t StampOf(const AVPacket& packet) { return packet.pts != AV_NOPTS_VALUE ? packet.pts : packet.dts; }

bool PacketFeed::Read(AVPacket& packet, StreamKind& kind) {
  on_progress_();
  return demuxer_.Read(packet, kind);
}

Pulled PacketFeed::Next(StreamKind kind, AvPacketPtr& packet) {
  on_progress_();
  const Pulled fetched = Fetch(kind);
  if (fetched != Pulled::kOne) return fetched;
  Queue& own = queue(kind);
  packet = std::move(own.packets.front());
  own.packets.pop_front();
  own.bytes -= static_cast<size_t>(packet->size) + kPacketOverhead;
  return Pulled::kOne;
}

const AVPacket* PacketFeed::Peek(StreamKind kind) {
  return Fetch(kind) == Pulled::kOne ? queue(kind).packets.front().get() : nullptr;
}

// Reads on until the queue has a packet.
Pulled PacketFeed::Fetch(StreamKind kind) {
  while (queue(kind).packets.empty()) {
    if (at_end_) return Pulled::kEnd;
    if (Full()) return Pulled::kAbsent;
    AvPacketPtr packet(av_packet_alloc());
    StreamKind of = kind;
    if (packet == nullptr || !Read(*packet, of)) {
      at_end_ = true;
    } else {
      Push(of, std::move(packet));
    }
  }
  return Pulled::kOne;
}

void PacketFeed::Ignore(StreamKind kind) {
  queue(kind).ignored = true;
  Clear(queue(kind));
}

void PacketFeed::Push(StreamKind kind, AvPacketPtr packet) {
  Queue& own = queue(kind);
  if (own.ignored) return;
  own.bytes += static_cast<size_t>(packet->size) + kPacketOverhead;
  own.packets.push_back(std::move(packet));
}

void PacketFeed::Clear(Queue& queue) {
  queue.packets.clear();
  queue.bytes = 0;
}

void PacketFeed::Restart() {
  for (Queue& queue : queues_) Clear(queue);
  at_end_ = false;
}

PacketFeed::Landing PacketFeed::Land(int64_t seek_stamp, const Target& target) {
  Restart();
  if (!demuxer_.Seek(seek_stamp)) return Landing::kMissed;
  const Landing landing = Collect(target, /*from_start=*/false);
  if (landing == Landing::kMissed) Restart();
  return landing;
}

absl::Status PacketFeed::LandFromStart(const Target& target) {
  Restart();
  if (absl::Status rewound = demuxer_.Rewind(); !rewound.ok()) return rewound;
  Collect(target, /*from_start=*/true);
  return absl::OkStatus();
}

std::optional<int64_t> PacketFeed::FindKeyPicture(int64_t stamp) {
  Restart();
  if (!demuxer_.Seek(stamp) && !demuxer_.Rewind().ok()) return std::nullopt;
  const AvPacketPtr packet(av_packet_alloc());
  StreamKind kind = StreamKind::kPicture;
  while (packet != nullptr && Read(*packet, kind)) {
    const bool key = kind == StreamKind::kPicture && (packet->flags & AV_PKT_FLAG_KEY) != 0;
    if (key && StampOf(*packet) != AV_NOPTS_VALUE && StampOf(*packet) >= stamp) return StampOf(*packet);
  }
  return std::nullopt;
}

// Reads until the anchor's target is passed in decoding order. A later key picture that still is not behind
// the target makes everything before it unnecessary, so that only the last group of pictures will have to be
// decoded.
PacketFeed::Landing PacketFeed::Collect(const Target& target, bool from_start) {
  bool picture_usable = from_start || !target.picture;
  bool sound_covered = from_start || !target.sound;
  bool reached = false;
  while (!reached && !Full()) {
    AvPacketPtr packet(av_packet_alloc());
    StreamKind kind = StreamKind::kPicture;
    if (packet == nullptr || !Read(*packet, kind)) {
      at_end_ = true;
      break;
    }
    const int64_t stamp = StampOf(*packet);
    const bool known = stamp != AV_NOPTS_VALUE;
    if (kind == StreamKind::kSound && target.sound && known) {
      // What is over before the pre-roll begins is not needed. Its duration says so, or the next one's stamp.
      // It may be left over from before the seek, too (RealMedia): it says nothing of what follows.
      const bool lasts = packet->duration > 0;
      if (lasts && stamp + packet->duration <= *target.sound) continue;
      if (stamp <= *target.sound + packet->duration) sound_covered = true;
      if (stamp <= *target.sound) Clear(queue(StreamKind::kSound));
      if (!target.picture) reached = lasts || stamp > *target.sound;
    }
    if (kind == StreamKind::kPicture && target.picture) {
      if (known && (packet->flags & AV_PKT_FLAG_KEY) && stamp <= *target.picture) {
        Clear(queue(StreamKind::kPicture));
        picture_usable = true;
      }
      reached = known && DecodeStampOf(*packet) > *target.picture;
      if (!picture_usable) continue;
    }
    Push(kind, std::move(packet));
  }
  if (!picture_usable) return Landing::kMissed;
  return sound_covered ? Landing::kExact : Landing::kPictureOnly;
}

}  // namespace air
