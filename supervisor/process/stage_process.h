// StageProcess: one stage, from its spawn to its end, and the link to it. It is a child of this supervisor,
// or was one of a predecessor that was killed: then how it ended cannot be had.
//
// A stage is recorded before it is given work (GiveWork sees to it), so that a successor of this supervisor
// knows every process that has any.
//
// A stage's socket has a name in the runtime folder, by which the successor finds it. A name that is gone, with the
// folder or alone, is made again within a moment. While it cannot be made, stages are spawned without a name: they
// work like any other, and the successor would have to replace them.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "base/unique_fd.h"
#include "link/seqpacket.h"
#include "protos/session_record.pb.h"
#include "protos/stage.pb.h"
#include "supervisor/loop/event_loop.h"
#include "supervisor/process/stage_graveyard.h"

namespace air {

enum class StageKind { kDecoder, kSelector, kEncoder };
const char* ProgramOf(StageKind kind);  // "air-decoder", ...

// Where the stage programs are and how they are told to behave.
struct StageEnvironment {
  std::string program_dir;  // beside the supervisor's own binary
  std::string runtime_dir;  // their sockets
  int64_t orphan_grace_ms = 1000;
  int64_t hang_ns = 500 * kNanosPerMs;  // a data loop that is silent for longer is hung
  // Called before any stage is given work: the session's record then names it.
  std::function<void()> before_work = [] {};
  // Makes runtime_dir again when it is gone. Errors: it cannot be made.
  std::function<absl::Status()> renew_dir = [] { return absl::OkStatus(); };
};

// The socket a stage of this id listens on.
std::string StageSocketPath(const std::string& runtime_dir, const std::string& id);

// How a stage came to its end. In words: "killed by signal 9 (Killed)", "exit status 1", "hung while WAITING
// (silent for 512 ms)", "unknown (adopted)".
struct StageDeath {
  enum class Kind { kExit, kSignal, kHang, kSpawn, kUnknown, kCount };
  Kind kind = Kind::kExit;
  std::string text;
  bool from_outside =
      false;  // it was killed or stopped by another process: that says nothing about the work it had
};

// "exit", "signal", "hang", "spawn", "unknown": as in metrics.
const char* ToString(StageDeath::Kind kind);

class StageProcess {
 public:
  using OnMessage = std::function<void(const stage::FromStage&)>;
  // The process object may be destroyed from here.
  using OnDeath = std::function<void(const StageDeath& death)>;

  // Errors: Internal naming the program and the system's text.
  static absl::StatusOr<std::unique_ptr<StageProcess>> Spawn(EventLoop& loop, StageKind kind,
                                                             const std::string& id,
                                                             const StageEnvironment& environment,
                                                             StageGraveyard& graveyard);
  // A stage that works for a predecessor of this supervisor. The process that has the recorded id and start
  // time and no other: nothing when it is gone. One that lives and cannot be spoken to is killed, and its
  // death is reported like any other.
  static std::unique_ptr<StageProcess> Adopt(EventLoop& loop, StageKind kind, const record::Stage& recorded,
                                             const StageEnvironment& environment, StageGraveyard& graveyard);
  // Asks an adopted stage for the descriptors it keeps, before it is watched. Errors: as Send's.
  using KeptItems = std::map<std::string, std::vector<UniqueFd>>;
  absl::Status AskForKept();
  // Its answer, without waiting: once answer_fd() is readable. Errors: Unavailable (not yet),
  // FailedPrecondition (it has died).
  absl::StatusOr<KeptItems> ReceiveKept();
  int answer_fd() const { return link_.get(); }

  // Kills what still lives and leaves it to the graveyard; waits for nothing.
  ~StageProcess();

  void Watch(OnMessage on_message, OnDeath on_death);
  // Descriptors are duplicated into the stage. May be called before the stage has finished loading: it is
  // queued.
  absl::Status Send(const stage::ToStage& message, std::span<const int> fds = {});
  // The same for its work. A stage that has its work already ignores what it is given again, so an adopted
  // one is simply given it again: it may have been recorded and no more.
  absl::Status GiveWork(const stage::ToStage& message, std::span<const int> fds);
  void Kill();
  // The same for a stage that does not answer; `how` goes into its obituary.
  void KillHung(const std::string& how);
  // Of a decoder: it has more threads than kMostDecoderThreads. A sandbox cannot count them, and enough of them leave the
  // machine or the service no process for anything else.
  static constexpr int kMostDecoderThreads = 256;
  bool HasTooManyThreads() const;
  // It is there and does not run: SIGSTOP, or a tracer's doing.
  bool IsStopped() const;
  // How long its threads together have been ready to run without a processor; 0 where the kernel does not
  // tell.
  int64_t StarvedNs() const;

  StageKind kind() const { return kind_; }
  const std::string& id() const { return id_; }
  pid_t pid() const { return pid_; }
  record::Stage Describe() const;

 private:
  StageProcess(EventLoop& loop, StageGraveyard& graveyard, StageKind kind, std::string id)
      : loop_(loop), graveyard_(graveyard), kind_(kind), id_(std::move(id)) {}
  absl::Status Start(const StageEnvironment& environment);
  // The socket it is to listen on; link_ too, when that cannot be dialed later.
  absl::StatusOr<UniqueFd> MakeListener();
  void LookAtName();
  absl::Status ListenAgain();
  void Receive();
  void Handle(const std::string& bytes);
  void Reap();

  EventLoop& loop_;
  StageGraveyard& graveyard_;
  StageKind kind_;
  std::string id_;
  std::string socket_path_;
  std::function<void()> before_work_;
  std::function<absl::Status()> renew_dir_;
  pid_t pid_ = -1;
  uint64_t start_time_ = 0;
  bool adopted_ = false;
  UniqueFd pidfd_;
  UniqueFd link_;
  int messages_ = 0;                     // it has sent
  std::string hung_;                     // how, once KillHung was called
  bool stopped_ = false;                 // and that it was stopped then
  std::vector<SeqpacketMessage> early_;  // what it said before it was watched
  EventSource death_source_, link_source_, early_source_, name_look_;
  bool nameless_ = false;  // said once
  OnMessage on_message_;
  OnDeath on_death_;
};

}  // namespace air
