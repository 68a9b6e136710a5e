#include "core/channel/manager.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "base/stage_log.h"
#include "base/step_log.h"

namespace retrovue {
namespace {

using namespace std::chrono_literals;
using boost::system::error_code;

constexpr auto kReadyLimit = 10s;
constexpr auto kReadyAgainLimit = 3s;  // of one that has answered before
constexpr auto kTerminationGrace = 5s;
constexpr auto kStateInterval = 100ms;
constexpr auto kSaveDelay = 50ms;
constexpr auto kTickInterval = 1s;
constexpr auto kGoodbye = 200ms;  // for viewers and director to get what was sent last

std::uint64_t NewIncarnation() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
}

// Whether AIR could open it. On a thread of its own: a mount may not answer.
absl::Status CheckFile(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0)
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  if (!S_ISREG(file.st_mode)) return absl::NotFoundError(absl::StrCat(path, " is not a regular file"));
  if (access(path.c_str(), R_OK) != 0)
    return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  return absl::OkStatus();
}

FeedResult ResultOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return FeedResult::kTaken;
    case absl::StatusCode::kResourceExhausted:
      return FeedResult::kQueueFull;
    case absl::StatusCode::kFailedPrecondition:
      return FeedResult::kRefused;
    case absl::StatusCode::kNotFound:
      return FeedResult::kNoSession;
    default:
      return FeedResult::kUnreachable;
  }
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

absl::StatusOr<std::unique_ptr<Manager>> Manager::Open(boost::asio::io_context& loop, ManagerOptions options,
                                                       air::UniqueFd listener) {
  std::unique_ptr<Manager> manager(new Manager(loop, std::move(options)));
  Manager* const m = manager.get();
  auto sink = SinkListener::Listen(loop, m->SinkPath(), m->fanout_,
                                   {.on_source =
                                        [m](bool connected) {
                                          m->life_.OnSink(connected, m->Now());
                                          m->Proceed();
                                        },
                                    .on_bytes = [m] { m->life_.OnBytes(m->Now()); }});
  if (!sink.ok()) return sink.status();
  m->sink_ = *std::move(sink);
  m->viewers_ =
      std::make_unique<ViewerServer>(loop, m->fanout_,
                                     ViewerServer::Handlers{.on_count = [m] { m->Demand(); },
                                                            .on_left =
                                                                [m](const channel_link::ViewerLeft& left) {
                                                                  channel_link::ToDirector message;
                                                                  *message.mutable_viewer_left() = left;
                                                                  m->link_->Send(message);
                                                                }});
  m->link_ = std::make_unique<LinkServer>(
      loop, std::move(listener),
      LinkServer::Handlers{.on_director = [m] { m->SayHello(); },
                           .on_message =
                               [m](channel_link::ToManager message, std::vector<air::UniqueFd> fds) {
                                 m->OnMessage(std::move(message), std::move(fds));
                               },
                           .on_director_gone = [] {}});
  m->TakeUp();
  m->Tick();
  return manager;
}

Manager::Manager(boost::asio::io_context& loop, ManagerOptions options)
    : loop_(loop),
      options_(std::move(options)),
      incarnation_(NewIncarnation()),
      born_(std::chrono::steady_clock::now()),
      record_(options_.folder),
      wake_(loop),
      tick_(loop),
      state_(loop),
      save_(loop) {}

Manager::~Manager() { *alive_ = false; }

Moment Manager::Now() const {
  const auto utc = std::chrono::floor<Millis>(std::chrono::system_clock::now());
  return {std::chrono::duration_cast<Millis>(std::chrono::steady_clock::now() - born_),
          utc + Millis(options_.clock_shift_ms)};
}

// ---- beginning ----

