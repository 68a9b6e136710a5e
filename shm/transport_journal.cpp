#include "shm/transport_journal.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "absl/strings/str_cat.h"
#include "base/atomic_copy.h"
#include "base/futex.h"

namespace air {
namespace {

constexpr size_t kEncoderPageOffset = kJournalPage;
constexpr size_t kSenderPageOffset = 2 * kJournalPage;
constexpr size_t kRecordsOffset = kJournalHeadBytes;

size_t RoundUpToPage(size_t bytes) { return (bytes + kJournalPage - 1) / kJournalPage * kJournalPage; }

bool IsPowerOfTwoIn(uint32_t value, uint32_t min, uint32_t max) {
  return std::has_single_bit(value) && value >= min && value <= max;
}

bool IsUsable(const JournalGeometry& g) {
  return IsPowerOfTwoIn(g.packet_capacity, 1024, 1u << 22) && IsPowerOfTwoIn(g.checkpoint_slots, 16, 65536) &&
         (g.backlog_capacity == 0 || IsPowerOfTwoIn(g.backlog_capacity, 64, 1u << 20));
}

const JournalHeader& HeaderOf(std::span<const std::byte> memory) {
  return *reinterpret_cast<const JournalHeader*>(memory.data());
}

JournalGeometry GeometryOf(const JournalHeader& header) {
  return {.packet_capacity = header.packet_capacity,
          .checkpoint_slots = header.checkpoint_slots,
          .backlog_capacity = header.backlog_capacity};
}

size_t PacketSlot(const JournalGeometry& g, uint64_t packet) {
  return (packet & (g.packet_capacity - 1)) * kPacketSlotBytes;
}

size_t BacklogSlot(const JournalGeometry& g, uint64_t packet) {
  return (packet & (g.backlog_capacity - 1)) * kPacketSlotBytes;
}

size_t RecordSlot(const JournalGeometry& g, uint64_t number) {
  return (number & (g.checkpoint_slots - 1)) * sizeof(JournalRecord);
}

// Whether a record could have been written by this journal's protocol. Everything else a reader does with
// packet numbers relies on it.
bool IsPlausible(const JournalRecord& record, const JournalGeometry& g, uint64_t reserved) {
  return record.first_packet <= record.end_packet &&
         record.end_packet - record.first_packet <= g.packet_capacity && record.end_packet <= reserved &&
         record.checkpoint.packets == record.end_packet &&
         record.checkpoint.backlog_begin <= record.checkpoint.backlog_end &&
         record.checkpoint.backlog_end - record.checkpoint.backlog_begin <= g.backlog_capacity;
}

}  // namespace

size_t JournalGeometry::PacketOffset() const {
  return kRecordsOffset + RoundUpToPage(size_t{checkpoint_slots} * sizeof(JournalRecord));
}

size_t JournalGeometry::BacklogOffset() const {
  return PacketOffset() + RoundUpToPage(size_t{packet_capacity} * kPacketSlotBytes);
}

size_t JournalGeometry::SegmentBytes() const {
  return BacklogOffset() + RoundUpToPage(size_t{backlog_capacity} * kPacketSlotBytes);
}

absl::Status FormatJournal(std::span<std::byte> memory, const JournalGeometry& geometry,
                           const std::array<uint64_t, 2>& instance_id) {
  if (!IsUsable(geometry)) {
    return absl::InvalidArgumentError(
        absl::StrCat("transport journal: ", geometry.packet_capacity, " packets, ", geometry.checkpoint_slots,
                     " checkpoints and a backlog of ", geometry.backlog_capacity,
                     "; give powers of two, 1024..4194304, 16..65536 and 64..1048576"));
  }
  if (memory.size() < geometry.SegmentBytes() || reinterpret_cast<uintptr_t>(memory.data()) % 128 != 0) {
    return absl::OutOfRangeError(absl::StrCat("transport journal: needs ", geometry.SegmentBytes(),
                                              " bytes from a multiple of 128, not ", memory.size()));
  }
  auto* header = new (memory.data()) JournalHeader{};
  new (memory.data() + kEncoderPageOffset) EncoderPage{};
  new (memory.data() + kSenderPageOffset) SenderPage{};
  header->layout_version = kJournalLayoutVersion;
  header->header_size = sizeof(JournalHeader);
  header->packet_capacity = geometry.packet_capacity;
  header->checkpoint_slots = geometry.checkpoint_slots;
  header->packet_offset = geometry.PacketOffset();
  header->segment_bytes = geometry.SegmentBytes();
  header->instance_id = instance_id;
  header->backlog_capacity = geometry.backlog_capacity;
  header->backlog_offset = geometry.BacklogOffset();
  header->magic.store(kJournalMagic, std::memory_order_release);  // SYNC POINT: ValidateJournal
  return absl::OkStatus();
}

absl::Status ValidateJournal(std::span<const std::byte> memory) {
  auto refuse = [](auto... text) {
    return absl::FailedPreconditionError(absl::StrCat("transport journal: ", text...));
  };
  if (memory.size() < kRecordsOffset) return refuse("only ", memory.size(), " bytes");
  const JournalHeader& header = HeaderOf(memory);
  if (header.magic.load(std::memory_order_acquire) != kJournalMagic)
    return refuse("no magic");  // SYNC POINT: Format
  if (header.layout_version != kJournalLayoutVersion) {
    return refuse("layout version ", header.layout_version, ", this program knows ", kJournalLayoutVersion);
  }
  if (header.header_size != sizeof(JournalHeader)) return refuse("header of ", header.header_size, " bytes");
  const JournalGeometry geometry = GeometryOf(header);
  if (!IsUsable(geometry)) {
    return absl::DataLossError(absl::StrCat("transport journal: absurd counts: ", geometry.packet_capacity,
                                            " packets, ", geometry.checkpoint_slots, " checkpoints"));
  }
  if (header.packet_offset != geometry.PacketOffset() || header.backlog_offset != geometry.BacklogOffset() ||
      header.segment_bytes != geometry.SegmentBytes() || memory.size() < geometry.SegmentBytes()) {
    return absl::DataLossError(absl::StrCat("transport journal: ", memory.size(), " bytes mapped, ",
                                            header.segment_bytes, " claimed, ", geometry.SegmentBytes(),
                                            " needed by its counts"));
  }
  return absl::OkStatus();
}

std::array<uint64_t, 2> JournalInstanceId(std::span<const std::byte> memory) {
  return HeaderOf(memory).instance_id;
}

absl::StatusOr<SenderPage*> AttachSenderPage(std::span<std::byte> memory) {
  if (absl::Status s = ValidateJournal(memory); !s.ok()) return s;
  return reinterpret_cast<SenderPage*>(memory.data() + kSenderPageOffset);
}

// ---- reader

absl::StatusOr<JournalReader> JournalReader::Attach(std::span<const std::byte> memory) {
  if (absl::Status s = ValidateJournal(memory); !s.ok()) return s;
  JournalReader reader;
  reader.geometry_ = GeometryOf(HeaderOf(memory));
  reader.encoder_ = reinterpret_cast<const EncoderPage*>(memory.data() + kEncoderPageOffset);
  reader.records_ = memory.data() + kRecordsOffset;
  reader.packets_ = memory.data() + reader.geometry_.PacketOffset();
  return reader;
}

JournalRead JournalReader::ReadRecord(uint64_t number, JournalRecord& out) const {
  if (number >= CommittedTicks()) return JournalRead::kTooEarly;
  CopyFromShared(&out, records_ + RecordSlot(geometry_, number), sizeof(out));
  // SYNC POINT: pairs with the fence in JournalWriter::Commit: a torn copy implies that we see `committed`
  // moved on.
  std::atomic_thread_fence(std::memory_order_acquire);
  const uint64_t committed = encoder_->committed.load(std::memory_order_relaxed);
  if (number + geometry_.checkpoint_slots <= committed) return JournalRead::kTooLate;
  const uint64_t reserved = encoder_->reserved.load(std::memory_order_relaxed);
  return IsPlausible(out, geometry_, reserved) ? JournalRead::kOk : JournalRead::kCorrupt;
}

JournalRead JournalReader::CopyPackets(uint64_t first, std::span<std::byte> out) const {
  const uint64_t count = out.size() / kJournalPacketBytes;
  const std::optional<JournalEntry> newest = Newest();
  if (!newest || first + count > newest->record.end_packet) return JournalRead::kTooEarly;
  for (uint64_t i = 0; i < count; ++i) {
    CopyFromShared(out.data() + i * kJournalPacketBytes, packets_ + PacketSlot(geometry_, first + i),
                   kJournalPacketBytes);
  }
  // SYNC POINT: pairs with the fence in JournalWriter::Append: a torn copy implies that we see `reserved`
  // moved on.
  std::atomic_thread_fence(std::memory_order_acquire);
  return Holds(first) ? JournalRead::kOk : JournalRead::kTooLate;
}

bool JournalReader::Holds(uint64_t packet) const {
  return packet + geometry_.packet_capacity >= encoder_->reserved.load(std::memory_order_relaxed);
}

std::optional<JournalEntry> JournalReader::Newest() const {
  JournalEntry entry;
  while (const uint64_t committed = CommittedTicks()) {
    entry.number = committed - 1;
    const JournalRead result = ReadRecord(entry.number, entry.record);
    if (result == JournalRead::kOk) return entry;
    if (result == JournalRead::kCorrupt) break;
  }
  return std::nullopt;
}

std::optional<JournalEntry> JournalReader::FindTickOf(uint64_t packet) const {
  const uint64_t committed = CommittedTicks();
  uint64_t low = committed - std::min<uint64_t>(committed, geometry_.checkpoint_slots - 1);
  uint64_t high = committed;
  // The first record in [low, high) that ends after `packet`. One that was overwritten meanwhile counts as
  // ending before.
  JournalEntry entry;
  while (low < high) {
    entry.number = low + (high - low) / 2;
    if (ReadRecord(entry.number, entry.record) == JournalRead::kOk && entry.record.end_packet > packet) {
      high = entry.number;
    } else {
      low = entry.number + 1;
    }
  }
  entry.number = low;
  if (ReadRecord(low, entry.record) != JournalRead::kOk || entry.record.first_packet > packet ||
      entry.record.end_packet <= packet) {
    return std::nullopt;
  }
  return entry;
}

std::optional<JournalReader::IdrEntry> JournalReader::LatestIdr(uint64_t packet) const {
  const uint64_t committed = CommittedTicks();
  IdrEntry found;
  for (uint64_t number = committed; number-- > 0;) {
    if (ReadRecord(number, found.entry.record) != JournalRead::kOk ||
        found.entry.record.first_packet < packet)
      break;
    if (!found.entry.record.idr()) continue;
    if (!Holds(found.entry.record.first_packet)) break;
    found.entry.number = number;
    JournalRecord previous;
    if (number > 0 && ReadRecord(number - 1, previous) != JournalRead::kOk) break;
    found.before = previous.checkpoint;
    return found;
  }
  return std::nullopt;
}

std::vector<std::byte> JournalReader::CodecConfig() const {
  const size_t bytes =
      encoder_->codec_config_bytes.load(std::memory_order_acquire);  // SYNC POINT: SetCodecConfig
  const auto* begin = encoder_->codec_config.data();
  return {begin, begin + std::min(bytes, kCodecConfigBytes)};
}

void JournalReader::WaitForCommit(uint32_t bell, int64_t timeout_ns) const {
  WaitOnBell(encoder_->bell, bell, timeout_ns);
}

// ---- writer

absl::StatusOr<JournalWriter> JournalWriter::Attach(std::span<std::byte> memory) {
  absl::StatusOr<JournalReader> reader = JournalReader::Attach(memory);
  if (!reader.ok()) return reader.status();
  JournalWriter writer;
  writer.geometry_ = reader->geometry();
  writer.encoder_ = reinterpret_cast<EncoderPage*>(memory.data() + kEncoderPageOffset);
  writer.records_ = memory.data() + kRecordsOffset;
  writer.packets_ = memory.data() + writer.geometry_.PacketOffset();
  writer.backlog_ = memory.data() + writer.geometry_.BacklogOffset();
  writer.committed_ = reader->CommittedTicks();
  if (writer.committed_ > 0) {
    std::optional<JournalEntry> newest = reader->Newest();
    if (!newest) {
      return absl::DataLossError(absl::StrCat("transport journal: record ", writer.committed_ - 1,
                                              " contradicts the journal's bounds"));
    }
    writer.last_ = newest->record;
    writer.open_first_ = writer.open_end_ = newest->record.end_packet;
    writer.open_backlog_end_ = newest->record.checkpoint.backlog_end;
  }
  writer.encoder_->writer_epoch.store(writer.encoder_->writer_epoch.load(std::memory_order_relaxed) + 1,
                                      std::memory_order_relaxed);
  return writer;
}

absl::Status JournalWriter::Append(std::span<const std::byte> packets) {
  const uint64_t count = packets.size() / kJournalPacketBytes;
  if (packets.size() % kJournalPacketBytes != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("transport journal: ", packets.size(), " bytes are not whole packets"));
  }
  if (open_end_ - open_first_ + count > geometry_.packet_capacity / 2) {
    return absl::ResourceExhaustedError(
        absl::StrCat("transport journal: one tick of more than ", geometry_.packet_capacity / 2, " packets"));
  }
  // Never back: what a dead predecessor had begun to overwrite stays lost to readers.
  const uint64_t reserved = encoder_->reserved.load(std::memory_order_relaxed);
  encoder_->reserved.store(std::max(reserved, open_end_ + count), std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);  // SYNC POINT: JournalReader::CopyPackets
  for (uint64_t i = 0; i < count; ++i) {
    CopyToShared(packets_ + PacketSlot(geometry_, open_end_ + i), packets.data() + i * kJournalPacketBytes,
                 kJournalPacketBytes);
  }
  open_end_ += count;
  return absl::OkStatus();
}

