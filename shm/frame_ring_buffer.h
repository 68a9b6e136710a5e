// FrameRingBuffer: house-format AV units between two processes, one writer, lock-free, whole after any kill.
//
// The demands pull apart: the selector must never wait for another process, the sound of a decoder must never be
// dropped, a killed writer must leave nothing to repair, and a reader must never show half a picture. So
// there is one layout (frame_ring_layout.h) with two policies:
//
//   Backpressure (decoder -> selector)   the writer waits for room;
//                                        the reader uses units in place, then releases them
//
//   Overwrite (OutputBus)                the writer never looks back;
//                                        a reader copies out, and validates after the copy
//
// Killed at any instruction: a slot that was being filled stays WRITING and unpublished, no reader looks at it,
// and the successor fills it again. A slot that was committed but not yet published is rolled forward.
// Nothing below `next` is ever written again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/futex.h"
#include "base/master_clock.h"
#include "base/unique_fd.h"
#include "media/house_format.h"
#include "shm/frame_ring_layout.h"

namespace air {

struct RingSpec {
  HouseFormat format;
  RingPolicy policy = RingPolicy::kBackpressure;
  uint32_t slot_count = 0;   // 4..1024
  uint64_t generation = 1;   // >= 1
  uint64_t first_index = 0;  // of the first unit that will be written
  std::array<uint64_t, 2> instance_id{};
};

// Segment size of a ring in bytes.
size_t RingBytes(const HouseFormat& format, uint32_t slot_count);

// Writes the header and empties every slot; `memory` is at least RingBytes() long, no process is attached to it.
void FormatRing(std::span<std::byte> memory, const RingSpec& spec);

// The geometry of an attached ring. Checked once against what the format demands and kept privately, so that
// a header scribbled on later moves nothing.
class RingView {
 public:
  // Errors: FailedPrecondition naming the check that failed (magic, version, geometry, size, policy).
  static absl::StatusOr<RingView> Attach(std::span<std::byte> memory, RingPolicy policy);

  const HouseFormat& format() const { return format_; }
  uint32_t slot_count() const { return slot_count_; }
  uint64_t generation() const { return generation_; }
  const std::array<uint64_t, 2>& instance_id() const { return instance_id_; }
  // True while the header describes the ring that was attached (a pooled ring may have been reset since).
  bool IsCurrent() const;

  WriterPage& writer() const { return *reinterpret_cast<WriterPage*>(base_ + kPage); }
  SlotHeader& slot(uint64_t i) const { return *reinterpret_cast<SlotHeader*>(SlotBase(i)); }
  uint8_t* video(uint64_t i) const { return reinterpret_cast<uint8_t*>(SlotBase(i) + video_offset_); }
  int16_t* audio(uint64_t i) const { return reinterpret_cast<int16_t*>(SlotBase(i) + audio_offset_); }
  uint8_t* side_data(uint64_t i) const { return reinterpret_cast<uint8_t*>(SlotBase(i) + kSideDataOffset); }

 private:
  std::byte* SlotBase(uint64_t i) const { return base_ + 2 * kPage + slot_stride_ * (i % slot_count_); }
  const RingHeader& header() const { return *reinterpret_cast<const RingHeader*>(base_); }

  std::byte* base_ = nullptr;
  HouseFormat format_;
  uint32_t slot_count_ = 0;
  uint64_t slot_stride_ = 0, video_offset_ = 0, audio_offset_ = 0;
  uint64_t generation_ = 0;
  std::array<uint64_t, 2> instance_id_{};
};

// Every store of the writer's protocol, for tests that stop there (NoProbe compiles to nothing).
enum class RingStep {
  kEpochTaken,
  kRolledForward,
  kMarkedWriting,
  kFilled,
  kCommitted,
  kPublished,
  kBellRung
};
struct NoProbe {
  static void At(RingStep) {}
};

template <RingPolicy policy, class Probe = NoProbe>
class FrameRingWriter {
 public:
  // Takes over where the last writer stopped. The caller holds the write lock, see LockForWriting.
  // Backpressure: `reader` is the one reader's page. Overwrite: nullptr.
  FrameRingWriter(const RingView& view, const ReaderPage* reader, uint32_t pid);

