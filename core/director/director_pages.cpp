// The pages the director answers with (director.h).
#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "core/director/director.h"
#include "core/director/pages/gzip.h"
#include "core/director/pages/logo_file.h"
#include "core/guide/guide_json.h"
#include "core/guide/m3u.h"
#include "core/guide/xmltv.h"
#include "core/model/stable_hash.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kPageLimit = 20s;
constexpr auto kXmltvGoodFor = 20s;
constexpr auto kApiGoodFor = 3s;
constexpr auto kLogoLimit = 3s;
constexpr auto kLogoGoodFor = 60s;
constexpr int kUsualGuideDays = 3, kMostGuideDays = 14;
constexpr Millis kGuideStep = 30min;  // a guide begins at one of these, so that it is the same for a while

std::string EtagOf(const std::string& text) {
  return absl::StrFormat("\"%016x\"", StableHash(text.size(), text));
}

std::string Query(const PageRequest& request, const char* name) {
  const auto found = request.route.query.find(name);
  return found == request.route.query.end() ? std::string() : found->second;
}

Answer DatabaseAway(const std::string& why) {
  return ErrorAnswer(AnswerCode::kDatabaseAway,
                     absl::StrCat("the database does not answer", why.empty() ? "" : ": ", why),
                     std::chrono::seconds(2));
}

// `guides` outlives it.
DetailsOf DetailsIn(const NetworkData::GuideSet& guides) {
  return [&guides](const GuideEntry& entry) { return guides.DetailsOf(entry); };
}

const char* NameOf(const ChannelDesk& desk) {
  if (!desk.has_manager()) return "off";
  switch (desk.state().phase()) {
    case channel_link::STARTING:
      return "starting";
    case channel_link::ON_AIR:
      return "on the air";
    case channel_link::LINGERING:
      return "lingering";
    case channel_link::WAITING:
      return "waiting";
    case channel_link::STOPPING:
      return "stopping";
    default:
      return "idle";
  }
}

}  // namespace

asio::awaitable<Answer> Director::Page(const PageRequest& request) {
  switch (request.route.kind) {
    case RouteKind::kFile: {
      const std::optional<Answer> file = find_file_(request);
      if (!file.has_value())
        co_return ErrorAnswer(AnswerCode::kNotFound, "there is no such page; /channels lists the channels");
      co_return *file;
    }
    case RouteKind::kStream:
      co_return co_await StreamHead(request);
    case RouteKind::kLogo:
      co_return co_await LogoPage(request);
    case RouteKind::kChannels:
    case RouteKind::kApiChannels:
    case RouteKind::kPlaylist:
      co_return ChannelsPage(request);
    case RouteKind::kGuide:
      co_return co_await GuidePage(request, false);
    case RouteKind::kGuideGz:
      co_return co_await GuidePage(request, true);
    case RouteKind::kApiGuide:
      co_return co_await ApiGuide(request);
    case RouteKind::kApiNow:
      co_return co_await ApiNow(request);
    case RouteKind::kApiStatus:
      co_return JsonAnswer(StatusJson(Snapshot()));
    case RouteKind::kMetrics:
      co_return TextAnswer(kMetricsContentType, MetricsText(Snapshot()));
    case RouteKind::kHealthz:
      co_return TextAnswer("text/plain; charset=utf-8", "ok\n");
    case RouteKind::kReadyz: {
      const std::vector<std::string> why = WhyNotReady(Snapshot());
      if (why.empty()) co_return TextAnswer("text/plain; charset=utf-8", "ready\n");
      co_return ErrorAnswer(AnswerCode::kNotReady, absl::StrJoin(why, "; "), std::chrono::seconds(2));
    }
  }
  co_return ErrorAnswer(AnswerCode::kNotFound, "there is no such page");
}

std::vector<Channel> Director::ActiveChannels() const {
  std::vector<Channel> channels;
  for (const auto& [id, desk] : desks_)
    if (desk->exists()) channels.push_back(desk->channel());
  return channels;
}

