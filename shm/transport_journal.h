// TransportJournal: what one sink sends, as whole 188-byte packets that become visible tick by tick, each
// tick with the checkpoint of that moment. It is the buffer between encoder and sender, the memory of a slow
// viewer, and all that an encoder leaves to its successor.
//
// The rule it keeps: a tick is there entirely, with its checkpoint, or not at all. A viewer never sees half a
// picture of a dead encoder, and a successor never repeats or skips a packet. Layout and protocol:
// transport_journal_layout.h.
//
// The classes work on plain memory; who maps it, and that there is one writer at a time, is the caller's
// business.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "shm/transport_checkpoint.h"
#include "shm/transport_journal_layout.h"

namespace air {

struct JournalGeometry {
  uint32_t packet_capacity = 65536;  // power of two, 1024..2^22; 65536 hold 12 s of 8 Mbit/s
  uint32_t checkpoint_slots = 1024;  // power of two, 16..65536; 1024 hold 17 s of 60 Hz
  uint32_t backlog_capacity = 0;     // 0: variable rate, else a power of two, 64..2^20

  bool operator==(const JournalGeometry&) const = default;
  size_t PacketOffset() const;
  size_t BacklogOffset() const;
  size_t SegmentBytes() const;  // 12.8 MB by default
};

// Makes an empty journal of zero-filled or reused memory that no process is attached to. Errors: InvalidArgument
// (geometry), OutOfRange (memory shorter than SegmentBytes, or not aligned to 128 bytes).
absl::Status FormatJournal(std::span<std::byte> memory, const JournalGeometry& geometry,
                           const std::array<uint64_t, 2>& instance_id);

// Whether this is a journal this program understands: magic, version, header, counts, lengths. Errors:
// FailedPrecondition (not a journal, or of another layout), DataLoss (its own numbers contradict each other);
// the text names the check.
absl::Status ValidateJournal(std::span<const std::byte> memory);

// The identity of a validated journal, to compare with the one expected.
std::array<uint64_t, 2> JournalInstanceId(std::span<const std::byte> memory);

// The sender's words. Errors: those of ValidateJournal.
absl::StatusOr<SenderPage*> AttachSenderPage(std::span<std::byte> memory);

enum class JournalRead {
  kOk,
  kTooEarly,  // not committed yet
  kTooLate,   // overwritten; what was copied is to be thrown away
  kCorrupt,   // the record contradicts the journal's bounds
};

// A position in the sequence of committed ticks, with its record.
struct JournalEntry {
  uint64_t number = 0;  // of the record since the sink's start
  JournalRecord record;
};

// Any number of readers, none of them seen by the writer.
class JournalReader {
 public:
  static absl::StatusOr<JournalReader> Attach(std::span<const std::byte> memory);

  const JournalGeometry& geometry() const { return geometry_; }
  uint64_t CommittedTicks() const { return encoder_->committed.load(std::memory_order_acquire); }

  JournalRead ReadRecord(uint64_t number, JournalRecord& out) const;
  // Fills `out` (whole packets) with the packets from `first` on, all of them committed. On anything but kOk
  // the contents of `out` mean nothing.
  JournalRead CopyPackets(uint64_t first, std::span<std::byte> out) const;
  // Whether `packet` can still be read, if it was ever committed.
  bool Holds(uint64_t packet) const;

  // Nothing: no tick was committed yet.
  std::optional<JournalEntry> Newest() const;
  // The tick a packet belongs to. Nothing: not committed yet, or overwritten.
  std::optional<JournalEntry> FindTickOf(uint64_t packet) const;
  // The newest tick that opens with an IDR picture and starts at or after `packet`, with the checkpoint
  // before it.
  struct IdrEntry {
    JournalEntry entry;
    TransportCheckpoint before;
  };
  std::optional<IdrEntry> LatestIdr(uint64_t packet = 0) const;

  // SPS and PPS in Annex B; empty until the first encoder has stored them.
  std::vector<std::byte> CodecConfig() const;

  // To wait for a commit: take the bell, look whether there is something to do, and if not, sleep till it
  // rings.
  uint32_t Bell() const { return encoder_->bell.load(std::memory_order_acquire); }
  void WaitForCommit(uint32_t bell, int64_t timeout_ns) const;

 private:
  JournalGeometry geometry_;
  const EncoderPage* encoder_ = nullptr;
  const std::byte* records_ = nullptr;
  const std::byte* packets_ = nullptr;
};

struct TickCommit {
  Tick tick;
  Nanos deadline;                  // CLOCK_MONOTONIC instant the tick was due
  bool idr = false;                // an IDR picture begins in the tick, behind its tables
  uint64_t idr_packet = 0;         // number of that picture's first packet; 0: the tick's first
  TransportCheckpoint checkpoint;  // state after the tick; `packets` is where the next tick starts
};

// The one encoder of the sink.
class JournalWriter {
 public:
  // Continues after the last committed tick, whatever a predecessor left unfinished. Errors: those of
  // ValidateJournal; DataLoss when the last record contradicts the journal.
  static absl::StatusOr<JournalWriter> Attach(std::span<std::byte> memory);
  JournalWriter(JournalWriter&&) = default;
  JournalWriter& operator=(JournalWriter&&) = default;

  // What a successor goes on from; nothing when no tick was ever committed.
  const std::optional<JournalRecord>& last_commit() const { return last_; }
  uint64_t next_packet() const { return open_end_; }  // number of the packet Append stores next

  // Adds whole packets to the open tick, still invisible. Errors: InvalidArgument (not whole packets),
  // ResourceExhausted (the tick would fill more than half of the ring).
  absl::Status Append(std::span<const std::byte> packets);
  // Adds whole packets to the backlog; they count when a checkpoint names them. Errors: InvalidArgument (not
  // whole packets), ResourceExhausted (the ring is full).
  absl::Status AppendBacklog(std::span<const std::byte> packets);
  // The backlog of the last commit.
  std::vector<std::byte> Backlog() const;
  // Makes the open tick visible. Errors: InvalidArgument, and the tick stays open, when the tick is not after
  // the last one or the checkpoint disagrees with the tick or with the packets appended.
  absl::Status Commit(const TickCommit& commit);

  // Stores the bytes every IDR picture repeats, once in the life of the sink. Errors: FailedPrecondition when
  // a predecessor stored others, InvalidArgument when there are none or more than kCodecConfigBytes.
  absl::Status SetCodecConfig(std::span<const std::byte> config);

 private:
  JournalWriter() = default;

  JournalGeometry geometry_;
  EncoderPage* encoder_ = nullptr;
  std::byte* records_ = nullptr;
  std::byte* packets_ = nullptr;
  std::byte* backlog_ = nullptr;
  std::optional<JournalRecord> last_;
  uint64_t committed_ = 0;   // own copies of the words this process alone writes
  uint64_t open_first_ = 0;  // first packet of the open tick
  uint64_t open_end_ = 0;
  uint64_t open_backlog_end_ = 0;
};

}  // namespace air
