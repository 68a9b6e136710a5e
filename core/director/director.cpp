#include "core/director/director.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <random>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "base/stage_log.h"
#include "core/director/decisions/media_roots.h"
#include "core/director/link_roots.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using boost::system::error_code;

constexpr auto kChannelsEvery = 2s;
constexpr auto kLinksEvery = 30s;  // while an ingest goes on
constexpr auto kLinksLimit = 3s;
constexpr auto kTick = 1s;
constexpr auto kBookOfRunning = 15s;  // how old a book may be while its channel runs
constexpr auto kBookOfOthers = 120s;
constexpr auto kDataLimit = 20s;  // for work in the background: no page waits for it
constexpr Millis kBookBehind = 10min, kBookAhead = 90min;
constexpr auto kLookAgain = 20ms;  // whether another task has read, or carried on, what is wanted
constexpr Millis kAwayPause = 5s;  // until a schedule is carried on again, while the database is away
constexpr auto kEndLimit = 15s;
constexpr std::size_t kJobs = 256;
constexpr std::size_t kCachedPages = 24;

std::uint64_t NewIncarnation() {
  std::random_device random;
  return (static_cast<std::uint64_t>(random()) << 32 | random()) | 1;
}

asio::awaitable<void> Sleep(asio::io_context& loop, std::chrono::milliseconds time) {
  asio::steady_timer timer(loop);
  timer.expires_after(time);
  error_code ignored;
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

// Errors of the database itself, not of what it was asked.
bool IsAway(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) ||
         absl::IsResourceExhausted(status) || absl::IsPermissionDenied(status) || absl::IsDataLoss(status) ||
         absl::IsInternal(status);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Director>> Director::Open(asio::io_context& loop, DirectorOptions options,
                                                         NetworkData& data, FindPageFile find_file) {
  std::unique_ptr<Director> director(new Director(loop, std::move(options), data, std::move(find_file)));
  Director* const d = director.get();
  auto evidence =
      EvidenceServer::Start(absl::StrCat("unix:", d->options_.run_folder, "/evidence.sock"), data,
                            [d](const std::string& name) -> std::optional<ChannelId> {
                              const std::lock_guard lock(d->names_lock_);
                              const auto found = d->names_.find(name);
                              return found == d->names_.end() ? std::nullopt : std::optional(found->second);
                            });
  if (!evidence.ok()) return evidence.status();
  d->evidence_ = *std::move(evidence);
  d->link_roots_ = RememberedLinkRoots(d->options_.run_folder);
  d->desk_settings_->evidence_endpoint = d->evidence_->endpoint();
  return director;
}

Director::Director(asio::io_context& loop, DirectorOptions options, NetworkData& data, FindPageFile find_file)
    : loop_(loop),
      options_(std::move(options)),
      data_(data),
      find_file_(std::move(find_file)),
      desk_settings_(std::make_shared<DeskSettings>(
          DeskSettings{.loop = loop,
                       .manager_program = options_.manager_program,
                       .run_folder = options_.run_folder,
                       .evidence_endpoint = {},
                       .media_roots = {},  // of the catalogue, see SetMediaRoots
                       .clock_shift_ms = options_.clock_shift.count(),
                       .log_level = options_.log_level,
                       .incarnation = NewIncarnation(),
                       .utc_now = [this] { return UtcNow(); },
                       .now = [] { return std::chrono::steady_clock::now(); },
                       .on_change = [this] { GrantStarts(); }})),
      cache_(
          loop, [] { return std::chrono::steady_clock::now(); }, kCachedPages),
      http_(HostRule(options_.host_names),
            {.page = [this](const PageRequest& request) { return Page(request); },
             .stream = [this](const PageRequest& request,
                              HttpService::Stream& stream) { return TuneIn(request, stream); }}),
      writer_("data.write", kJobs),
      reader_("data.read", kJobs),
      pages_("pages", kJobs),
      files_("files", kJobs),
      links_("links", 1) {}

Director::~Director() { evidence_.reset(); }

Instant Director::UtcNow() const {
  return std::chrono::floor<Millis>(std::chrono::system_clock::now()) + options_.clock_shift;
}

void Director::Serve(std::unique_ptr<air::HttpListener> listener, HttpService::Audience audience) {
  http_.Serve(std::move(listener), audience);
}

void Director::Start() {
  asio::co_spawn(loop_, WatchChannels(), asio::detached);
  asio::co_spawn(loop_, CarryOnForEver(), asio::detached);
  asio::co_spawn(loop_, KeepTime(), asio::detached);
}

void Director::Stop(const std::string& reason) {
  if (stopping_) return;
  stopping_ = true;
  air::Log().info("ending: {}", reason);
  for (const auto& [id, desk] : desks_) desk->Stop(reason);
  asio::co_spawn(loop_, EndInOrder(), asio::detached);
}

asio::awaitable<void> Director::EndInOrder() {
  const auto limit = std::chrono::steady_clock::now() + kEndLimit;
  const auto runs = [](const auto& entry) { return entry.second->has_manager(); };
  while (std::any_of(desks_.begin(), desks_.end(), runs) && std::chrono::steady_clock::now() < limit)
    co_await Sleep(loop_, 50ms);
  for (const auto& [id, desk] : desks_)
    if (desk->has_manager()) desk->Kill("it has not ended in time");
  // What AIR said last comes in.
  for (int i = 0; i < 20 && evidence_->counts().streams > 0 && evidence_->counts().behind > 0; ++i)
    co_await Sleep(loop_, 50ms);
  loop_.stop();
}

// ---- channels

asio::awaitable<void> Director::WatchChannels() {
  while (!stopping_) {
    co_await ReadChannels(kDataLimit);
    co_await Sleep(loop_, kChannelsEvery);
  }
}

asio::awaitable<void> Director::ReadChannels(Milliseconds limit) {
  std::function<absl::StatusOr<NetworkData::ChannelList>()> job = [data = &data_] {
    return data->Channels();
  };
  auto list = co_await Ask<NetworkData::ChannelList>(loop_, reader_, std::move(job), limit);
  NoteRead(list.status());
  if (!list.ok() || stopping_) co_return;
  co_await ReadLinks(*list, limit);
  if (stopping_) co_return;
  SetMediaRoots(list->media_roots);
  SetChannels(*std::move(list));
}

asio::awaitable<void> Director::ReadLinks(const NetworkData::ChannelList& list, Milliseconds limit) {
  const Monotonic now = std::chrono::steady_clock::now();
  const bool is_fresh = links_read_.has_value() && now - *links_read_ < kLinksEvery;
  if (links_catalogue_ == list.catalogue || is_fresh) co_return;
  links_read_ = now;
  const std::int64_t catalogue = list.catalogue;
  std::function<absl::StatusOr<std::vector<std::string>>()> read = [data = &data_] {
    return data->AssetPaths();
  };
  auto paths = co_await Ask<std::vector<std::string>>(loop_, reader_, std::move(read), limit);
  NoteRead(paths.status());
  if (!paths.ok()) co_return;
  std::function<absl::StatusOr<LinkRoots>()> look = [roots = list.media_roots, paths = *std::move(paths),
                                                     run_folder = options_.run_folder] {
    LinkRoots links = FindLinkRoots(roots, paths);
    RememberLinkRoots(run_folder, links.roots);
    return absl::StatusOr<LinkRoots>(std::move(links));
  };
  const auto found =
      co_await Ask<LinkRoots>(loop_, links_, std::move(look), std::min<Milliseconds>(limit, kLinksLimit));
  if (!found.ok()) {
    air::Log().warn("where new links in the media lead is not known, what lies behind them is not played: {}",
                    std::string(found.status().message()));
    co_return;
  }
  if (found->more) {
    air::Log().warn("more than {} links lead out of the media: give --media-root for where they lead",
                    std::size_t{LinkRoots::kMost});
  }
  links_catalogue_ = catalogue;
  link_roots_ = found->roots;
}

void Director::SetMediaRoots(const std::vector<std::string>& of_catalogue) {
  std::vector<std::string> roots = MediaRoots({of_catalogue, link_roots_, options_.media_roots});
  if (roots == desk_settings_->media_roots) return;
  desk_settings_->media_roots = std::move(roots);
  air::Log().info("AIR may play from {}", absl::StrJoin(desk_settings_->media_roots, ", "));
  for (const auto& [id, desk] : desks_) desk->SettingsChanged();
}

void Director::NoteRead(const absl::Status& status) {
  database_was_asked_ = database_was_asked_ || status.ok() || IsAway(status);
  if (status.ok()) {
    if (!database_error_.empty()) air::Log().info("the database answers again");
    database_answers_ = true;
    database_error_.clear();
    return;
  }
  if (!IsAway(status)) return;
  if (database_error_.empty()) air::Log().error("the database: {}", std::string(status.message()));
  database_answers_ = false;
  database_error_ = std::string(status.message());
}

void Director::NoteWrite(const absl::Status& status) {
  if (status.ok()) {
    if (!write_error_.empty()) air::Log().info("the database can be written again");
    write_error_.clear();
    return;
  }
  if (!IsAway(status)) return;
  if (write_error_.empty())
    air::Log().error("the database cannot be written: {}", std::string(status.message()));
  write_error_ = std::string(status.message());
}

void Director::SetChannels(NetworkData::ChannelList list) {
  channels_read_ = std::chrono::steady_clock::now();
  instance_id_ = std::move(list.instance_id);
  std::map<std::string, ChannelId> names;
  std::map<std::string, bool> there;
  for (Channel& channel : list.channels) {
    const std::string id = channel.id.text;
    names.emplace(channel.slug, channel.id);
    there[id] = true;
    const auto known = desks_.find(id);
    if (known != desks_.end()) {
      const bool active = channel.is_active;
      const bool same =
          channel.version == known->second->channel().version && active == known->second->exists();
      if (!same) known->second->SetChannel(std::move(channel), active);
      continue;
    }
    const bool active = channel.is_active;
    const auto desk = std::make_shared<ChannelDesk>(desk_settings_, std::move(channel));
    desks_.emplace(id, desk);
    if (!active) desk->SetChannel(desk->channel(), false);
    if (desk->TakeUp()) air::Log().info("channel {}: its manager runs and is taken up", desk->channel().slug);
  }
  // A channel that was deleted while it was on the air says how it ended.
  for (const auto& [id, desk] : desks_) names.emplace(desk->channel().slug, desk->channel().id);
  {
    const std::lock_guard lock(names_lock_);
    names_ = std::move(names);
  }
  evidence_->ChannelsAreKnown();
  for (auto it = desks_.begin(); it != desks_.end();) {
    const Desk desk = it->second;
    if (!there.contains(it->first)) {
      if (desk->exists()) desk->SetChannel(desk->channel(), false);
      if (!desk->has_manager()) {
        care_.erase(it->first);
        it = desks_.erase(it);
        continue;
      }
    }
    ++it;
  }
  channels_known_ = true;
}

// ---- books and horizons

asio::awaitable<void> Director::ReadBook(Desk desk, Milliseconds limit) {
  const std::string id = desk->channel().id.text;
  // What another task is reading may be older than what this one was asked for.
  const auto until = std::chrono::steady_clock::now() + limit;
  while (care_[id].is_reading) {
    if (std::chrono::steady_clock::now() >= until) co_return;
    co_await Sleep(loop_, kLookAgain);
  }
  const auto left = std::chrono::duration_cast<Milliseconds>(until - std::chrono::steady_clock::now());
  care_[id].is_reading = true;
  const Instant now = UtcNow();
  std::function<absl::StatusOr<NetworkData::Stored>()> job =
      [data = &data_, id = desk->channel().id, from = now - kBookBehind, to = now + kBookAhead] {
        return data->Book(id, from, to);
      };
  auto stored = co_await Ask<NetworkData::Stored>(loop_, reader_, std::move(job), left);
  Care& after = care_[desk->channel().id.text];
  after.is_reading = false;
  NoteRead(stored.status());
  if (!stored.ok()) co_return;
  after.book_read = std::chrono::steady_clock::now();
  stored->book.schedule_error = desk->book().schedule_error;
  desk->book() = std::move(stored->book);
  desk->horizon() = stored->horizon;
  desk->Look();
}

asio::awaitable<void> Director::CarryOn(Desk desk, Milliseconds limit) {
  const std::string id = desk->channel().id.text;
  if (care_[id].is_carrying_on) {
    // A viewer who comes while a new network's first schedule is made gets it, too.
    const auto until = std::chrono::steady_clock::now() + limit;
    while (care_[id].is_carrying_on) {
      if (stopping_ || std::chrono::steady_clock::now() >= until) co_return;
      co_await Sleep(loop_, kLookAgain);
    }
    co_return;
  }
  care_[id].is_carrying_on = true;
  std::function<absl::StatusOr<int>()> job = [data = &data_,
                                              channel = desk->channel().id]() -> absl::StatusOr<int> {
    const absl::Status status = data->CarryOn(channel);
    if (!status.ok()) return status;
    return 0;
  };
  const absl::StatusOr<int> done = co_await Ask<int>(loop_, writer_, std::move(job), limit);
  NoteWrite(done.status());
  Care& care = care_[id];
  if (done.ok()) {
    care.failures = 0;
    desk->book().schedule_error.clear();
  } else {
    ++horizon_failures_;
    ++care.failures;
    // A database that is back is known to be by what is done with it.
    care.not_before = UtcNow() + (IsAway(done.status()) ? kAwayPause : HorizonPause(care.failures));
    const std::string why(done.status().message());
    if (!IsAway(done.status()) && desk->book().schedule_error != why)
      air::Log().warn("channel {}: its schedule cannot be carried on: {}", desk->channel().slug, why);
    if (!IsAway(done.status())) desk->book().schedule_error = why;
  }
  co_await ReadBook(desk, limit);
  care_[id].is_carrying_on = false;
}

asio::awaitable<void> Director::CarryOnForEver() {
  while (!stopping_) {
    co_await Sleep(loop_, kTick);
    std::vector<Desk> desks;
    for (const auto& [id, desk] : desks_)
      if (desk->exists()) desks.push_back(desk);
    for (const Desk& desk : desks) {
      if (stopping_) co_return;
      const Care care = care_[desk->channel().id.text];
      const auto oldest = desk->has_manager() ? kBookOfRunning : kBookOfOthers;
      if (!care.book_read.has_value() || std::chrono::steady_clock::now() - *care.book_read >= oldest)
        co_await ReadBook(desk, kDataLimit);
      const absl::StatusOr<absl::TimeZone> zone = FindTimeZone(desk->channel().time_zone);
      if (!zone.ok()) {
        desk->book().schedule_error = std::string(zone.status().message());
        continue;
      }
      const Instant now = UtcNow();
      const HorizonDue due =
          DueHorizon(desk->channel(), Grid(desk->channel().grid, *zone), desk->horizon(), now);
      if ((due.days || due.playlog) && now >= care.not_before && care_[desk->channel().id.text].book_read)
        co_await CarryOn(desk, kDataLimit);
    }
  }
}

// ---- time, starts, marks

asio::awaitable<void> Director::KeepTime() {
  while (true) {
    co_await Sleep(loop_, kTick);
    std::vector<Desk> desks;
    for (const auto& [id, desk] : desks_) desks.push_back(desk);
    for (const Desk& desk : desks) desk->Look();
    GrantStarts();
    MarkFed();
  }
}

// Not at once: desks call it in the middle of what they do.
void Director::GrantStarts() {
  if (std::exchange(grant_is_due_, true)) return;
  asio::post(loop_, [this] {
    grant_is_due_ = false;
    if (stopping_) return;
    std::vector<Desk> desks;
    std::vector<StartRequest> requests;
    int starting = 0;
    for (const auto& [id, desk] : desks_) {
      if (desk->NeedsStart()) requests.push_back(desk->Request(static_cast<int>(desks.size())));
      starting += desk->IsStarting() ? 1 : 0;
      desks.push_back(desk);
    }
    for (const int index : WhoMayStart(std::move(requests), starting, options_.most_starts))
      desks[static_cast<std::size_t>(index)]->Grant();
  });
}

void Director::MarkFed() {
  if (marking_ || !database_answers_) return;
  std::vector<std::string> ids;
  std::vector<std::pair<Desk, std::vector<std::string>>> portions;
  for (const auto& [id, desk] : desks_) {
    std::vector<std::string> of_desk = desk->TakeFedBlocks();
    if (of_desk.empty()) continue;
    ids.insert(ids.end(), of_desk.begin(), of_desk.end());
    portions.emplace_back(desk, std::move(of_desk));
  }
  if (ids.empty()) return;
  marking_ = true;
  const bool queued = writer_.Post([this, ids, portions] {
    const absl::Status marked = data_.MarkFed(ids);
    asio::post(loop_, [this, marked, portions] {
      marking_ = false;
      NoteWrite(marked);
      if (!IsAway(marked)) return;
      for (const auto& [desk, of_desk] : portions) desk->PutBackFedBlocks(of_desk);
    });
  });
  if (!queued) {
    marking_ = false;
    for (const auto& [desk, of_desk] : portions) desk->PutBackFedBlocks(of_desk);
  }
}

}  // namespace retrovue