Answer Director::ChannelsUnknown() const {
  if (database_was_asked_) return DatabaseAway(database_error_);
  return ErrorAnswer(AnswerCode::kStarting, "the network is starting: its channels are being read",
                     std::chrono::seconds(1));
}

Answer Director::ChannelsPage(const PageRequest& request) const {
  if (!channels_known_) return ChannelsUnknown();
  const std::vector<Channel> channels = ActiveChannels();
  const std::vector<const Channel*> in_order = InGuideOrder(channels);
  if (request.route.kind == RouteKind::kApiChannels) return JsonAnswer(ChannelsJson(in_order, UtcNow()));
  const Site site{request.base_url, instance_id_};
  if (request.route.kind == RouteKind::kPlaylist) {
    const std::string client = Query(request, "client");
    const M3uClient kind =
        M3uClientOf(request.user_agent, client.empty() ? "" : absl::StrCat("client=", client));
    return TextAnswer(std::string(kM3uContentType), WriteM3u(in_order, site, kind));
  }
  const bool full = Query(request, "full") == "1";
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Channel* channel : in_order) {
    nlohmann::ordered_json one;
    one["id"] = channel->slug;
    one["name"] = channel->title;
    if (full) {
      if (channel->number.has_value()) one["number"] = *channel->number;
      one["group"] = channel->group;
      one["stream"] = StreamUrlOf(*channel, site);
      one["guide_id"] = GuideIdOf(*channel, site);
      one["always_on"] = channel->always_on;
    }
    list.push_back(std::move(one));
  }
  nlohmann::ordered_json all;
  all["channels"] = std::move(list);
  return JsonAnswer(all.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n");
}

// Noted here, and not where it is answered: that may be a page of before, while the database is away.
asio::awaitable<absl::StatusOr<Answer>> Director::AskForPage(std::function<absl::StatusOr<Answer>()> job) {
  absl::StatusOr<Answer> made = co_await Ask<Answer>(loop_, pages_, std::move(job), kPageLimit);
  NoteRead(made.status());
  co_return made;
}

asio::awaitable<Answer> Director::GuidePage(const PageRequest& request, bool gzip) {
  if (!channels_known_) co_return ChannelsUnknown();
  int days = kUsualGuideDays;
  if (const std::string wanted = Query(request, "days"); !wanted.empty()) {
    if (!absl::SimpleAtoi(wanted, &days) || days < 1 || days > kMostGuideDays) {
      co_return ErrorAnswer(AnswerCode::kDaysWrong,
                            absl::StrCat("days must be a number from 1 to ", kMostGuideDays));
    }
  } else {
    for (const auto& [id, desk] : desks_)
      if (desk->exists()) days = std::max(days, desk->channel().epg_horizon_days);
  }
  const Instant from(UtcNow().time_since_epoch() / kGuideStep * kGuideStep);
  const Instant to = from + days * std::chrono::hours(24);
  PageCache::Make make = [this, request, from, to, gzip]() -> asio::awaitable<absl::StatusOr<Answer>> {
    std::function<absl::StatusOr<Answer>()> job =
        [data = &data_, channels = ActiveChannels(), from, to, gzip,
         site = Site{request.base_url, instance_id_}]() -> absl::StatusOr<Answer> {
      const auto guides = data->Guides(channels, from, to);
      if (!guides.ok()) return guides.status();
      std::vector<ChannelGuide> in_order;
      for (const Channel* channel : InGuideOrder(channels))
        in_order.push_back({channel, &guides->guides[static_cast<std::size_t>(channel - channels.data())]});
      std::string text = WriteXmltv(in_order, from, to, site, DetailsIn(*guides));
      Answer answer = gzip ? TextAnswer("application/gzip", Gzip(text))
                           : TextAnswer(std::string(kXmltvContentType), std::move(text));
      answer.headers = {{"ETag", EtagOf(*answer.body)}, {"Cache-Control", "no-cache"}};
      return answer;
    };
    co_return co_await AskForPage(std::move(job));
  };
  const absl::StatusOr<Answer> made = co_await cache_.Get(
      absl::StrCat(gzip ? "gz " : "xml ", days, " ", request.base_url), kXmltvGoodFor, std::move(make));
  if (!made.ok()) co_return DatabaseAway(std::string(made.status().message()));
  Answer answer = *made;
  const std::string etag(answer.Header("ETag"));
  std::erase_if(answer.headers, [](const auto& header) { return header.first == "ETag"; });
  co_return WithEtag(std::move(answer), etag, request.if_none_match);
}