void Manager::TakeUp() {
  absl::StatusOr<channel_record::Record> record = record_.Load();
  predecessor_was_on_air_ = record.ok() ? record->on_air() : !absl::IsNotFound(record.status());
  if (record.ok()) {
    setup_ = record->setup();
    shelf_ = BlockShelf::Restore(*record);
    air::Log().info("channel {}: {} blocks in the record", setup_.slug(), shelf_.blocks().size());
  } else if (!absl::IsNotFound(record.status())) {
    air::Log().warn("the record is left aside: {}", Text(record.status()));
  }
  process_ = AirProcess::Find(loop_, AirDir(), WhenAirEnds());
  if (process_ && !record.ok()) {
    air::Log().warn("AIR is running (pid {}), and nothing is known of what it plays: it is ended",
                    process_->pid());
    life_.OnStrangeAirFound("an AIR without a record was found", Now());
  } else if (process_) {
    air::Log().info("AIR is running (pid {}) and is taken up", process_->pid());
    adopted_ = true;
    line_channel_id_ = setup_.air_channel_id();
    line_ = std::make_unique<AirLine>(loop_, AirProcess::Address(AirDir()), line_channel_id_);
    life_.OnAirFound(Now(), Millis(setup_.linger_ms()));
  }
  Demand();
}

// ---- the director ----

void Manager::OnMessage(channel_link::ToManager message, std::vector<air::UniqueFd> fds) {
  switch (message.body_case()) {
    case channel_link::ToManager::kSetup: {
      const std::vector<std::string> before(setup_.media_roots().begin(), setup_.media_roots().end());
      setup_ = message.setup();
      if (!std::equal(before.begin(), before.end(), setup_.media_roots().begin(), setup_.media_roots().end()))
        life_.OnRootsChanged();
      SaveSoon();
      Demand();
      break;
    }
    case channel_link::ToManager::kBlocks:
      for (const BlockShelf::Refusal& refusal : shelf_.Put(message.blocks())) {
        air::Log().warn("block {} is left out: {}", refusal.block_id, refusal.reason);
        channel_link::ToDirector news;
        news.mutable_block_news()->set_at_utc_ms(UtcMs(Now().utc));
        news.mutable_block_news()->mutable_refused()->set_block_id(refusal.block_id);
        news.mutable_block_news()->mutable_refused()->set_reason(refusal.reason);
        link_->Send(news);
      }
      SaveSoon();
      life_.OnBlocks(Now());
      Proceed();
      break;
    case channel_link::ToManager::kViewer:
      if (fds.size() == 1 && !quits_) viewers_->Add(message.viewer(), std::move(fds[0]));
      break;
    case channel_link::ToManager::kStop:
      RequestStop(message.stop().reason());
      break;
    case channel_link::ToManager::BODY_NOT_SET:
      break;
  }
}

void Manager::SayHello() {
  channel_link::ToDirector message;
  channel_link::Hello& hello = *message.mutable_hello();
  hello.set_incarnation(incarnation_);
  hello.set_pid(getpid());
  hello.set_slug(setup_.slug());
  hello.set_clock_shift_ms(options_.clock_shift_ms);
  hello.set_adopted_air(adopted_);
  shelf_.Describe(hello);
  link_->Send(message);
  told_state_.clear();
  TellState();
}

channel_link::State Manager::State() const {
  channel_link::State state;
  state.set_phase(life_.phase());
  state.set_viewers(viewers_->count());
  state.set_block_on_air(shelf_.on_air());
  state.set_blocks_at_air(shelf_.at_air());
  state.set_blocks_held(shelf_.count(channel_link::HeldBlock::HELD));
  state.set_held_until_utc_ms(UtcMs(shelf_.held_until()));
  if (process_) {
    state.set_air_pid(process_->pid());
    std::string address;
    if (std::getline(std::ifstream(AirDir() + "/metrics.address"), address))
      state.set_metrics_address(address);
  }
  state.set_last_error(life_.last_error());
  state.set_air_starts(life_.air_starts());
  state.set_air_adoptions(life_.adoptions());
  state.set_blocks_late(life_.blocks_late());
  state.set_bytes_in(sink_->bytes());
  state.set_viewer_overflows(fanout_.overflows());
  return state;
}

void Manager::TellState() {
  if (!link_->has_director()) return;
  channel_link::ToDirector message;
  *message.mutable_state() = State();
  channel_link::State compared = message.state();
  compared.clear_bytes_in();  // changes all the time
  told_state_ = compared.SerializeAsString();
  link_->Send(message);
}

