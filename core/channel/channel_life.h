// The life of one channel: when AIR runs, what it is told, and what viewers are told meanwhile. Pure: it is told what has happened and
// what time it is, and answers with what to do. Processes, sockets and calls are the shell's (manager.h).
//
//   idle ── a viewer, or always on ──> starting ──> on the air <──> lingering ──> stopping ──> idle
//                                         │ ^           │ AIR fails
//                                         v │           v
//                                       waiting <───────┘
//
// Starting is recovering. A supervisor that was found running, or is spawned where its predecessor has left a session, is asked first
// whether it has one (the stages may be on the air); only if it has none a new one is begun, at the place the clock says. Where
// nothing was left there is nothing to ask: the first call is the one that attaches the sink.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "core/channel/block_shelf.h"
#include "core/channel/restart_pauses.h"
#include "core/model/answer_code.h"
#include "core/model/time.h"
#include "protos/channel_link.pb.h"
#include "protos/playout.pb.h"

namespace retrovue {

// The two clocks: one that runs on for ever, and the network's.
struct Moment {
  Millis since_start{0};
  Instant utc;
};

// What the shell is to do. Each is done once, and in this order.
struct CheckAsset {  // is the file there? -> OnAssetChecked
  std::string path;
};
struct SpawnAir {};         // -> OnAirSpawned
struct AskReady {};         // the version, until it answers -> OnReady
struct FollowEvents {};     // -> OnEvent …, OnFollowEnded
struct AttachSink {         // -> OnAttached
  bool to_new_air = false;  // which may not listen yet
};
struct StartSession {  // -> OnSessionStarted
  playout::BlockPlan first;
  playout::BlockPlan second;
  Instant join;
};
struct FeedBlock {  // -> OnFed
  playout::BlockPlan block;
};
struct StopSession {  // -> OnSessionStopped
  std::string reason;
};
struct TerminateAir {};  // in order, by force if need be -> OnAirEnded
struct KillAir {};       // at once: it hangs -> OnAirEnded
// Refuses the viewers that have not got a byte yet.
struct RefuseViewers {
  AnswerCode code = AnswerCode::kPlayoutFailed;
  std::string message;
  std::optional<int> retry_after_s;
};
struct TellBlockNews {
  channel_link::BlockNews news;
};
struct Quit {};
using LifeAction =
    std::variant<CheckAsset, SpawnAir, AskReady, FollowEvents, AttachSink, StartSession, FeedBlock,
                 StopSession, TerminateAir, KillAir, RefuseViewers, TellBlockNews, Quit>;

enum class FeedResult { kTaken, kQueueFull, kRefused, kNoSession, kUnreachable };

class ChannelLife {
 public:
  static constexpr int kBlocksWaiting = 3;  // at AIR, behind the one on the air
  static constexpr Millis kDefaultLinger = std::chrono::seconds(30);
  // How long a viewer waits for the first byte while AIR fails.
  static constexpr Millis kViewerPatience = std::chrono::seconds(10);
  static constexpr Millis kFirstEvent = std::chrono::seconds(2);  // a session taken up says what is on within
  static constexpr Millis kFeedAgain = std::chrono::seconds(1);   // after a call that did not get through
  static constexpr Millis kAttachAgain = std::chrono::milliseconds(500);
  static constexpr Millis kSilence =
      std::chrono::seconds(15);  // of a stream, after which AIR is taken for dead
  static constexpr Millis kLateLead =
      std::chrono::seconds(10);  // a block handed over later than that is late

  // `shelf` outlives it; it is asked and marked here, and filled by the shell, which says so by OnBlocks().
  explicit ChannelLife(BlockShelf& shelf) : shelf_(shelf) {}

  // ---- what has happened ----
  void OnDemand(int viewers, bool always_on, Millis linger, Moment now);
  void OnBlocks(Moment now);
  // AIR was found running when the manager came: its session goes on if its blocks are ours.
  void OnAirFound(Moment now, Millis linger);
  // The same, and there is no record of what it plays: it is ended.
  void OnStrangeAirFound(const std::string& why, Moment now);
  // AIR was started with other media roots than it should have: its supervisor is replaced, and its session goes on unseen.
  void OnRootsChanged();
  void OnAssetChecked(const absl::Status& status, Moment now);
  // `may_have_session`: a predecessor has left one, which it may take up.
  void OnAirSpawned(const absl::Status& status, Moment now, bool may_have_session = true);
  void OnAirEnded(const std::string& fate, Moment now);
  void OnReady(const absl::Status& status, Moment now);
  void OnEvent(const playout::BlockEvent& event, Moment now);
  // NOT_FOUND: there is no session. OK: it has ended.
  void OnFollowEnded(const absl::Status& status, Moment now);
  void OnAttached(const absl::Status& status, Moment now);
  void OnSessionStarted(const absl::Status& status, Moment now);
  void OnFed(const std::string& block_id, FeedResult result, const std::string& reason, Moment now);
  void OnSessionStopped(Moment now);
  void OnSink(bool connected, Moment now);
  void OnBytes(Moment now);
  void OnStopRequested(const std::string& reason, Moment now);
  // When something was to happen by itself (NextWake), or at any time.
  void OnTime(Moment now);

