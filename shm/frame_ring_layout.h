// The memory of a FrameRingBuffer: this header is the specification.
//
//   offset 0                4096             8192            8192 + stride             ...
//   [ RingHeader, 1 page ][ WriterPage, 1 page ][ slot 0 ][ slot 1 ] ... [ slot_count - 1 ]
//
//   one slot:  [ SlotHeader | side data ][ picture: Y U V ][ sound, s16 interleaved ][ padding to 4096 ]
//              0            512          video_offset      audio_offset               slot_stride
//
// A slot carries one AV unit: a picture and the sound of that frame index. One commit word covers both, so no
// crash can separate sound from picture. Slot of index i is i % slot_count. Every index is absolute, 64 bit,
// and within one generation never reused and never rewound.
//
//   RingHeader   written once by the supervisor, `magic` last (again only when a pooled ring gets another
//                asset, while no process is attached)
//
//   WriterPage   written by the ring's one writer, which holds the write lock (frame_ring_buffer.h)
//
//   SlotHeader   written by the writer while `commit` says WRITING; every reader may read it, and checks
//                `commit` afterwards
//
//   ReaderPage   one per reader, in the reader's own segment, written by that reader
//
// No word is ever written by two processes at a time.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace air {

inline constexpr uint64_t kRingMagic = 0x31474e4952524941;  // "AIRRING1", little endian
inline constexpr uint32_t kRingLayoutVersion = 2;
inline constexpr size_t kPage = 4096;
inline constexpr size_t kSideDataOffset = 512;
inline constexpr size_t kSideDataBytes = kPage - kSideDataOffset;

// Why a program tick shows pad instead of content. The same words in events, evidence, metrics and logs.
enum class PadCause : uint32_t {
  kNone,
  kLate,
  kEof,
  kCrash,
  kHang,
  kOpenFailed,
  kNoPlan,
  kSkipped,
  kRefused,
  kCount
};

// "LATE", "EOF", ...; "PLANNED" for kNone: the plan itself asked for pad.
constexpr const char* ToString(PadCause cause) {
  constexpr std::array<const char*, static_cast<size_t>(PadCause::kCount)> kWords = {
      "PLANNED", "LATE", "EOF", "CRASH", "HANG", "OPEN_FAILED", "NO_PLAN", "SKIPPED", "REFUSED"};
  const auto i = static_cast<size_t>(cause);
  return i < kWords.size() ? kWords[i] : "UNKNOWN";
}

enum class RingPolicy : uint32_t {
  kBackpressure = 1,  // decoder -> selector: the writer waits for its one reader, no unit is ever lost
  kOverwrite = 2,     // OutputBus: the writer never looks at a reader
};

struct RingHeader {
  std::atomic<uint64_t> magic;  // kRingMagic, stored last with release; 0 while the header is being written
  uint32_t layout_version;
  uint32_t header_size;   // sizeof(RingHeader), so that a short reader notices
  uint32_t slot_count;    // 4..1024
  uint32_t policy;        // RingPolicy
  uint64_t slot_stride;   // bytes, multiple of 4096
  uint64_t video_offset;  // bytes from the start of a slot
  uint64_t audio_offset;
  uint64_t segment_bytes;
  std::array<uint64_t, 2> instance_id;  // random; readers compare it, not to sit on a dead ring for ever
  uint64_t generation;                  // of a pooled ring: one asset is one generation
  // HouseFormat
  uint32_t width, height;       // luma pixels
  uint32_t rate_num, rate_den;  // frames per second
  uint32_t sample_rate, channels;
  uint64_t format_hash;  // HouseFormat::Hash()
};

inline constexpr uint64_t kEndUnknown = ~uint64_t{0};

// What the writer of a decoder ring is at. Stored by its data loop, so that the supervisor knows how long
// the present step may take, and what the step was when the writer has died (supervisor/decoder_watch.h). The
// writer beats in kProducing, once a unit, and in kWaiting, several times a second; in no other phase.
enum class WriterPhase : uint32_t {
  kNone,
  kOpening,    // opens and probes its asset
  kSeeking,    // looks for its first unit
  kFirstUnit,  // makes it
  kProducing,  // makes another one
  kWaiting,    // the ring is full
  kEnded,      // the asset is used up
  kCount
};

// "OPENING", "SEEKING", ...
constexpr const char* ToString(WriterPhase phase) {
  constexpr std::array<const char*, static_cast<size_t>(WriterPhase::kCount)> kWords = {
      "NONE", "OPENING", "SEEKING", "FIRST_UNIT", "PRODUCING", "WAITING", "ENDED"};
  const auto i = static_cast<size_t>(phase);
  return i < kWords.size() ? kWords[i] : "UNKNOWN";
}