asio::awaitable<Answer> Director::ApiGuide(const PageRequest& request) {
  if (!channels_known_) co_return ChannelsUnknown();
  const Instant now = UtcNow();
  const auto span = GuideSpanOf(Query(request, "from"), Query(request, "to"), now);
  if (!span.ok()) co_return ErrorAnswer(AnswerCode::kSpanWrong, std::string(span.status().message()));
  PageCache::Make make = [this, span = *span]() -> asio::awaitable<absl::StatusOr<Answer>> {
    std::function<absl::StatusOr<Answer>()> job = [data = &data_, channels = ActiveChannels(), span,
                                                   now_again = UtcNow()]() -> absl::StatusOr<Answer> {
      const auto guides = data->Guides(channels, span.from, span.to);
      if (!guides.ok()) return guides.status();
      std::vector<ChannelGuide> in_order;
      for (const Channel* channel : InGuideOrder(channels))
        in_order.push_back({channel, &guides->guides[static_cast<std::size_t>(channel - channels.data())]});
      return TextAnswer(std::string(kJsonContentType),
                        GuideJson(in_order, span.from, span.to, now_again, DetailsIn(*guides)));
    };
    co_return co_await AskForPage(std::move(job));
  };
  const absl::StatusOr<Answer> made = co_await cache_.Get(
      absl::StrCat("api ", UtcMs(span->from), " ", UtcMs(span->to)), kApiGoodFor, std::move(make));
  if (!made.ok()) co_return DatabaseAway(std::string(made.status().message()));
  co_return *made;
}

asio::awaitable<Answer> Director::ApiNow(const PageRequest& request) {
  const Desk desk = co_await FindDesk(request.route.slug);
  if (desk == nullptr && !database_answers_) co_return DatabaseAway(database_error_);
  if (desk == nullptr) {
    co_return ErrorAnswer(
        AnswerCode::kChannelNotFound,
        absl::StrCat("there is no channel \"", request.route.slug, "\"; /channels lists them"));
  }
  PageCache::Make make = [this, channel = desk->channel()]() -> asio::awaitable<absl::StatusOr<Answer>> {
    std::function<absl::StatusOr<Answer>()> job = [data = &data_, channel,
                                                   now = UtcNow()]() -> absl::StatusOr<Answer> {
      const auto guides = data->Guides({channel}, now, now + std::chrono::hours(48));
      if (!guides.ok()) return guides.status();
      return TextAnswer(std::string(kJsonContentType),
                        NowJson({&channel, &guides->guides.front()}, now, DetailsIn(*guides)));
    };
    co_return co_await AskForPage(std::move(job));
  };
  const absl::StatusOr<Answer> made =
      co_await cache_.Get(absl::StrCat("now ", desk->channel().slug), kApiGoodFor, std::move(make));
  if (!made.ok()) co_return DatabaseAway(std::string(made.status().message()));
  co_return *made;
}