  uint64_t next() const { return next_; }  // the index Open() marks
  uint64_t epoch() const { return epoch_; }

  // Backpressure: is there a slot whose unit the reader has released?
  bool HasRoom() const;
  // Waits for room, at most `timeout_ns`; false when there is still none. Beat and re-check between calls.
  bool WaitForRoom(int64_t timeout_ns) const;

  // Marks slot `next()` as being written. Fill video(next()), audio(next()), side_data(next()), then Publish.
  void Open();
  void Publish(SlotMeta meta);
  // Gives up the indices below `index`: a declared discontinuity of the program, a hole in an asset. They are
  // seen to be missing once the next unit is published. Never goes back.
  void JumpTo(uint64_t index);
  // Backpressure: no unit behind the last published one will ever exist.
  void SetEnd();
  void Beat(int64_t now_ns) { view_.writer().beat_ns.store(now_ns, std::memory_order_relaxed); }
  void SetPhase(WriterPhase phase) {
    view_.writer().phase.store(static_cast<uint32_t>(phase), std::memory_order_relaxed);
  }

  const RingView& view() const { return view_; }

 private:
  RingView view_;
  const ReaderPage* reader_;
  uint64_t next_ = 0;
  uint64_t epoch_ = 0;
};

// kGap: there, and not to be used. kHole (backpressure): its writer has passed it over, it will never come.
enum class ReadResult { kOk, kTooEarly, kTooLate, kGap, kHole };

// The reader of an overwrite ring. Copies out; what it returns was whole.
class OverwriteReader {
 public:
  // `page` may be nullptr; counters go there.
  OverwriteReader(const RingView& view, ReaderPage* page) : view_(view), page_(page) {}

  uint64_t next() const { return view_.writer().next.load(std::memory_order_acquire); }
  // Oldest index that is safe to begin with: the slot being written aliases the oldest one.
  uint64_t oldest() const;
  // `video`: VideoBytes(), `audio`: MaxUnitSamples() * channels, either may be empty (not copied).
  ReadResult Read(uint64_t i, std::span<uint8_t> video, std::span<int16_t> audio, SlotMeta& meta) const;
  ReadResult ReadMeta(uint64_t i, SlotMeta& meta) const { return Read(i, {}, {}, meta); }
  // Waits until index i may have been published, at most `timeout_ns`.
  void WaitFor(uint64_t i, int64_t timeout_ns) const;

  const RingView& view() const { return view_; }

 private:
  RingView view_;
  ReaderPage* page_;
};

// The one reader of a backpressure ring. Uses units in place; polls, never waits.
class BackpressureReader {
 public:
  BackpressureReader(const RingView& view, ReaderPage* page) : view_(view), page_(page) {}

  uint64_t next() const { return view_.writer().next.load(std::memory_order_acquire); }
  uint64_t end() const { return view_.writer().end.load(std::memory_order_acquire); }
  // True when unit i is there and whole; then view().video(i) and friends may be used until Release(i + 1).
  // `meta` is a checked copy: its sizes fit the slot. kTooLate: released before.
  ReadResult Peek(uint64_t i, SlotMeta& meta) const;
  // Gives every unit below `index` back to the writer. Never goes back.
  void Release(uint64_t index);

  const RingView& view() const { return view_; }

 private:
  RingView view_;
  ReaderPage* page_;
};

// The write lock of a ring: an exclusive flock on a freshly opened description of its segment. An inherited
// or passed description would share its predecessor's lock and fence nothing, so the supervisor opens one per
// hand-over.
absl::StatusOr<UniqueFd> OpenForHandover(int segment_fd);
// Errors: Unavailable while the predecessor still lives.
absl::Status LockForWriting(const UniqueFd& handover_fd);
// The same, waiting up to two seconds: a killed predecessor's lock goes with its last descriptor, at once or
// nearly.
absl::Status LockOutPredecessor(MasterClock& clock, const UniqueFd& handover_fd);

extern template class FrameRingWriter<RingPolicy::kBackpressure>;
extern template class FrameRingWriter<RingPolicy::kOverwrite>;

}  // namespace air
