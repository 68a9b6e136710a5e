// SessionEvidence: the account of the running session. It brings together what was accepted (the plan), what
// has aired (the log in shared memory) and the courier, which takes the records away.
//
// The account of a session that is taken up goes on behind what stands on the disk. Until the disk has said what that
// is, what airs waits in the log, and what is known is remembered.
//
// For the event loop: nothing here waits for the disk.
#pragma once

#include <string>

#include "supervisor/evidence/evidence_ledger.h"
#include "supervisor/evidence/evidence_office.h"

namespace air {

class SessionEvidence {
 public:
  enum class Origin { kBegins, kIsTakenUp };
  // A session that is taken up is called, and goes where, it was called and went before.
  SessionEvidence(EvidenceOffice& office, MasterClock& clock, const SessionPage& page, Origin origin,
                  const std::string& channel_name, const std::string& endpoint);

  // Before anything of it can be forgotten.
  void Know(const Rundown& rundown);
  // Of the segment with this serial: what is wrong with its asset.
  void NoteFailure(uint64_t segment_serial, const std::string& reason) {
    ledger_.NoteFailure(segment_serial, reason);
  }
  void Look();
  void Terminate(const std::string& reason, const std::string& detail);

 private:
  static evidence::Session Describe(const SessionPage& page, MasterClock& clock,
                                    const std::string& channel_name, const std::string& endpoint);

  // Whether it is known what the account goes on from.
  bool HasBegun();

  EvidenceCourier& courier_;
  AiredLogReader log_;
  EvidenceLedger ledger_;
  bool has_begun_;
};

}  // namespace air
