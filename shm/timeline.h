// Timeline: the committed schedule in ticks, the one mechanism for everything that changes what is on air.
//
// Written by PlayoutControl in the supervisor alone, read by the selector. Two banks and a version word:
// version v lives in bank v % 2; the writer fills the other bank completely and then stores the version, so a
// supervisor killed at any instruction leaves the old schedule in force. Rule: no writer changes an entry for a
// tick nearer than two ticks from now (kFreezeTicks), so that the decision for a tick does not depend on who
// looked first.
//
//   [ TimelineHeader, 1 page ][ bank 0 ][ bank 1 ]
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/types.h"
#include "shm/frame_ring_layout.h"

namespace air {

inline constexpr uint64_t kTimelineMagic = 0x314e4c4d54524941;  // "AIRTMLN1", little endian
inline constexpr uint32_t kTimelineLayoutVersion = 3;
inline constexpr size_t kTimelineCapacity = 1024;  // entries
inline constexpr int64_t kFreezeTicks = 2;

enum class EntryKind : uint32_t { kPad = 0, kContent = 1, kSlate = 2 };

inline constexpr int64_t kNoLock = INT64_MIN;

// Who owns the ticks [start_tick, end_tick).
struct TimelineEntry {
  int64_t start_tick = 0;
  int64_t end_tick = 0;
  EntryKind kind = EntryKind::kPad;
  // kPad: why it is pad (kNone: the plan says so). kContent: what to call it while the source has no unit;
  // kNone = LATE.
  PadCause pad_cause = PadCause::kNone;
  SourceRef source;             // kContent; generation 0 = no decoder assigned yet
  uint64_t segment_serial = 0;  // counts segments through the session, from 1
  uint64_t block_serial = 0;    // counts blocks through the session, from 1
  // kContent: the tick that shows unit 0, when that was fixed before the segment went on the air: it is
  // entered behind its unit 0. kNoLock: its first unit that comes fixes it.
  int64_t lock_tick = kNoLock;
  // kContent: the segment whose units these are, and whose mapping lock holds; 0: this segment itself. It is
  // another segment when this one goes on where the other ended.
  uint64_t line_serial = 0;

  uint64_t line() const { return line_serial != 0 ? line_serial : segment_serial; }
  bool operator==(const TimelineEntry&) const = default;
};
static_assert(std::is_trivially_copyable_v<TimelineEntry> && sizeof(TimelineEntry) == 72);

struct TimelineBank {
  uint64_t count;
  std::array<TimelineEntry, kTimelineCapacity> entries;
};

struct TimelineHeader {
  std::atomic<uint64_t> magic;
  uint32_t layout_version, header_size;
  alignas(128) std::atomic<uint64_t> version;  // 0 = nothing committed yet
};

struct TimelineMemory {
  alignas(kPage) TimelineHeader header;
  alignas(kPage) std::array<TimelineBank, 2> banks;
};
static_assert(std::is_standard_layout_v<TimelineMemory> && offsetof(TimelineMemory, banks) == kPage);

inline constexpr size_t kTimelineBytes = sizeof(TimelineMemory);

// A private copy of one version, for decisions and for building the next one. Entries are sorted and do not
// overlap.
class TimelineSnapshot {
 public:
  uint64_t version() const { return version_; }
  std::span<const TimelineEntry> entries() const { return {entries_.data(), count_}; }
  // The entry that owns tick n; nullptr when nothing is planned there.
  const TimelineEntry* At(Tick n) const;
  // Replaces the contents. Errors: InvalidArgument (unsorted, overlapping, empty), ResourceExhausted (too
  // many).
  absl::Status Assign(uint64_t version, std::span<const TimelineEntry> entries);

 private:
  friend class TimelineReader;
  uint64_t version_ = 0;
  size_t count_ = 0;
  std::array<TimelineEntry, kTimelineCapacity> entries_{};
};

// The schedule that follows `frozen` up to tick `first_free` and `wanted` from there on. An entry cut at the
// border keeps its identity on both sides. The caller's `wanted` may disagree with `frozen` before the
// border: it loses.
std::vector<TimelineEntry> MergeTimeline(std::span<const TimelineEntry> frozen,
                                         std::span<const TimelineEntry> wanted, Tick first_free);

void FormatTimeline(std::span<std::byte> memory);

class TimelineWriter {
 public:
  static absl::StatusOr<TimelineWriter> Attach(std::span<std::byte> memory);
  const TimelineSnapshot& current() const { return current_; }
  // Commits `wanted` as the next version, keeping every tick before now + kFreezeTicks as it is. `keep_from`
  // drops entries that ended before it (history that no selector asks for). No-op when nothing changes.
  absl::Status Commit(std::span<const TimelineEntry> wanted, Tick now, Tick keep_from);

 private:
  explicit TimelineWriter(TimelineMemory* memory) : memory_(memory) {}
  TimelineMemory* memory_;
  TimelineSnapshot current_;
};

class TimelineReader {
 public:
  static absl::StatusOr<TimelineReader> Attach(std::span<std::byte> memory);
  // Brings `snapshot` to the newest committed version; wait-free, allocates nothing. Leaves it as it was when
  // the newest version fails its checks or keeps changing (the writer is then far busier than a schedule can
  // be).
  void Refresh(TimelineSnapshot& snapshot) const;

 private:
  explicit TimelineReader(TimelineMemory* memory) : memory_(memory) {}
  TimelineMemory* memory_;
};

}  // namespace air
