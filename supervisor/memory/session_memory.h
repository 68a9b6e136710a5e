// SessionMemory: every shared segment of one session, made before its first tick and gone with its last
// process.
//
// Names carry the session: "air.<pid>-<random>.page" and so on. The maker holds a shared flock on the page's
// open description, which every stage inherits with the descriptor: as long as one process of the session
// lives the lock is held, and a page that can be locked exclusively belongs to a dead session, whose names a
// cold start sweeps.
//
// The rings are large (84 MB each at 720p), and allocating them takes longer than all else in the start of a
// channel. So they are usable at once and allocated in the order they are needed by a thread of their own;
// memory that runs out meanwhile is an error of the session, before anything relies on it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "shm/frame_ring_buffer.h"
#include "shm/session_page.h"
#include "shm/shared_segment.h"
#include "shm/slate_card.h"
#include "shm/timeline.h"
#include "shm/transport_journal.h"

namespace air {

// One ring of the decoder pool.
struct DecoderRing {
  SharedSegment ring;
  SharedSegment reader_page;
  uint64_t generation = 0;  // of its current asset; 0 = never used
  bool is_new = false;      // made by this supervisor: no other process has seen it
};

class SessionMemory {
 public:
  struct Plan {
    SessionFacts facts;  // all but the epoch
    uint32_t decoder_rings = 4;
    double ring_seconds = 2.0;
  };

  // Errors: ResourceExhausted with the sum that was needed and what there is.
  static absl::StatusOr<std::unique_ptr<SessionMemory>> Create(const Plan& plan);
  // The memory of a session that a predecessor of this supervisor made and whose stages live. What has a name
  // is found by it; slate and decoder rings have none, so they are `slate` and `rings`, or new and empty ones
  // in place of those that are not there (is_new). Generations go on behind `generations`. Errors:
  // FailedPrecondition naming what is not there or not as it should be; those of Create.
  static absl::StatusOr<std::unique_ptr<SessionMemory>> Adopt(const std::string& prefix,
                                                              std::vector<UniqueFd> slate,
                                                              const std::vector<uint64_t>& generations,
                                                              std::vector<std::vector<UniqueFd>> rings);
  // Starts the thread that allocates the rings. `on_failed` is called from it, at most once.
  void AllocateRings(std::function<void(const absl::Status&)> on_failed);
  // Once, when everything is there and before the first stage is told of it: tick 0 is now.
  absl::Status SetEpoch(const Epoch& epoch);
  // Removes the names. The memory itself goes with the last process that maps it.
  ~SessionMemory();

  SharedSegment& page() { return page_; }
  SharedSegment& timeline() { return timeline_; }
  SharedSegment& program() { return program_; }
  const SharedSegment& slate() const { return slate_; }
  std::vector<DecoderRing>& rings() { return rings_; }
  const RingView& program_view() const { return *program_view_; }
  const SessionPage& session() const { return *session_; }
  const std::string& prefix() const { return prefix_; }

  // An empty transport journal for the session's `serial`th sink, still to be allocated. The sink owns it;
  // its name goes with the sink. ResourceExhausted: /dev/shm has not that much left.
  absl::StatusOr<SharedSegment> CreateJournal(uint64_t serial, const JournalGeometry& geometry) const;
  // That of a sink that was there before this supervisor.
  absl::StatusOr<SharedSegment> OpenJournal(uint64_t serial) const;

  // Empties a ring for another asset: a new generation, whose first unit has this index. No decoder may
  // be attached to it.
  SourceRef ResetRing(uint32_t index, uint64_t first_unit);
  // What the writer of that ring says of itself. Found without the header: a decoder may have scribbled on
  // it.
  const WriterPage& WriterOf(const SourceRef& source) const;
  bool Holds(const SourceRef& source) const;

  // Bytes a session of this format needs, all rings together.
  static size_t BytesNeeded(const HouseFormat& format, uint32_t decoder_rings, double ring_seconds);

 private:
  SessionMemory() = default;
  absl::Status Build(const Plan& plan);
  absl::Status Open(const std::string& prefix);
  absl::Status MakeSlate();
  absl::Status MakeRing(size_t index, uint32_t slot_count);
  std::string JournalName(uint64_t serial) const;

  std::string prefix_;
  SessionFacts facts_;
  SharedSegment page_, timeline_, program_, slate_;
  std::vector<DecoderRing> rings_;
  std::unique_ptr<SessionPage> session_;
  std::unique_ptr<RingView> program_view_;
  std::jthread allocator_;  // last: it is joined before what it works on goes
};

// 128 random bits from the kernel.
std::array<uint64_t, 2> RandomId();

// Whether a process of that session ("air.<pid>-<random>") lives.
bool SessionLives(const std::string& prefix);

// Removes the names of that session's segments.
void RemoveSessionNames(const std::string& prefix);

// Removes what dead sessions left in /dev/shm; returns how many names went.
size_t SweepDeadSessions();

}  // namespace air
