// EvidenceCourier: takes the records of one session to the disk, and its messages on to the control plane.
//
// It has a thread of its own, because it waits for a disk and for a network; whoever submits a record waits
// for neither. A message is on disk before it is sent, so that what the control plane has seen is never
// numbered anew by a successor of this supervisor. When the disk takes nothing more, messages are sent all
// the same, from memory, as long as they fit there.
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
  static constexpr size_t kMostUnwritten = 10'000;  // records

  EvidenceCourier(MasterClock& clock, std::unique_ptr<EvidenceSpool> spool);
  // Gives up what has not been sent: it is on disk.
  ~EvidenceCourier();

  // Any thread; returns at once.
  void Submit(evidence::Record record);
  EvidenceSnapshot Snapshot() const;
  // No further record will come. True when all there are have been acknowledged, or nobody is there to do so;
  // waits for it no longer than `limit`.
  bool Finish(std::chrono::milliseconds limit);
  // Nothing is left to do: the session has ended and everything is acknowledged.
  bool IsDone() const;

 private:
  class Call;
  struct News {
    enum Kind { kAck, kWritten, kBroken } kind;
    uint64_t call = 0;
    retrovue::evidence::v1::EvidenceAckFromCore ack;
  };

  void Run(const std::stop_token& stop);
  void Post(News news);  // gRPC's threads
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

  // The thread's own.
  std::unique_ptr<EvidenceSpool> spool_;
  EvidenceLine line_;
  std::deque<evidence::Record> unwritten_;     // no room on the disk
  std::deque<EvidenceSpool::Message> outbox_;  // read from the disk, to be sent
  std::unique_ptr<Call> call_;
  std::vector<std::unique_ptr<Call>> ended_;  // gRPC is not done with them yet
  uint64_t calls_ = 0, dropped_ = 0;
  bool writing_ = false;
  bool complained_ = false;  // of the disk
  std::optional<Nanos> sync_at_;

  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace air
