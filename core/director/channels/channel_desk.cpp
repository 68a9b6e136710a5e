#include "core/director/channels/channel_desk.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // the header of glibc 2.36 forgets to say so
#include <sys/pidfd.h>
}

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "base/one_line.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "core/link/block_plan.h"
#include "core/model/stable_hash.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

constexpr auto kStartHolds = 10s;  // a start that came to nothing makes room for another one
constexpr auto kDialAgain = 200ms;
constexpr Millis kLateLead = 10s;  // a block sent later than that before its start is late
constexpr std::size_t kMostFedKept = 10'000;
constexpr std::size_t kLongestFolderName = 27;
constexpr const char* kUsualFormat =
    R"({"video":{"width":1280,"height":720,"frame_rate":"30/1"},"audio":{"sample_rate":48000,"channels":2}})";

bool IsOnAir(channel_link::Phase phase) {
  return phase == channel_link::STARTING || phase == channel_link::ON_AIR || phase == channel_link::LINGERING;
}

}  // namespace

std::string ChannelFolder(const std::string& run_folder, const std::string& slug) {
  std::string name = slug;
  if (name.size() > kLongestFolderName) {
    const std::string hash = absl::StrFormat("%08x", StableHash(0, slug) & 0xffffffff);
    name =
        absl::StrCat(slug.substr(0, kLongestFolderName - hash.size() - 1), "_", hash);  // no slug has a "_"
  }
  return absl::StrCat(run_folder, "/channel/", name);
}

ChannelDesk::ChannelDesk(std::shared_ptr<const DeskSettings> settings, Channel channel)
    : shared_settings_(std::move(settings)),
      settings_(*shared_settings_),
      folder_(ChannelFolder(settings_.run_folder, channel.slug)),
      channel_(std::move(channel)) {}

ChannelDesk::~ChannelDesk() = default;

void ChannelDesk::SetChannel(Channel channel, bool exists) {
  const channel_link::Setup before = Setup();
  channel_ = std::move(channel);
  exists_ = exists;
  if (greeted_ && Setup().SerializeAsString() != before.SerializeAsString()) SendSetup();
  Look();
}

void ChannelDesk::SettingsChanged() {
  if (greeted_) SendSetup();
}

// ---- the manager's process and line

bool ChannelDesk::TakeUp() {
  if (has_manager()) return false;
  const pid_t pid = ManagerIn(folder_);  // by its lock: the socket names the director that made it
  if (pid == 0) return false;
  if (const absl::Status dialed = Dial(); !dialed.ok()) {
    Trouble(absl::StrCat("the manager that runs cannot be taken up: ", std::string(dialed.message())));
    return false;
  }
  ++takeovers_;
  manager_pid_ = pid;
  policy_.Spawned(settings_.now());
  Watch(air::UniqueFd(pidfd_open(pid, 0)));
  return true;
}

absl::Status ChannelDesk::Dial() {
  const std::weak_ptr<ChannelDesk> weak = weak_from_this();
  ChannelLink::Handlers handlers;
  handlers.on_hello = [weak](const channel_link::Hello& hello) {
    if (const auto self = weak.lock()) self->OnHello(hello);
  };
  handlers.on_state = [weak](const channel_link::State& state) {
    if (const auto self = weak.lock()) self->OnState(state);
  };
  handlers.on_block_news = [weak](const channel_link::BlockNews& news) {
    if (const auto self = weak.lock()) self->OnNews(news);
  };
  handlers.on_closed = [weak](const absl::Status& status) {
    if (const auto self = weak.lock()) self->OnClosed(status);
  };
  absl::StatusOr<std::unique_ptr<ChannelLink>> link =
      ChannelLink::Dial(settings_.loop, folder_, std::move(handlers));
  if (!link.ok()) return link.status();
  link_ = *std::move(link);
  greeted_ = false;
  dial_again_.reset();
  return absl::OkStatus();
}

