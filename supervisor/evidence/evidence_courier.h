// EvidenceCourier: takes the records of one session to the disk, and its messages on to the control plane.
//
// The courier has a thread of its own, because it waits for a disk and for a network; the thread that submits a record
// waits for neither, nor does the one that makes a courier. A message is on disk before it is sent, so that what the
// control plane has seen is never numbered anew by a successor of this supervisor. When the disk takes nothing more,
// messages are sent all the same, from memory, as long as they fit there.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/master_clock.h"
#include "protos/execution_evidence_v1.pb.h"
#include "supervisor/evidence/evidence_line.h"
#include "supervisor/evidence/evidence_snapshot.h"
#include "supervisor/evidence/evidence_spool.h"

namespace air {

class EvidenceCourier {
 public:
  static constexpr size_t kMostUnwritten =
      10'000;  // records, and as many more while the disk does not answer

  // What stood on the disk before.
  struct Found {
    evidence::Session session;                        // as the session began
    std::optional<evidence::LedgerState> last_state;  // behind the last record; nullopt: there is none
  };

  // The spool stands, or is to be made, in `folder`. The courier's thread opens it.
  EvidenceCourier(MasterClock& clock, std::string folder, evidence::Session session,
                  EvidenceSpool::Limits limits = {});
  // For a thread that may wait for the disk: with a spool that is open.
  EvidenceCourier(MasterClock& clock, std::unique_ptr<EvidenceSpool> spool);
  // Gives up what has not been sent: it is on disk.
  ~EvidenceCourier();

  // Any thread; returns at once.
  void Submit(evidence::Record record);
  // Any thread. nullopt: the disk has not said yet, or it cannot be used (which the log says).
  std::optional<Found> found() const;
  EvidenceSnapshot Snapshot() const;
  // No further record will come. True when all there are have been acknowledged, or no control plane is there to do so;
  // waits for it no longer than `limit`.
  bool Finish(std::chrono::milliseconds limit);
  // Nothing is left to do: the session has ended and everything is acknowledged.
  bool IsDone() const;
  // It is done, and its thread has ended: to destroy the courier waits for nothing.
  bool HasEnded() const;

 private:
  class Call;
  struct News {
    enum Kind { kAck, kWritten, kBroken } kind;
    uint64_t call = 0;
    retrovue::evidence::v1::EvidenceAckFromCore ack;
  };

  // What the thread opens; no folder: the spool is open.
  struct Source {
    std::string folder;
    evidence::Session session;
    EvidenceSpool::Limits limits;
  };
  void Run(const std::stop_token& stop);
  bool Open(const Source& source);
  void UseSpool(std::unique_ptr<EvidenceSpool> spool);
  void Deliver(const std::stop_token& stop);
  bool IsFinished() const;  // nothing will ever be left to do
  void Post(News news);     // gRPC's threads
  void Take(const News& news);
  void WriteDown(std::deque<evidence::Record> records);
  void Talk();
  void Dial();
  void HangUp();
  void SendNext();
  retrovue::evidence::v1::EvidenceFromAir Hello() const;
  uint64_t LastMessage() const;
  bool IsOver() const;  // the session's last record is written
  void SyncWhenDue();
  void NoteSnapshot();

  MasterClock& clock_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<evidence::Record> inbox_;  // guarded by mutex_
  std::deque<News> news_;               // guarded by mutex_
  EvidenceSnapshot snapshot_;           // guarded by mutex_
  bool terminated_ = false;             // guarded by mutex_: the session's last record has come
  std::optional<Found> found_;          // guarded by mutex_
  bool lost_ = false;                   // guarded by mutex_: the disk cannot be used
  bool ended_by_itself_ = false;        // guarded by mutex_
  uint64_t overrun_ = 0;                // guarded by mutex_: records dropped while the disk did not answer

  // The thread's own.
  std::unique_ptr<EvidenceSpool> spool_;
  EvidenceLine line_{0};
  std::deque<evidence::Record> unwritten_;     // no room on the disk
  std::deque<EvidenceSpool::Message> outbox_;  // read from the disk, to be sent
  std::unique_ptr<Call> call_;
  std::vector<std::unique_ptr<Call>> ended_;  // hung up, and gRPC is not done with them yet
  uint64_t calls_ = 0, dropped_ = 0;
  bool writing_ = false;
  bool complained_ = false;  // of the disk
  std::optional<Nanos> sync_at_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace air
