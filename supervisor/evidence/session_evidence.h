// SessionEvidence: the account of the running session. It brings together what was accepted (the plan), what
// has aired (the log in shared memory) and who takes the records away (the courier).
#pragma once

#include <string>

#include "supervisor/evidence/evidence_ledger.h"
#include "supervisor/evidence/evidence_office.h"

namespace air {

class SessionEvidence {
 public:
  // A session that begins, or is taken up: then what it is called and where it goes is as it was.
  SessionEvidence(EvidenceOffice& office, MasterClock& clock, const SessionPage& page,
                  const std::string& channel_name, const std::string& endpoint);

  // Before anything of it can be forgotten.
  void Know(const Rundown& rundown);
  // Of the segment with this serial: what is wrong with its asset.
  void NoteFailure(uint64_t segment_serial, const std::string& reason) {
    ledger_.NoteFailure(segment_serial, reason);
  }
  void Look() { ledger_.Advance(log_); }
  void Terminate(const std::string& reason, const std::string& detail);

 private:
  static evidence::Session Describe(const SessionPage& page, MasterClock& clock,
                                    const std::string& channel_name, const std::string& endpoint);

  EvidenceOffice::Opened opened_;
  AiredLogReader log_;
  EvidenceLedger ledger_;
};

}  // namespace air
