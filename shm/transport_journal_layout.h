// The memory of a TransportJournal: this header is the specification. One journal per sink.
//
//   offset 0         4096           8192          12288              packet_offset  backlog_offset
//   [ JournalHeader ][ EncoderPage ][ SenderPage ][ checkpoint ring ][ packet ring ][ backlog ring ]
//
//   checkpoint ring   checkpoint_slots of JournalRecord (192 bytes); record k, the k-th committed tick since
//                     the sink's start, stands in slot k % checkpoint_slots
//   packet ring       packet_capacity slots of 192 bytes (three cache lines); packet p, the p-th since the
//                     sink's start, stands in slot p % packet_capacity: 188 bytes of transport stream, then 4
//                     that no viewer reads
//   backlog ring      backlog_capacity slots of 192 bytes: packets that are coded but not in the stream yet
//                     (constant rate: a picture may be larger than its tick). Packet b stands in slot
//                     b % backlog_capacity. Only encoders look at it.
//   All rings start on a page. All counts are powers of two; a journal of variable rate has no backlog ring.
//   Every number is absolute, 64 bit, and never rewound.
//
//      oldest kept                     the sender stands here             a tick being written, invisible
//      ┬─────────────┬─────────────┬─────────────┬─────────────┬─────────────┬··············┐
//      │    tick     │    tick     │ tick  (IDR) │    tick     │    tick     │    (tick)    ┊
//      ┴─────────────┴─────────────┴─────────────┴─────────────┴─────────────┴··············┘
//      reserved - capacity         written       intent                      │              reserved
//                                                          end_packet of record committed - 1
//
//   JournalHeader   written once by the segment's maker, `magic` stored last with release
//   EncoderPage     written by the one encoder of the sink; so are both rings
//   SenderPage      written by the one sender of the sink (a thread of the encoder's process)
//   "The one" is a process that runs after its predecessor's death is certain. No word has two owners.
//
// Writing a tick                                              state of its packets
//   reserved = end of the packets about to be stored          invisible; what they overwrite is gone
//   store the packets, the backlog, record `committed`        invisible
//   committed += 1 (release)                                  visible, all at once, with the checkpoint
//
// A writer that dies before the last line has changed nothing that can be seen: its successor starts at the
// end_packet of record committed - 1 and stores over what was left. `reserved` never moves back, so that a
// reader never takes packets which the dead one had overwritten for good.
// The backlog is the checkpoint's [backlog_begin, backlog_end). It grows behind backlog_end and never over
// backlog_begin of the last committed tick, so that a writer that dies has spoiled nothing its successor
// needs.
//
// Reading   number < committed (acquire): copy, fence(acquire), then the copy is good if
//   a packet p    p + packet_capacity >= reserved
//   a record k    k + checkpoint_slots > committed     (the slot of k - slots is the one being written)
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "shm/transport_checkpoint.h"

