#include "core/channel/ts_fanout.h"

#include <algorithm>
#include <utility>

namespace retrovue {
namespace {

using Packet = TsFanout::Packet;
using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t kSyncByte = 0x47;
constexpr std::uint16_t kPatPid = 0;
constexpr std::uint8_t kDiscontinuityIndicator = 0x80;
constexpr std::uint8_t kRandomAccessIndicator = 0x40;

// Packet header and adaptation field: ISO/IEC 13818-1, 2.4.3.2 and 2.4.3.4.
std::uint16_t Pid(Packet packet) { return static_cast<std::uint16_t>((packet[1] & 0x1f) << 8 | packet[2]); }
bool StartsUnit(Packet packet) { return (packet[1] & 0x40) != 0; }
bool HasAdaptationFlags(Packet packet) { return (packet[3] & 0x20) != 0 && packet[4] > 0; }
bool IsRandomAccess(Packet packet) {
  return HasAdaptationFlags(packet) && (packet[5] & kRandomAccessIndicator) != 0;
}

Bytes Payload(Packet packet) {
  if ((packet[3] & 0x10) == 0) return {};
  const std::size_t start = (packet[3] & 0x20) != 0 ? 5u + packet[4] : 4u;
  return start < kTsPacketBytes ? Bytes(packet).subspan(start) : Bytes();
}

// The section that begins in this packet, from its table_id to before its CRC; empty if it does not fit in
// the packet. The tables of a single service are never that long.
Bytes Section(Packet packet, std::uint8_t table_id) {
  const Bytes payload = Payload(packet);
  if (payload.empty() || 1u + payload[0] + 3u > payload.size()) return {};
  const Bytes section = payload.subspan(1u + payload[0]);
  const std::size_t length = static_cast<std::size_t>((section[1] & 0x0f) << 8 | section[2]) + 3;
  if (section[0] != table_id || length < 4 || length > section.size()) return {};
  return section.first(length - 4);
}

std::uint16_t PidAt(Bytes section, std::size_t offset) {
  return static_cast<std::uint16_t>((section[offset] & 0x1f) << 8 | section[offset + 1]);
}

// 2.4.4.3: the PID of the first programme's map.
std::optional<std::uint16_t> PmtPid(Packet packet) {
  const Bytes section = Section(packet, 0x00);
  for (std::size_t entry = 8; entry + 4 <= section.size(); entry += 4) {
    const bool is_network_information = section[entry] == 0 && section[entry + 1] == 0;
    if (!is_network_information) return PidAt(section, entry + 2);
  }
  return std::nullopt;
}

bool IsVideo(std::uint8_t stream_type) {
  return stream_type == 0x01 || stream_type == 0x02 || stream_type == 0x1b || stream_type == 0x24;
}

// 2.4.4.8: the PID of the first video stream in the map.
std::optional<std::uint16_t> VideoPid(Packet packet) {
  const Bytes section = Section(packet, 0x02);
  if (section.size() < 12) return std::nullopt;
  const auto length_at = [&](std::size_t offset) {
    return static_cast<std::size_t>((section[offset] & 0x0f) << 8 | section[offset + 1]);
  };
  for (std::size_t entry = 12 + length_at(10); entry + 5 <= section.size();
       entry += 5 + length_at(entry + 3)) {
    if (IsVideo(section[entry])) return PidAt(section, entry + 1);
  }
  return std::nullopt;
}

TsFanout::Chunk MakeChunk(std::vector<std::uint8_t> bytes) {
  return std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
}

}  // namespace

std::vector<TsFanout::Chunk> TsFanout::Viewer::Take(std::size_t most) {
  const std::size_t count = std::min(most, queue_.size());
  std::vector<Chunk> taken(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  for (const Chunk& chunk : taken) queued_bytes_ -= chunk->size();
  return taken;
}

void TsFanout::Viewer::Queue(const Chunk& chunk) {
  queue_.push_back(chunk);
  queued_bytes_ += chunk->size();
}

std::shared_ptr<TsFanout::Viewer> TsFanout::Join() {
  auto viewer = std::make_shared<Viewer>(count_);
  if (!group_.empty()) {
    for (const Chunk& chunk : group_) viewer->Queue(chunk);
    viewer->position_ = Viewer::Position::kFollows;
  }
  viewers_.push_back(viewer);
  return viewer;
}

void TsFanout::Consume(std::span<const std::uint8_t> bytes) {
  partial_.insert(partial_.end(), bytes.begin(), bytes.end());
  std::size_t at = 0;
  while (partial_.size() - at >= kTsPacketBytes) {
    if (partial_[at] == kSyncByte) {
      ConsumePacket(Packet(&partial_[at], kTsPacketBytes));
      at += kTsPacketBytes;
    } else {
      ++at;
    }
  }
  partial_.erase(partial_.begin(), partial_.begin() + static_cast<std::ptrdiff_t>(at));
  Publish();
  for (const auto& viewer : Viewers()) {
    if (viewer->queued_bytes_ > 0 && viewer->on_data) viewer->on_data();
  }
}

void TsFanout::ConsumePacket(Packet packet) {
  LearnFrom(packet);
  if (IsRandomAccessPoint(packet)) {
    StartGroup(packet);
  } else {
    batch_.insert(batch_.end(), packet.begin(), packet.end());
  }
}

void TsFanout::LearnFrom(Packet packet) {
  const auto keep = [packet](std::optional<PacketBytes>& kept) {
    std::copy(packet.begin(), packet.end(), kept.emplace().begin());
  };
  if (!StartsUnit(packet)) return;
  if (Pid(packet) == kPatPid) {
    pmt_pid_ = PmtPid(packet);
    keep(pat_);
  } else if (Pid(packet) == pmt_pid_) {
    video_pid_ = VideoPid(packet);
    keep(pmt_);
  }
}

bool TsFanout::IsRandomAccessPoint(Packet packet) const {
  return pat_ && pmt_ && Pid(packet) == video_pid_ && StartsUnit(packet) && IsRandomAccess(packet);
}

void TsFanout::StartGroup(Packet packet) {
  Publish();
  std::vector<std::uint8_t> tables(pat_->begin(), pat_->end());
  tables.insert(tables.end(), pmt_->begin(), pmt_->end());
  std::vector<std::uint8_t> marked(packet.begin(), packet.end());
  marked[5] |= kDiscontinuityIndicator;

  const Chunk tables_chunk = MakeChunk(std::move(tables));
  const Chunk access_point = MakeChunk({packet.begin(), packet.end()});
  const Chunk marked_access_point = MakeChunk(std::move(marked));
  group_ = {tables_chunk, access_point};
  group_bytes_ = tables_chunk->size() + access_point->size();

  for (const auto& viewer : Viewers()) {
    const Viewer::Position position = std::exchange(viewer->position_, Viewer::Position::kFollows);
    if (position != Viewer::Position::kFollows) Deliver(*viewer, tables_chunk);
    Deliver(*viewer, position == Viewer::Position::kBehind ? marked_access_point : access_point);
  }
}

void TsFanout::Publish() {
  if (batch_.empty()) return;
  const Chunk chunk = MakeChunk(std::exchange(batch_, {}));
  if (!group_.empty()) {
    group_.push_back(chunk);
    group_bytes_ += chunk->size();
    // A source that never sends another random access point must not fill the memory.
    if (group_bytes_ > queue_bytes_) group_.clear();
  }
  for (const auto& viewer : Viewers()) {
    if (viewer->position_ == Viewer::Position::kFollows) Deliver(*viewer, chunk);
  }
}

void TsFanout::Deliver(Viewer& viewer, const Chunk& chunk) {
  if (viewer.position_ != Viewer::Position::kFollows) return;
  if (viewer.queued_bytes_ + chunk->size() <= queue_bytes_) return viewer.Queue(chunk);
  viewer.queue_.clear();
  viewer.queued_bytes_ = 0;
  viewer.position_ = Viewer::Position::kBehind;
  ++viewer.overflows_;
  ++overflows_;
}

void TsFanout::Interrupt() {
  Publish();
  partial_.clear();
  pat_.reset();
  pmt_.reset();
  pmt_pid_.reset();
  video_pid_.reset();
  group_.clear();
  for (const auto& viewer : Viewers()) {
    if (viewer->position_ == Viewer::Position::kFollows) viewer->position_ = Viewer::Position::kBehind;
  }
}

std::vector<std::shared_ptr<TsFanout::Viewer>> TsFanout::Viewers() {
  std::vector<std::shared_ptr<Viewer>> present;
  std::erase_if(viewers_, [&](const std::weak_ptr<Viewer>& weak) {
    if (auto viewer = weak.lock()) {
      present.push_back(std::move(viewer));
      return false;
    }
    return true;
  });
  return present;
}

}  // namespace retrovue