absl::Status JournalWriter::AppendBacklog(std::span<const std::byte> packets) {
  const uint64_t count = packets.size() / kJournalPacketBytes;
  if (packets.size() % kJournalPacketBytes != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("transport journal: ", packets.size(), " bytes are not whole packets"));
  }
  const uint64_t kept_from = last_ ? last_->checkpoint.backlog_begin : 0;
  if (open_backlog_end_ + count - kept_from > geometry_.backlog_capacity) {
    return absl::ResourceExhaustedError(
        absl::StrCat("transport journal: a backlog of more than ", geometry_.backlog_capacity, " packets"));
  }
  for (uint64_t i = 0; i < count; ++i) {
    CopyToShared(backlog_ + BacklogSlot(geometry_, open_backlog_end_ + i),
                 packets.data() + i * kJournalPacketBytes, kJournalPacketBytes);
  }
  open_backlog_end_ += count;
  return absl::OkStatus();
}

std::vector<std::byte> JournalWriter::Backlog() const {
  if (!last_) return {};
  const uint64_t begin = last_->checkpoint.backlog_begin;
  std::vector<std::byte> packets((last_->checkpoint.backlog_end - begin) * kJournalPacketBytes);
  for (size_t i = 0; i * kJournalPacketBytes < packets.size(); ++i) {
    CopyFromShared(packets.data() + i * kJournalPacketBytes, backlog_ + BacklogSlot(geometry_, begin + i),
                   kJournalPacketBytes);
  }
  return packets;
}