// A change is told at once, the next one not before the interval is over.
void Manager::TellStateSoon() {
  if (state_is_due_ || !link_->has_director()) return;
  channel_link::State state = State();
  state.clear_bytes_in();
  if (state.SerializeAsString() == told_state_) return;
  state_is_due_ = true;
  TellState();
  state_.expires_after(kStateInterval);
  state_.async_wait([this](error_code error) {
    if (error) return;
    state_is_due_ = false;
    TellStateSoon();
  });
}

void Manager::RequestStop(const std::string& reason) {
  air::Log().info("ending: {}", reason);
  life_.OnStopRequested(reason, Now());
  Proceed();
}

void Manager::Demand() {
  life_.OnDemand(viewers_->count(), setup_.always_on(), Millis(setup_.linger_ms()), Now());
  Proceed();
}

// ---- what life decides ----

void Manager::Proceed() {
  if (proceeding_) return;
  proceeding_ = true;
  const channel_link::Phase before = life_.phase();
  for (std::vector<LifeAction> actions = life_.TakeActions(); !actions.empty();
       actions = life_.TakeActions()) {
    for (const LifeAction& action : actions) {
      std::visit([this](const auto& what) { Do(what); }, action);
    }
    SaveSoon();
  }
  proceeding_ = false;
  if (life_.phase() != before && !life_.last_error().empty()) air::Log().warn("{}", life_.last_error());
  SetWake();
  TellStateSoon();
}

void Manager::Do(const CheckAsset& action) {
  std::thread([this, alive = alive_, &loop = loop_, path = action.path] {
    const absl::Status status = CheckFile(path);
    boost::asio::post(loop, [this, alive, status] {
      if (!*alive) return;
      life_.OnAssetChecked(status, Now());
      Proceed();
    });
  }).detach();
}

// A root that is not there holds nothing until it is; AIR looks at it with each file.
AirLaunch Manager::Launch() const {
  return {options_.supervisor,
          AirDir(),
          {setup_.media_roots().begin(), setup_.media_roots().end()},
          options_.log_level};
}

AirProcess::OnEnded Manager::WhenAirEnds() {
  return [this](const std::string& fate) {
    air::Log().info("air-supervisor {}", fate);
    process_.reset();
    line_.reset();
    life_.OnAirEnded(life_.has_answered()
                         ? fate
                         : absl::StrCat(fate, " while starting; see ", AirProcess::LogPath(AirDir())),
                     Now());
    Proceed();
  };
}

void Manager::Do(const SpawnAir&) {
  Save();  // a successor knows by it that there may be a session
  absl::Status spawned;
  if (auto process = AirProcess::Spawn(loop_, Launch(), WhenAirEnds()); !process.ok()) {
    spawned = process.status();
  } else {
    process_ = *std::move(process);
    line_channel_id_ = setup_.air_channel_id();
    line_ = std::make_unique<AirLine>(loop_, AirProcess::Address(AirDir()), line_channel_id_);
    air::NoteStep("air-supervisor spawned");
    air::Log().info("air-supervisor is started (pid {}, log {})", process_->pid(),
                    AirProcess::LogPath(AirDir()));
  }
  life_.OnAirSpawned(spawned, Now(), predecessor_was_on_air_);
  if (process_) predecessor_was_on_air_ = false;  // the channel's life knows it now
}

void Manager::Do(const AskReady&) {
  if (!line_) return;  // its end has been told, or will be
  const auto limit = life_.has_answered() ? kReadyAgainLimit : kReadyLimit;
  line_->AskReady(limit, [this](const absl::Status& status) {
    if (status.ok()) air::NoteStep("air-supervisor answered");
    life_.OnReady(status, Now());
    Proceed();
  });
}

void Manager::Do(const FollowEvents&) {
  if (!line_) return;
  line_->Follow(
      [this](const playout::BlockEvent& event) {
        life_.OnEvent(event, Now());
        Proceed();
      },
      [this](const absl::Status& status) {
        life_.OnFollowEnded(status, Now());
        Proceed();
      });
}

void Manager::Do(const AttachSink& action) {
  if (!line_) return;
  line_->Attach(SinkPath(), action.to_new_air ? kReadyLimit : 0s, [this](const absl::Status& status) {
    if (status.ok()) air::NoteStep("AttachStream answered");
    life_.OnAttached(status, Now());
    Proceed();
  });
}

