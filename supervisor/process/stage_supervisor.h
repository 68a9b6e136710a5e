// StageSupervisor: spawns the stages and keeps spares. Loading a program takes tens of milliseconds, so an
// idle, loaded process of each kind is there to be handed out.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "supervisor/loop/event_loop.h"
#include "supervisor/process/restart_policy.h"
#include "supervisor/process/stage_process.h"
#include "supervisor/process/stage_record.h"
#include "supervisor/process/stage_snapshot.h"

namespace air {

class StageSupervisor {
 public:
  StageSupervisor(EventLoop& loop, StageEnvironment environment);
  ~StageSupervisor();

  // Keeps one idle process of this kind from now on.
  void KeepSpare(StageKind kind);
  // A process without an assignment: the spare when there is one (another takes its place), else a fresh one.
  // The caller Watch()es it. Errors: those of the spawn.
  absl::StatusOr<std::unique_ptr<StageProcess>> Take(StageKind kind);
  // The same for a decoder that is to play this asset: not a spare that is confined to another one.
  absl::StatusOr<std::unique_ptr<StageProcess>> TakeDecoder(const std::string& asset_uri,
                                                            const stage::Treatment& treatment);
  // One that works for a predecessor of this supervisor; nothing when it is gone, or was never there.
  std::unique_ptr<StageProcess> Adopt(StageKind kind, const record::Stage& recorded) {
    return StageProcess::Adopt(loop_, kind, recorded, environment_, graveyard_);
  }
  // One that has nothing prepared: for work that is not urgent, so that the spare is there when some is.
  absl::StatusOr<std::unique_ptr<StageProcess>> TakeFresh(StageKind kind) { return Spawn(kind); }
  // Ends the stages of a predecessor that this record does not name, and waits for that until `deadline`: all of them
  // if the record is empty. Before any stage of this supervisor is there.
  void EndStrays(const record::Session& session, Nanos deadline);
  // The asset on the air: the spare decoder, and each one after it, has it open with what is laid over it,
  // and can play no other.
  void KeepWarm(const std::string& asset_uri, const std::vector<std::string>& media_roots,
                const stage::Treatment& treatment);

  // How long a stage may be silent where it should beat (--hang-ms).
  int64_t hang_ns() const { return environment_.hang_ns; }
  MasterClock& clock() const { return loop_.clock(); }
  // Killed stages that are not dead yet.
  size_t dying() const { return graveyard_.size(); }

  // For metrics: processes that died while they had work, by kind.
  void NoteDeath(StageKind kind, const StageDeath& death, const std::string& what) {
    records_[static_cast<size_t>(kind)].Died(loop_.clock().UtcNow(), death.kind, what);
  }
  void NoteRecovery(StageKind kind, int64_t took_ns) {
    if (took_ns > 0) records_[static_cast<size_t>(kind)].Recovered(took_ns);
  }
  const StageRecord& record(StageKind kind) const { return records_[static_cast<size_t>(kind)]; }
  void AppendSpares(std::vector<StageSnapshot>& stages) const;
  // Killed decoders that did not die within half a second.
  void CountStuck() { ++stuck_; }
  uint64_t stuck() const { return stuck_; }
  void CountGivenUp() { ++given_up_; }
  uint64_t segments_given_up() const { return given_up_; }
  // For the record; a successor counts on.
  void Describe(record::Counters& counters) const;
  void Restore(const record::Counters& counters);

 private:
  struct Spare {
    bool wanted = false;
    std::unique_ptr<StageProcess> process;
    RestartPolicy policy;
    EventSource retry;
    int stopped_looks = 0;  // in a row
    std::optional<Nanos> warming_since;
    std::string confined_to;  // the files it was told to warm, by FilesOf; empty: none
  };
  absl::StatusOr<std::unique_ptr<StageProcess>> Spawn(StageKind kind);
  void Refill(StageKind kind);
  void Warm();
  void OnSpareDeath(StageKind kind, const std::string& cause);
  void LookAtSpares();

  EventLoop& loop_;
  StageEnvironment environment_;
  StageGraveyard graveyard_;  // outlives every process of ours
  EventSource look_;
  std::array<Spare, 3> spares_;
  stage::ToStage warm_;     // empty: nothing is on the air
  bool warm_fits_ = false;  // no spare has come to grief over it
  std::array<StageRecord, 3> records_;
  uint64_t spawned_ = 0, stuck_ = 0, given_up_ = 0;
};

}  // namespace air