void ChannelDesk::Spawn() {
  absl::StatusOr<ManagerProcess> process =
      SpawnManager({settings_.manager_program, folder_, settings_.clock_shift_ms, settings_.log_level});
  if (absl::IsAlreadyExists(process.status()) && TakeUp()) return;
  if (!process.ok()) {
    Trouble(absl::StrCat("its manager cannot be started: ", std::string(process.status().message())));
    policy_.SpawnFailed(settings_.now());
    return;
  }
  air::NoteStep("manager spawned");
  manager_pid_ = process->pid;
  policy_.Spawned(settings_.now());
  Watch(std::move(process->pidfd));
  if (const absl::Status dialed = Dial(); !dialed.ok()) {
    Trouble(absl::StrCat("its manager cannot be reached: ", std::string(dialed.message())));
    dial_again_ = settings_.now() + kDialAgain;
  }
}

void ChannelDesk::Watch(air::UniqueFd pidfd) {
  pidfd_ = std::move(pidfd);
  death_.reset();
  if (!pidfd_.valid()) return;
  const int copy = dup(pidfd_.get());
  if (copy < 0) return;
  death_ = std::make_unique<asio::posix::stream_descriptor>(settings_.loop, copy);
  death_->async_wait(asio::posix::stream_descriptor::wait_read, [weak = weak_from_this()](error_code error) {
    const auto self = weak.lock();
    if (!error && self) self->OnEnded();
  });
}

void ChannelDesk::OnEnded() {
  siginfo_t info = {};
  const bool ours = waitid(P_PIDFD, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) == 0;
  const bool asked = policy_.life() == ManagerPolicy::Life::kStopping;
  if (!asked) {
    Trouble(!ours ? "its manager has gone"
                  : absl::StrCat("its manager ",
                                 info.si_code == CLD_EXITED ? "exited with status " : "was killed by signal ",
                                 info.si_status, "; see ", folder_, "/manager.log"));
  }
  death_.reset();
  pidfd_.Reset();
  manager_pid_ = 0;
  link_.reset();
  greeted_ = false;
  dial_again_.reset();
  granted_at_.reset();
  state_ = channel_link::State();
  held_.clear();
  policy_.Ended(settings_.now());
  Notify();
}

void ChannelDesk::OnClosed(const absl::Status& status) {
  greeted_ = false;
  // Not here: it is the link that calls.
  asio::post(settings_.loop, [weak = weak_from_this(), status] {
    const auto self = weak.lock();
    if (!self || !self->link_ || self->link_->is_open()) return;
    self->link_.reset();
    if (!self->has_manager()) return;
    if (!absl::IsFailedPrecondition(status)) self->Trouble(std::string(status.message()));
    self->dial_again_ = self->settings_.now() + kDialAgain;  // unless its death is what comes next
    self->Notify();
  });
}

void ChannelDesk::OnHello(const channel_link::Hello& hello) {
  air::NoteStep("manager linked");
  manager_pid_ = hello.pid();
  greeted_ = true;
  held_.clear();
  for (const channel_link::HeldBlock& block : hello.blocks()) {
    const bool fixed = block.status() == channel_link::HeldBlock::FED ||
                       block.status() == channel_link::HeldBlock::ON_AIR ||
                       block.status() == channel_link::HeldBlock::AIRED;
    held_.push_back(
        {block.block_id(), FromUtcMs(block.start_utc_ms()), FromUtcMs(block.end_utc_ms()), fixed});
  }
  policy_.Up(settings_.now());
  SendSetup();
  Notify();
}

void ChannelDesk::OnState(const channel_link::State& state) {
  const bool news = state.phase() != state_.phase();
  state_ = state;
  policy_.Spoke(settings_.now());
  const bool delivers = state.phase() == channel_link::ON_AIR || state.phase() == channel_link::LINGERING;
  if (delivers || state.phase() == channel_link::WAITING) granted_at_.reset();
  if (delivers) trouble_.clear();
  if (news) Notify();
}

