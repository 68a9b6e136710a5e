// PacketFeed: one demuxing loop for both streams. A stream that is short of packets makes the file be read on; what
// comes by for the other stream waits in its queue. (One depth gate for both would starve the sound of a file
// whose picture is far ahead, and the other way round.)
//
// The rule that keeps memory bounded: all queues together hold at most kMostBytes. A stream that finds
// nothing within that much of the file is "absent" there: its source goes on without it (silence, or the
// picture that is on) and asks again for the next unit, by which time the other stream has made room.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "stages/decoder/media/demuxer.h"
#include "stages/decoder/media/ffmpeg_ptr.h"

namespace air {

// What asking for the next packet, or for the next decoded frame, can bring.
enum class Pulled {
  kOne,
  kAbsent,  // not within reach of the queues: ask again later
  kEnd,     // there is no more
};

// When the packet's content is to be shown or heard; when it is to be decoded where the file does not say.
int64_t StampOf(const AVPacket& packet);

class PacketFeed {
 public:
  // `on_progress` is called with every packet that is read or handed out.
  explicit PacketFeed(Demuxer& demuxer, std::function<void()> on_progress)
      : demuxer_(demuxer), on_progress_(std::move(on_progress)) {}

  Pulled Next(StreamKind kind, AvPacketPtr& packet);
  // The packet Next would give, without taking it; null when there is none. Valid until the next call.
  const AVPacket* Peek(StreamKind kind);
  // This stream's packets are not asked for (any more): they must not fill the queues.
  void Ignore(StreamKind kind);

  // Where to begin, each in its stream's time base: with the last key picture at or before `picture` (none:
  // there is no moving picture to aim at), and with sound from `sound` on, the caller's pre-roll included.
  struct Target {
    std::optional<int64_t> picture;
    std::optional<int64_t> sound;
  };
  enum class Landing {
    kMissed,       // not seekable, or behind the picture's target: nothing is queued
    kPictureOnly,  // the picture can be made exactly; the sound begins later than asked (or there is none
                   // there)
    kExact,
  };
  // Seeks the anchor stream to `seek_stamp`, and reads up to the target without decoding anything.
  Landing Land(int64_t seek_stamp, const Target& target);
  // The same by reading the asset from its first byte, for when no seek lands. Without a key picture at or
  // before the target it begins with the first packets of the asset.
  absl::Status LandFromStart(const Target& target);
  // The stamp of the first key picture at or behind `stamp`; nothing when there is none. Leaves nothing
  // queued, and the file wherever it was found.
  std::optional<int64_t> FindKeyPicture(int64_t stamp);

 private:
  static constexpr size_t kMostBytes = size_t{64} << 20;
  static constexpr size_t kPacketOverhead = 512;  // AVPacket, its buffer's bookkeeping, side data

  struct Queue {
    std::deque<AvPacketPtr> packets;
    size_t bytes = 0;
    bool ignored = false;
  };

  Pulled Fetch(StreamKind kind);
  Queue& queue(StreamKind kind) { return queues_[static_cast<size_t>(kind)]; }
  bool Full() const { return queues_[0].bytes + queues_[1].bytes >= kMostBytes; }
  void Push(StreamKind kind, AvPacketPtr packet);
  static void Clear(Queue& queue);
  void Restart();
  Landing Collect(const Target& target, bool from_start);

  bool Read(AVPacket& packet, StreamKind& kind);

  Demuxer& demuxer_;
  std::function<void()> on_progress_;
  std::array<Queue, kStreamKinds> queues_;
  bool at_end_ = false;
};

}  // namespace air