struct WriterPage {
  // Line W0: what readers poll. `end` is the index of the first unit that will never exist (kEndUnknown until
  // the producer knows); it is stored before the bell rings for it.
  alignas(128) std::atomic<uint64_t> next;  // first index not yet published
  std::atomic<uint64_t> end;
  std::atomic<uint32_t> bell;  // futex word, changed after every publish
  // Line W1: who writes.
  alignas(128) std::atomic<uint64_t> writer_epoch;  // incarnations so far; 0 = never attached
  std::atomic<int64_t> beat_ns;                     // CLOCK_MONOTONIC, stored by the data loop itself
  std::atomic<uint32_t> writer_pid;
  std::atomic<uint32_t> phase;  // WriterPhase
};

// SlotHeader::commit: 0 never used | kWriting + i being filled | i + 1 valid.
inline constexpr uint64_t kWriting = uint64_t{1} << 63;

enum SlotFlags : uint32_t {
  kFlagContent = 1u << 0,
  kFlagPad = 1u << 1,
  kFlagSlate = 1u << 2,
  kFlagRepeat = 1u << 3,         // the picture is that of the unit before
  kFlagDiscontinuity = 1u << 4,  // ticks before this one were given up (declared)
};

// A reference to one unit of one decoder ring.
struct SourceRef {
  uint32_t ring = 0;  // position in the session's pool
  uint32_t reserved = 0;
  uint64_t generation = 0;  // 0 = no source
  bool operator==(const SourceRef&) const = default;
};

// Why the program ring is the selector's journal: a successor derives everything it needs from the last
// committed slot. All of it is copied from the decision that made the tick.
struct TickJournal {
  SourceRef source;             // where the unit came from
  uint64_t source_index = 0;    // unit index within it
  uint64_t segment_serial = 0;  // Timeline entry that owned the tick; 0 = none
  int64_t lock_tick = 0;        // mapping lock of that segment: `lock_tick` shows unit 0. Valid when `locked`
  uint32_t locked = 0;
  PadCause pad_cause = PadCause::kNone;
  uint64_t timeline_version = 0;
  uint64_t block_serial = 0;
  int64_t media_position_us = 0;
};

// What a slot says about its unit. Plain data: readers copy it out whole and validate afterwards.
struct SlotMeta {
  uint64_t index = 0;
  uint64_t writer_epoch = 0;
  uint32_t flags = 0;    // SlotFlags
  uint32_t samples = 0;  // audio samples per channel in this unit
  uint32_t video_bytes = 0;
  uint32_t side_bytes = 0;  // captions, at kSideDataOffset; a decoder keeps notes behind them
  TickJournal journal;      // program ring; decoder rings fill media_position_us only
  int64_t deadline_ns = 0;  // program ring: when the tick was due
  int64_t opened_ns = 0;
  int64_t committed_ns = 0;  // opened and committed: who was late
};

struct SlotHeader {
  std::atomic<uint64_t> commit;
  SlotMeta meta;
};

struct ReaderPage {
  alignas(128) std::atomic<uint64_t> next_wanted;  // backpressure: the writer may reuse everything below
  std::atomic<uint32_t> bell;                      // futex word the writer waits on
  alignas(128) std::atomic<int64_t> beat_ns;
  std::atomic<uint64_t> consumed, overruns, gaps, torn_rejected;
};

// Golden layout: a change here needs a new kRingLayoutVersion (and tests/unit/frame_ring_layout_test.cpp).
static_assert(std::endian::native == std::endian::little);
static_assert(std::atomic<uint64_t>::is_always_lock_free && std::atomic<uint32_t>::is_always_lock_free);
static_assert(std::is_standard_layout_v<RingHeader> && sizeof(RingHeader) == 112);
static_assert(std::is_standard_layout_v<WriterPage> && sizeof(WriterPage) == 256);
static_assert(offsetof(WriterPage, writer_epoch) - offsetof(WriterPage, next) == 128);
static_assert(std::is_trivially_copyable_v<SlotMeta> && sizeof(SlotMeta) == 128);
static_assert(std::is_standard_layout_v<SlotHeader> && sizeof(SlotHeader) <= kSideDataOffset);
static_assert(std::is_trivially_copyable_v<TickJournal> && sizeof(TickJournal) == 72);
static_assert(std::is_standard_layout_v<ReaderPage> && sizeof(ReaderPage) == 256);

}  // namespace air
