// How viewers are let in (director.h).
#include <sys/stat.h>
#include <unistd.h>

#include <utility>  // first: boost/asio/awaitable.hpp 1.74 needs it and does not say so

#include <algorithm>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>

#include "absl/strings/numbers.h"
#include "base/stage_log.h"
#include "base/step_log.h"
#include "core/director/decisions/tune_in.h"
#include "core/director/director.h"

namespace retrovue {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

constexpr auto kTuneInLimit = 8s;      // from the decision to the hand-over
constexpr auto kViewerDataLimit = 3s;  // what a viewer waits for the database
constexpr auto kFileLimit = 2s;
constexpr auto kChannelsAge = 500ms;  // a list this old is read again for a name it does not have

}  // namespace

Director::Desk Director::KnownDesk(const std::string& slug) const {
  for (const auto& [id, desk] : desks_)
    if (desk->exists() && desk->channel().slug == slug) return desk;
  int number = 0;
  if (!absl::SimpleAtoi(slug, &number)) return nullptr;
  for (const auto& [id, desk] : desks_)
    if (desk->exists() && desk->channel().number == number) return desk;
  return nullptr;
}

asio::awaitable<Director::Desk> Director::FindDesk(std::string slug) {
  Desk desk = KnownDesk(slug);
  const bool is_fresh =
      channels_read_.has_value() && std::chrono::steady_clock::now() - *channels_read_ < kChannelsAge;
  if (desk == nullptr && !is_fresh && !stopping_) {
    co_await ReadChannels(kViewerDataLimit);
    desk = KnownDesk(slug);
  }
  co_return desk;
}

asio::awaitable<std::optional<Answer>> Director::TuneIn(const PageRequest& request,
                                                        HttpService::Stream& stream) {
  air::NoteStep("request read");
  const Desk desk = co_await FindDesk(request.route.slug);
  std::optional<ChannelDesk::Waiting> waiting;  // from here on it counts as a viewer
  TuneInFacts facts;
  facts.slug = request.route.slug;
  if (desk != nullptr) {
    facts.slug = desk->channel().slug;
    facts.is_known = true;
    waiting.emplace(desk);
  }
  bool may_read = true;
  for (;;) {
    facts.database_answers = database_answers_;
    if (desk != nullptr) {
      facts.is_on_air = desk->is_on_air();
      facts.book = &desk->book();
    }
    const auto decided = DecideTuneIn(facts, UtcNow(), may_read);
    if (const auto* answer = std::get_if<Answer>(&decided)) co_return *answer;
    if (std::holds_alternative<HandOver>(decided)) break;
    if (const auto* look = std::get_if<LookAtFile>(&decided)) {
      facts.file = co_await LookAt(look->path);
      continue;
    }
    may_read = false;
    co_await CarryOn(desk, kViewerDataLimit);
  }

  air::NoteStep("viewer admitted");
  GrantStarts();
  const auto limit = std::chrono::steady_clock::now() + kTuneInLimit;
  bool was_granted = false;
  while (!desk->CanTake()) {
    was_granted = was_granted || desk->was_granted();
    const auto left = std::chrono::duration_cast<Milliseconds>(limit - std::chrono::steady_clock::now());
    if (left <= 0ms || stopping_)
      co_return was_granted ? NotYetOnAir(facts.slug, desk->last_error())
                            : TooManyStarts(options_.most_starts);
    desk->Look();
    if (desk->CanTake()) break;
    co_await desk->Changed(std::min<Milliseconds>(left, 250ms));
  }

  channel_link::Viewer viewer;
  viewer.set_key(desk->viewers_taken() + 1);
  viewer.set_path(request.target);
  viewer.set_http_minor(request.http_minor);
  viewer.set_client(request.client);
  viewer.set_user_agent(request.user_agent);
  stream.expires_never();
  boost::system::error_code error;
  air::UniqueFd socket(stream.socket().release(error));
  if (error || !socket.valid()) co_return NotYetOnAir(facts.slug, error.message());
  const absl::Status handed = desk->HandOver(viewer, std::move(socket));
  air::NoteStep("viewer handed over");
  if (!handed.ok())
    air::Log().warn("channel {}: a viewer is lost: {}", facts.slug, std::string(handed.message()));
  co_return std::nullopt;
}

asio::awaitable<FileFinding> Director::LookAt(std::string path) {
  using State = FileFinding::State;
  std::function<absl::StatusOr<FileFinding>()> job = [path]() -> absl::StatusOr<FileFinding> {
    struct stat found {};
    if (stat(path.c_str(), &found) != 0) return FileFinding{State::kMissing, path, std::strerror(errno)};
    if (!S_ISREG(found.st_mode)) return FileFinding{State::kMissing, path, "it is no regular file"};
    if (access(path.c_str(), R_OK) != 0) return FileFinding{State::kMissing, path, std::strerror(errno)};
    return FileFinding{State::kFine, path, ""};
  };
  const auto finding = co_await Ask<FileFinding>(loop_, files_, std::move(job), kFileLimit);
  co_return finding.ok() ? *finding : FileFinding{State::kNoAnswer, path, ""};
}

asio::awaitable<Answer> Director::StreamHead(const PageRequest& request) {
  const Desk desk = co_await FindDesk(request.route.slug);
  if (desk == nullptr) {
    TuneInFacts facts;
    facts.slug = request.route.slug;
    facts.database_answers = database_answers_;
    const auto decided = DecideTuneIn(facts, UtcNow(), false);
    co_return std::get<Answer>(decided);
  }
  Answer answer;
  answer.content_type = "video/mp2t";
  answer.endless = true;
  answer.headers = {{"Accept-Ranges", "none"}, {"X-Accel-Buffering", "no"}};
  co_return answer;
}

}  // namespace retrovue