void ChannelDesk::OnNews(const channel_link::BlockNews& news) {
  std::string fixed;
  if (news.has_air() && news.air().has_block_started()) fixed = news.air().block_started().block_id();
  if (news.news_case() == channel_link::BlockNews::kFedBlockId) fixed = news.fed_block_id();
  for (HeldBlock& block : held_)
    if (block.block_id == fixed) block.fixed = true;
  if (news.has_refused()) {
    Trouble(absl::StrCat("block ", news.refused().block_id(), " is refused: ", news.refused().reason()));
  }
}

// ---- what is due

ManagerWish ChannelDesk::Wish() const {
  return {.exists = exists_,
          .always_on = channel_.always_on,
          .waiting = waiting_,
          .viewers = state_.viewers(),
          .runs_air = IsOnAir(state_.phase()) || state_.phase() == channel_link::STOPPING};
}

void ChannelDesk::Look() {
  const Monotonic now = settings_.now();
  const ManagerWish wish = Wish();
  if (wish.waiting > 0 || wish.viewers > 0 || wish.always_on || wish.runs_air) policy_.Needed(now);
  switch (policy_.Decide(wish, granted_at_.has_value(), now)) {
    case ManagerPolicy::Action::kSpawn:
      Spawn();
      break;
    case ManagerPolicy::Action::kStop:
      Stop(exists_ ? "no viewer is left" : "the channel is off");
      break;
    case ManagerPolicy::Action::kKill:
      Kill("it does not answer");
      break;
    case ManagerPolicy::Action::kNothing:
      break;
  }
  if (dial_again_.has_value() && now >= *dial_again_ && has_manager()) {
    dial_again_.reset();
    if (!Dial().ok()) dial_again_ = now + kDialAgain;
  }
  if (!IsStarting()) granted_at_.reset();
  std::erase_if(held_, [&](const HeldBlock& block) { return block.end + kFullAhead < settings_.utc_now(); });
  Feed();
}

void ChannelDesk::Feed() {
  const bool plays = waiting_ > 0 || channel_.always_on || state_.phase() != channel_link::IDLE;
  if (!greeted_ || !link_ || !plays || !exists_ || policy_.life() != ManagerPolicy::Life::kUp) return;
  const Instant now = settings_.utc_now();
  const std::optional<retrovue::Feed> feed = NextFeed(held_, book_, now);
  if (!feed.has_value()) return;
  channel_link::Blocks blocks;
  blocks.set_replace_from_utc_ms(UtcMs(feed->replace_from));
  for (const PlannedBlock& block : feed->blocks) {
    *blocks.add_blocks() = ToBlockPlan(channel_, block);
    if (IsOnAir(state_.phase()) && block.start - now < kLateLead) ++blocks_late_;
    if (fed_.size() < kMostFedKept) fed_.insert(block.block_id);
  }
  if (const absl::Status sent = link_->SendBlocks(blocks); !sent.ok()) {
    Trouble(absl::StrCat("blocks cannot be handed over: ", std::string(sent.message())));
    return;
  }
  held_ = AfterFeed(std::move(held_), *feed);
}

channel_link::Setup ChannelDesk::Setup() const {
  channel_link::Setup setup;
  setup.set_slug(channel_.slug);
  setup.set_title(channel_.title);
  setup.set_air_channel_id(AirChannelId(channel_));
  setup.set_program_format_json(channel_.program_format_json.empty() ? kUsualFormat
                                                                     : channel_.program_format_json);
  setup.set_evidence_endpoint(settings_.evidence_endpoint);
  for (const std::string& root : settings_.media_roots) setup.add_media_roots(root);
  setup.set_always_on(channel_.always_on && exists_);
  setup.set_linger_ms(std::int64_t{channel_.linger_s} * 1000);
  setup.set_director_incarnation(settings_.incarnation);
  return setup;
}

void ChannelDesk::SendSetup() {
  if (!link_) return;
  if (const absl::Status sent = link_->SendSetup(Setup()); !sent.ok())
    Trouble(absl::StrCat("its manager cannot be told what it is: ", std::string(sent.message())));
}