absl::Status JournalWriter::Commit(const TickCommit& commit) {
  auto refuse = [](auto... text) {
    return absl::InvalidArgumentError(absl::StrCat("transport journal: ", text...));
  };
  if (last_ && commit.tick.value() <= last_->tick) {
    return refuse("tick ", commit.tick.value(), " after tick ", last_->tick);
  }
  if (commit.checkpoint.next_tick != commit.tick.value() + 1) {
    return refuse("tick ", commit.tick.value(), " with a checkpoint for tick ", commit.checkpoint.next_tick);
  }
  if (commit.checkpoint.packets != open_end_) {
    return refuse("checkpoint counts ", commit.checkpoint.packets, " packets, the journal ", open_end_);
  }
  const TransportCheckpoint& after = commit.checkpoint;
  const uint64_t kept_from = last_ ? last_->checkpoint.backlog_begin : 0;
  if (after.backlog_end != open_backlog_end_ || after.backlog_begin < kept_from ||
      after.backlog_begin > after.backlog_end) {
    return refuse("checkpoint with a backlog of [", after.backlog_begin, ", ", after.backlog_end,
                  "), the journal's is [", kept_from, ", ", open_backlog_end_, ")");
  }
  if (commit.idr_packet >= std::max<uint64_t>(open_end_, 1)) {
    return refuse("IDR picture at packet ", commit.idr_packet, ", the tick ends at ", open_end_);
  }
  const JournalRecord record{.tick = commit.tick.value(),
                             .deadline_ns = commit.deadline.value(),
                             .first_packet = open_first_,
                             .end_packet = open_end_,
                             .flags = commit.idr ? uint32_t{kRecordIdr} : 0,
                             .idr_packet = commit.idr ? std::max(commit.idr_packet, open_first_) : 0,
                             .checkpoint = commit.checkpoint};
  std::atomic_thread_fence(std::memory_order_release);  // SYNC POINT: JournalReader::ReadRecord
  CopyToShared(records_ + RecordSlot(geometry_, committed_), &record, sizeof(record));
  encoder_->committed.store(++committed_,
                            std::memory_order_release);  // SYNC POINT: JournalReader::CommittedTicks
  RingBell(encoder_->bell);
  last_ = record;
  open_first_ = open_end_;
  return absl::OkStatus();
}

absl::Status JournalWriter::SetCodecConfig(std::span<const std::byte> config) {
  if (config.empty() || config.size() > kCodecConfigBytes) {
    return absl::InvalidArgumentError(absl::StrCat("transport journal: ", config.size(),
                                                   " bytes of SPS and PPS; 1..", kCodecConfigBytes, " fit"));
  }
  const uint32_t stored = encoder_->codec_config_bytes.load(std::memory_order_relaxed);
  if (stored == 0) {
    std::memcpy(encoder_->codec_config.data(), config.data(), config.size());
    // SYNC POINT: JournalReader::CodecConfig
    encoder_->codec_config_bytes.store(static_cast<uint32_t>(config.size()), std::memory_order_release);
    return absl::OkStatus();
  }
  if (stored != config.size() || std::memcmp(encoder_->codec_config.data(), config.data(), stored) != 0) {
    return absl::FailedPreconditionError(
        "transport journal: the viewer was given other SPS and PPS bytes than these");
  }
  return absl::OkStatus();
}

}  // namespace air
