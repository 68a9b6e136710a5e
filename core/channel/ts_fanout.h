// One transport stream in, any number of viewers out.
//
// The demands conflict: a new viewer wants a picture at once, a slow one must not lose its place for nothing,
// and neither may cost another viewer, or AIR, anything. Hence:
//   - What has come since the last random access point is kept. A viewer that joins gets the tables (PAT,
//     PMT), then that picture and everything after it: it decodes from its first packet, and no
//     continuity counter is broken.
//   - Every viewer has a queue of its own, bounded in bytes. The bytes themselves are shared. One whose queue
//     overflows loses it and goes on at the next random access point, which is marked as a discontinuity
//     for it.
//   - Nothing here waits, and nothing is ever refused to the source.
// Packets are passed on whole and unchanged, as ISO/IEC 13818-1 has them; only the discontinuity bit is ever
// set.
//
// For one thread; viewer_count() may be read from any.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace retrovue {

inline constexpr std::size_t kTsPacketBytes = 188;

class TsFanout {
 public:
  // Whole packets, shared between the viewers.
  using Chunk = std::shared_ptr<const std::vector<std::uint8_t>>;
  using Packet = std::span<const std::uint8_t, kTsPacketBytes>;

  static constexpr std::size_t kDefaultQueueBytes = 8 << 20;

  class Viewer {
   public:
    explicit Viewer(std::shared_ptr<std::atomic<int>> count) : count_(std::move(count)) { ++*count_; }
    ~Viewer() { --*count_; }
    Viewer(const Viewer&) = delete;
    Viewer& operator=(const Viewer&) = delete;

    // Called when there is something to take again. May be empty.
    std::function<void()> on_data;

    // Takes what is queued, oldest first, at most `most` chunks.
    std::vector<Chunk> Take(std::size_t most);
    std::size_t queued_bytes() const { return queued_bytes_; }
    // How often the queue overflowed.
    int overflows() const { return overflows_; }

   private:
    friend class TsFanout;
    enum class Position {
      kNew,      // has had nothing yet; waits for a random access point
      kBehind,   // lost its place; waits for the next random access point
      kFollows,  // gets everything
    };

    void Queue(const Chunk& chunk);

    const std::shared_ptr<std::atomic<int>> count_;  // of the fan-out, which a viewer may outlive
    Position position_ = Position::kNew;
    std::deque<Chunk> queue_;
    std::size_t queued_bytes_ = 0;
    int overflows_ = 0;
  };

  explicit TsFanout(std::size_t queue_bytes = kDefaultQueueBytes) : queue_bytes_(queue_bytes) {}

  // Stream bytes in any portions. Bytes that are not packets are skipped up to the next sync byte.
  void Consume(std::span<const std::uint8_t> bytes);

  // The source was replaced: forgets what it said about itself. Every viewer goes on at the new one's first
  // random access point.
  void Interrupt();

  // A viewer leaves by dropping the pointer.
  std::shared_ptr<Viewer> Join();

  int viewer_count() const { return *count_; }
  // How often a queue overflowed, of all viewers there have been.
  std::uint64_t overflows() const { return overflows_; }

 private:
  using PacketBytes = std::array<std::uint8_t, kTsPacketBytes>;

  void ConsumePacket(Packet packet);
  void LearnFrom(Packet packet);
  bool IsRandomAccessPoint(Packet packet) const;
  void StartGroup(Packet packet);
  void Publish();
  void Deliver(Viewer& viewer, const Chunk& chunk);
  std::vector<std::shared_ptr<Viewer>> Viewers();

  const std::size_t queue_bytes_;
  const std::shared_ptr<std::atomic<int>> count_ = std::make_shared<std::atomic<int>>(0);
  std::vector<std::weak_ptr<Viewer>> viewers_;

  std::vector<std::uint8_t> partial_;  // the beginning of a packet whose rest has not come yet
  std::vector<std::uint8_t> batch_;    // whole packets not yet published

  std::optional<PacketBytes> pat_;  // the latest of each
  std::optional<PacketBytes> pmt_;
  std::optional<std::uint16_t> pmt_pid_;
  std::optional<std::uint16_t> video_pid_;

  std::uint64_t overflows_ = 0;

  std::deque<Chunk> group_;  // tables, the last random access point, and all since; empty: none yet
  std::size_t group_bytes_ = 0;
};

}  // namespace retrovue
