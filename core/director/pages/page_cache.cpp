#include "core/director/pages/page_cache.h"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace retrovue {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds kLongestWait(30);  // for a page that another request makes

}  // namespace

PageCache::PageCache(asio::io_context& loop, std::function<Clock::time_point()> now, std::size_t most)
    : loop_(loop), now_(std::move(now)), most_(most) {}

asio::awaitable<absl::StatusOr<Answer>> PageCache::Get(std::string key, std::chrono::milliseconds good_for,
                                                       Make make) {
  const auto found = entries_.find(key);
  const bool is_new = found == entries_.end();
  if (is_new) MakeRoom();
  const std::shared_ptr<Entry> entry =
      is_new ? entries_.emplace(key, std::make_shared<Entry>(loop_)).first->second : found->second;
  entry->asked = now_();
  if (entry->answer.has_value() && now_() - entry->made < good_for) co_return *entry->answer;

  if (entry->is_being_made) {
    error_code ignored;
    co_await entry->done.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  } else {
    entry->is_being_made = true;
    entry->done.expires_after(kLongestWait);  // once: to set it ends the waits for it
    absl::StatusOr<Answer> made = absl::UnknownError("");
    try {
      made = co_await make();
    } catch (...) {
      entry->is_being_made = false;
      entry->done.cancel();
      throw;
    }
    entry->is_being_made = false;
    entry->failed = made.status();
    if (made.ok()) {
      entry->answer = *std::move(made);
      entry->made = now_();
    }
    entry->done.cancel();
  }
  if (entry->answer.has_value()) co_return *entry->answer;
  if (!entry->failed.ok()) co_return entry->failed;
  co_return absl::DeadlineExceededError("the page takes too long to make");
}

void PageCache::MakeRoom() {
  while (entries_.size() >= most_) {
    auto oldest = entries_.begin();
    for (auto it = entries_.begin(); it != entries_.end(); ++it)
      if (it->second->asked < oldest->second->asked) oldest = it;
    entries_.erase(oldest);  // a request that waits for it keeps it
  }
}

}  // namespace retrovue
