// EvidenceLedger: from what has aired to what is reported of it. It reads the aired log, holds it against the
// blocks that were accepted, and makes records: the messages of execution_evidence_v1.proto, in their order,
// and the account of every segment with the cause of every pad frame. All counts are of frames that were
// emitted; the plan only says what a segment is called and where it should have ended.
//
// Per block: BlockStart, then SegmentStart and SegmentEnd for each segment, then BlockFence. A segment starts
// with its first own frame and ends behind its last one; the pad around and between them is counted beside.
//
//   AIRED      it began and ended on its ticks
//   TRUNCATED  it began late and was cut (FENCE_TERMINATION), stopped before its end (EOF, DECODE_ERROR,
//              LATE), or was taken off (REPLACED, STOPPED)
//   SKIPPED    nothing of it was seen: LATE, OPEN_FAILED, REFUSED, EOF, DECODE_ERROR; TOO_LATE: it was over
//              when it came; REPLACED: all its ticks were another's; NO_FRAME: it is shorter than a frame and owns
//              none
//
// What is switched to LIVE over the plan is a segment of its own, once in each block it reaches into (and once
// where no block owns the channel). The plan's segment it cuts is TRUNCATED; one that is entered in the middle
// behind it starts once more.
//
// Each record carries the state of the ledger behind it, so that the next supervisor goes on behind the last
// record that is on disk: what happened since then it reads from the log, and makes the same records of it.
//
// Pure: no clock but the one it is given, no process, no file.
#pragma once

#include <array>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "media/house_time.h"
#include "protos/evidence_spool.pb.h"
#include "shm/aired_log.h"
#include "shm/session_page.h"
#include "supervisor/plan/rundown.h"

namespace air {

// "1b4e28ba-2fa1-8d2f-883f-0016d3cca427" (version 8): the same for the same arguments.
std::string MakeUuid(const std::string& of, uint64_t kind, uint64_t n);
std::string SessionUuid(const std::array<uint64_t, 2>& session_id);
// "2026-02-02T12:00:00.040Z"
std::string IsoUtc(UtcMs utc);

class EvidenceLedger {
 public:
  struct Callbacks {
    std::function<void(evidence::Record)> on_record;
    std::function<UtcMs()> utc_now;
  };

  EvidenceLedger(const evidence::Session& session, Callbacks callbacks);

  // Goes on behind the record that has this state.
  void Restore(const evidence::LedgerState& state);
  // The same of a session that began elsewhere, under that name; nullopt: there is no record of it.
  void GoOnFrom(const evidence::Session& session, const std::optional<evidence::LedgerState>& state) {
    session_ = session;
    if (state.has_value()) Restore(*state);
  }
  const evidence::LedgerState& state() const { return state_; }

  // A block that was accepted. One it knows, or that is over, changes nothing.
  void Know(const PlannedBlock& block);
  // What was, or will be, switched to LIVE.
  void Know(const LiveInsert& insert);
  // Of the segment with this serial: what is wrong with its asset, in words for the account.
  void NoteFailure(uint64_t segment_serial, const std::string& reason);
  // Accounts for everything that has aired since the last call.
  void Advance(const AiredLogReader& log);
  // The session is over: `reason` "stopped", "error", ...
  void Terminate(const std::string& reason, const std::string& detail);

 private:
  struct Piece;  // of a run
  struct Live {
    evidence::LiveSegment facts;
    Tick end;  // as far as is known
  };
  // A segment that is on the air, planned or switched to LIVE.
  struct Subject {
    std::string block_id;
    PlannedSegment planned;
    wire::BlockSegment plan;  // as it was fed; of what is LIVE: nothing but its duration
    const char* type = "";
    int64_t in_point_us = 0;
    bool entered_inside = false;
    int64_t start_utc_ms = 0;  // planned
  };
  void Note(const Piece& piece);
  void NoteInHole(const Piece& piece);
  void NoteInBlock(const PlannedBlock& block, const Piece& piece);
  void NoteInSegment(const Piece& piece);

  void SkipOverdue(uint64_t before_serial, bool only_those_over);
  void OpenBlock(const PlannedBlock& block, bool primed);
  // `cut`: what has taken its last segment off before the end.
  void CloseBlock(const char* cut);
  void OpenSegment(size_t position, uint64_t serial);
  bool OpenLive(uint64_t serial);  // false: it is no such thing
  void OpenPlanned(const PlannedBlock& block, const Piece& piece);
  void CloseSegment(const char* cut);
  const char* CutAt(int64_t tick) const;
  void SkipSegmentsTo(const PlannedBlock& block, size_t position);
  void CloseHole();

  const PlannedBlock* OpenBlockPlan() const;
  // The open segment; nothing when its block is not known.
  std::optional<Subject> Open() const;
  Subject LiveSubject(const evidence::LiveSegment& live, uint64_t serial) const;
  void TellSegmentStart(const Subject& subject, bool aired);
  void TellSegmentEnd(const Subject& subject, const char* cut);
  retrovue::evidence::v1::EvidenceFromAir NextMessage();
  void Tell(retrovue::evidence::v1::EvidenceFromAir message, const evidence::AiredSegment* segment = nullptr);
  void Keep(evidence::Record record);
  int64_t UtcOf(int64_t tick) const { return time_.UtcOf(epoch_, Tick(tick)).value(); }
  int64_t FrameOf(int64_t media_us) const;
  int64_t FirstFrameOf(const Subject& subject, bool aired) const;
  // The plan's; one of our own where it has none.
  std::string SegmentUuid(const Subject& subject) const;

  evidence::Session session_;
  const Callbacks callbacks_;
  const HouseTime time_;
  const UtcMs epoch_;
  std::map<uint64_t, PlannedBlock> plan_;     // by serial; those that are over are dropped
  std::map<uint64_t, Live> live_;             // by the segment's serial; likewise
  std::map<uint64_t, std::string> failures_;  // by the segment's serial; the last few
  evidence::LedgerState state_;
  std::optional<uint64_t> run_;  // the next one to look at
  uint64_t runs_since_record_ = 0;
};

}  // namespace air