asio::awaitable<Answer> Director::LogoPage(const PageRequest& request) {
  const Desk desk = co_await FindDesk(request.route.slug);
  if (desk == nullptr || desk->channel().logo_path.empty()) {
    co_return ErrorAnswer(AnswerCode::kNotFound,
                          absl::StrCat("there is no logo of \"", request.route.slug,
                                       "\"; retrovue channel update --logo FILE gives a channel one"));
  }
  PageCache::Make make = [this,
                          path = desk->channel().logo_path]() -> asio::awaitable<absl::StatusOr<Answer>> {
    std::function<absl::StatusOr<std::string>()> job = [path] { return ReadLogo(path); };
    absl::StatusOr<std::string> read = co_await Ask<std::string>(loop_, files_, std::move(job), kLogoLimit);
    if (!read.ok()) co_return read.status();
    Answer answer = TextAnswer("image/png", *std::move(read));
    answer.headers = {{"ETag", EtagOf(*answer.body)}, {"Cache-Control", "max-age=3600"}};
    co_return answer;
  };
  const absl::StatusOr<Answer> made =
      co_await cache_.Get(absl::StrCat("logo ", desk->channel().logo_path), kLogoGoodFor, std::move(make));
  if (!made.ok()) co_return ErrorAnswer(AnswerCode::kNotFound, std::string(made.status().message()));
  Answer answer = *made;
  const std::string etag(answer.Header("ETag"));
  std::erase_if(answer.headers, [](const auto& header) { return header.first == "ETag"; });
  co_return WithEtag(std::move(answer), etag, request.if_none_match);
}

// ---- what is said of ourselves

DirectorSnapshot Director::Snapshot() const {
  DirectorSnapshot s;
  s.now = UtcNow();
  s.clock_shift_ms = options_.clock_shift.count();
  s.channels_known = channels_known_;
  s.database_was_asked = database_was_asked_;
  s.database_answers = database_answers_;
  s.database_error = database_error_;
  s.database_errors = data_.database_errors();
  const EvidenceCounts evidence = evidence_->counts();
  s.write_error = write_error_.empty() ? evidence.last_error : write_error_;
  s.evidence_received = evidence.received;
  s.evidence_stored = evidence.stored;
  s.evidence_refused = evidence.refused;
  s.evidence_behind = evidence.behind;
  s.evidence_failed_writes = evidence.failed_writes;
  s.evidence_streams = evidence.streams;
  s.horizon_failures = horizon_failures_;
  for (const Worker* worker : {&writer_, &reader_, &pages_, &files_, &links_})
    s.waiting_jobs[worker->name()] = worker->waiting();
  s.answers = http_.answers();
  s.connections_refused = http_.refused();
  for (const auto& [id, desk] : desks_) {
    s.starts_waiting += desk->NeedsStart() ? 1 : 0;
    s.starts_running += desk->IsStarting() ? 1 : 0;
    if (!desk->exists()) continue;
    const channel_link::State& state = desk->state();
    ChannelSnapshot c;
    c.slug = desk->channel().slug;
    c.title = desk->channel().title;
    c.always_on = desk->channel().always_on;
    c.phase = NameOf(*desk);
    c.is_up = state.phase() == channel_link::ON_AIR || state.phase() == channel_link::LINGERING;
    c.viewers = state.viewers() + desk->waiting();
    c.manager_pid = desk->manager_pid();
    c.air_pid = state.air_pid();
    c.air_metrics = state.metrics_address();
    c.block_on_air = state.block_on_air();
    if (const auto zone = FindTimeZone(desk->channel().time_zone);
        zone.ok() && desk->horizon().last_day.has_value())
      c.schedule_ahead_ms =
          (Grid(desk->channel().grid, *zone).Anchor(*desk->horizon().last_day + 1) - s.now).count();
    if (desk->horizon().playlog_until.has_value())
      c.playlog_ahead_ms = std::max<std::int64_t>(0, (*desk->horizon().playlog_until - s.now).count());
    c.fed_ahead_ms = (desk->held_until() - s.now).count();
    c.blocks_late = desk->blocks_late() + state.blocks_late();
    c.manager_failures = desk->policy().failures();
    c.manager_takeovers = desk->takeovers();
    c.viewers_taken = desk->viewers_taken();
    c.last_error = desk->last_error().empty() ? desk->book().schedule_error : desk->last_error();
    s.channels.push_back(std::move(c));
  }
  std::sort(s.channels.begin(), s.channels.end(),
            [](const ChannelSnapshot& a, const ChannelSnapshot& b) { return a.slug < b.slug; });
  return s;
}

}  // namespace retrovue
