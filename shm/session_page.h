// SessionPage: what every stage of a session must know, and where every trusted stage says how it is.
//
//   [ SessionHeader, 1 page ][ StageLine 0: selector ][ StageLine 1..: encoders, one per sink ][ aired log ]
//
// The header is written once by the supervisor when the session begins and never again: house format, epoch
// and PTS origin are immutable for its lifetime. Each StageLine is written by its one stage. (A decoder is
// not trusted with this page; it beats in the WriterPage of its ring.) Counters outlive their writer: a
// successor counts on.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "media/house_time.h"
#include "shm/aired_log.h"
#include "shm/frame_ring_layout.h"

namespace air {

inline constexpr uint64_t kSessionMagic = 0x3153534553524941;  // "AIRSESS1", little endian
inline constexpr uint32_t kSessionLayoutVersion = 3;
inline constexpr size_t kMaxSinks = 8;
inline constexpr size_t kStageLines = 1 + kMaxSinks;

// Immutable facts of a session.
struct SessionFacts {
  std::array<uint64_t, 2> session_id{};  // random
  HouseFormat format;
  Epoch epoch;
  int64_t pts_origin = 0;  // 90 kHz value of tick 0 on the wire, 0..2^33-1
  int32_t channel_id = 0;
};

struct SessionHeader {
  std::atomic<uint64_t> magic;
  uint32_t layout_version, header_size;
  std::array<uint64_t, 2> session_id;
  uint32_t width, height, rate_num, rate_den, sample_rate, channels;
  int64_t epoch_mono_ns, epoch_utc_ms, pts_origin;
  int32_t channel_id;
};

enum class SelectorCounter : size_t {
  kFrames,  // program frames published, all kinds
  kContentFrames,
  kLateTicks,        // ticks made more than one frame period after their deadline
  kDiscontinuities,  // declared: ticks given up after more than 10 s of standstill
  kTicksGivenUp,
  kTimelineVersion,  // last one used
  kRefusedUnits,     // units whose slot failed its checks
  kSlateFrames,      // program frames that showed the slate
  kPadFirst,         // kPadFirst + PadCause: pad frames by cause
  kCount = kPadFirst + static_cast<size_t>(PadCause::kCount)
};

enum class EncoderCounter : size_t {
  kTicks,     // ticks committed to the journal
  kOverruns,  // ticks the program ring had lost: picture repeated, silence
  kDiscontinuities,
  kCodecErrors,
  kBytes,         // committed to the journal
  kPcrs,          // on the wire
  kStamps,        // PTS: pictures and sound units
  kNullPackets,   // constant rate: packets that fill it
  kLatePictures,  // constant rate: whose last byte came after their DTS, the coder having overstepped its VBV
  kBacklogPackets,  // constant rate, at present: of pictures, coded and waiting for their place
  kPaddedTicks,     // coded as pad, because their content had brought encoders down
  kCount
};

struct StageLine {
  alignas(128) std::atomic<int64_t> beat_ns;
  std::atomic<uint32_t> pid;
  std::atomic<uint32_t> phase;  // StagePhase
  alignas(128) std::array<std::atomic<uint64_t>, 30> counters;

  template <class Counter>
  void Add(Counter c, uint64_t n = 1) {
    counters[static_cast<size_t>(c)].fetch_add(n, std::memory_order_relaxed);
  }
  template <class Counter>
  void Set(Counter c, uint64_t n) {
    counters[static_cast<size_t>(c)].store(n, std::memory_order_relaxed);
  }
  template <class Counter>
  uint64_t Get(Counter c) const {
    return counters[static_cast<size_t>(c)].load(std::memory_order_relaxed);
  }
};

enum class StagePhase : uint32_t { kNone, kStarting, kRunning, kEnded };

struct SessionPageMemory {
  alignas(kPage) SessionHeader header;
  alignas(kPage) std::array<StageLine, kStageLines> lines;
};
static_assert(std::is_standard_layout_v<SessionPageMemory> && offsetof(SessionPageMemory, lines) == kPage);
static_assert(static_cast<size_t>(SelectorCounter::kCount) <= 30 &&
              static_cast<size_t>(EncoderCounter::kCount) <= 30);
static_assert(sizeof(StageLine) == 384);

inline constexpr size_t kAiredLogOffset = sizeof(SessionPageMemory);
inline constexpr size_t kSessionBytes = kAiredLogOffset + sizeof(AiredLogMemory);

// `memory` is zeroed.
void FormatSession(std::span<std::byte> memory, const SessionFacts& facts);

class SessionPage {
 public:
  // Errors: FailedPrecondition naming the failed check.
  static absl::StatusOr<SessionPage> Attach(std::span<std::byte> memory);

  const SessionFacts& facts() const { return facts_; }
  HouseTime time() const { return HouseTime(facts_.format); }
  StageLine& selector() const { return memory_->lines[0]; }
  StageLine& sink(size_t index) const { return memory_->lines[1 + index]; }  // index < kMaxSinks
  AiredLogMemory& aired() const {
    return *reinterpret_cast<AiredLogMemory*>(reinterpret_cast<std::byte*>(memory_) + kAiredLogOffset);
  }

 private:
  SessionPageMemory* memory_ = nullptr;
  SessionFacts facts_;
};

}  // namespace air
