// EvidenceOffice: the evidence of all sessions in this runtime folder. One courier for the session that runs,
// one for each earlier one whose messages the control plane has not all got: of this supervisor, or of one
// that was killed.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/master_clock.h"
#include "supervisor/evidence/evidence_courier.h"

namespace air {

class EvidenceOffice {
 public:
  static constexpr size_t kSessionsKept = 20;         // on disk, the newest
  static constexpr size_t kUnsentSessionsKept = 200;  // of those whose messages may still be sent

  EvidenceOffice(MasterClock& clock, const std::string& runtime_dir);

  // That of a session that begins, or is taken up. Waits for no disk. The courier is there until the session has ended
  // and another one is opened.
  EvidenceCourier& Open(const evidence::Session& session);
  // Once, when the session of a predecessor has been taken up, or there was none: ends what nothing will go on with,
  // sends what has not been sent, and removes what is older than the last sessions. In the background: a start waits
  // for no disk.
  void TakeCareOfThePast();

  EvidenceSnapshot Snapshot() const;  // of the session opened last
  // For the end of the process: messages that are on their way get so long.
  void Finish(std::chrono::milliseconds limit);

 private:
  using Couriers = std::vector<std::pair<std::string, std::unique_ptr<EvidenceCourier>>>;  // by session
  void TakeCareOf(const std::string& folder);
  bool IsOurs(const std::string& folder);

  MasterClock& clock_;
  std::string folder_;
  Couriers couriers_;
  std::mutex mutex_;
  Couriers past_;  // guarded by mutex_
  std::set<std::string>
      ours_;  // guarded by mutex_: sessions that were opened here, before their folders were made
  std::jthread caretaker_;
};

}  // namespace air
