#include "core/channel/channel_life.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace retrovue {
namespace {

using channel_link::HeldBlock;

constexpr Millis kCheckLimit{2000};  // a mount that does not answer is AIR's matter
constexpr Millis kCheckAgain{5000};
constexpr Millis kLookAgain{1000};   // for something to play
constexpr Millis kStopLimit{3500};   // of a session; then the process is ended with it
constexpr int kMostBrokenLines = 5;  // in a row, without an event
constexpr Millis kFlowing{1000};     // a stream that said something within

// The file that is to be on at `t`; empty: pad.
std::string AssetAt(const playout::BlockPlan& block, Instant t) {
  Millis at = t - FromUtcMs(block.start_utc_ms());
  for (const playout::BlockSegment& segment : block.segments()) {
    at -= Millis(segment.segment_duration_ms());
    if (at < Millis(0)) return segment.asset_uri();
  }
  return "";
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

// ---- what is wanted ----

void ChannelLife::OnDemand(int viewers, bool always_on, Millis linger, Moment now) {
  const bool was_watched = Watched();
  const bool is_another_viewer = viewers > viewers_;
  viewers_ = viewers;
  always_on_ = always_on;
  linger_ = linger;
  const bool flows = last_bytes_ && now.since_start - *last_bytes_ <= kFlowing;
  if (viewers_ == 0) waiting_since_.reset();
  if (is_another_viewer && !flows && !waiting_since_) waiting_since_ = now.since_start;
  if (Watched()) {
    linger_until_.reset();
  } else if (was_watched && step_ != Step::kIdle && step_ != Step::kChecking && step_ != Step::kPausing) {
    linger_until_ = now.since_start + linger_;
  }
  Consider(now);
}

void ChannelLife::OnBlocks(Moment now) {
  if (step_ == Step::kPausing && nothing_to_play_) Begin(now);
  Feed(now);
}

void ChannelLife::OnStopRequested(const std::string& reason, Moment now) {
  if (quitting_) return;
  quitting_ = true;
  Refuse(AnswerCode::kChannelStopped, absl::StrCat("the channel is being stopped: ", reason), 5);
  Consider(now);
}

bool ChannelLife::Wanted(Moment now) const {
  if (quitting_) return false;
  return Watched() || (linger_until_ && now.since_start < *linger_until_);
}

void ChannelLife::Consider(Moment now) {
  const bool wanted = Wanted(now);
  switch (step_) {
    case Step::kIdle:
      if (wanted) return Begin(now);
      if (quitting_ && !std::exchange(has_quit_, true)) Do(Quit{});
      return;
    case Step::kChecking:
    case Step::kPausing:
      if (!wanted) Rest(now);
      return;
    case Step::kStopping:
    case Step::kEnding:
      return;
    default:
      if (!wanted) Stop(quitting_ ? "the channel is being stopped" : "no viewer is left", now);
  }
}

// ---- starting ----

void ChannelLife::Begin(Moment now) {
  nothing_to_play_ = false;
  if (session_may_live_) return Spawn(now);
  const BlockShelf::Pair pair = shelf_.StartingAt(now.utc);
  if (!pair) return NothingToPlay(now);
  const std::string path = AssetAt(pair.first->plan, now.utc);
  // A viewer that watches already is better off with a slate than with nothing.
  if (path.empty() || was_on_air_) return Spawn(now);
  Enter(Step::kChecking, now.since_start + kCheckLimit);
  Do(CheckAsset{path});
}

void ChannelLife::NothingToPlay(Moment now) {
  const bool has_now = shelf_.Covering(now.utc) != nullptr;
  last_error_ =
      has_now ? "nothing is planned behind the block that is on" : "nothing is planned for this time";
  nothing_to_play_ = true;
  Enter(Step::kPausing, now.since_start + kLookAgain);
  Refuse(AnswerCode::kScheduleGap, last_error_, 5);
}

void ChannelLife::OnAssetChecked(const absl::Status& status, Moment now) {
  if (step_ != Step::kChecking) return;
  if (status.ok()) return Spawn(now);
  last_error_ = Text(status);
  Enter(Step::kPausing, now.since_start + kCheckAgain);
  Refuse(AnswerCode::kAssetMissing, last_error_, std::nullopt);
}

void ChannelLife::OnRootsChanged() { roots_changed_ = step_ != Step::kIdle; }

void ChannelLife::Spawn(Moment) {
  roots_changed_ = false;
  Enter(Step::kSpawning);
  Do(SpawnAir{});
}

void ChannelLife::OnAirSpawned(const absl::Status& status, Moment now, bool may_have_session) {
  if (step_ != Step::kSpawning) return;
  if (!status.ok()) {
    last_error_ = Text(status);
    return Pause(now);
  }
  ++air_starts_;
  is_another_ = true;
  has_answered_ = false;
  session_may_live_ |= may_have_session;
  if (session_may_live_) {
    Enter(Step::kAsking);
    Do(AskReady{});
  } else {
    BeginSession(/*with_new_air=*/true);
  }
  Consider(now);
}

void ChannelLife::OnStrangeAirFound(const std::string& why, Moment now) { Fail(why, now); }

void ChannelLife::OnAirFound(Moment now, Millis linger) {
  linger_ = linger;
  session_may_live_ = true;
  is_another_ = true;
  if (!Watched()) linger_until_ = now.since_start + linger_;
  Enter(Step::kAsking);
  Do(AskReady{});
}

void ChannelLife::OnReady(const absl::Status& status, Moment now) {
  if (step_ != Step::kAsking) return;
  if (!status.ok()) return Replace(Text(status));
  has_answered_ = true;
  session_end_.clear();
  Enter(Step::kProbing, now.since_start + kFirstEvent);
  Do(FollowEvents{});
}

// It hangs. Without it its stages stay on the air until the next one comes.
void ChannelLife::Replace(const std::string& why) {
  last_error_ = why;
  failing_ = true;
  broken_lines_ = 0;
  Enter(Step::kEnding);
  Do(KillAir{});
}

void ChannelLife::BeginSession(bool with_new_air) {
  ForgetSession();
  session_end_.clear();
  Enter(Step::kAttaching);
  Do(AttachSink{with_new_air});
}

void ChannelLife::OnAttached(const absl::Status& status, Moment now) {
  if (step_ == Step::kRunning) {
    attaching_ = false;
    if (!status.ok()) {
      last_error_ = Text(status);
      attach_again_ = now.since_start + kAttachAgain;
    }
    return;
  }
  if (step_ != Step::kAttaching) return;
  if (!status.ok()) return Fail(Text(status), now);
  has_answered_ = true;
  const BlockShelf::Pair pair = shelf_.StartingAt(now.utc);
  if (!pair) return Fail("nothing is planned for this time", now);
  first_ = pair.first->plan.block_id();
  second_ = pair.second->plan.block_id();
  Enter(Step::kBeginning);
  Do(StartSession{pair.first->plan, pair.second->plan, now.utc});
}

void ChannelLife::OnSessionStarted(const absl::Status& status, Moment now) {
  if (step_ != Step::kBeginning) return;
  if (!status.ok()) return Fail(Text(status), now);
  is_another_ = false;
  for (const std::string& id : {first_, second_}) {
    shelf_.MarkFed(id);
    channel_link::BlockNews news;
    news.set_fed_block_id(id);
    Tell(std::move(news), now);
  }
  Do(FollowEvents{});
  Run(now);
}

// ---- on the air ----

void ChannelLife::Run(Moment now) {
  Enter(Step::kRunning);
  session_may_live_ = true;
  broken_lines_ = 0;
  was_on_air_ = true;
  if (std::exchange(is_another_, false)) ++adoptions_;
  if (!on_air_since_) on_air_since_ = now.since_start;
  last_bytes_ = now.since_start;
  queue_full_ = false;
  feeding_.clear();
  feed_again_.reset();
  attach_again_.reset();
  attaching_ = false;
  if (!sink_connected_) Attach();
  Feed(now);
}

void ChannelLife::Attach() {
  attaching_ = true;
  attach_again_.reset();
  Do(AttachSink{});
}

void ChannelLife::Feed(Moment now) {
  if (step_ != Step::kRunning || !feeding_.empty() || queue_full_ || feed_again_) return;
  if (shelf_.waiting_at_air() >= kBlocksWaiting) return;
  const BlockShelf::Block* next = shelf_.NextToFeed(now.utc);
  if (next == nullptr) return;
  feeding_ = next->plan.block_id();
  Do(FeedBlock{next->plan});
}

void ChannelLife::OnFed(const std::string& block_id, FeedResult result, const std::string& reason,
                        Moment now) {
  if (step_ != Step::kRunning || block_id != feeding_) return;
  feeding_.clear();
  channel_link::BlockNews news;
  switch (result) {
    case FeedResult::kTaken:
      for (const BlockShelf::Block& block : shelf_.blocks()) {
        if (block.plan.block_id() == block_id && block.start() - now.utc < kLateLead) ++blocks_late_;
      }
      shelf_.MarkFed(block_id);
      news.set_fed_block_id(block_id);
      Tell(std::move(news), now);
      break;
    case FeedResult::kQueueFull:
      queue_full_ = true;
      break;
    case FeedResult::kRefused:
      shelf_.MarkRefused(block_id);
      last_error_ = absl::StrCat("block ", block_id, ": ", reason);
      news.mutable_refused()->set_block_id(block_id);
      news.mutable_refused()->set_reason(reason);
      Tell(std::move(news), now);
      break;
    case FeedResult::kNoSession:
      return Fail("AIR has lost its session", now);
    case FeedResult::kUnreachable:
      feed_again_ = now.since_start + kFeedAgain;
      break;
  }
  Feed(now);
}

void ChannelLife::OnEvent(const playout::BlockEvent& event, Moment now) {
  if (step_ != Step::kProbing && step_ != Step::kRunning) return;
  bool is_foreign = false;
  if (event.has_block_started()) {
    const playout::BlockStarted& started = event.block_started();
    is_foreign = !shelf_.MarkStarted(started.block_id()) && FromUtcMs(started.block_end_utc_ms()) > now.utc;
    queue_full_ = false;
  }
  if (event.has_block_completed()) {
    shelf_.MarkCompleted(event.block_completed().block_id());
    queue_full_ = false;
  }
  if (event.has_session_ended()) session_end_ = event.session_ended().reason();
  channel_link::BlockNews news;
  *news.mutable_air() = event;
  Tell(std::move(news), now);
  if (is_foreign)
    return Fail(absl::StrCat("AIR plays ", event.block_started().block_id(), ", which is not ours"), now);
  if (!session_end_.empty()) return;  // the end of the events follows
  if (step_ == Step::kProbing) return Run(now);
  Feed(now);
}

void ChannelLife::OnFollowEnded(const absl::Status& status, Moment now) {
  const bool has_ended = status.ok() || absl::IsNotFound(status) || !session_end_.empty();
  if (step_ == Step::kProbing && absl::IsNotFound(status)) return BeginSession(/*with_new_air=*/false);
  if (step_ != Step::kRunning && step_ != Step::kProbing) return;
  if (has_ended) {
    return Fail(
        absl::StrCat("the session has ended: ", session_end_.empty() ? "no reason given" : session_end_),
        now);
  }
  // The supervisor is gone, or the line to it. One that answers and has no events to tell is of no use.
  if (++broken_lines_ >= kMostBrokenLines) return Replace(Text(status));
  Enter(Step::kAsking);
  Do(AskReady{});
}

void ChannelLife::OnSink(bool connected, Moment now) {
  sink_connected_ = connected;
  if (connected) last_bytes_ = now.since_start;
  if (!connected && step_ == Step::kRunning && !attaching_) attach_again_ = now.since_start + kAttachAgain;
}

void ChannelLife::OnBytes(Moment now) {
  last_bytes_ = now.since_start;
  waiting_since_.reset();
  if (step_ == Step::kRunning) last_error_.clear();
}

// ---- stopping and failing ----

void ChannelLife::Stop(const std::string& reason, Moment now) {
  failing_ = false;
  if (step_ == Step::kSpawning) return;  // OnAirSpawned() comes at once, and Consider() after it
  if (step_ == Step::kAsking || step_ == Step::kAttaching) return EndProcess();
  Enter(Step::kStopping, now.since_start + kStopLimit);
  Do(StopSession{reason});
}

void ChannelLife::OnSessionStopped(Moment) {
  if (step_ == Step::kStopping) EndProcess();
}

void ChannelLife::EndProcess() {
  Enter(Step::kEnding);
  Do(TerminateAir{});
}

void ChannelLife::Fail(const std::string& why, Moment) {
  last_error_ = why;
  failing_ = true;
  ForgetSession();
  EndProcess();
}

void ChannelLife::OnAirEnded(const std::string& fate, Moment now) {
  const bool as_wanted = (step_ == Step::kStopping || step_ == Step::kEnding) && !failing_;
  if (as_wanted) {
    ForgetSession();
    return Rest(now);
  }
  if (!std::exchange(failing_, false)) last_error_ = absl::StrCat("air-supervisor ", fate);
  if (!Wanted(now)) return Rest(now);
  Pause(now);
}

void ChannelLife::Pause(Moment now) {
  const Millis pause = pauses_.Next(on_air_since_ ? now.since_start - *on_air_since_ : Millis(0));
  on_air_since_.reset();
  if (viewers_ > 0 && !waiting_since_) waiting_since_ = now.since_start;
  Enter(Step::kPausing, now.since_start + pause);
  if (pause == Millis(0)) Begin(now);
}

void ChannelLife::Rest(Moment now) {
  on_air_since_.reset();
  linger_until_.reset();
  nothing_to_play_ = false;
  failing_ = false;
  was_on_air_ = false;
  pauses_.Reset();
  ForgetSession();
  Enter(Step::kIdle);
  Consider(now);
}

void ChannelLife::ForgetSession() {
  shelf_.ForgetSession();
  session_may_live_ = false;
}

void ChannelLife::Refuse(AnswerCode code, const std::string& message, std::optional<int> retry_after) {
  waiting_since_.reset();
  if (viewers_ > 0) Do(RefuseViewers{code, message, retry_after});
}

// ---- time ----

void ChannelLife::OnTime(Moment now) {
  for (const std::string& id : shelf_.Expire(now.utc)) {
    channel_link::BlockNews news;
    news.set_skipped_block_id(id);
    Tell(std::move(news), now);
  }
  const auto is_due = [&](std::optional<Millis>& timer) {
    if (!timer || now.since_start < *timer) return false;
    timer.reset();
    return true;
  };
  if (waiting_since_ && now.since_start - *waiting_since_ >= kViewerPatience) {
    Refuse(AnswerCode::kPlayoutFailed,
           last_error_.empty() ? "the channel does not come on the air" : last_error_, 5);
  }
  if (is_due(wake_)) {
    if (step_ == Step::kChecking) Spawn(now);
    if (step_ == Step::kProbing) Run(now);
    if (step_ == Step::kStopping) EndProcess();
    if (step_ == Step::kPausing) Begin(now);
  }
  if (step_ == Step::kRunning && std::exchange(roots_changed_, false))
    Replace("it is started again with other media roots");
  if (step_ == Step::kRunning) {
    if (is_due(attach_again_)) Attach();
    is_due(feed_again_);
    if (last_bytes_ && now.since_start - *last_bytes_ >= kSilence) {
      Fail(absl::StrCat("AIR has sent nothing for ", kSilence.count() / 1000, " s"), now);
    }
  }
  Consider(now);
  Feed(now);
}

std::optional<Millis> ChannelLife::NextWake() const {
  std::optional<Millis> next = wake_;
  const auto consider = [&](std::optional<Millis> other) {
    if (other && (!next || *other < *next)) next = other;
  };
  if (waiting_since_) consider(*waiting_since_ + kViewerPatience);
  if (!Watched()) consider(linger_until_);
  if (step_ == Step::kRunning) {
    consider(attach_again_);
    consider(feed_again_);
    if (last_bytes_) consider(*last_bytes_ + kSilence);
  }
  return next;
}

// ---- the rest ----

std::vector<LifeAction> ChannelLife::TakeActions() { return std::exchange(actions_, {}); }

void ChannelLife::Enter(Step step, std::optional<Millis> wake) {
  step_ = step;
  wake_ = wake;
}

void ChannelLife::Tell(channel_link::BlockNews news, Moment now) {
  news.set_at_utc_ms(UtcMs(now.utc));
  Do(TellBlockNews{std::move(news)});
}

channel_link::Phase ChannelLife::phase() const {
  switch (step_) {
    case Step::kIdle:
      return channel_link::IDLE;
    case Step::kRunning:
      return Watched() ? channel_link::ON_AIR : channel_link::LINGERING;
    case Step::kStopping:
    case Step::kEnding:
      return failing_ ? channel_link::WAITING : channel_link::STOPPING;
    case Step::kPausing:
      return channel_link::WAITING;
    default:
      return channel_link::STARTING;
  }
}

}  // namespace retrovue