void ChannelDesk::Notify() {
  for (asio::steady_timer* waiter : waiters_) waiter->cancel();
  Look();
  settings_.on_change();
}

void ChannelDesk::Trouble(const std::string& text) {
  const std::string line = air::OneLine(text);
  if (line != trouble_) air::Log().warn("channel {}: {}", channel_.slug, line);
  trouble_ = line;
}

const std::string& ChannelDesk::last_error() const {
  return trouble_.empty() ? state_.last_error() : trouble_;
}

// ---- starts

bool ChannelDesk::NeedsStart() const {
  if (granted_at_.has_value()) return false;
  const Monotonic now = settings_.now();
  if (policy_.WantsToStart(Wish(), now)) return true;
  return policy_.life() == ManagerPolicy::Life::kUp && waiting_ > 0 && !is_on_air();
}

StartRequest ChannelDesk::Request(int id) const {
  return {id, waiting_ > 0, waiting_ > 0 ? waiting_since_ : Monotonic{}};
}

void ChannelDesk::Grant() {
  granted_at_ = settings_.now();
  Notify();
}

bool ChannelDesk::IsStarting() const {
  return granted_at_.has_value() && settings_.now() - *granted_at_ < kStartHolds;
}

// ---- viewers

ChannelDesk::Waiting::Waiting(std::shared_ptr<ChannelDesk> desk) : desk_(std::move(desk)) {
  if (desk_->waiting_++ == 0) desk_->waiting_since_ = desk_->settings_.now();
}

ChannelDesk::Waiting::~Waiting() {
  --desk_->waiting_;
  desk_->policy_.Needed(desk_->settings_.now());
}

bool ChannelDesk::is_on_air() const { return greeted_ && link_ && IsOnAir(state_.phase()); }

bool ChannelDesk::CanTake() const {
  if (!greeted_ || !link_ || !link_->is_open()) return false;
  const Instant now = settings_.utc_now();
  return is_on_air() || (granted_at_.has_value() && HeldUntil(held_, now) > now);
}

asio::awaitable<void> ChannelDesk::Changed(std::chrono::milliseconds limit) {
  const std::shared_ptr<ChannelDesk> self = shared_from_this();
  asio::steady_timer timer(settings_.loop);
  timer.expires_after(limit);
  waiters_.insert(&timer);
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  waiters_.erase(&timer);
}

absl::Status ChannelDesk::HandOver(const channel_link::Viewer& viewer, air::UniqueFd socket) {
  ++viewers_taken_;
  return link_->SendViewer(viewer, std::move(socket));
}

// ---- the end

void ChannelDesk::Stop(const std::string& reason) {
  if (!has_manager() || policy_.life() == ManagerPolicy::Life::kStopping) return;
  policy_.StopSent(settings_.now());
  if (link_ && link_->SendStop(reason).ok()) return;
  if (pidfd_.valid()) pidfd_send_signal(pidfd_.get(), SIGTERM, nullptr, 0);
}

void ChannelDesk::Kill(const std::string& why) {
  if (!pidfd_.valid()) {
    // Not here: it may be the link that calls.
    asio::post(settings_.loop, [weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self && self->has_manager() && !self->pidfd_.valid()) self->OnEnded();
    });
    return;
  }
  Trouble(absl::StrCat("its manager is killed: ", why));
  pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
}

std::vector<std::string> ChannelDesk::TakeFedBlocks() {
  std::vector<std::string> ids(fed_.begin(), fed_.end());
  fed_.clear();
  return ids;
}

void ChannelDesk::PutBackFedBlocks(const std::vector<std::string>& block_ids) {
  for (const std::string& id : block_ids)
    if (fed_.size() < kMostFedKept) fed_.insert(id);
}

Instant ChannelDesk::held_until() const { return HeldUntil(held_, settings_.utc_now()); }

}  // namespace retrovue