void Manager::Do(const StartSession& action) {
  if (!line_) return;
  playout::StartBlockPlanSessionRequest request;
  request.set_channel_id(line_channel_id_);
  *request.mutable_block_a() = action.first;
  *request.mutable_block_b() = action.second;
  request.mutable_block_a()->set_channel_id(line_channel_id_);
  request.mutable_block_b()->set_channel_id(line_channel_id_);
  // Where the two clocks are one, AIR looks at it itself when it begins.
  request.set_join_utc_ms(options_.clock_shift_ms == 0 ? 0 : UtcMs(Now().utc));
  request.set_program_format_json(setup_.program_format_json());
  request.set_max_queue_depth(ChannelLife::kBlocksWaiting);
  request.set_evidence_endpoint(setup_.evidence_endpoint());
  request.set_channel_id_str(setup_.slug());
  line_->Start(request, [this](const absl::Status& status) {
    if (status.ok()) air::NoteStep("StartBlockPlanSession answered");
    life_.OnSessionStarted(status, Now());
    Proceed();
  });
}

void Manager::Do(const FeedBlock& action) {
  if (!line_) return;
  playout::BlockPlan block = action.block;
  block.set_channel_id(line_channel_id_);
  line_->Feed(block, [this, id = block.block_id()](const absl::Status& status) {
    life_.OnFed(id, ResultOf(status), Text(status), Now());
    Proceed();
  });
}

void Manager::Do(const StopSession& action) {
  if (!line_) return;
  line_->Stop(action.reason, [this](const absl::Status& status) {
    if (!status.ok()) air::Log().warn("{}", Text(status));
    life_.OnSessionStopped(Now());
    Proceed();
  });
}

void Manager::Do(const TerminateAir&) {
  if (process_) process_->Terminate(kTerminationGrace);
}

void Manager::Do(const KillAir&) {
  if (process_) process_->Kill();
}

void Manager::Do(const RefuseViewers& action) {
  viewers_->RefuseWaiting(action.code, action.message, action.retry_after_s);
}

void Manager::Do(const TellBlockNews& action) {
  channel_link::ToDirector message;
  *message.mutable_block_news() = action.news;
  link_->Send(message);
}

void Manager::Do(const Quit&) {
  quits_ = true;
  viewers_->EndAll();
  Save();
  tick_.cancel();
  wake_.expires_after(kGoodbye);
  wake_.async_wait([this](error_code) { loop_.stop(); });
}

// ---- timers and record ----

void Manager::SetWake() {
  if (quits_) return;
  const std::optional<Millis> next = life_.NextWake();
  if (!next) {
    wake_.cancel();
    return;
  }
  wake_.expires_at(born_ + *next);
  wake_.async_wait([this](error_code error) {
    if (error || quits_) return;
    life_.OnTime(Now());
    Proceed();
  });
}

void Manager::Tick() {
  tick_.expires_after(kTickInterval);
  tick_.async_wait([this](error_code error) {
    if (error || quits_) return;
    life_.OnTime(Now());
    Proceed();
    if (quits_) return;
    TellState();
    const bool is_played_out = viewers_->count() == 0 && shelf_.held_until() <= Now().utc;
    const bool is_alone = !link_->has_director() && (life_.phase() == channel_link::IDLE || is_played_out);
    const auto now = std::chrono::steady_clock::now();
    if (!is_alone) alone_since_.reset();
    if (is_alone && !alone_since_) alone_since_ = now;
    if (alone_since_ && now - *alone_since_ >= options_.idle_exit)
      return RequestStop("no viewer has needed the channel");
    Tick();
  });
}

void Manager::SaveSoon() {
  if (save_is_due_ || quits_) return;
  save_is_due_ = true;
  save_.expires_after(kSaveDelay);
  save_.async_wait([this](error_code error) {
    if (!error) Save();
  });
}

void Manager::Save() {
  save_is_due_ = false;
  channel_record::Record record;
  record.set_incarnation(incarnation_);
  *record.mutable_setup() = setup_;
  record.set_on_air(life_.is_active());
  shelf_.Save(record);
  const absl::Status saved = record_.Save(record);
  if (!saved.ok() && !complained_of_disk_) {
    air::Log().error("{}; a successor would begin with what was written last", Text(saved));
  }
  complained_of_disk_ = !saved.ok();
}

}  // namespace retrovue