  // ---- what follows ----
  std::vector<LifeAction> TakeActions();
  // When OnTime() is due; nothing: never.
  std::optional<Millis> NextWake() const;

  channel_link::Phase phase() const;
  // AIR has answered since it was started.
  bool has_answered() const { return has_answered_; }
  const std::string& last_error() const { return last_error_; }
  // AIR runs, is about to, or was left on the air by a supervisor that died.
  bool is_active() const { return step_ != Step::kIdle || session_may_live_; }
  std::uint64_t air_starts() const { return air_starts_; }
  std::uint64_t adoptions() const { return adoptions_; }
  std::uint64_t blocks_late() const { return blocks_late_; }

 private:
  enum class Step {
    kIdle,
    kChecking,  // whether what is to air is there
    kSpawning,
    kAsking,     // AIR, whether it is ready
    kProbing,    // AIR, whether it has a session
    kAttaching,  // the sink, before the session
    kBeginning,  // a session
    kRunning,
    kStopping,  // the session
    kEnding,    // the process
    kPausing,   // until the next attempt
  };

  bool Watched() const { return viewers_ > 0 || always_on_; }
  bool Wanted(Moment now) const;
  void Consider(Moment now);  // whether to begin or to stop
  void Begin(Moment now);
  void Spawn(Moment now);
  void BeginSession(bool with_new_air);
  void Run(Moment now);
  void Feed(Moment now);
  void Attach();
  void Stop(const std::string& reason, Moment now);
  void EndProcess();
  // AIR has to go, and comes back after a pause if it is still wanted.
  void Fail(const std::string& why, Moment now);
  void Replace(const std::string& why);  // the supervisor alone
  void Pause(Moment now);
  void NothingToPlay(Moment now);
  void ForgetSession();
  void Rest(Moment now);  // AIR is gone, as it should be
  void Refuse(AnswerCode code, const std::string& message, std::optional<int> retry_after);
  void Tell(channel_link::BlockNews news, Moment now);
  void Enter(Step step, std::optional<Millis> wake = std::nullopt);
  template <typename Action>
  void Do(Action action) {
    actions_.emplace_back(std::move(action));
  }

  BlockShelf& shelf_;
  std::vector<LifeAction> actions_;
  Step step_ = Step::kIdle;
  std::optional<Millis> wake_;  // of the step
  RestartPauses pauses_;

  // What is wanted.
  int viewers_ = 0;
  bool always_on_ = false;
  Millis linger_ = kDefaultLinger;
  std::optional<Millis> linger_until_;
  std::optional<Millis> waiting_since_;  // since then a viewer waits for its first byte
  bool quitting_ = false;
  bool has_quit_ = false;

  // Of the process.
  bool failing_ = false;           // it is being ended because something failed
  bool session_may_live_ = false;  // its stages may be on the air, with or without a supervisor
  bool is_another_ = false;        // than the one that began the session
  bool has_answered_ = false;
  bool roots_changed_ = false;  // since it was started
  bool was_on_air_ = false;     // since it was last idle
  int broken_lines_ = 0;
  bool nothing_to_play_ = false;  // is why we pause

  // Of the session.
  std::optional<Millis> on_air_since_;
  std::optional<Millis> last_bytes_;
  std::optional<Millis> feed_again_;
  std::optional<Millis> attach_again_;
  std::string feeding_;  // id of the block whose answer is awaited
  bool queue_full_ = false;
  bool sink_connected_ = false;
  bool attaching_ = false;      // while the session runs
  std::string session_end_;     // the reason AIR gave
  std::string first_, second_;  // what it is being begun with

  std::string last_error_;
  std::uint64_t air_starts_ = 0;
  std::uint64_t adoptions_ = 0;
  std::uint64_t blocks_late_ = 0;
};

}  // namespace retrovue