namespace air {

inline constexpr uint64_t kJournalMagic = 0x314c4e524a524941;  // "AIRJRNL1", little endian
inline constexpr uint32_t kJournalLayoutVersion = 4;
inline constexpr size_t kJournalPage = 4096;
// What FormatJournal writes; records and packets follow.
inline constexpr size_t kJournalHeadBytes = 3 * kJournalPage;
inline constexpr size_t kJournalPacketBytes = 188;  // one packet of ISO/IEC 13818-1
inline constexpr size_t kPacketSlotBytes = 192;
inline constexpr size_t kCodecConfigBytes = 1024;

struct JournalHeader {
  std::atomic<uint64_t> magic;  // kJournalMagic, stored last (release); 0 while the header is being written
  uint32_t layout_version;
  uint32_t header_size;       // sizeof(JournalHeader), so that a short reader notices
  uint32_t packet_capacity;   // packets, a power of two, 1024..2^22
  uint32_t checkpoint_slots;  // ticks, a power of two, 16..65536
  uint64_t packet_offset;     // bytes from the start of the segment
  uint64_t segment_bytes;
  std::array<uint64_t, 2> instance_id;  // random; compared at each attachment, not to sit on a dead one
  uint32_t backlog_capacity;            // packets, 0 or a power of two, 64..2^20
  uint32_t reserved;
  uint64_t backlog_offset;  // bytes from the start of the segment
};

struct EncoderPage {
  // Line E0: what the sender polls.
  alignas(128) std::atomic<uint64_t> reserved;  // end of the packets that are, or are being, stored
  std::atomic<uint64_t> committed;              // ticks since the sink's start
  std::atomic<uint32_t> bell;                   // futex word, changed after every commit
  // Line E1: who writes, and the bytes every IDR picture repeats; a successor's coder must produce the same.
  alignas(128) std::atomic<uint64_t> writer_epoch;  // encoders that have attached so far
  std::atomic<uint32_t> codec_config_bytes;  // 0 until codec_config is complete (release), then constant
  std::array<std::byte, kCodecConfigBytes> codec_config;  // SPS and PPS, Annex B
};

struct SenderPage {
  // Line S0: the transport's own state: what has been handed to the pipe (sender.h).
  alignas(128) std::atomic<uint64_t> written;  // every packet below is in the pipe or has left it
  std::atomic<uint64_t> intent;                // what `written` becomes once the chunk at hand is in the pipe
  std::atomic<uint32_t> intent_bytes;          // size of that chunk; stored before `intent`
  // The last jump went to packet rejoin_from, and the picture it went for begins with packet rejoin_idr: what
  // lies between of the pictures before is not sent. Stored before `intent` names the jump.
  std::atomic<uint64_t> rejoin_from, rejoin_idr;
  // Line S1: for observers. The counters may miss what was happening at the instant of a kill.
  alignas(128) std::atomic<int64_t> beat_ns;  // CLOCK_MONOTONIC, stored by the sender's loop itself
  std::atomic<uint64_t> sent_bytes;           // taken by the socket
  std::atomic<uint64_t> pending_packets;      // committed and not yet handed to the pipe
  std::atomic<uint64_t> dropped_packets;      // jumped over, for a viewer that did not read
  std::atomic<uint64_t> rejoins;              // jumps
};

enum RecordFlags : uint32_t {
  kRecordIdr = 1u << 0,  // an IDR picture begins in the tick's packets, behind PAT and PMT
};

// One committed tick. `checkpoint` is the state after it.
struct JournalRecord {
  int64_t tick = 0;         // channel tick
  int64_t deadline_ns = 0;  // CLOCK_MONOTONIC instant the tick was due
  uint64_t first_packet = 0;
  uint64_t end_packet = 0;  // one past the last
  uint32_t flags = 0;       // RecordFlags
  uint32_t reserved = 0;
  uint64_t idr_packet = 0;  // that picture's first packet
  std::array<uint64_t, 2> reserved_words{};
  TransportCheckpoint checkpoint;

  bool idr() const { return (flags & kRecordIdr) != 0; }
  bool operator==(const JournalRecord&) const = default;
};

// Golden layout: a change here needs a new kJournalLayoutVersion (and tests/unit/transport_journal_test.cpp).
static_assert(std::endian::native == std::endian::little);
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<int64_t>::is_always_lock_free &&
              std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<JournalHeader> && sizeof(JournalHeader) == 72);
static_assert(std::is_standard_layout_v<EncoderPage> && sizeof(EncoderPage) == 1280 &&
              sizeof(EncoderPage) <= kJournalPage);
static_assert(offsetof(EncoderPage, writer_epoch) - offsetof(EncoderPage, reserved) == 128);
static_assert(std::is_standard_layout_v<SenderPage> && sizeof(SenderPage) == 256 &&
              sizeof(SenderPage) <= kJournalPage);
static_assert(offsetof(SenderPage, beat_ns) - offsetof(SenderPage, written) == 128);
static_assert(std::is_standard_layout_v<JournalRecord> && std::is_trivially_copyable_v<JournalRecord> &&
              sizeof(JournalRecord) == 192 && offsetof(JournalRecord, checkpoint) == 64);
static_assert(offsetof(TransportCheckpoint, first_tick) == 64 &&
              offsetof(TransportCheckpoint, sound_bytes) == 72 &&
              offsetof(TransportCheckpoint, backlog_begin) == 104 &&
              offsetof(TransportCheckpoint, sound_end) == 120);
static_assert(kPacketSlotBytes % 8 == 0 && kPacketSlotBytes >= kJournalPacketBytes);

}  // namespace air
